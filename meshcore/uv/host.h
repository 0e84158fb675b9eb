/* The live host: guests on real sockets, by libuv.
 *
 * A loop belongs to one thread, with one realm: one clock reading per turn, one timer, one chunk that
 * reads are carved from. A host is one guest on a loop. Sockets live in shells of the host's own
 * (uv_close is asynchronous); no object of the core is ever seen by libuv.
 *
 * What a turn does: poll once; step the guest for each thing that happened, queueing what it sends;
 * then, before the next poll, write each stream's queue with one call, tell terminal events, set the
 * timer. One request through a proxy so costs one read and one write on each side.
 *
 * Threads: everything is called on the loop's own thread, but mc_uv_loop_post.
 */
#ifndef UV_HOST_H
#define UV_HOST_H

#include "host/host.h"
#include "host/realm.h"

struct mc_uv_loop;
struct mc_uv_host;

struct mc_uv_loop_options {
    struct mc_realm *realm; /* of this thread alone; outlives the loop */
    uint32_t read_max;      /* bytes in one DATA at most; 0: as many as there are (tests cut at 1) */
    bool stop_on_signals;   /* SIGTERM, SIGINT: STOP for every host; the second time with no grace */
    mc_ns grace;            /* of that STOP */
};

/* NULL: no memory, or the process is out of descriptors. */
struct mc_uv_loop *mc_uv_loop_new(const struct mc_uv_loop_options *options);
/* Runs until every host has exited (true) or for LIMIT; MC_NEVER: no limit. May be called again. */
bool mc_uv_loop_run(struct mc_uv_loop *loop, mc_ns limit);
void mc_uv_loop_stop(struct mc_uv_loop *loop, mc_ns grace); /* STOP for every host, at the end of the turn */
/* With its hosts; connections are cut, posts that have not run yet run. Also on another thread, once the
 * loop's own has ended. */
void mc_uv_loop_free(struct mc_uv_loop *loop);
mc_ns mc_uv_loop_now(struct mc_uv_loop *loop);              /* of this turn; counts from the loop's making */

/* Who is to be told what the contract has no event for. The owner of a host embeds one; it outlives the
 * host. Called between steps. */
struct mc_uv_operator {
    void (*listen_failed)(struct mc_uv_operator *operator, uint32_t listener, struct mc_addr addr, const char *why);
};

/* START is stepped when the loop runs next. OPERATOR may be NULL: nobody is told. NULL: no memory. */
struct mc_uv_host *mc_uv_host_new(struct mc_uv_loop *loop, struct mc_guest guest, struct mc_uv_operator *operator);
void mc_uv_host_command(struct mc_uv_host *host, const struct mc_command *command); /* steps COMMAND now */
void mc_uv_host_stop(struct mc_uv_host *host, mc_ns grace); /* STOP at the end of the turn */
bool mc_uv_host_exited(const struct mc_uv_host *host, uint32_t *status);            /* STATUS may be NULL */

/* Work for another thread's loop. Runs there once, between steps; the record is the runner's then.
 * The one call that any thread may make, as long as the loop is not being freed. */
struct mc_uv_post {
    void (*run)(struct mc_uv_post *post, struct mc_uv_loop *loop);
    struct mc_uv_post *next;
};

void mc_uv_loop_post(struct mc_uv_loop *loop, struct mc_uv_post *post);

/* Other signals: HEARD is called between steps, on the loop's thread. The record is the caller's and
 * outlives the loop. False: refused by the system. */
struct mc_uv_signal {
    int number;
    void (*heard)(struct mc_uv_signal *signal);
};

bool mc_uv_loop_listen_signal(struct mc_uv_loop *loop, struct mc_uv_signal *signal);

#endif

/* What the files of the libuv host share.
 *
 *   loop.c      a thread's turn: clock, timer, signals, work posted by other threads
 *   host.c      one guest: steps, and the table that carries its actions out
 *   listener.c  LISTEN, UNLISTEN, ACCEPTED
 *   stream.c    life of a stream's shell: OPEN, RESET, the terminal events
 *   transfer.c  bytes of a stream: DATA, CREDIT, SEND, FINISH, CLOGGED, DRAINED
 *   resolve.c   RESOLVE
 *   address.c   mc_addr and sockaddr, errno and mc_stream_reason
 *
 * Sockets are our own, libuv watches them: its stream handles cost more per request, know no SO_REUSEPORT,
 * and take no answer to "no memory" but the end of the stream.
 */
#ifndef UV_PARTS_H
#define UV_PARTS_H

#include "base/limits.h"
#include "base/list.h"
#include "base/map.h"
#include "uv/host.h"
#include <uv.h>

enum {
    MC_UV_HIGH_MARK = 256 * 1024, /* queued bytes of one stream: CLOGGED above */
    MC_UV_LOW_MARK = 64 * 1024,   /* … DRAINED under */
    MC_UV_READ_CHUNK = MC_CHUNK_LARGE - sizeof(struct mc_chunk), /* a block of the pool, filled */
    MC_UV_READ_ROOM = 4 * 1024,   /* a read gets at least so much room, or a fresh chunk */
    MC_UV_READS = 4,              /* reads of one stream in one turn, if each fills its room */
    MC_UV_IOVECS = 64,            /* slices in one write */
    MC_UV_BACKLOG = 4096,
    MC_UV_ACCEPTS = 64,           /* connections taken from one listener in one turn */
    MC_UV_ADDRESSES = 32,         /* of one name */
    MC_UV_TTL_S = 30,             /* getaddrinfo tells none */
};

struct mc_uv_loop {
    struct mc_realm *realm;
    uv_loop_t uv;
    uv_prepare_t turn;
    uv_timer_t timer;
    uv_async_t async;
    uv_mutex_t lock;          /* of posts */
    struct mc_uv_post *posts; /* last first */
    struct mc_link signals;   /* struct mc_uv_hearing */
    bool stop_on_signals, stopping;
    mc_ns grace;
    mc_ns origin;             /* the monotonic clock when the loop was made */
    mc_ns now, wall;          /* of this turn, if clock_read */
    bool clock_read;
    mc_ns armed;              /* what the timer is set for; MC_NEVER: not set */
    mc_ns limit;              /* of the run */
    uint32_t read_max;
    struct mc_chunk *fill;    /* reads go to its end; NULL at first */
    struct mc_link hosts;     /* struct mc_uv_host.link */
    uint32_t live_hosts;      /* not exited */
    struct mc_link dirty;     /* streams with something to write or finish */
    struct mc_link due;       /* streams with an event to tell */
};

enum mc_uv_host_state { MC_UV_HOST_NEW, MC_UV_HOST_RUNNING, MC_UV_HOST_EXITING, MC_UV_HOST_EXITED };

struct mc_uv_host {
    struct mc_link link;
    struct mc_uv_loop *loop;
    struct mc_uv_operator *operator; /* may be NULL */
    struct mc_guest guest;
    enum mc_uv_host_state state;
    uint32_t status;
    bool stepping;
    mc_ns stop_grace;         /* a STOP to be told; -1: none */
    struct mc_outbox outbox;
    struct mc_outbox failed;  /* actions that failed at once and are still to be answered */
    struct mc_map streams;    /* by id: struct mc_uv_stream */
    struct mc_link listeners; /* struct mc_uv_listener */
    struct mc_link queries;   /* struct mc_uv_query */
    uint64_t next_stream;
};

enum mc_uv_in { MC_UV_IN_CONNECTING, MC_UV_IN_READING, MC_UV_IN_PAUSED /* no credit */, MC_UV_IN_ENDED };
enum mc_uv_out {
    MC_UV_OUT_OPEN,
    MC_UV_OUT_FINISHING,
    MC_UV_OUT_FINISHED,
    MC_UV_OUT_BROKEN, /* nobody reads it */
};
enum mc_uv_due { MC_UV_DUE_NOTHING, MC_UV_DUE_OPEN_FAILED, MC_UV_DUE_RESET, MC_UV_DUE_CLOSED };

/* The shell of one stream: its socket, watched by libuv, read and written by us. Lives from OPEN or
 * ACCEPTED until libuv has let go of it. */
struct mc_uv_stream {
    uv_poll_t poll;
    int fd;                  /* -1: never opened, or closed; then libuv does not know the handle either */
    int watched;             /* what libuv watches for: UV_READABLE, UV_WRITABLE */
    struct mc_uv_loop *loop;
    struct mc_uv_host *host; /* NULL once the guest has nothing to do with it any more */
    mc_stream id;
    enum mc_uv_in in;
    enum mc_uv_out out;
    enum mc_uv_due due;
    enum mc_stream_reason reason; /* of what is due */
    bool clogged;
    bool waiting;            /* the kernel's buffer is full */
    uint64_t credit;
    struct mc_slices queue;
    struct mc_link dirty, due_link;
};

/* loop.c */
void mc_uv_loop_read_clock(struct mc_uv_loop *loop);

/* host.c */
void mc_uv_host_step(struct mc_uv_host *host, struct mc_event *event); /* fills in now and wall */
void mc_uv_host_turn(struct mc_uv_host *host);                         /* what is due at the end of a turn */
void mc_uv_host_shut(struct mc_uv_host *host);                         /* lets go of everything */

/* listener.c */
struct mc_uv_listener;
void mc_uv_listener_open(struct mc_uv_host *host, const struct mc_action *action);
void mc_uv_listener_close(struct mc_uv_host *host, uint32_t id);
void mc_uv_listeners_close(struct mc_uv_host *host);

/* stream.c */
void mc_uv_stream_open(struct mc_uv_host *host, const struct mc_action *action);
void mc_uv_stream_accept(struct mc_uv_host *host, int fd, struct mc_event *accepted); /* takes FD */
void mc_uv_stream_reset(struct mc_uv_stream *stream);    /* the guest's own: no event follows */
void mc_uv_stream_drop(struct mc_uv_stream *stream);     /* out of the host's sight; then libuv lets go of it */
void mc_uv_stream_tell_later(struct mc_uv_stream *stream, enum mc_uv_due due, enum mc_stream_reason reason);
void mc_uv_stream_tell_due(struct mc_uv_stream *stream); /* the terminal event */

void mc_uv_stream_watch(struct mc_uv_stream *stream); /* what its state needs */

/* transfer.c */
void mc_uv_stream_readable(struct mc_uv_stream *stream, bool broken);
void mc_uv_stream_read(struct mc_uv_stream *stream);     /* starts or goes on, if there is credit */
void mc_uv_stream_credit(struct mc_uv_stream *stream, uint64_t bytes);
void mc_uv_stream_send(struct mc_uv_stream *stream, struct mc_slice slice);
void mc_uv_stream_finish(struct mc_uv_stream *stream);
void mc_uv_stream_flush_later(struct mc_uv_stream *stream); /* at the end of the turn */
void mc_uv_stream_flush(struct mc_uv_stream *stream);

/* resolve.c */
void mc_uv_resolve(struct mc_uv_host *host, const struct mc_action *action);
void mc_uv_resolve_forget(struct mc_uv_host *host);

/* address.c */
socklen_t mc_uv_address_to(struct mc_addr addr, struct sockaddr_storage *out); /* any: IPv4's */
struct mc_addr mc_uv_address_from(const struct sockaddr *from);
enum mc_stream_reason mc_uv_reason(int error); /* an errno */

#endif

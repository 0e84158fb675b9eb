/* What the files of the application server share.
 *
 *   app.c        the guest: listener, connections, life
 *   app_queue.c  admission: places, and who waits for one
 *   app_job.c    one request: its steps, its calls, its answer
 *   app_cache.c  steps that are answered from a cache
 *   app_pace.c   how long work takes at this instant
 */
#ifndef SIM_LOAD_APP_PARTS_H
#define SIM_LOAD_APP_PARTS_H

#include "sim/load/app.h"
#include "sim/load/caller.h"

struct app_cache {
    struct sim_cache_entry *entries; /* of all keys; NULL until the first request. The program's if it is shared */
    struct mc_link waiting;          /* app_job, by `queue`: for a key that another is fetching */
};

struct sim_app {
    struct mc_turn turn;
    struct mc_net net;
    const struct sim_program *program;
    struct sim_observer *observer;
    struct mc_acceptor acceptor;
    struct mc_slice filler;
    struct sim_caller *callers; /* program->callee_count */
    struct mc_link conns;       /* app_conn */
    struct mc_link jobs;        /* all requests here, in order of arrival */
    struct mc_link queue;       /* those that wait for a place */
    struct mc_link faults;
    uint32_t active, queued;
    uint32_t party;
    uint32_t slow_permille;
    uint64_t arrivals;
    uint64_t begun;             /* requests that got a place */
    mc_ns started;              /* the process */
    mc_ns queue_empty;          /* when the queue was empty last, unless it is now */
    uint32_t conn_count;
    struct app_cache *caches;   /* program->cache_count; NULL: none */
    struct sim_app_cache_counts cache_counts;
    struct mc_timer grace;
    bool draining, exited, exit_told, warm;
    uint32_t exit_status;
    uint32_t start;
    char served_by[20];
    uint32_t served_by_length;
};

enum app_job_state { JOB_READING, JOB_QUEUED, JOB_RUNNING, JOB_ANSWERING };

struct app_job {
    struct mc_handler handler;
    struct sim_app *app;
    struct mc_link link, queue; /* queue: of its server, or of a cache */
    enum app_job_state state;
    struct sim_lineage lineage;
    struct mc_str request_id; /* a copy in the pool */
    mc_atom path;
    mc_ns started;
    uint32_t step, end;     /* the next one, and where they end */
    uint32_t calls_pending;
    struct mc_link calls;   /* app_call */
    struct mc_timer timer;  /* waiting, or answering at the end of its CPU */
    struct sim_body body;
    uint32_t response_bytes;
    uint16_t status;
    mc_ns deadline;         /* its caller waits no longer; 0: not known, or not heeded */
    mc_ns cpu;              /* burnt for it so far */
    struct sim_cache_entry *fetching; /* it fills this entry, of … */
    uint32_t fetch_cache, fetch_end;  /* … this cache, when it gets to this step; fetch_end 0: it fills none */
    uint32_t wanted;        /* key it waits for, in a cache's `waiting` */
    bool call_failed;       /* one of the latest calls, required or not */
    bool waits_for_key;
    bool begun;             /* has a place, and its faults are behind it */
    bool is_start;          /* no request: what the process does before it listens */
    bool slept;             /* the wait of the current WORK is over */
    bool answered, abandoned;
    bool probe;             /* of the kubelet: takes its place in the queue, runs no steps, is told to nobody */
    struct mc_grave grave;
};

/* app.c */
void app_started(struct sim_app *app, bool well); /* the start-up steps are done: it listens, or exits with 1 */

/* app_job.c */
void app_job_start(struct sim_app *app); /* runs the start-up steps */
struct mc_handler *app_job_new(struct sim_app *app); /* a request has begun; NULL: no memory */
void app_job_run(struct app_job *job);               /* it has a place, or is turned away (status is set) */
void app_job_lose(struct app_job *job);              /* its server goes: told as lost, given back at once */
void app_job_refuse(struct app_job *job, uint16_t status); /* answered without having had a place */
void app_job_sleep(struct app_job *job, mc_ns until); /* its timer goes on with it, at its deadline at the latest */
bool app_job_is_late(const struct app_job *job);     /* nobody waits for the answer any more */

/* app_cache.c */
bool app_cache_ask(struct app_job *job);  /* at a CACHED step. True: it waits, and its timer goes on with it */
void app_cache_done(struct app_job *job); /* what it fetched is there, or (status set, or it ends) will not be */
void app_cache_free(struct sim_app *app);

/* app_pace.c */
mc_ns app_pace(const struct sim_app *app, mc_ns duration);

/* app_queue.c */
void app_admit(struct sim_app *app, struct app_job *job); /* its request is whole */
void app_leave(struct sim_app *app, struct app_job *job); /* it gives its place, or its place in the queue, back */
void app_queue_timer(struct app_job *job); /* of one that waits: its time is up */

#endif

/* What the files of the application server share.
 *
 *   app.c      the guest: listener, connections, admission, life
 *   app_job.c  one request: its steps, its calls, its answer
 */
#ifndef SIM_LOAD_APP_PARTS_H
#define SIM_LOAD_APP_PARTS_H

#include "sim/load/app.h"
#include "sim/load/caller.h"

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
    struct mc_timer grace;
    bool draining, exited, exit_told;
    char served_by[20];
    uint32_t served_by_length;
};

enum app_job_state { JOB_READING, JOB_QUEUED, JOB_RUNNING, JOB_ANSWERING };

struct app_job {
    struct mc_handler handler;
    struct sim_app *app;
    struct mc_link link, queue;
    enum app_job_state state;
    struct sim_lineage lineage;
    struct mc_str request_id; /* a copy in the pool */
    mc_atom path;
    mc_ns started;
    uint32_t step;          /* the next one */
    uint32_t calls_pending;
    struct mc_link calls;   /* app_call */
    struct mc_timer timer;  /* waiting, or answering at the end of its CPU */
    struct sim_body body;
    uint32_t response_bytes;
    uint16_t status;
    bool begun;             /* has a place, and its faults are behind it */
    bool slept;             /* the wait of the current WORK is over */
    bool answered, abandoned;
    struct mc_grave grave;
};

/* app_job.c */
struct mc_handler *app_job_new(struct sim_app *app); /* a request has begun; NULL: no memory */
void app_job_run(struct app_job *job);               /* it has a place, or is turned away (status is set) */
void app_job_lose(struct app_job *job);              /* its server goes: told as lost, given back at once */

/* app.c */
void app_admit(struct sim_app *app, struct app_job *job); /* its request is whole */
void app_leave(struct sim_app *app, struct app_job *job); /* it gives its place, or its place in the queue, back */

#endif

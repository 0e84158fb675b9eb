/* One pod in a world of its own: guests that do what cases say, and a record of what happened when. */
#ifndef TEST_PODS_STAGE_H
#define TEST_PODS_STAGE_H

#include "sim/load/app.h"
#include "sim/platform/pods.h"
#include "support/memory.h"
#include <check.h>

struct pods_guest { /* sleeps until STOP, and goes on for so long */
    mc_ns takes, ends;
    bool runs;
};

struct pods_stage {
    struct sim_pod_plan plan;
    struct sim_profile profile;
    struct sim_kubernetes constants;
    bool meshed, http;        /* http: the application is a sim_app without steps */
    mc_ns app_takes, sidecar_takes; /* from STOP to EXIT */
    mc_ns sidecar_ready_at;
    mc_ns exit_after;
    /* since the start */
    char told[4000];          /* "15.5 app", one line each */
    char wanted[4000];
    struct test_memory memory;
    struct mc_realm realm;
    struct sim_world *world;
    struct sim_pods *pods;
    struct sim_pods_owner owner;
    struct sim_container_owner containers[SIM_ROLES];
    struct pods_guest guests[SIM_ROLES];
    struct sim_observer observer;
    struct sim_version version;
    struct sim_service service;
    struct sim_topology topology;
    struct mc_arena arena;
    struct sim_app *app;
    uint32_t machine, pod, container[SIM_ROLES];
    struct sim_pod_watch watch;
};

extern struct pods_stage pods_stage;

/* schedule 0.1 s, kubelet_sync 0.01 s, container_start 1 s, relist 1 s, status_update 0.003 s, endpoint_update 0.005 s */
void pods_stage_init(void);
void pods_stage_start(bool running); /* at 0 */
void pods_stage_run(mc_ns until);
void pods_stage_wants(const char *line);
void pods_stage_fini(void); /* and that what was told is what was wanted */

#endif

/* A world for applications: services a, b, c at 10.0.0.1…3 and a client that calls a, joined by a wire
 * without latency, where CPU costs no time: every instant is a sum of waits. What a case puts into the
 * records below, stage_run plays; what was told is there afterwards. */
#ifndef LOAD_STAGE_H
#define LOAD_STAGE_H

#include "sim/load/app.h"
#include "sim/load/client.h"
#include "support/memory.h"
#include "support/wire.h"
#include <check.h>

enum { SERVICES = 3, STEPS = 8, RECORDS = 8000, USER = 9 };

struct stage {
    struct sim_step steps[SERVICES][STEPS];
    struct sim_version versions[SERVICES];
    struct sim_service services[SERVICES];
    struct sim_topology topology;
    struct sim_load_spec load;
    struct sim_step start_steps[SERVICES][STEPS];
    bool cold;            /* the services have not been running for a while */
    uint32_t start;       /* the how-many-th one of their processes */
    uint32_t first_party; /* of a; b and c follow */

    struct sim_call_record calls[RECORDS];
    struct sim_arrival_record arrivals[RECORDS];
    int call_count, arrival_count;
    int connected, disconnected; /* until the end, without what taking the world down closes */
    struct sim_client_counts counts;
    struct sim_app_cache_counts caches[SERVICES];
    uint32_t connections[SERVICES]; /* of their clients, at the end */
    bool exited[SERVICES];
    uint32_t exit_status[SERVICES];
};

extern struct stage stage;

void stage_set_up(void); /* one user who calls once */
void stage_run(mc_ns until);

struct sim_step stage_wait(mc_ns wait);
struct sim_step stage_call(const char *service);
void stage_add(int service, struct sim_step step);
void stage_add_start(int service, struct sim_step step);
int stage_arrived_at(uint32_t party);
const struct sim_call_record *stage_call_of(uint32_t party, int nth); /* in the order in which they ended */

#endif

/* A small plan for tests of the ledger: two services, web calls api, under a mesh with everything. */
#ifndef TEST_LEDGER_WORLD_H
#define TEST_LEDGER_WORLD_H

#include "base/pool.h"
#include "sim/ledger/vary.h"

struct world {
    struct mc_pool pool;
    struct mc_arena arena;
    struct sim_plan plan;
    struct mc_str zones[2];
    struct sim_service services[2];
    struct sim_version versions[2];
    struct sim_step steps[2];
    struct sim_load_spec load;
    const char *faults[4];
    struct sim_use use;
};

void world_init(struct world *world);
void world_fini(struct world *world);

#endif

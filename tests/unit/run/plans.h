/* Small plans made by hand, and a run of one. */
#ifndef TEST_RUN_PLANS_H
#define TEST_RUN_PLANS_H

#include "base/assert.h"
#include "sim/run/run.h"

struct plans {
    struct mc_pool pool;
    struct mc_arena arena;
    struct sim_plan plan;
    struct sim_service services[4];
    struct sim_version versions[8];
    struct sim_step steps[16];
    struct sim_load_spec load;
    struct mc_str zones[2];
    struct mc_str invariants[8];
    uint32_t version_count, step_count;
};

void plans_init(struct plans *plans); /* no services yet; zones a and b, 1 minute, no mesh, links without latency */
void plans_fini(struct plans *plans);
struct sim_version *plans_service(struct plans *plans, const char *name); /* with one version, "v1", of one replica, no steps */
struct sim_version *plans_version(struct plans *plans, const char *name); /* one more of the service added last */
struct sim_step *plans_step(struct plans *plans, enum sim_step_kind kind); /* of the version added last */
void plans_call(struct plans *plans, const char *service);
void plans_call_at_start(struct plans *plans, const char *service); /* behind all other steps of the version */
void plans_work(struct plans *plans, mc_ns wait);
void plans_load(struct plans *plans, const char *to, uint64_t per_second); /* constant rate, named "user" */
void plans_mesh(struct plans *plans, bool identity);                      /* sidecars and a control plane, all prices 0 */

struct sim_run *plans_start(struct plans *plans, uint64_t seed); /* aborts the test with the error */

#endif

/* What kubectl would do to a run: its workloads, machines and controllers (sim/platform/controllers.h).
 *
 * A workload is named as "cart/v1", or "cart": all versions of the service that have replicas. Machines are
 * named "node-0", "node-1", …, in the order in which they were built. Errors name the nearest right name.
 */
#ifndef SIM_RUN_PLATFORM_H
#define SIM_RUN_PLATFORM_H

#include "sim/platform/controllers.h"
#include "sim/run/run.h"

enum { SIM_WORKLOADS_MAX = 64 };

struct sim_workloads { /* versions of one service */
    uint32_t service;
    uint32_t versions[SIM_WORKLOADS_MAX], count;
};

/* "cart", "cart/v1". False: ERROR. A version without replicas is found where it is named. */
bool sim_run_workloads(struct sim_run *run, struct mc_str name, struct sim_source source, struct sim_workloads *found, struct sim_error *error);

/* kubectl scale. False: ERROR: several versions have replicas, or it is a Job. */
bool sim_run_scale(struct sim_run *run, struct mc_str name, uint32_t replicas, struct sim_source source, struct sim_error *error);

struct sim_run_rollout {
    struct sim_workloads workloads;
    uint32_t revisions[SIM_WORKLOADS_MAX];
};

/* kubectl rollout restart; with TO (a version of the service; empty: each its own): set image. */
bool sim_run_rollout(struct sim_run *run, struct mc_str name, struct mc_str to, struct sim_source source, struct sim_run_rollout *rollout,
                     struct sim_error *error);
/* The Deployments of the rollout added up; `revision` is 0 once a later one has taken its place. */
struct sim_deployment_view sim_run_rollout_view(struct sim_run *run, const struct sim_run_rollout *rollout);

/* The machines of the pods that the selectors mean, or the one named "node-3" by their first one's `name`. */
bool sim_run_drain(struct sim_run *run, const struct sim_selector *selectors, uint32_t count, mc_ns timeout, uint32_t *drain, struct sim_error *error);
bool sim_run_uncordon(struct sim_run *run, const struct sim_selector *selectors, uint32_t count, struct sim_error *error);
struct sim_drain_view sim_run_drain_view(struct sim_run *run, uint32_t drain);
struct mc_str sim_run_service_name(const struct sim_run *run, uint32_t service);

struct sim_workload_view { /* all of them added up */
    struct sim_deployment_view deployment;
    struct sim_autoscaler_view autoscaler;
    struct sim_budget_view budget;
    struct sim_job_view job;
};
/* False: no memory. */
bool sim_run_workload_view(struct sim_run *run, const struct sim_workloads *workloads, struct sim_workload_view *view);

#endif

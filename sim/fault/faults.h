/* The faults of one run: added, cleared, and told of what happens to those that they act on. */
#ifndef SIM_FAULT_FAULTS_H
#define SIM_FAULT_FAULTS_H

#include "sim/fault/targets.h"

enum { SIM_FAULTS_MAX = 10000 };

struct sim_faults;

struct sim_faults_options {
    struct sim_world *world;
    struct sim_fault_targets *targets;
    const struct sim_plan *plan;     /* its services, versions and zones have the numbers of the world's pods */
    const uint32_t *disabled;        /* numbers of faults without effect; borrowed for life */
    uint32_t disabled_count;
    struct mc_alloc alloc;
};

struct sim_faults *sim_faults_new(const struct sim_faults_options *options); /* NULL: no memory */
void sim_faults_free(struct sim_faults *faults); /* NULL is allowed; before the world goes. Clears nothing */

/* Checks SPEC and starts it, now or when spec->after is cleared. NULL: ERROR. Owned by FAULTS. */
struct sim_fault *sim_faults_add(struct sim_faults *faults, const struct sim_fault_spec *spec, struct sim_error *error);
void sim_faults_clear(struct sim_faults *faults, struct sim_fault *fault); /* harmless if cleared; those planned after it start */
void sim_faults_clear_all(struct sim_faults *faults);                      /* the end of the run: nothing starts any more */

uint32_t sim_faults_count(const struct sim_faults *faults);
struct sim_fault *sim_faults_at(const struct sim_faults *faults, uint32_t index); /* in order of number */

/* For everything else that selects: one ordinal per selection, in the order of the script's calls. */
bool sim_faults_select(struct sim_faults *faults, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error);
/* What the next one would select, without taking its ordinal: looking changes nothing. */
bool sim_faults_peek(struct sim_faults *faults, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error);

/* ---- what the run tells ---- */

void sim_faults_app_started(struct sim_faults *faults, uint32_t pod); /* targets->app answers with the new one */
void sim_faults_app_going(struct sim_faults *faults, uint32_t pod);   /* before sim_app_free */
void sim_faults_control_started(struct sim_faults *faults);           /* a control plane that was away is back */
void sim_faults_csr(struct sim_faults *faults);                       /* a CSR reached the CA */
/* A sidecar logged a request to SERVICE (name) with these response flags (MC_FLAG bits). SERVICE is empty
 * when no cluster was chosen, as for injected aborts: it counts for every such fault then. */
void sim_faults_logged(struct sim_faults *faults, struct mc_str service, uint32_t flags);

#endif

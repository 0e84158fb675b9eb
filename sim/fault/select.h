/* Whom something is about: pods of the world by service, version, zone and name, all of them or some.
 * The words are Chaos Mesh's. Random choices are keyed: (seed, MC_FOR_SELECT, ordinal of the selection,
 * pod). */
#ifndef SIM_FAULT_SELECT_H
#define SIM_FAULT_SELECT_H

#include "sim/plan/error.h"

struct sim_world;

enum sim_select_mode { SIM_SELECT_ALL, SIM_SELECT_ONE, SIM_SELECT_FIXED, SIM_SELECT_FIXED_PERCENT, SIM_SELECT_RANDOM_MAX_PERCENT };

struct sim_selector { /* empty texts: any */
    struct mc_str service, version, zone;
    struct mc_str name;   /* pod: exact, a glob with '*' and '?' */
    enum sim_select_mode mode;
    uint32_t value;       /* FIXED: how many; …PERCENT: 0…100 */
    struct sim_source source;
};

bool sim_select_mode_read(struct mc_str text, enum sim_select_mode *mode); /* "fixed-percent" */
/* The short form: "checkout", "checkout/v2", "checkout@b", "checkout/v2@b", "@b", "*". Views into TEXT. */
bool sim_selector_read(struct mc_str text, struct sim_selector *selector, struct sim_error *error);
/* "checkout/v2@b"; returns OUT. */
const char *sim_selector_print(const struct sim_selector *selector, char out[static 96]);

/* A pod as selectors see it. Numbers are the plan's; UINT32_MAX: none. A pod without a service (a load
 * client, the control plane) is selected by its name where others are by their service's, unless a
 * service has that name. */
struct sim_candidate {
    uint32_t service, version, zone;
    struct mc_str name;
    bool up; /* others are never selected */
};

struct sim_pod_set { /* pod numbers, ascending */
    const struct mc_alloc *alloc;
    uint32_t *pods;
    uint32_t count, capacity;
};

/* SET becomes the union of what it was (zeroed: empty) and the pods of LIST (numbered by their places)
 * that SELECTOR means; ORDINAL tells selections apart. Random choices are keyed. False: ERROR (a name
 * that does not exist; no memory). An empty result is true. */
bool sim_select(const struct sim_plan *plan, uint64_t seed, const struct sim_candidate *list, uint32_t count,
                const struct sim_selector *selector, uint64_t ordinal, const struct mc_alloc *alloc, struct sim_pod_set *set,
                struct sim_error *error);
bool sim_selector_check(const struct sim_plan *plan, const struct sim_candidate *list, uint32_t count,
                        const struct sim_selector *selector, struct sim_error *error); /* its names */

bool sim_pod_set_has(const struct sim_pod_set *set, uint32_t pod);
void sim_pod_set_fini(struct sim_pod_set *set);

#endif

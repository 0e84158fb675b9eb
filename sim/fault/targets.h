/* What faults need of a run that the world does not know: which guests are what, and how they come back.
 * The run embeds struct sim_fault_targets; nothing here may add or clear a fault.
 */
#ifndef SIM_FAULT_TARGETS_H
#define SIM_FAULT_TARGETS_H

#include "control/registry.h"
#include "identity/signer.h"
#include "sim/fault/fault.h"
#include "sim/host/world.h"
#include "sim/load/app.h"

struct sim_fault_targets;

/* What has become of a machine: cut off, its pods go on and only the API server does not hear of it; down: no power. */
enum sim_machine_fate { SIM_MACHINE_UP, SIM_MACHINE_CUT_OFF, SIM_MACHINE_DOWN };

struct sim_fault_targets_type {
    /* The application that runs in POD now; NULL: none does, or it is no application. */
    struct sim_app *(*app)(struct sim_fault_targets *targets, uint32_t pod);
    /* POD is about to be crashed: nothing but `restart` starts it again. NULL: nothing would. */
    void (*hold)(struct sim_fault_targets *targets, uint32_t pod);
    /* POD was crashed and is to run again: its guests are made anew and started. */
    void (*restart)(struct sim_fault_targets *targets, uint32_t pod);
    void (*machine)(struct sim_fault_targets *targets, uint32_t machine, enum sim_machine_fate fate); /* from now on */
    /* The container of the control plane; SIM_NONE: the mesh has none. It may be without a guest now. */
    uint32_t (*control)(struct sim_fault_targets *targets);
    struct mc_registry *(*registry)(struct sim_fault_targets *targets);   /* NULL: no control plane */
    struct mc_authority *(*authority)(struct sim_fault_targets *targets); /* NULL: no CA */
    void (*ca)(struct sim_fault_targets *targets, bool up);               /* whether the CA answers, from now on */
    /* FAULT has started or was cleared just now: cut the counts, tell the sink. */
    void (*changed)(struct sim_fault_targets *targets, const struct sim_fault *fault);
};

struct sim_fault_targets {
    const struct sim_fault_targets_type *type;
};

#endif

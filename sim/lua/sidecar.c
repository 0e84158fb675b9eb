/* sidecar = { … } of a profile: how a mesh's sidecars start and stop beside their application. */
#include "sim/lua/topology_parts.h"

#define AT(member) offsetof(struct sim_sidecar, member)

void sim_read_sidecar(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"native", SIM_FIELD_BOOL, AT(native)},
        {"hold_application", SIM_FIELD_BOOL, AT(hold_application)},
        {"rewrite_probes", SIM_FIELD_BOOL, AT(rewrite_probes)},
        {"graceful_drain", SIM_FIELD_BOOL, AT(graceful_drain)},
        {"exit_on_zero", SIM_FIELD_BOOL, AT(exit_on_zero)},
        {"ready_period", SIM_FIELD_DURATION, AT(ready_period)},
        {"drain_duration", SIM_FIELD_DURATION, AT(drain_duration)},
        {"termination_drain", SIM_FIELD_DURATION, AT(termination_drain)},
        {"min_drain", SIM_FIELD_DURATION, AT(min_drain)},
        {"shutdown_grace", SIM_FIELD_DURATION, AT(shutdown_grace)},
        {"wait_before_exit", SIM_FIELD_DURATION, AT(wait_before_exit)},
    };
    (void)what;
    sim_schema_read(L, -1, arena, "profile.sidecar", fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

/* workload = { … } of a service: what Kubernetes' controllers are told about it, in Kubernetes' names. */
#include "sim/lua/topology_parts.h"

#define AT(member) offsetof(struct sim_workload_plan, member)

static const struct sim_field fields[] = {
    {"recreate", SIM_FIELD_BOOL, AT(recreate)},
};

void sim_read_workload(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

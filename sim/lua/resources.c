/* resources = { requests = { … }, limits = { … } } of a service, in Kubernetes' names. */
#include "sim/lua/topology_parts.h"

#define AT(member) offsetof(struct sim_resources, member)

static const struct sim_field fields[] = {
    {"cpu_request_millis", SIM_FIELD_COUNT, AT(cpu_request_millis)},
};

void sim_read_resources(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

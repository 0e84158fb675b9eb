/* network = { … } of a service: what of its pods' traffic is captured, and how names are looked up. */
#include "sim/lua/topology_parts.h"

#define AT(member) offsetof(struct sim_pod_network, member)

static const struct sim_field fields[] = {
    {"hostNetwork", SIM_FIELD_BOOL, AT(host_network)},
};

void sim_read_pod_network(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

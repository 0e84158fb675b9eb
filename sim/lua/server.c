/* server = { … } of a service: how its application treats connections, deadlines and overload. */
#include "sim/lua/topology_parts.h"

#define AT(member) offsetof(struct sim_server_plan, member)

static const struct sim_field fields[] = {
    {"threads", SIM_FIELD_COUNT, AT(threads)},
};

void sim_read_server(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

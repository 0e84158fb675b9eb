/* tcp = { … } of a profile (its proxies) and of server{}: options of a process' sockets. */
#include "sim/lua/script_parts.h"
#include "sim/lua/topology_parts.h"

void sim_read_sockets(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
#define AT(member) offsetof(struct sim_socket_plan, member)
    static const struct sim_field fields[] = {
        {"backlog", SIM_FIELD_COUNT, AT(backlog)},
        {"keepalive", SIM_FIELD_DURATION, AT(keepalive_time)},
        {"keepalive_interval", SIM_FIELD_DURATION, AT(keepalive_interval)},
        {"keepalive_probes", SIM_FIELD_COUNT, AT(keepalive_probes)},
        {"user_timeout", SIM_FIELD_DURATION, AT(user_timeout)},
    };
#undef AT
    struct sim_socket_plan *sockets = (struct sim_socket_plan *)(void *)((char *)record + field->offset);
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), sockets);
    if (sockets->keepalive_time < 0 || sockets->keepalive_interval < 0 || sockets->user_timeout < 0)
        luaL_error(L, "%s: a time under 0", field->name);
}

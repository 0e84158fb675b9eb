#include "config/translate.h"

void *mc_translate_room(struct mc_translation *t, size_t count, size_t size)
{
    void *room = count ? mc_arena_take_zero(t->arena, count * size) : NULL;
    if (count && !room) t->refused = true;
    return room;
}

mc_atom mc_translate_atom(struct mc_translation *t, struct mc_str text)
{
    mc_atom atom = mc_atoms_intern(&t->realm->atoms, text);
    if (text.n && !atom) t->refused = true;
    return atom;
}

struct mc_str mc_translate_lower(struct mc_translation *t, struct mc_str text)
{
    char *lower = mc_translate_room(t, text.n, 1);
    for (size_t i = 0; lower && i < text.n; i++) lower[i] = mc_lower(text.p[i]);
    return mc_str(lower, lower ? text.n : 0);
}

bool mc_translate_address(struct mc_translation *t, const struct mc_envoy_address *from, struct mc_addr *to)
{
    const struct mc_envoy_socket_address *socket = from ? from->socket_address : NULL;
    if (!socket || !socket->address.n) return false; /* noted as missing */
    if (!socket->port_value || socket->port_value > 65535) {
        mc_config_fail(t->errors, socket->at, "port_value must be 1 to 65535");
        return false;
    }
    if (mc_addr_parse_ip(socket->address, (uint16_t)socket->port_value, to)) return true;
    mc_config_fail(t->errors, socket->at, "'%.*s' is not an IP address; names are not looked up",
                   MC_STR_ARG(socket->address));
    return false;
}

uint32_t mc_translate_fraction(const struct mc_envoy_fraction *from)
{
    static const uint32_t scales[] = {10000, 100, 1};
    if (!from) return 0;
    uint64_t millionths = (uint64_t)from->numerator * scales[from->denominator];
    return millionths > 1000000 ? 1000000 : (uint32_t)millionths;
}

static void remember(struct mc_translation *t, enum mc_resource_type type, mc_atom name,
                     const struct mc_value *at)
{
    struct mc_origin *origin = mc_translate_room(t, 1, sizeof *origin);
    if (!origin) return;
    *origin = (struct mc_origin){.type = type, .name = name, .at = at, .before = t->origins};
    t->origins = origin;
}

void mc_translate_added(struct mc_translation *t, struct mc_result result, enum mc_resource_type type,
                        mc_atom name, const struct mc_value *at)
{
    remember(t, type, name, at);
    if (mc_ok(result)) return;
    if (result.code == MC_NO_MEMORY)
        t->refused = true;
    else if (result.code == MC_EXISTS)
        mc_config_fail(t->errors, at, "the name '%.*s' is taken already",
                       MC_STR_ARG(mc_atoms_text(&t->realm->atoms, name)));
    else if (!t->errors->count) /* else what makes it invalid has been told */
        mc_config_fail(t->errors, at, "%s", mc_code_text(result.code));
}

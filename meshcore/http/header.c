#include "http/header.h"
#include "base/limits.h"

#define X(id, text) {(text), sizeof(text) - 1},
static const struct mc_str names[] = {{"", 0}, MC_KNOWN_HEADERS(X)};
#undef X

struct mc_str mc_header_name(enum mc_header_id id)
{
    mc_assert((unsigned)id < MC_COUNT_OF(names));
    return names[id];
}

/* The first known name of each length, and the letters that those begin with, as a bit set: most names
 * fail here. */
static const struct {
    uint8_t first;
    uint32_t letters;
} by_length[32] = {
#define L(c) (1u << ((c) - 'a'))
    [2] = {MC_HEADER_TE, L('t')},
    [3] = {MC_HEADER_VIA, L('v')},
    [4] = {MC_HEADER_HOST, L('d') | L('h')},
    [6] = {MC_HEADER_EXPECT, L('e') | L('s')},
    [7] = {MC_HEADER_TRAILER, L('t') | L('u')},
    [8] = {MC_HEADER_LOCATION, L('l')},
    [10] = {MC_HEADER_CONNECTION, L('c') | L('k') | L('t') | L('u')},
    [11] = {MC_HEADER_TRACEPARENT, L('g') | L('t')},
    [12] = {MC_HEADER_CONTENT_TYPE, L('c') | L('x')},
    [14] = {MC_HEADER_CONTENT_LENGTH, L('c')},
    [15] = {MC_HEADER_X_FORWARDED_FOR, L('x')},
    [16] = {MC_HEADER_PROXY_CONNECTION, L('p') | L('x')},
    [17] = {MC_HEADER_TRANSFER_ENCODING, L('t') | L('x')},
    [18] = {MC_HEADER_PROXY_AUTHENTICATE, L('p') | L('x')},
    [19] = {MC_HEADER_PROXY_AUTHORIZATION, L('p') | L('x')},
    [21] = {MC_HEADER_X_ENVOY_ATTEMPT_COUNT, L('x')},
    [29] = {MC_HEADER_X_ENVOY_UPSTREAM_SERVICE_TIME, L('x')},
    [30] = {MC_HEADER_X_ENVOY_UPSTREAM_RQ_TIMEOUT_MS, L('x')},
#undef L
};

enum mc_header_id mc_header_id(struct mc_str name)
{
    if (!name.n || name.n >= MC_COUNT_OF(by_length)) return MC_HEADER_OTHER;
    char first = mc_lower(name.p[0]);
    unsigned letter = (unsigned)(first - 'a');
    if (letter > 25 || !(by_length[name.n].letters >> letter & 1)) return MC_HEADER_OTHER;
    for (unsigned id = by_length[name.n].first; id < MC_HEADER_KNOWN_COUNT && names[id].n == name.n; id++)
        if (names[id].p[0] == first && mc_str_eq_nocase(names[id], name)) return (enum mc_header_id)id;
    return MC_HEADER_OTHER;
}

static struct mc_result reserve(struct mc_headers *headers, struct mc_arena *arena)
{
    if (headers->count >= MC_MAX_HEADERS * 2) return MC_RESULT(LIMIT);
    uint32_t capacity = headers->capacity ? headers->capacity * 2 : 16;
    struct mc_header *list = mc_arena_take(arena, capacity * sizeof *list);
    if (!list) return MC_RESULT(NO_MEMORY);
    if (headers->count) memcpy(list, headers->list, headers->count * sizeof *list);
    headers->list = list;
    headers->capacity = capacity;
    return MC_RESULT(OK);
}

static struct mc_result add(struct mc_headers *headers, struct mc_arena *arena, enum mc_header_id id, struct mc_str name, struct mc_str value)
{
    if (headers->count == headers->capacity) MC_TRY(reserve(headers, arena));
    headers->list[headers->count++] = (struct mc_header){name, value, id};
    headers->seen |= 1u << id;
    headers->bytes += (uint32_t)(name.n + value.n + 4);
    return MC_RESULT(OK);
}

struct mc_result mc_headers_add(struct mc_headers *headers, struct mc_arena *arena, struct mc_str name, struct mc_str value)
{
    return add(headers, arena, mc_header_id(name), name, value);
}

struct mc_result mc_headers_add_known(struct mc_headers *headers, struct mc_arena *arena, enum mc_header_id id, struct mc_str value)
{
    return add(headers, arena, id, mc_header_name(id), value);
}

mc_static_assert(MC_HEADER_KNOWN_COUNT <= 32, "a set of known names is one word");

static bool may_have(const struct mc_headers *headers, enum mc_header_id id)
{
    return headers->seen >> id & 1;
}

static bool is_named(const struct mc_header *header, enum mc_header_id id, struct mc_str name)
{
    return id ? header->id == id : !header->id && mc_str_eq_nocase(header->name, name);
}

/* Drops the headers of that name from index FROM on. */
static void drop(struct mc_headers *headers, uint32_t from, enum mc_header_id id, struct mc_str name)
{
    uint32_t kept = from;
    if (!may_have(headers, id)) return;
    for (uint32_t i = from; i < headers->count; i++) {
        if (is_named(&headers->list[i], id, name))
            headers->bytes -= (uint32_t)(headers->list[i].name.n + headers->list[i].value.n + 4);
        else headers->list[kept++] = headers->list[i];
    }
    headers->count = kept;
}

struct mc_result mc_headers_set(struct mc_headers *headers, struct mc_arena *arena, struct mc_str name, struct mc_str value)
{
    enum mc_header_id id = mc_header_id(name);
    for (uint32_t i = 0; i < headers->count; i++) {
        struct mc_header *header = &headers->list[i];
        if (!is_named(header, id, name)) continue;
        headers->bytes += (uint32_t)value.n - (uint32_t)header->value.n;
        header->value = value;
        drop(headers, i + 1, id, name);
        return MC_RESULT(OK);
    }
    return add(headers, arena, id, name, value);
}

void mc_headers_remove(struct mc_headers *headers, struct mc_str name)
{
    drop(headers, 0, mc_header_id(name), name);
}

void mc_headers_remove_known(struct mc_headers *headers, enum mc_header_id id)
{
    drop(headers, 0, id, mc_header_name(id));
}

const struct mc_header *mc_headers_find(const struct mc_headers *headers, struct mc_str name)
{
    enum mc_header_id id = mc_header_id(name);
    for (uint32_t i = 0; may_have(headers, id) && i < headers->count; i++)
        if (is_named(&headers->list[i], id, name)) return &headers->list[i];
    return NULL;
}

const struct mc_header *mc_headers_known(const struct mc_headers *headers, enum mc_header_id id)
{
    for (uint32_t i = 0; may_have(headers, id) && i < headers->count; i++)
        if (headers->list[i].id == id) return &headers->list[i];
    return NULL;
}

bool mc_headers_list_has(const struct mc_headers *headers, enum mc_header_id id, struct mc_str token)
{
    for (uint32_t i = 0; may_have(headers, id) && i < headers->count; i++) {
        struct mc_str rest = headers->list[i].value;
        while (headers->list[i].id == id && rest.n)
            if (mc_str_eq_nocase(mc_str_trim(mc_str_cut(rest, ',', &rest)), token)) return true;
    }
    return false;
}

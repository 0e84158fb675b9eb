#include "sim/load/lineage.h"
#include "base/assert.h"
#include "base/rand.h"

enum { TRACEPARENT_LENGTH = 55, LUCK_PREFIX = 7 /* "squall=" */, LUCK_LENGTH = LUCK_PREFIX + 16 };

static uint64_t not_zero(uint64_t value)
{
    return value ? value : 1; /* all-zero ids are invalid (Trace Context §3.2.2) */
}

struct sim_lineage sim_lineage_root(uint64_t seed, uint64_t entity, uint64_t ordinal)
{
    uint64_t luck = mc_draw(seed, MC_FOR_SERVICE, entity, ordinal);
    uint64_t id = mc_draw(seed, MC_FOR_REQUEST_ID, entity, ordinal);
    return (struct sim_lineage){.trace_hi = id,
                                .trace_lo = not_zero(mc_mix(id + 1)),
                                .span = not_zero(mc_mix(id + 2)),
                                .luck = luck};
}

struct sim_lineage sim_lineage_child(const struct sim_lineage *of, uint32_t step, uint32_t try)
{
    uint64_t place = (uint64_t)step << 32 | try;
    struct sim_lineage child = *of;
    child.parent = of->span;
    child.luck = mc_draw(of->luck, MC_FOR_SERVICE, place, 0);
    child.span = not_zero(mc_draw(of->luck, MC_FOR_REQUEST_ID, place, 0));
    return child;
}

/* ---- heads ---- */

static bool read_traceparent(struct mc_str text, struct sim_lineage *lineage)
{
    if (text.n != TRACEPARENT_LENGTH || text.p[0] != '0' || text.p[1] != '0') return false;
    if (text.p[2] != '-' || text.p[35] != '-' || text.p[52] != '-') return false;
    if (!mc_hex_read(text.p + 3, 16, &lineage->trace_hi) || !mc_hex_read(text.p + 19, 16, &lineage->trace_lo)) return false;
    return mc_hex_read(text.p + 36, 16, &lineage->span) && lineage->span && (lineage->trace_hi | lineage->trace_lo);
}

static bool read_luck(struct mc_str text, uint64_t *luck)
{
    if (!mc_str_starts(text, MC_STR("squall=")) || text.n < LUCK_LENGTH) return false;
    return mc_hex_read(text.p + LUCK_PREFIX, 16, luck);
}

static uint64_t attempt_of(const struct mc_headers *headers)
{
    uint64_t attempt = 1;
    const struct mc_header *count = mc_headers_known(headers, MC_HEADER_X_ENVOY_ATTEMPT_COUNT);
    return count && mc_str_to_u64(count->value, UINT32_MAX, &attempt) ? attempt : 1;
}

struct sim_lineage sim_lineage_read(const struct mc_head *head, uint64_t seed, uint64_t entity, uint64_t ordinal)
{
    struct sim_lineage lineage = {0};
    const struct mc_header *parent = mc_headers_known(&head->headers, MC_HEADER_TRACEPARENT);
    if (!parent || !read_traceparent(parent->value, &lineage)) lineage = sim_lineage_root(seed, entity, ordinal);
    else lineage.luck = mc_mix(lineage.trace_lo ^ lineage.span);
    const struct mc_header *state = mc_headers_known(&head->headers, MC_HEADER_TRACESTATE);
    if (state) read_luck(state->value, &lineage.luck);
    uint64_t attempt = attempt_of(&head->headers);
    if (attempt > 1) lineage.luck = mc_draw(lineage.luck, MC_FOR_SERVICE, UINT64_MAX, attempt);
    const struct mc_header *id = mc_headers_known(&head->headers, MC_HEADER_X_REQUEST_ID);
    if (id) lineage.request_id = id->value;
    return lineage;
}

static bool add(struct mc_headers *headers, struct mc_arena *arena, enum mc_header_id id, struct mc_str value)
{
    return mc_ok(mc_headers_add_known(headers, arena, id, value));
}

bool sim_lineage_write(const struct sim_lineage *lineage, struct mc_headers *headers, struct mc_arena *arena)
{
    char *text = mc_arena_take(arena, TRACEPARENT_LENGTH + LUCK_LENGTH);
    if (!text) return false;
    char *p = text;
    memcpy(p, "00-", 3);
    p = mc_hex_write(mc_hex_write(p + 3, lineage->trace_hi, 16), lineage->trace_lo, 16);
    *p = '-';
    p = mc_hex_write(p + 1, lineage->span, 16);
    memcpy(p, "-01", 3);
    memcpy(p + 3, "squall=", LUCK_PREFIX);
    mc_hex_write(p + 3 + LUCK_PREFIX, lineage->luck, 16);
    if (!add(headers, arena, MC_HEADER_TRACEPARENT, mc_str(text, TRACEPARENT_LENGTH))) return false;
    if (!add(headers, arena, MC_HEADER_TRACESTATE, mc_str(text + TRACEPARENT_LENGTH, LUCK_LENGTH))) return false;
    return !lineage->request_id.n || add(headers, arena, MC_HEADER_X_REQUEST_ID, lineage->request_id);
}

#include "sim/net/parts.h"
#include <string.h>

bool sim_bits_set(struct sim_net *net, struct sim_bits *bits, const uint32_t *pods, uint32_t count)
{
    struct sim_bits fresh = {.all = !pods};
    for (uint32_t i = 0; pods && i < count; i++)
        if (pods[i] / 64 + 1 > fresh.count) fresh.count = pods[i] / 64 + 1;
    if (fresh.count) {
        fresh.words = mc_pool_take_zero(net->pool, fresh.count * sizeof *fresh.words);
        if (!fresh.words) return false;
    }
    for (uint32_t i = 0; pods && i < count; i++) fresh.words[pods[i] / 64] |= UINT64_C(1) << pods[i] % 64;
    mc_pool_give(net->pool, bits->words, bits->count * sizeof *bits->words);
    *bits = fresh;
    return true;
}

bool sim_bits_has(const struct sim_bits *bits, uint32_t pod)
{
    return bits->all || (pod / 64 < bits->count && (bits->words[pod / 64] >> pod % 64 & 1));
}

static struct sim_rule *find(const struct sim_net *net, uint32_t id)
{
    for (const struct mc_link *link = net->rules.next; link != &net->rules; link = link->next) {
        struct sim_rule *rule = mc_container(link, struct sim_rule, link);
        if (rule->id == id) return rule;
    }
    return NULL;
}

static bool aim(struct sim_net *net, struct sim_rule *rule, const struct sim_rule_spec *spec)
{
    return sim_bits_set(net, &rule->from, spec->from, spec->from_count) &&
           sim_bits_set(net, &rule->to, spec->to, spec->to_count);
}

static void discard(struct sim_net *net, struct sim_rule *rule)
{
    mc_pool_give(net->pool, rule->from.words, rule->from.count * sizeof *rule->from.words);
    mc_pool_give(net->pool, rule->to.words, rule->to.count * sizeof *rule->to.words);
    mc_pool_give(net->pool, rule->busy, rule->busy_count * sizeof *rule->busy);
    mc_pool_give(net->pool, rule, sizeof *rule);
}

uint32_t sim_rule_add(struct sim_net *net, const struct sim_rule_spec *spec)
{
    struct sim_rule *rule = mc_pool_take_zero(net->pool, sizeof *rule);
    if (!rule) return 0;
    rule->spec = *spec;
    rule->spec.from = rule->spec.to = NULL;
    if (!aim(net, rule, spec)) {
        discard(net, rule);
        return 0;
    }
    rule->id = ++net->last_rule;
    rule->since = net->engine ? net->engine->now : 0;
    if (!rule->spec.luck) rule->spec.luck = rule->id;
    mc_list_push_back(&net->rules, &rule->link);
    net->rule_count++;
    if (spec->cut || spec->loss_ppm) sim_pulses_begin(net);
    return rule->id;
}

bool sim_rule_aim(struct sim_net *net, uint32_t id, const struct sim_rule_spec *spec)
{
    struct sim_rule *rule = find(net, id);
    return rule && aim(net, rule, spec);
}

void sim_rule_remove(struct sim_net *net, uint32_t id, struct sim_rule_counts *counts)
{
    struct sim_rule *rule = find(net, id);
    if (counts) *counts = rule ? rule->counts : (struct sim_rule_counts){0};
    if (!rule) return;
    mc_list_remove(&rule->link);
    net->rule_count--;
    discard(net, rule);
}

struct sim_rule_counts sim_rule_counts(const struct sim_net *net, uint32_t id)
{
    struct sim_rule *rule = find(net, id);
    return rule ? rule->counts : (struct sim_rule_counts){0};
}

void sim_rules_fini(struct sim_net *net)
{
    mc_list_each(link, &net->rules) sim_rule_remove(net, mc_container(link, struct sim_rule, link)->id, NULL);
}

/* ---- which rules act ---- */

static bool matches(const struct sim_rule *rule, uint32_t from, uint32_t to)
{
    return (sim_bits_has(&rule->from, from) && sim_bits_has(&rule->to, to)) ||
           (rule->spec.both && sim_bits_has(&rule->from, to) && sim_bits_has(&rule->to, from));
}

static bool picks(const struct sim_rule *rule)
{
    const struct sim_rule_spec *spec = &rule->spec;
    return spec->share_ppm || spec->first || spec->every > 1 || spec->skip;
}

static void touch(struct sim_rule *rule, uint64_t packets, struct sim_conn *conn)
{
    rule->counts.packets += packets;
    if (!conn) return;
    uint32_t era = rule->id / 64;
    uint64_t bit = UINT64_C(1) << rule->id % 64;
    if (conn->touched_era < era) {
        conn->touched_era = era;
        conn->touched = 0;
    }
    if (conn->touched & bit) return;
    conn->touched |= bit;
    rule->counts.connections++;
}

static bool is_about(const struct sim_rule *rule, const struct sim_conn *conn)
{
    return !rule->spec.old_only || (conn && conn->record.opened_at < rule->since);
}

static uint64_t key_of(const struct sim_rule *rule, uint64_t entity)
{
    return mc_mix(entity ^ mc_mix(rule->spec.luck));
}

static bool acts(struct sim_net *net, struct sim_rule *rule, uint64_t entity, uint64_t ordinal)
{
    const struct sim_rule_spec *spec = &rule->spec;
    uint64_t number = ++rule->seen;
    if (number <= spec->skip) return false;
    if (spec->every > 1 && (number - spec->skip) % spec->every) return false;
    if (spec->share_ppm &&
        !mc_chance(mc_draw(net->seed, MC_FOR_PATH, key_of(rule, entity), ordinal), spec->share_ppm, 1000000))
        return false;
    if (spec->first && rule->hits >= spec->first) return false;
    rule->hits++;
    return true;
}

/* ---- paths ---- */

static int kind_of(const struct sim_stack *from, const struct sim_stack *to)
{
    if (from->place.machine == to->place.machine) return SIM_TERMS_MACHINE;
    if (from->place.zone == to->place.zone) return SIM_TERMS_ZONE;
    return from->place.region == to->place.region ? SIM_TERMS_REGION : SIM_TERMS_FAR;
}

void sim_path_find(struct sim_net *net, const struct sim_stack *from, const struct sim_stack *to, struct sim_path *path)
{
    path->rule_count = 0;
    path->from = from->number;
    if (from == to) { /* loopback */
        path->latency = path->jitter = 0;
        path->loss_ppm = 0;
        path->bits_per_second = 0;
        path->idle = 0;
        path->idle_reset = false;
        return;
    }
    int kind = kind_of(from, to);
    const struct sim_path_terms *terms = &net->terms[kind];
    path->latency = terms->latency + from->distance + to->distance;
    path->jitter = terms->jitter;
    path->loss_ppm = terms->loss_ppm;
    path->bits_per_second = terms->bits_per_second;
    path->idle = terms->idle_timeout;
    path->idle_reset = terms->idle_reset;
    path->busy = &net->links[from->place.machine].busy[kind];
    if (!net->rule_count) return;
    mc_list_each(link, &net->rules) {
        struct sim_rule *rule = mc_container(link, struct sim_rule, link);
        if (matches(rule, from->number, to->number) && path->rule_count < SIM_RULES_ON_PATH)
            path->rules[path->rule_count++] = rule;
    }
}

mc_ns sim_path_latency(const struct sim_path *path)
{
    mc_ns latency = path->latency;
    for (uint32_t i = 0; i < path->rule_count; i++) latency += path->rules[i]->spec.latency;
    return latency;
}

bool sim_path_is_cut(struct sim_net *net, const struct sim_stack *from, const struct sim_stack *to, uint32_t packets, struct sim_conn *conn)
{
    if (!net->rule_count || from == to) return false;
    bool cut = false;
    mc_list_each(link, &net->rules) {
        struct sim_rule *rule = mc_container(link, struct sim_rule, link);
        if (!rule->spec.cut || picks(rule) || !matches(rule, from->number, to->number) || !is_about(rule, conn)) continue;
        touch(rule, packets, conn);
        cut = true;
    }
    return cut;
}

struct verdict { /* on one packet */
    bool lost;
    mc_ns delay, jitter;
};

/* Whether SPEC does something to a packet of SIZE by itself; *DROPS, whether it is lost. */
static bool does(const struct sim_rule_spec *spec, uint32_t size, bool *drops)
{
    bool too_large = spec->mtu && size + SIM_IP_OVERHEAD > spec->mtu;
    *drops = spec->cut || too_large;
    if (spec->mtu && !too_large && !spec->cut) return false;
    return *drops || spec->latency || spec->jitter || spec->bits_per_second || spec->refuse || (spec->reset && size);
}

static struct verdict judge_one(struct sim_net *net, const struct sim_path *path, uint64_t entity, uint64_t ordinal,
                                uint32_t size, struct sim_conn *conn, struct sim_judged *judged)
{
    struct verdict verdict = {0};
    if (path->loss_ppm && mc_chance(mc_draw(net->seed, MC_FOR_LOSS, entity, ordinal), path->loss_ppm, 1000000))
        verdict.lost = true;
    for (uint32_t i = 0; i < path->rule_count; i++) {
        struct sim_rule *rule = path->rules[i];
        const struct sim_rule_spec *spec = &rule->spec;
        bool drops;
        if (!is_about(rule, conn) || (spec->reset && !size) || spec->idle || !acts(net, rule, entity, ordinal)) continue;
        bool done = does(spec, size, &drops);
        if (spec->loss_ppm)
            drops |= mc_chance(mc_draw(net->seed, MC_FOR_LOSS, key_of(rule, entity), ordinal), spec->loss_ppm, 1000000);
        if (drops || done) touch(rule, 1, conn);
        verdict.lost |= drops;
        verdict.delay += spec->latency;
        verdict.jitter += spec->jitter;
        judged->refused |= spec->refuse;
        judged->reset |= spec->reset;
    }
    return verdict;
}

struct sim_judged sim_path_judge_bytes(struct sim_net *net, const struct sim_path *path, uint64_t entity, uint64_t *ordinal,
                                       uint32_t packets, uint32_t bytes, struct sim_conn *conn)
{
    struct sim_judged judged = {.delay = path->latency, .jitter = path->jitter};
    mc_ns delay = 0, jitter = 0;
    if (!path->loss_ppm && !path->rule_count) {
        *ordinal += packets;
        return judged;
    }
    for (uint32_t i = 0; i < packets; i++) {
        uint32_t size = i + 1 < packets ? net->payload : bytes - i * net->payload;
        struct verdict verdict = judge_one(net, path, entity, (*ordinal)++, size, conn, &judged);
        delay = mc_ns_max(delay, verdict.delay);
        jitter = mc_ns_max(jitter, verdict.jitter);
        judged.lost += verdict.lost;
        judged.lost_bytes += verdict.lost ? size : 0;
        judged.behind += judged.lost && !verdict.lost;
        judged.tail = verdict.lost ? judged.tail + 1 : 0;
        judged.before += !judged.lost;
    }
    judged.delay += delay;
    judged.jitter += jitter;
    return judged;
}

struct sim_judged sim_path_judge(struct sim_net *net, const struct sim_path *path, uint64_t entity, uint64_t *ordinal,
                                 uint32_t packets, struct sim_conn *conn)
{
    return sim_path_judge_bytes(net, path, entity, ordinal, packets, (packets - 1) * net->payload, conn);
}

/* ---- tables of connections on the way ---- */

mc_ns sim_path_idle(const struct sim_path *path, const struct sim_conn *conn, bool *reset)
{
    mc_ns least = path->idle;
    *reset = path->idle_reset;
    for (uint32_t i = 0; i < path->rule_count; i++) {
        const struct sim_rule_spec *spec = &path->rules[i]->spec;
        if (!spec->idle || !is_about(path->rules[i], conn) || (least && least <= spec->idle)) continue;
        least = spec->idle;
        *reset = spec->idle_reset;
    }
    return least;
}

void sim_path_touch_idle(const struct sim_path *path, struct sim_conn *conn)
{
    for (uint32_t i = 0; i < path->rule_count; i++)
        if (path->rules[i]->spec.idle && is_about(path->rules[i], conn)) touch(path->rules[i], 1, conn);
}

bool sim_path_is_slow(const struct sim_path *path)
{
    if (path->bits_per_second) return true;
    for (uint32_t i = 0; i < path->rule_count; i++)
        if (path->rules[i]->spec.bits_per_second) return true;
    return false;
}

mc_ns sim_path_jitter(struct sim_net *net, uint64_t entity, uint64_t ordinal, mc_ns delay, mc_ns jitter)
{
    if (!jitter) return delay;
    uint64_t draw = mc_draw(net->seed, MC_FOR_LATENCY, entity, ordinal);
    uint64_t span = (uint64_t)jitter * 2 + 1;
    return mc_ns_max(0, delay - jitter + (mc_ns)sim_scale(draw >> 1, span, UINT64_C(1) << 63));
}

static mc_ns queue_pass(mc_ns *busy, mc_ns at, uint64_t bits, uint64_t per_second)
{
    mc_ns start = mc_ns_max(at, *busy);
    return *busy = start + (mc_ns)sim_scale(bits, (uint64_t)MC_S, per_second);
}

static mc_ns *queue_of(struct sim_net *net, struct sim_rule *rule, uint32_t pod)
{
    if (pod >= rule->busy_count &&
        !sim_grow(net->pool, (void **)&rule->busy, &rule->busy_count, net->stack_count, sizeof *rule->busy))
        return NULL;
    return &rule->busy[pod];
}

mc_ns sim_path_pass(struct sim_net *net, const struct sim_path *path, mc_ns at, uint64_t bytes, uint32_t packets)
{
    uint64_t bits = (bytes + (uint64_t)packets * SIM_SEGMENT_OVERHEAD) * 8;
    if (path->bits_per_second) at = queue_pass(path->busy, at, bits, path->bits_per_second);
    for (uint32_t i = 0; i < path->rule_count; i++) {
        struct sim_rule *rule = path->rules[i];
        mc_ns *busy = rule->spec.bits_per_second ? queue_of(net, rule, path->from) : NULL;
        if (busy) at = queue_pass(busy, at, bits, rule->spec.bits_per_second);
    }
    return at;
}

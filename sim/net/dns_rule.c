/* Faults of the resolver. Few, kept in the order of adding; each try is shown to all of them. */
#include "sim/net/dns_parts.h"
#include <string.h>

static struct sim_dns_rule *find(const struct sim_net *net, uint32_t id)
{
    for (const struct mc_link *link = net->dns.rules.next; link != &net->dns.rules; link = link->next) {
        struct sim_dns_rule *rule = mc_container(link, struct sim_dns_rule, link);
        if (rule->id == id) return rule;
    }
    return NULL;
}

static void discard(struct sim_net *net, struct sim_dns_rule *rule)
{
    mc_pool_give(net->pool, rule->on.words, rule->on.count * sizeof *rule->on.words);
    mc_pool_give(net->pool, rule->old, rule->old_size * sizeof *rule->old);
    mc_pool_give(net->pool, rule, sizeof *rule);
}

/* ---- as it was ---- */

static bool remember(struct sim_net *net, struct sim_dns_rule *rule)
{
    uint32_t at = 0;
    rule->old_size = net->names.count + 1;
    rule->old = mc_pool_take_zero(net->pool, rule->old_size * sizeof *rule->old);
    if (!rule->old) return false;
    for (struct mc_map_entry *entry; (entry = mc_map_next(&net->names, &at));) {
        struct sim_answers answers;
        struct sim_old_name *old = &rule->old[rule->old_count++];
        sim_name_answers(net, entry->value, &answers);
        old->key = entry->key;
        old->count = answers.count;
        memcpy(old->addrs, answers.addrs, sizeof old->addrs);
    }
    return true;
}

static void recall(const struct sim_dns_rule *rule, uint64_t key, struct sim_answers *answers)
{
    for (uint32_t i = 0; i < rule->old_count; i++) {
        if (rule->old[i].key != key) continue;
        answers->count = rule->old[i].count;
        memcpy(answers->addrs, rule->old[i].addrs, sizeof answers->addrs);
    }
}

/* One half of the addresses or the other. */
static void flap(const struct sim_dns_rule *rule, mc_ns now, struct sim_answers *answers)
{
    uint32_t odd = (uint32_t)((now - rule->since) / mc_ns_max(rule->spec.period, 1) & 1), kept = 0;
    for (uint32_t i = 0; i < answers->count; i++)
        if ((i & 1) == odd) answers->addrs[kept++] = answers->addrs[i];
    answers->count = kept;
}

/* ---- adding ---- */

uint32_t sim_dns_rule_add(struct sim_net *net, const struct sim_dns_rule_spec *spec)
{
    struct sim_dns_rule *rule = mc_pool_take_zero(net->pool, sizeof *rule);
    if (!rule) return 0;
    rule->spec = *spec;
    rule->spec.on = NULL;
    rule->since = net->engine->now;
    size_t length = spec->name.n < SIM_NAME_MAX ? spec->name.n : SIM_NAME_MAX;
    if (length) memcpy(rule->name, spec->name.p, length);
    rule->spec.name = mc_str(rule->name, length);
    if (!sim_bits_set(net, &rule->on, spec->on, spec->on_count) || (spec->mode == SIM_DNS_STALE && !remember(net, rule))) {
        discard(net, rule);
        return 0;
    }
    rule->id = ++net->dns.last_rule;
    if (!rule->spec.luck) rule->spec.luck = rule->id;
    mc_list_push_back(&net->dns.rules, &rule->link);
    net->dns.rule_count++;
    return rule->id;
}

uint64_t sim_dns_rule_remove(struct sim_net *net, uint32_t id)
{
    struct sim_dns_rule *rule = find(net, id);
    if (!rule) return 0;
    uint64_t touched = rule->touched;
    mc_list_remove(&rule->link);
    net->dns.rule_count--;
    discard(net, rule);
    return touched;
}

uint64_t sim_dns_rule_touched(const struct sim_net *net, uint32_t id)
{
    const struct sim_dns_rule *rule = find(net, id);
    return rule ? rule->touched : 0;
}

void sim_dns_rules_fini(struct sim_net *net)
{
    mc_list_each(link, &net->dns.rules) sim_dns_rule_remove(net, mc_container(link, struct sim_dns_rule, link)->id);
}

/* ---- acting ---- */

static bool is_about(const struct sim_dns_rule *rule, const struct sim_question *question)
{
    struct mc_str name = rule->spec.name;
    if (!sim_bits_has(&rule->on, question->asker)) return false;
    if (!name.n || mc_str_eq(name, question->asked) || mc_str_eq(name, question->name)) return true;
    return question->name.n > name.n && mc_str_starts(question->name, name) && question->name.p[name.n] == '.';
}

static bool acts(const struct sim_net *net, struct sim_dns_rule *rule, uint64_t entity, uint64_t ordinal)
{
    const struct sim_dns_rule_spec *spec = &rule->spec;
    uint64_t number = ++rule->seen;
    if (number <= spec->skip) return false;
    if (spec->every > 1 && (number - spec->skip) % spec->every) return false;
    uint64_t draw = mc_draw(net->seed, MC_FOR_PATH, mc_mix(entity ^ mc_mix(spec->luck)), ordinal);
    if (spec->share_ppm && !mc_chance(draw, spec->share_ppm, 1000000)) return false;
    if (spec->first && rule->hits >= spec->first) return false;
    rule->hits++;
    return true;
}

struct sim_dns_effect sim_dns_effect(struct sim_net *net, const struct sim_question *question, uint64_t entity, uint64_t ordinal,
                                     uint32_t queries, bool pair)
{
    struct sim_dns_effect effect = {0};
    if (!net->dns.rule_count) return effect;
    mc_list_each(link, &net->dns.rules) {
        struct sim_dns_rule *rule = mc_container(link, struct sim_dns_rule, link);
        enum sim_dns_mode mode = rule->spec.mode;
        if (!is_about(rule, question) || (mode == SIM_DNS_RACE && !pair) || !acts(net, rule, entity, ordinal)) continue;
        rule->touched += mode == SIM_DNS_RACE ? 1 : queries;
        effect.drop |= mode == SIM_DNS_TIMEOUT;
        effect.race |= mode == SIM_DNS_RACE;
        if (mode == SIM_DNS_SLOW) effect.latency += rule->spec.latency;
        if (mode == SIM_DNS_SERVFAIL) effect.rcode = SIM_RCODE_SERVFAIL;
        if (mode == SIM_DNS_NXDOMAIN && effect.rcode == SIM_RCODE_OK) effect.rcode = SIM_RCODE_NXDOMAIN;
    }
    return effect;
}

void sim_dns_alter(struct sim_net *net, const struct sim_question *question, struct sim_answers *answers)
{
    if (!net->dns.rule_count) return;
    mc_list_each(link, &net->dns.rules) {
        const struct sim_dns_rule *rule = mc_container(link, struct sim_dns_rule, link);
        if (!is_about(rule, question)) continue;
        if (rule->spec.mode == SIM_DNS_STALE) recall(rule, question->key, answers);
        if (rule->spec.mode == SIM_DNS_FLAP) flap(rule, net->engine->now, answers);
    }
}

/* Faults of names: each is one rule of the resolver (sim/net/dns.h). They count queries as requests. */
#include "sim/fault/fault_parts.h"
#include "sim/net/dns.h"

static const struct {
    const char *word;
    enum sim_dns_mode mode;
} modes[] = {
    {"servfail", SIM_DNS_SERVFAIL}, {"nxdomain", SIM_DNS_NXDOMAIN}, {"timeout", SIM_DNS_TIMEOUT},
    {"slow", SIM_DNS_SLOW},         {"stale", SIM_DNS_STALE},       {"flap", SIM_DNS_FLAP},
};

static bool add_rule(struct sim_fault *fault, struct sim_dns_rule_spec spec)
{
    if (fault_argument(fault, "on")) {
        spec.on = fault->from.pods;
        spec.on_count = fault->from.count;
    }
    spec.share_ppm = fault->gate.share_ppm;
    spec.first = fault->gate.first;
    spec.every = fault->gate.every;
    spec.skip = fault->gate.skip;
    spec.luck = fault_draw(fault, 0);
    fault->rule = sim_dns_rule_add(sim_world_net(fault->faults->world), &spec);
    return fault->rule != 0;
}

static bool start_dns(struct sim_fault *fault)
{
    const struct sim_argument *name = fault_argument(fault, "name");
    struct sim_dns_rule_spec spec = {.name = name ? name->text : MC_STR(""),
                                     .latency = fault_number(fault, "latency", MC_S),
                                     .period = fault_number(fault, "period", 10 * MC_S)};
    for (size_t i = 0; i < MC_COUNT_OF(modes); i++)
        if (fault_text_is(fault, "mode", modes[i].word, "servfail")) spec.mode = modes[i].mode;
    return add_rule(fault, spec);
}

static bool start_race(struct sim_fault *fault)
{
    return add_rule(fault, (struct sim_dns_rule_spec){.mode = SIM_DNS_RACE});
}

static void count(const struct sim_fault *fault, struct sim_touched *touched)
{
    if (fault->rule) touched->requests += sim_dns_rule_touched(sim_world_net(fault->faults->world), fault->rule);
}

static void stop(struct sim_fault *fault)
{
    if (fault->rule) sim_dns_rule_remove(sim_world_net(fault->faults->world), fault->rule);
    fault->rule = 0;
}

const struct sim_fault_code fault_dns = {.start = start_dns, .stop = stop, .count = count, .own_gate = true};
const struct sim_fault_code fault_dns_race = {.start = start_race, .stop = stop, .count = count, .own_gate = true};

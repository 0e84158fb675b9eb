#include "sim/ledger/vary.h"
#include "base/assert.h"
#include "sim/ledger/constant.h"
#include "sim/plan/units.h"
#include <stdio.h>

/* ---- constants ---- */

static mc_ns *constant_at(struct sim_plan *plan, const struct sim_constant *constant, uint32_t index)
{
    return (mc_ns *)(void *)((char *)plan + constant->offsets[index]);
}

static mc_ns constant_value(const struct sim_plan *plan, const struct sim_constant *constant)
{
    return *(const mc_ns *)(const void *)((const char *)plan + constant->offsets[0]);
}

/* Nothing stays nothing, and what was there does not vanish. */
static mc_ns scale(mc_ns value, int32_t permille)
{
    if (value <= 0 || value == MC_NEVER) return value;
    mc_ns scaled = (mc_ns)((__int128)value * (1000 + permille) / 1000);
    return scaled > 0 ? scaled : 1;
}

static void move(struct sim_plan *plan, const struct sim_variation *variation)
{
    const struct sim_constant *constant = variation->entry->constant;
    for (uint32_t i = 0; i < constant->count; i++) {
        mc_ns *value = constant_at(plan, constant, i);
        *value = scale(*value, variation->permille);
    }
}

static bool has_value(const struct sim_plan *plan, const struct sim_constant *constant)
{
    for (uint32_t i = 0; i < constant->count; i++)
        if (*(const mc_ns *)(const void *)((const char *)plan + constant->offsets[i]) > 0) return true;
    return false;
}

const char *sim_constant_text(const struct sim_plan *plan, const struct sim_ledger_entry *entry, char out[static SIM_VARIATION_TEXT])
{
    char value[SIM_UNITS_TEXT], error[SIM_LEDGER_ERROR];
    sim_print_duration(constant_value(plan, entry->constant), value);
    snprintf(out, SIM_VARIATION_TEXT, "%s (%s %s, %s)", entry->name, entry->constant->what, value, sim_ledger_error(entry, error));
    return out;
}

static bool can_move(const struct sim_ledger_entry *entry, const struct sim_use *use)
{
    return entry->constant && entry->error_permille && sim_ledger_uses(entry, use) && has_value(use->plan, entry->constant);
}

/* A factor goes both ways alike. */
static int32_t low_end(uint32_t permille)
{
    return permille < 1000 ? -(int32_t)permille : (int32_t)(1000000 / (1000 + permille)) - 1000;
}

uint32_t sim_perturbations(const struct sim_use *use, struct sim_variation *out, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t below = UINT32_MAX, next; below; below = next) {
        next = 0;
        for (const struct sim_ledger_entry *entry = sim_ledger; entry->name; entry++)
            if (can_move(entry, use) && entry->error_permille < below && entry->error_permille > next) next = entry->error_permille;
        for (const struct sim_ledger_entry *entry = sim_ledger; next && entry->name; entry++) {
            if (!can_move(entry, use) || entry->error_permille != next) continue;
            for (int end = 0; end < 2; end++, count++)
                if (count < max) out[count] = (struct sim_variation){SIM_VARY_CONSTANT, entry, end ? (int32_t)next : low_end(next), SIM_EVERY_SERVICE};
        }
    }
    return count;
}

/* ---- services ---- */

static struct sim_service *own_services(struct sim_plan *plan)
{
    struct sim_topology *topology = &plan->topology;
    struct sim_service *copy = mc_arena_take(plan->arena, (topology->service_count + 1) * sizeof *copy);
    if (!copy) return NULL;
    memcpy(copy, topology->services, topology->service_count * sizeof *copy);
    topology->services = copy;
    return copy;
}

static bool is_meant(const struct sim_variation *variation, uint32_t service)
{
    return variation->service == SIM_EVERY_SERVICE || variation->service == service;
}

/* ---- policies: what is the profile's again, or the other way round ---- */

struct words {
    char text[SIM_VARIATION_TEXT];
};

struct policy_part {
    bool (*differs)(const struct sim_policy *policy, const struct sim_profile *profile);
    void (*reset)(struct sim_policy *policy);
    void (*describe)(const struct sim_policy *policy, const struct sim_profile *profile, struct words *words);
};

static bool retry_differs(const struct sim_policy *policy, const struct sim_profile *profile)
{
    return policy->has_retry && policy->retry.attempts != profile->retry.attempts;
}

static void retry_reset(struct sim_policy *policy)
{
    policy->retry = (struct sim_retry){.attempts = 0};
    policy->has_retry = false;
}

static void retry_describe(const struct sim_policy *policy, const struct sim_profile *profile, struct words *words)
{
    snprintf(words->text, sizeof words->text, "the profile's %u retries instead of %u", profile->retry.attempts, policy->retry.attempts);
}

static bool timeout_differs(const struct sim_policy *policy, const struct sim_profile *profile)
{
    return policy->has_timeout && policy->timeout != profile->timeout;
}

static void timeout_reset(struct sim_policy *policy)
{
    policy->timeout = 0;
    policy->has_timeout = false;
}

static void timeout_describe(const struct sim_policy *policy, const struct sim_profile *profile, struct words *words)
{
    char mine[SIM_UNITS_TEXT], theirs[SIM_UNITS_TEXT];
    snprintf(words->text, sizeof words->text, "timeout %s instead of %s", profile->timeout ? sim_print_duration(profile->timeout, mine) : "none",
             policy->timeout ? sim_print_duration(policy->timeout, theirs) : "none");
}

static bool outlier_differs(const struct sim_policy *policy, const struct sim_profile *profile)
{
    (void)profile;
    return policy->outlier_consecutive != 0;
}

static void outlier_reset(struct sim_policy *policy)
{
    bool on = policy->outlier_consecutive != 0;
    policy->outlier_consecutive = on ? 0 : 5; /* Envoy's defaults: outlier_detection.proto … */
    policy->outlier_interval = 10 * MC_S;
    policy->outlier_base = 30 * MC_S;
    policy->outlier_max_percent = 100; /* … but that the last of few endpoints may go, too */
}

static void outlier_describe(const struct sim_policy *policy, const struct sim_profile *profile, struct words *words)
{
    (void)profile;
    snprintf(words->text, sizeof words->text, policy->outlier_consecutive ? "no outlier detection" : "outlier detection (5 in a row, for 30s)");
}

static bool circuit_differs(const struct sim_policy *policy, const struct sim_profile *profile)
{
    (void)profile;
    return policy->max_connections || policy->max_pending || policy->max_requests || policy->max_retries;
}

static void circuit_reset(struct sim_policy *policy)
{
    policy->max_connections = policy->max_pending = policy->max_requests = policy->max_retries = 0;
}

static void circuit_describe(const struct sim_policy *policy, const struct sim_profile *profile, struct words *words)
{
    (void)policy, (void)profile;
    snprintf(words->text, sizeof words->text, "the profile's circuit breakers");
}

static bool balancer_differs(const struct sim_policy *policy, const struct sim_profile *profile)
{
    return policy->balancer.n && !mc_str_eq(policy->balancer, profile->balancer);
}

static void balancer_reset(struct sim_policy *policy)
{
    policy->balancer = MC_STR("");
}

static void balancer_describe(const struct sim_policy *policy, const struct sim_profile *profile, struct words *words)
{
    snprintf(words->text, sizeof words->text, "%.*s instead of %.*s", MC_STR_ARG(profile->balancer), MC_STR_ARG(policy->balancer));
}

static bool mtls_differs(const struct sim_policy *policy, const struct sim_profile *profile)
{
    return profile->identity && policy->mtls.n && !mc_str_eq(policy->mtls, profile->mtls);
}

static void mtls_reset(struct sim_policy *policy)
{
    policy->mtls = MC_STR("");
}

static void mtls_describe(const struct sim_policy *policy, const struct sim_profile *profile, struct words *words)
{
    snprintf(words->text, sizeof words->text, "mtls %.*s instead of %.*s", MC_STR_ARG(profile->mtls), MC_STR_ARG(policy->mtls));
}

#define PART(KIND, word) [SIM_VARY_##KIND] = {word##_differs, word##_reset, word##_describe}
static const struct policy_part parts[] = {PART(RETRY, retry),       PART(TIMEOUT, timeout),   PART(OUTLIER, outlier),
                                           PART(CIRCUIT, circuit), PART(BALANCER, balancer), PART(MTLS, mtls)};

static bool vary_policy(struct sim_plan *plan, const struct sim_variation *variation)
{
    struct sim_service *services = own_services(plan);
    if (!services) return false;
    for (uint32_t i = 0; i < plan->topology.service_count; i++)
        if (is_meant(variation, i)) parts[variation->kind].reset(&services[i].policy);
    if (variation->kind != SIM_VARY_RETRY || variation->service != SIM_EVERY_SERVICE) return true;
    plan->profile.retry = (struct sim_retry){.attempts = 0};
    return true;
}

static uint32_t twice(uint32_t value)
{
    return value > UINT32_MAX / 2 ? value : value * 2;
}

static void double_version(struct sim_version *version, enum sim_variation_kind kind)
{
    if (kind == SIM_VARY_REPLICAS) {
        version->replicas = twice(version->replicas);
        return;
    }
    version->cpu_millis = twice(version->cpu_millis);
    version->concurrency = twice(version->concurrency);
    version->queue = twice(version->queue);
}

static bool vary_capacity(struct sim_plan *plan, const struct sim_variation *variation)
{
    struct sim_service *services = own_services(plan);
    if (!services) return false;
    for (uint32_t i = 0; i < plan->topology.service_count; i++) {
        if (!is_meant(variation, i)) continue;
        struct sim_version *versions = mc_arena_take(plan->arena, (services[i].version_count + 1) * sizeof *versions);
        if (!versions) return false;
        memcpy(versions, services[i].versions, services[i].version_count * sizeof *versions);
        for (uint32_t v = 0; v < services[i].version_count; v++) double_version(&versions[v], variation->kind);
        services[i].versions = versions;
    }
    if (variation->kind != SIM_VARY_CPU) return true;
    plan->profile.proxy_cpu_millis = twice(plan->profile.proxy_cpu_millis);
    plan->profile.proxy_workers = twice(plan->profile.proxy_workers);
    plan->topology.cores_per_machine = twice(plan->topology.cores_per_machine);
    return true;
}

bool sim_vary(struct sim_plan *plan, const struct sim_variation *variation)
{
    enum sim_variation_kind kind = variation->kind;
    if (kind == SIM_VARY_CONSTANT) move(plan, variation);
    if (kind == SIM_VARY_REPLICAS || kind == SIM_VARY_CPU) return vary_capacity(plan, variation);
    return kind == SIM_VARY_NONE || kind == SIM_VARY_CONSTANT || vary_policy(plan, variation);
}

/* ---- in words ---- */

static void describe_policy(const struct sim_plan *plan, const struct sim_variation *variation, char *out)
{
    struct words words;
    const struct sim_service *service = &plan->topology.services[variation->service];
    parts[variation->kind].describe(&service->policy, &plan->profile, &words);
    snprintf(out, SIM_VARIATION_TEXT, "%.60s: %.90s", service->name.p, words.text);
}

const char *sim_variation_text(const struct sim_plan *plan, const struct sim_variation *variation, char out[static SIM_VARIATION_TEXT])
{
    char constant[SIM_VARIATION_TEXT];
    *out = 0;
    if (variation->kind == SIM_VARY_NONE) snprintf(out, SIM_VARIATION_TEXT, "as it was");
    else if (variation->kind == SIM_VARY_CONSTANT)
        snprintf(out, SIM_VARIATION_TEXT, "%.120s, %+d%%", sim_constant_text(plan, variation->entry, constant), variation->permille / 10);
    else if (variation->kind == SIM_VARY_REPLICAS) snprintf(out, SIM_VARIATION_TEXT, "twice the replicas");
    else if (variation->kind == SIM_VARY_CPU) snprintf(out, SIM_VARIATION_TEXT, "twice the CPU, concurrency and queues");
    else if (variation->service == SIM_EVERY_SERVICE) snprintf(out, SIM_VARIATION_TEXT, "no retries by sidecars");
    else describe_policy(plan, variation, out);
    return out;
}

/* ---- alternatives ---- */

struct alternatives {
    struct sim_variation *list;
    uint32_t count, max;
};

static void offer(struct alternatives *found, enum sim_variation_kind kind, uint32_t service)
{
    if (found->count < found->max) found->list[found->count++] = (struct sim_variation){.kind = kind, .service = service};
}

static void offer_policies(const struct sim_plan *plan, uint32_t service, struct alternatives *found)
{
    for (size_t kind = SIM_VARY_RETRY; kind < MC_COUNT_OF(parts); kind++)
        if (parts[kind].differs(&plan->topology.services[service].policy, &plan->profile)) offer(found, (enum sim_variation_kind)kind, service);
}

static bool retries_anywhere(const struct sim_plan *plan)
{
    if (plan->profile.retry.attempts) return true;
    for (uint32_t i = 0; i < plan->topology.service_count; i++)
        if (plan->topology.services[i].policy.has_retry && plan->topology.services[i].policy.retry.attempts) return true;
    return false;
}

uint32_t sim_alternatives(const struct sim_plan *plan, uint32_t service, struct sim_variation *out, uint32_t max)
{
    struct alternatives found = {out, 0, max > 2 ? max - 2 : 0}; /* room for capacity */
    if (plan->profile.sidecars) {
        if (retries_anywhere(plan)) offer(&found, SIM_VARY_RETRY, SIM_EVERY_SERVICE);
        if (service < plan->topology.service_count) offer_policies(plan, service, &found);
        if (service < plan->topology.service_count && !plan->topology.services[service].policy.outlier_consecutive) offer(&found, SIM_VARY_OUTLIER, service);
        for (uint32_t i = 0; i < plan->topology.service_count; i++)
            if (i != service) offer_policies(plan, i, &found);
    }
    found.max = max;
    offer(&found, SIM_VARY_REPLICAS, SIM_EVERY_SERVICE);
    offer(&found, SIM_VARY_CPU, SIM_EVERY_SERVICE);
    return found.count;
}

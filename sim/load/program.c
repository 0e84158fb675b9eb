#include "sim/load/program.h"
#include "base/assert.h"
#include "base/digest.h"

/* "reviews:9080"; .p NULL: no memory. */
static struct mc_str authority_of(const struct sim_service *service, struct mc_arena *arena)
{
    char digits[20];
    size_t n = mc_u64_to_text(service->port, digits);
    char *text = mc_arena_take(arena, service->name.n + 1 + n);
    if (!text) return mc_str(NULL, 0);
    memcpy(text, service->name.p, service->name.n);
    text[service->name.n] = ':';
    memcpy(text + service->name.n + 1, digits, n);
    return mc_str(text, service->name.n + 1 + n);
}

static bool callee_of(const struct sim_topology *topology, uint32_t service, struct mc_arena *arena, struct sim_callee *callee)
{
    const struct sim_service *to = &topology->services[service];
    *callee = (struct sim_callee){.to = service, .name = to->name, .authority = authority_of(to, arena), .port = to->port};
    return callee->authority.p != NULL;
}

static uint32_t service_named(const struct sim_topology *topology, struct mc_str name)
{
    for (uint32_t i = 0; i < topology->service_count; i++)
        if (mc_str_eq(topology->services[i].name, name)) return i;
    mc_unreachable();
}

/* The index of SERVICE among the callees so far, added if it is new. UINT32_MAX: no memory. */
static uint32_t callee_index(const struct sim_topology *topology, uint32_t service, struct mc_arena *arena,
                             struct sim_callee *callees, uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++)
        if (callees[i].to == service) return i;
    if (!callee_of(topology, service, arena, &callees[*count])) return UINT32_MAX;
    return (*count)++;
}

static struct mc_str or_else(struct mc_str text, struct mc_str otherwise)
{
    return text.n ? text : otherwise;
}

static void compile_call(const struct sim_step *step, struct mc_realm *realm, struct sim_call_spec *call)
{
    call->path_text = or_else(step->path, MC_STR("/"));
    call->path = mc_atoms_intern(&realm->atoms, call->path_text);
    call->method = or_else(step->method, MC_STR("GET"));
    call->timeout = step->timeout;
    call->deadline = step->deadline;
    call->tries = step->tries ? step->tries : 1;
    call->retry = step->retry.attempts ? &step->retry : NULL;
    call->body_bytes = step->body_bytes;
}

/* Running sums of k^-s over the keys. */
static uint64_t *popularity_of(const struct sim_cache_plan *plan, struct mc_arena *arena)
{
    uint64_t *sums = mc_arena_take(arena, plan->keys * sizeof *sums), sum = 0;
    mc_q32 s = (mc_q32)plan->zipf_milli * MC_Q32_ONE / 1000;
    if (!sums) return NULL;
    for (uint32_t k = 0; k < plan->keys; k++) {
        mc_q32 share = mc_q32_exp(-mc_q32_mul(s, mc_q32_log((mc_q32)(k + 1) * MC_Q32_ONE)));
        sum += (uint64_t)share;
        sums[k] = sum;
    }
    return sums;
}

static bool compile_cache(const struct sim_cache_plan *plan, struct mc_arena *arena, struct sim_program_cache *cache)
{
    mc_assert(plan->keys >= 1 && plan->keys <= SIM_CACHE_KEYS_MAX && plan->hot_keys < plan->keys);
    cache->plan = plan;
    if (plan->zipf_milli && !(cache->popularity = popularity_of(plan, arena))) return false;
    if (!plan->shared) return true;
    cache->entries = mc_arena_take_zero(arena, plan->keys * sizeof *cache->entries);
    return cache->entries != NULL;
}

static struct sim_program_step step_of(const struct sim_step *from)
{
    return (struct sim_program_step){.kind = from->kind,
                                     .wait = sim_sampler_of(&from->wait),
                                     .cpu = sim_sampler_of(&from->cpu),
                                     .optional = from->optional,
                                     .parallel = from->parallel,
                                     .status = from->status,
                                     .response_bytes = from->response_bytes,
                                     .span = from->span,
                                     .after_store = from->after_store};
}

const struct sim_program *sim_program_new(const struct sim_topology *topology, uint32_t service, uint32_t version,
                                          struct mc_arena *arena, struct mc_realm *realm)
{
    const struct sim_version *source = &topology->services[service].versions[version];
    const uint32_t count = source->step_count + source->start_step_count;
    struct sim_program *program = mc_arena_take_zero(arena, sizeof *program);
    struct sim_program_step *steps = mc_arena_take_zero(arena, count * sizeof *steps + 1);
    struct sim_callee *callees = mc_arena_take_zero(arena, count * sizeof *callees + 1);
    struct sim_program_cache *caches = mc_arena_take_zero(arena, source->step_count * sizeof *caches + 1);
    if (!program || !steps || !callees || !caches) return NULL;
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_step *from = i < source->step_count ? &source->steps[i] : &source->start_steps[i - source->step_count];
        steps[i] = step_of(from);
        if (from->kind == SIM_STEP_CACHED) {
            steps[i].cache = program->cache_count;
            if (!compile_cache(&from->cache, arena, &caches[program->cache_count++])) return NULL;
        }
        if (from->kind != SIM_STEP_CALL) continue;
        compile_call(from, realm, &steps[i].call);
        uint32_t to = service_named(topology, from->service);
        steps[i].call.callee = callee_index(topology, to, arena, callees, &program->callee_count);
        if (steps[i].call.callee == UINT32_MAX) return NULL;
    }
    for (uint32_t i = 0; i < program->callee_count; i++) {
        callees[i].cache_given = source->network.dns.cache_given;
        callees[i].cache = source->network.dns.cache;
        callees[i].lookup_each = source->network.dns.cache_given && !source->network.dns.cache && source->network.dns.stub != SIM_STUB_GO;
    }
    program->version = source;
    program->port = topology->services[service].port;
    program->steps = steps;
    program->step_count = source->step_count;
    program->start_step_count = source->start_step_count;
    program->callees = callees;
    program->caches = caches;
    program->spell_key = mc_hash(source->name, mc_hash(topology->services[service].name, 0));
    return program;
}

bool sim_program_load(const struct sim_topology *topology, uint32_t service, const struct sim_load_spec *load,
                      struct mc_arena *arena, struct mc_realm *realm, struct sim_callee *callee, struct sim_call_spec *call)
{
    if (!callee_of(topology, service, arena, callee)) return false;
    *call = (struct sim_call_spec){.path_text = or_else(load->path, MC_STR("/")),
                                   .method = or_else(load->method, MC_STR("GET")),
                                   .timeout = load->timeout ? load->timeout : 30 * MC_S,
                                   .deadline = load->deadline,
                                   .tries = load->tries ? load->tries : 1,
                                   .retry = load->retry.attempts ? &load->retry : NULL,
                                   .body_bytes = load->body_bytes};
    call->path = mc_atoms_intern(&realm->atoms, call->path_text);
    return true;
}

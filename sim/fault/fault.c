/* The life of a fault. */
#include "sim/fault/fault_parts.h"

/* ---- reading ---- */

const struct sim_fault_type *sim_fault_kind(const struct sim_fault *fault)
{
    return fault->type;
}

uint32_t sim_fault_number(const struct sim_fault *fault)
{
    return fault->number;
}

enum sim_fault_state sim_fault_state(const struct sim_fault *fault)
{
    return fault->state;
}

mc_ns sim_fault_started(const struct sim_fault *fault)
{
    return fault->started;
}

mc_ns sim_fault_cleared(const struct sim_fault *fault)
{
    return fault->cleared;
}

mc_ns sim_fault_until(const struct sim_fault *fault)
{
    return fault->until;
}

bool sim_fault_disabled(const struct sim_fault *fault)
{
    return fault->disabled;
}

const char *sim_fault_text(const struct sim_fault *fault)
{
    return fault->text;
}

const char *sim_fault_target(const struct sim_fault *fault)
{
    return fault->target;
}

const char *sim_fault_params_json(const struct sim_fault *fault)
{
    return fault->json;
}

struct sim_source sim_fault_source(const struct sim_fault *fault)
{
    return fault->source;
}

bool fault_has_effect(const struct sim_fault *fault)
{
    return fault->state == SIM_FAULT_ACTIVE && !fault->disabled;
}

struct sim_touched sim_fault_affected(const struct sim_fault *fault)
{
    struct sim_touched touched = fault->touched;
    if (fault_has_effect(fault) && fault->type->code->count) fault->type->code->count(fault, &touched);
    return touched;
}

/* ---- for the kinds ---- */

bool fault_candidates(const struct sim_faults *faults, struct sim_candidate **list, uint32_t *count)
{
    *count = sim_world_pod_count(faults->world);
    *list = mc_alloc_take(&faults->alloc, (*count + 1) * sizeof **list);
    if (!*list) return false;
    for (uint32_t i = 0; i < *count; i++) {
        struct sim_pod_view pod = sim_world_pod(faults->world, i);
        (*list)[i] = (struct sim_candidate){.service = pod.service, .version = pod.version, .zone = pod.zone, .name = pod.name, .up = pod.up};
    }
    return true;
}

bool fault_gate_pass(struct fault_gate *gate, uint64_t draw)
{
    if (gate->seen++ < gate->skip) return false;
    if (gate->every > 1 && gate->chosen++ % gate->every != gate->every - 1) return false;
    if (gate->share_ppm && !mc_chance(draw, gate->share_ppm, 1000000)) return false;
    if (gate->first && gate->hits >= gate->first) return false;
    gate->hits++;
    return true;
}

uint64_t fault_draw(const struct sim_fault *fault, uint64_t what)
{
    return mc_draw(sim_world_realm(fault->faults->world)->seed, MC_FOR_FAULT_FILTER, fault->number, what);
}

bool fault_pods(struct sim_fault *fault, const char *name, struct sim_pod_set *set, struct sim_error *error)
{
    struct sim_faults *faults = fault->faults;
    const struct sim_argument *argument = fault_argument(fault, name);
    struct sim_candidate *list;
    uint32_t count, ordinal = fault->ordinal + (strcmp(name, "to") ? 0 : 1000); /* `to` draws apart */
    set->alloc = &faults->alloc;
    if (!argument) return true;
    if (!fault_candidates(faults, &list, &count)) return sim_error_set(error, fault->source, "out of memory");
    bool good = true;
    for (uint32_t i = 0; i < argument->selector_count && good; i++) {
        struct sim_selector selector = argument->selectors[i];
        if (!selector.source.line) selector.source = fault->source;
        uint64_t key = (uint64_t)ordinal << 32 | i;
        good = sim_select(faults->plan, sim_world_realm(faults->world)->seed, list, count, &selector, key, &faults->alloc, set, error);
    }
    mc_alloc_give(&faults->alloc, list, (count + 1) * sizeof *list);
    return good;
}

static uint64_t connections_now(const struct sim_fault *fault, uint64_t *open)
{
    uint64_t ever = 0;
    for (uint32_t i = 0; i < fault->from.count; i++) {
        struct sim_pod_counts counts = sim_net_counts(sim_world_net(fault->faults->world), fault->from.pods[i]);
        ever += counts.opened + counts.accepted;
        *open += counts.ends;
    }
    return ever;
}

uint64_t fault_connections_of(const struct sim_fault *fault)
{
    uint64_t open = 0;
    return connections_now(fault, &open) - fault->connections_before;
}

struct sim_fault *fault_next_active(const struct sim_faults *faults, const struct sim_fault_code *code, const struct sim_fault *after)
{
    for (uint32_t i = after ? after->number : 0; i < faults->count; i++)
        if (faults->list[i]->type->code == code && fault_has_effect(faults->list[i])) return faults->list[i];
    return NULL;
}

uint32_t fault_container(const struct sim_fault *fault, uint32_t pod, bool sidecar)
{
    struct sim_world *world = fault->faults->world;
    uint32_t at = sim_world_pod(world, pod).first_container;
    while (at != SIM_NONE) {
        struct sim_container_view view = sim_world_container(world, at);
        if (view.sidecar == sidecar) return at;
        at = view.next;
    }
    return SIM_NONE;
}

/* ---- starting and clearing ---- */

/* Pods of a group that the filters leave: of faults that act on pods as wholes. */
static void thin_out(struct sim_fault *fault)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fault->from.count; i++)
        if (fault_gate_pass(&fault->gate, fault_draw(fault, fault->from.pods[i]))) fault->from.pods[kept++] = fault->from.pods[i];
    fault->from.count = kept;
}

static bool acts_on_pods(const struct sim_fault *fault)
{
    return fault_argument(fault, "on") && fault->type->code != &fault_blackhole && !fault->type->code->own_gate;
}

/* ---- load clients, the control plane, the resolver: no pods of a service ---- */

static bool is_named(const struct sim_fault *fault, struct mc_str pod)
{
    const struct sim_argument *on = fault_argument(fault, "on");
    for (uint32_t i = 0; on && i < on->selector_count; i++)
        if (mc_str_eq(on->selectors[i].service, pod) || mc_str_eq(on->selectors[i].name, pod)) return true;
    return false;
}

static bool is_control(const struct sim_fault *fault, uint32_t pod)
{
    struct sim_fault_targets *targets = fault_targets(fault);
    uint32_t container = targets->type->control(targets);
    return container != SIM_NONE && fault_container(fault, pod, false) == container;
}

/* "*" and "@a" mean services. Who names something else is told so. */
static bool keep_services(struct sim_fault *fault, struct sim_error *error)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < fault->from.count; i++) {
        uint32_t pod = fault->from.pods[i];
        struct sim_pod_view view = sim_world_pod(fault->faults->world, pod);
        bool served = view.service != SIM_NONE, named = !served && is_named(fault, view.name);
        if (named && !(fault->type->code->control && is_control(fault, pod)))
            return sim_error_set(error, fault->source, "fault.%s acts on pods of services, and \"%.*s\" is none: cut it off with fault.partition instead",
                                 fault->type->name, MC_STR_ARG(view.name));
        if (served || named) fault->from.pods[kept++] = pod;
    }
    fault->from.count = kept;
    return true;
}

/* Selectors are resolved now, names were checked before. */
static bool begin(struct sim_fault *fault, struct sim_error *error)
{
    struct sim_faults *faults = fault->faults;
    uint64_t open = 0;
    const char *whom = fault_argument(fault, "on") ? "on" : "from";
    if (!fault_pods(fault, whom, &fault->from, error) || !fault_pods(fault, "to", &fault->to, error)) return false;
    if (fault->type->code->pods_only && !keep_services(fault, error)) return false;
    fault->state = SIM_FAULT_ACTIVE;
    fault->started = sim_world_now(faults->world);
    fault->until = fault->duration ? mc_ns_add(fault->started, fault->duration) : MC_NEVER;
    if (acts_on_pods(fault)) thin_out(fault);
    fault->connections_before = connections_now(fault, &open);
    fault->connections_before -= open < fault->connections_before ? open : fault->connections_before;
    if (!fault->disabled && !fault->type->code->start(fault)) {
        fault->state = SIM_FAULT_PLANNED;
        return sim_error_set(error, fault->source, "out of memory");
    }
    if (fault->until != MC_NEVER) sim_engine_at(sim_world_engine(faults->world), &fault->entry, fault->until);
    faults->targets->type->changed(faults->targets, fault);
    return true;
}

static void start_followers(struct sim_fault *fault)
{
    struct sim_faults *faults = fault->faults;
    struct sim_error error;
    for (uint32_t i = fault->number; i < faults->count && !faults->ended; i++)
        if (faults->list[i]->after == fault && faults->list[i]->state == SIM_FAULT_PLANNED) (void)begin(faults->list[i], &error);
}

void sim_faults_clear(struct sim_faults *faults, struct sim_fault *fault)
{
    mc_ns now = sim_world_now(faults->world);
    if (fault->state == SIM_FAULT_CLEARED) return;
    bool active = fault->state == SIM_FAULT_ACTIVE;
    sim_engine_cancel(sim_world_engine(faults->world), &fault->entry);
    fault->touched = sim_fault_affected(fault);
    fault->state = SIM_FAULT_CLEARED;
    fault->cleared = now;
    fault->until = MC_NEVER;
    if (active && !fault->disabled) fault->type->code->stop(fault);
    if (active) faults->targets->type->changed(faults->targets, fault);
    start_followers(fault);
}

void sim_faults_clear_all(struct sim_faults *faults)
{
    faults->ended = true;
    for (uint32_t i = faults->count; i-- > 0;) sim_faults_clear(faults, faults->list[i]);
}

static void time_is_up(struct sim_entry *entry)
{
    struct sim_fault *fault = mc_container(entry, struct sim_fault, entry);
    sim_engine_tell(sim_world_engine(fault->faults->world), fault->number, 0, 0, 0);
    sim_faults_clear(fault->faults, fault);
}

/* ---- adding ---- */

struct sim_faults *sim_faults_new(const struct sim_faults_options *options)
{
    struct sim_faults *faults = mc_alloc_take(&options->alloc, sizeof *faults);
    if (!faults) return NULL;
    *faults = (struct sim_faults){.world = options->world,
                                  .targets = options->targets,
                                  .plan = options->plan,
                                  .disabled = options->disabled,
                                  .disabled_count = options->disabled_count};
    mc_pool_init(&faults->pool, options->alloc);
    mc_arena_init(&faults->arena, &faults->pool, 0);
    faults->alloc = mc_pool_as_alloc(&faults->pool);
    return faults;
}

void sim_faults_free(struct sim_faults *faults)
{
    if (!faults) return;
    struct mc_alloc alloc = faults->pool.alloc;
    for (uint32_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = faults->list[i];
        sim_engine_cancel(sim_world_engine(faults->world), &fault->entry);
        for (uint32_t h = 0; fault->hooked && h < fault->hooked->count; h++) /* none is linked after all are cleared */ mc_list_remove(&fault->hooks[h].base.link);
    }
    for (uint32_t i = 0; i < faults->count; i++) {
        sim_pod_set_fini(&faults->list[i]->from);
        sim_pod_set_fini(&faults->list[i]->to);
    }
    mc_alloc_give(&faults->alloc, faults->list, faults->capacity * sizeof *faults->list);
    mc_arena_fini(&faults->arena);
    mc_pool_fini(&faults->pool);
    mc_alloc_give(&alloc, faults, sizeof *faults);
}

static bool copy_selectors(struct sim_faults *faults, struct sim_argument *argument)
{
    struct sim_selector *copies = mc_arena_take(&faults->arena, argument->selector_count * sizeof *copies + 1);
    if (!copies) return false;
    for (uint32_t i = 0; i < argument->selector_count; i++) {
        struct sim_selector *copy = &copies[i];
        *copy = argument->selectors[i];
        copy->service = mc_arena_copy(&faults->arena, copy->service);
        copy->version = mc_arena_copy(&faults->arena, copy->version);
        copy->zone = mc_arena_copy(&faults->arena, copy->zone);
        copy->name = mc_arena_copy(&faults->arena, copy->name);
        if (!copy->service.p || !copy->version.p || !copy->zone.p || !copy->name.p) return false;
    }
    argument->selectors = copies;
    return true;
}

static bool copy_arguments(struct sim_fault *fault, const struct sim_fault_spec *spec)
{
    struct sim_faults *faults = fault->faults;
    fault->arguments = mc_arena_take(&faults->arena, spec->argument_count * sizeof *fault->arguments + 1);
    if (!fault->arguments) return false;
    for (uint32_t i = 0; i < spec->argument_count; i++) {
        struct sim_argument *copy = &fault->arguments[i];
        *copy = spec->arguments[i];
        copy->name = mc_arena_copy(&faults->arena, copy->name);
        copy->text = mc_arena_copy(&faults->arena, copy->text);
        if (!copy->name.p || !copy->text.p || !copy_selectors(faults, copy)) return false;
    }
    fault->argument_count = spec->argument_count;
    return true;
}

static void fill_in(struct sim_fault *fault, const struct sim_fault_spec *spec)
{
    static const struct sim_entry_type ends = {.name = "fault ends", .class = SIM_CLASS_FAULT, .kind = SIM_KIND_FAULT, .fire = time_is_up};
    struct sim_faults *faults = fault->faults;
    fault->number = faults->count + 1;
    fault->source = spec->source;
    fault->after = spec->after;
    fault->started = fault->cleared = fault->until = MC_NEVER;
    fault->duration = fault_number(fault, "restart", fault_number(fault, "duration", 0));
    fault->gate = (struct fault_gate){.share_ppm = (uint32_t)fault_number(fault, "percent", 0),
                                      .first = (uint32_t)fault_number(fault, "first", 0),
                                      .every = (uint32_t)fault_number(fault, "every", 0),
                                      .skip = (uint32_t)fault_number(fault, "skip", 0)};
    fault->ordinal = faults->selections++;
    fault->everything_else = !fault_argument(fault, "to");
    fault->origin.number = fault->number;
    sim_entry_init(&fault->entry, &ends, &fault->origin, fault->number);
    for (uint32_t i = 0; i < faults->disabled_count; i++) fault->disabled |= faults->disabled[i] == fault->number;
    fault_describe(fault);
}

/* Selectors of planned faults are checked when they are written, too. */
static bool check_selectors(const struct sim_fault *fault, struct sim_error *error)
{
    struct sim_candidate *list;
    uint32_t count;
    bool good = true;
    if (!fault_candidates(fault->faults, &list, &count)) return sim_error_set(error, fault->source, "out of memory");
    for (uint32_t i = 0; i < fault->argument_count; i++)
        for (uint32_t j = 0; j < fault->arguments[i].selector_count && good; j++)
            good = sim_selector_check(fault->faults->plan, list, count, &fault->arguments[i].selectors[j], error);
    mc_alloc_give(&fault->faults->alloc, list, (count + 1) * sizeof *list);
    if (!good && !error->source.line) error->source = fault->source;
    return good;
}

static bool make_room(struct sim_faults *faults)
{
    if (faults->count < faults->capacity) return true;
    uint32_t capacity = faults->capacity ? faults->capacity * 2 : 16;
    struct sim_fault **list = mc_alloc_take(&faults->alloc, capacity * sizeof *list);
    if (!list) return false;
    if (faults->count) memcpy(list, faults->list, faults->count * sizeof *list);
    mc_alloc_give(&faults->alloc, faults->list, faults->capacity * sizeof *list);
    faults->list = list;
    faults->capacity = capacity;
    return true;
}

struct sim_fault *sim_faults_add(struct sim_faults *faults, const struct sim_fault_spec *spec, struct sim_error *error)
{
    if (!sim_fault_check(spec, error)) return NULL;
    if (faults->count == SIM_FAULTS_MAX) {
        sim_error_set(error, spec->source, "more than %d faults in one run", SIM_FAULTS_MAX);
        return NULL;
    }
    struct sim_fault *fault = make_room(faults) ? mc_arena_take_zero(&faults->arena, sizeof *fault) : NULL;
    if (fault) fault->faults = faults;
    if (!fault || !copy_arguments(fault, spec)) {
        sim_error_set(error, spec->source, "out of memory");
        return NULL;
    }
    fault->type = sim_fault_type_find(spec->kind);
    fill_in(fault, spec);
    if (!check_selectors(fault, error)) return NULL;
    if (fault->type->code->possible && !fault->type->code->possible(fault, error)) return NULL;
    bool now = !fault->after || fault->after->state == SIM_FAULT_CLEARED;
    faults->list[faults->count++] = fault;
    if (!now || begin(fault, error)) return fault;
    faults->count--;
    sim_pod_set_fini(&fault->from);
    sim_pod_set_fini(&fault->to);
    return NULL;
}

uint32_t sim_faults_count(const struct sim_faults *faults)
{
    return faults->count;
}

struct sim_fault *sim_faults_at(const struct sim_faults *faults, uint32_t index)
{
    mc_assert(index < faults->count);
    return faults->list[index];
}

static bool select_as(struct sim_faults *faults, uint64_t ordinal, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error)
{
    struct sim_candidate *list;
    uint32_t count;
    if (!fault_candidates(faults, &list, &count)) return sim_error_set(error, selector->source, "out of memory");
    bool good = sim_select(faults->plan, sim_world_realm(faults->world)->seed, list, count, selector, ordinal, &faults->alloc, set, error);
    mc_alloc_give(&faults->alloc, list, (count + 1) * sizeof *list);
    return good;
}

bool sim_faults_select(struct sim_faults *faults, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error)
{
    return select_as(faults, (uint64_t)faults->selections++ << 32, selector, set, error);
}

bool sim_faults_peek(struct sim_faults *faults, const struct sim_selector *selector, struct sim_pod_set *set, struct sim_error *error)
{
    return select_as(faults, (uint64_t)faults->selections << 32, selector, set, error);
}

/* ---- what the run tells ---- */

void sim_faults_app_started(struct sim_faults *faults, uint32_t pod)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = faults->list[i];
        if (fault_has_effect(fault) && fault->type->code->app_started) fault->type->code->app_started(fault, pod);
    }
}

void sim_faults_app_going(struct sim_faults *faults, uint32_t pod)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = faults->list[i];
        if (fault->type->code->app_going) fault->type->code->app_going(fault, pod);
    }
}

void sim_faults_control_started(struct sim_faults *faults)
{
    for (uint32_t i = 0; i < faults->count; i++) {
        struct sim_fault *fault = faults->list[i];
        if (fault_has_effect(fault) && fault->type->code->control_started) fault->type->code->control_started(fault);
    }
}

void sim_faults_csr(struct sim_faults *faults)
{
    for (struct sim_fault *fault = NULL; (fault = fault_next_active(faults, &fault_ca_outage, fault));) fault->touched.requests++;
}

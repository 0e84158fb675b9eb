#include "sim/run/parts.h"

static uint32_t find_service(const struct sim_topology *topology, struct mc_str name)
{
    uint32_t i = 0;
    while (i < topology->service_count && !mc_str_eq(topology->services[i].name, name)) i++;
    return i;
}

/* The same load has the same luck whatever else is in the scenario: its name is the entity of its draws. */
static uint64_t entity_of(struct mc_str name)
{
    return mc_hash(name, 0);
}

struct sim_load *sim_run_load_find(struct sim_run *run, struct mc_str name)
{
    mc_list_each(link, &run->loads)
    {
        struct sim_load *load = mc_container(link, struct sim_load, link);
        if (mc_str_eq(load->name, name)) return load;
    }
    return NULL;
}

static bool check_spec(struct sim_run *run, const struct sim_load_spec *spec, struct sim_error *error)
{
    const struct sim_topology *topology = &run->plan->topology;
    if (find_service(topology, spec->to) == topology->service_count) {
        const char *near = sim_nearest(spec->to, &topology->services[0].name.p, sizeof *topology->services, topology->service_count);
        return sim_error_set(error, spec->source, "load: no service \"%.*s\"%s%s%s", MC_STR_ARG(spec->to), near ? "; did you mean \"" : "",
                             near ? near : "", near ? "\"?" : "");
    }
    if (sim_run_load_find(run, spec->name))
        return sim_error_set(error, spec->source, "load: there is one named \"%.*s\" already", MC_STR_ARG(spec->name));
    for (uint32_t i = 0; i < topology->zone_count; i++)
        if (!spec->zone.n || mc_str_eq(topology->zones[i], spec->zone)) return true;
    return sim_error_set(error, spec->source, "load: no zone \"%.*s\"", MC_STR_ARG(spec->zone));
}

static bool make_client(struct sim_run *run, struct sim_load *load)
{
    const struct sim_topology *topology = &run->plan->topology;
    uint32_t service = find_service(topology, load->spec.to);
    if (!sim_program_load(topology, service, &load->spec, &run->arena, &run->realm, &load->callee, &load->call)) return false;
    load->workload = sim_check_add_load(run->check, load->name);
    if (load->workload == UINT32_MAX) return false;
    struct sim_client_options options = {.realm = &run->realm,
                                         .spec = &load->spec,
                                         .callee = &load->callee,
                                         .call = &load->call,
                                         .observer = &run->observer,
                                         .party = RUN_PARTY_LOAD + load->number,
                                         .node = RUN_NODE_LOAD + load->number,
                                         .entity = entity_of(load->name)};
    load->client = sim_client_new(&options);
    return load->client != NULL;
}

static bool has_room(struct sim_run *run)
{
    if (run->load_count < run->load_capacity) return true;
    uint32_t capacity = run->load_capacity ? run->load_capacity * 2 : 8;
    struct sim_load **more = mc_arena_take(&run->arena, capacity * sizeof *more);
    if (!more) return false;
    if (run->load_count) memcpy(more, run->load_of, run->load_count * sizeof *more);
    run->load_of = more;
    run->load_capacity = capacity;
    return true;
}

struct sim_load *sim_run_load(struct sim_run *run, const struct sim_load_spec *spec, struct sim_error *error)
{
    if (!check_spec(run, spec, error)) return NULL;
    struct sim_load *load = has_room(run) ? mc_arena_take_zero(&run->arena, sizeof *load) : NULL;
    if (load) {
        load->run = run;
        load->spec = *spec;
        load->name = load->spec.name = run_copy(run, spec->name);
        load->number = run->load_count;
        if (load->spec.start < run->now) load->spec.start = run->now;
    }
    if (!load || !make_client(run, load) || !run_place_load(run, load)) {
        sim_error_set(error, spec->source, "out of memory");
        if (load) sim_client_free(load->client);
        return NULL;
    }
    mc_list_push_back(&run->loads, &load->link);
    run->load_of[run->load_count++] = load;
    return load;
}

bool run_add_plan_loads(struct sim_run *run, struct sim_error *error)
{
    for (uint32_t i = 0; i < run->plan->load_count; i++)
        if (!sim_run_load(run, &run->plan->loads[i], error)) return false;
    return true;
}

void run_free_loads(struct sim_run *run)
{
    mc_list_each(link, &run->loads) sim_client_free(mc_container(link, struct sim_load, link)->client);
    mc_list_init(&run->loads);
}

void sim_run_load_stop(struct sim_run *run, struct sim_load *load)
{
    (void)run;
    sim_client_stop(load->client);
}

struct sim_load_counts sim_run_load_counts(const struct sim_run *run, const struct sim_load *load)
{
    (void)run;
    struct sim_client_counts counts = sim_client_counts(load->client);
    return (struct sim_load_counts){.started = counts.started,
                                    .finished = counts.finished,
                                    .failed = counts.failed,
                                    .dropped_iterations = counts.dropped,
                                    .under_way = counts.under_way};
}

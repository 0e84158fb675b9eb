#include "base/digest.h"
#include "sim/host/parts.h"
#include "sim/net/grow.h"

struct sim_world *sim_world_new(const struct sim_world_options *options)
{
    struct mc_pool *pool = &options->realm->pool;
    struct sim_world *world = mc_pool_take_zero(pool, sizeof *world);
    if (!world) return NULL;
    world->realm = options->realm;
    world->epoch = options->epoch;
    world->piece = options->piece;
    world->spurious = options->spurious;
    if (options->kernel && options->kernel->hz) world->tick = MC_S / options->kernel->hz;
    struct mc_alloc alloc = mc_pool_as_alloc(pool);
    sim_engine_init(&world->engine, &(struct sim_engine_options){.alloc = alloc, .shuffle = options->shuffle});
    mc_map_init(&world->names, alloc);
    mc_outbox_init(&world->outbox, alloc);
    world->net = sim_net_new(&(struct sim_net_options){.pool = pool,
                                                       .engine = &world->engine,
                                                       .seed = options->realm->seed,
                                                       .kernel = options->kernel,
                                                       .paths = options->paths});
    if (world->net) return world;
    mc_pool_give(pool, world, sizeof *world);
    return NULL;
}

static void free_pod(struct mc_pool *pool, struct sim_pod *pod)
{
    mc_pool_give(pool, (void *)(uintptr_t)pod->name.p, pod->name.n + 1);
    mc_pool_give(pool, pod, sizeof *pod);
}

void sim_world_free(struct sim_world *world)
{
    if (!world) return;
    struct mc_pool *pool = &world->realm->pool;
    for (uint32_t i = 0; i < world->container_count; i++) sim_container_fini(world->containers[i]);
    for (uint32_t i = 0; i < world->pod_count; i++) free_pod(pool, world->pods[i]);
    for (uint32_t i = 0; i < world->machine_count; i++) mc_pool_give(pool, world->machines[i], sizeof *world->machines[i]);
    mc_pool_give(pool, world->containers, world->container_capacity * sizeof *world->containers);
    mc_pool_give(pool, world->pods, world->pod_capacity * sizeof *world->pods);
    mc_pool_give(pool, world->machines, world->machine_capacity * sizeof *world->machines);
    sim_net_free(world->net);
    for (uint32_t i = 0; i < world->spare_count; i++) mc_outbox_fini(&world->spares[i]);
    mc_outbox_fini(&world->outbox);
    mc_map_fini(&world->names);
    sim_engine_fini(&world->engine);
    mc_pool_give(pool, world, sizeof *world);
}

struct sim_engine *sim_world_engine(struct sim_world *world)
{
    return &world->engine;
}

struct sim_net *sim_world_net(struct sim_world *world)
{
    return world->net;
}

struct mc_realm *sim_world_realm(struct sim_world *world)
{
    return world->realm;
}

mc_ns sim_world_now(const struct sim_world *world)
{
    return world->engine.now;
}

uint64_t sim_world_events(const struct sim_world *world)
{
    return world->engine.events;
}

uint64_t sim_world_digest(const struct sim_world *world)
{
    return world->engine.digest.value;
}

enum sim_engine_stop sim_world_run(struct sim_world *world, mc_ns until, uint64_t max_events)
{
    return sim_engine_run(&world->engine, until, max_events);
}

/* ---- machines ---- */

bool sim_world_add_machine(struct sim_world *world, const struct sim_machine_spec *spec, uint32_t *number)
{
    struct mc_pool *pool = &world->realm->pool;
    if (!sim_grow(pool, (void **)&world->machines, &world->machine_capacity, world->machine_count + 1, sizeof *world->machines))
        return false;
    struct sim_machine *machine = mc_pool_take_zero(pool, sizeof *machine);
    if (!machine) return false;
    machine->spec = *spec;
    machine->number = *number = world->machine_count;
    machine->slow_permille = 1000;
    mc_list_init(&machine->waiting);
    world->machines[world->machine_count++] = machine;
    return sim_net_set_nic(world->net, machine->number, spec->nic);
}

uint32_t sim_world_machine_count(const struct sim_world *world)
{
    return world->machine_count;
}

static struct sim_machine *machine_of(const struct sim_world *world, uint32_t number)
{
    mc_assert(number < world->machine_count);
    return world->machines[number];
}

struct sim_machine_spec sim_world_machine(const struct sim_world *world, uint32_t machine)
{
    return machine_of(world, machine)->spec;
}

void sim_machine_set_offset(struct sim_world *world, uint32_t machine, mc_ns offset)
{
    machine_of(world, machine)->offset = offset;
}

mc_ns sim_machine_offset(const struct sim_world *world, uint32_t machine)
{
    return machine_of(world, machine)->offset;
}

mc_ns sim_machine_wall(const struct sim_world *world, uint32_t machine)
{
    return sim_wall(world, machine_of(world, machine));
}

void sim_machine_set_slow(struct sim_world *world, uint32_t machine, uint32_t permille)
{
    machine_of(world, machine)->slow_permille = permille;
}

void sim_machine_crash(struct sim_world *world, uint32_t number)
{
    struct sim_machine *machine = machine_of(world, number);
    for (uint32_t i = 0; i < world->pod_count; i++)
        if (world->pods[i]->machine == machine) sim_pod_crash(world, i, SIM_LEAVE_SILENT);
}

/* ---- pods ---- */

static char *copy_name(struct mc_pool *pool, struct mc_str name)
{
    char *copy = mc_pool_take(pool, name.n + 1);
    if (!copy) return NULL;
    for (size_t i = 0; i < name.n; i++) copy[i] = name.p[i];
    copy[name.n] = 0;
    return copy;
}

bool sim_world_add_pod(struct sim_world *world, const struct sim_pod_spec *spec, uint32_t *number)
{
    struct mc_pool *pool = &world->realm->pool;
    struct sim_machine *machine = machine_of(world, spec->machine);
    struct sim_place place = {machine->number, machine->spec.zone, machine->spec.region};
    if (!sim_grow(pool, (void **)&world->pods, &world->pod_capacity, world->pod_count + 1, sizeof *world->pods)) return false;
    struct sim_pod *pod = mc_pool_take_zero(pool, sizeof *pod);
    if (!pod) return false;
    *pod = (struct sim_pod){.service = spec->service, .version = spec->version, .machine = machine,
                            .first_container = SIM_NONE, .last_container = SIM_NONE};
    pod->name = mc_str(copy_name(pool, spec->name), spec->name.n);
    if (!pod->name.p || !sim_net_add_pod(world->net, place, &pod->number)) {
        free_pod(pool, pod);
        return false;
    }
    mc_assert(pod->number == world->pod_count);
    world->pods[world->pod_count++] = pod;
    *number = pod->number;
    return mc_map_put(&world->names, mc_hash(spec->name, 0), pod) &&
           sim_net_add_name(world->net, spec->name, sim_net_addr(world->net, pod->number, 0));
}

uint32_t sim_world_pod_count(const struct sim_world *world)
{
    return world->pod_count;
}

static struct sim_pod *pod_of(const struct sim_world *world, uint32_t number)
{
    mc_assert(number < world->pod_count);
    return world->pods[number];
}

struct sim_pod_view sim_world_pod(const struct sim_world *world, uint32_t number)
{
    const struct sim_pod *pod = pod_of(world, number);
    return (struct sim_pod_view){.machine = pod->machine->number,
                                 .zone = pod->machine->spec.zone,
                                 .region = pod->machine->spec.region,
                                 .service = pod->service,
                                 .version = pod->version,
                                 .name = pod->name,
                                 .addr = sim_net_addr(world->net, number, 0),
                                 .first_container = pod->first_container,
                                 .up = sim_net_is_up(world->net, number)};
}

uint32_t sim_world_pod_of(const struct sim_world *world, struct mc_addr addr)
{
    return sim_net_pod_of(world->net, addr);
}

uint32_t sim_world_pod_named(const struct sim_world *world, struct mc_str name)
{
    const struct sim_pod *pod = mc_map_get(&world->names, mc_hash(name, 0));
    return pod ? pod->number : SIM_NONE;
}

void sim_pod_crash(struct sim_world *world, uint32_t number, enum sim_leave how)
{
    const struct sim_pod *pod = pod_of(world, number);
    if (how == SIM_LEAVE_SILENT) sim_net_set_up(world->net, number, false);
    for (uint32_t i = pod->first_container; i != SIM_NONE; i = world->containers[i]->next)
        sim_container_end(world->containers[i], 137, how);
}

void sim_pod_start(struct sim_world *world, uint32_t number)
{
    sim_net_set_up(world->net, number, true);
}

void sim_pod_pause(struct sim_world *world, uint32_t number, bool paused)
{
    const struct sim_pod *pod = pod_of(world, number);
    for (uint32_t i = pod->first_container; i != SIM_NONE; i = world->containers[i]->next)
        sim_container_freeze(world->containers[i], paused);
}

/* ---- containers ---- */

bool sim_world_add_container(struct sim_world *world, const struct sim_container_spec *spec, uint32_t *number)
{
    struct mc_pool *pool = &world->realm->pool;
    struct sim_pod *pod = pod_of(world, spec->pod);
    if (!sim_grow(pool, (void **)&world->containers, &world->container_capacity, world->container_count + 1,
                  sizeof *world->containers))
        return false;
    struct sim_container *container = mc_pool_take_zero(pool, sizeof *container);
    if (!container) return false;
    container->number = world->container_count;
    if (!sim_container_init(container, world, pod, spec)) {
        mc_pool_give(pool, container, sizeof *container);
        return false;
    }
    world->containers[world->container_count++] = container;
    if (pod->last_container == SIM_NONE)
        pod->first_container = container->number;
    else
        world->containers[pod->last_container]->next = container->number;
    pod->last_container = *number = container->number;
    return true;
}

uint32_t sim_world_container_count(const struct sim_world *world)
{
    return world->container_count;
}

struct sim_container_view sim_world_container(const struct sim_world *world, uint32_t number)
{
    mc_assert(number < world->container_count);
    const struct sim_container *container = world->containers[number];
    struct sim_container_view view = container->counts;
    view.pod = container->pod->number;
    view.next = container->next;
    view.sidecar = container->process.sidecar;
    view.state = container->state;
    for (const struct mc_link *link = container->turns.next; link != &container->turns; link = link->next) view.queued++;
    if (container->stalled_since != MC_NEVER) view.stalled += world->engine.now - container->stalled_since;
    view.throttled += sim_cpu_throttled(container);
    if (container->collecting) view.collected += world->engine.now - container->collect_since;
    view.memory = sim_memory_of(container);
    return view;
}

/* What a container's process holds: its working set against the limit, and the stops of its collector. */
#include "sim/host/parts.h"

enum { STATUS_KILLED = 137 };

static void collect_fires(struct sim_entry *entry);
static void leak_fires(struct sim_entry *entry);

static const struct sim_entry_type collect_type = {"host.collect", SIM_CLASS_WAKE, SIM_KIND_COLLECT, collect_fires};
static const struct sim_entry_type leak_type = {"host.leak", SIM_CLASS_WAKE, SIM_KIND_LEAK, leak_fires};

void sim_memory_init(struct sim_container *container)
{
    sim_entry_init(&container->collect, &collect_type, &container->origin, container->origin.number);
    sim_entry_init(&container->leak, &leak_type, &container->origin, container->origin.number);
}

static struct mc_guest_memory told_by(const struct sim_container *container)
{
    struct mc_guest_memory memory = {0};
    if (container->guest.type && container->guest.type->memory) container->guest.type->memory(container->guest.self, &memory);
    return memory;
}

static bool is_up(const struct sim_container *container)
{
    return container->state == SIM_CONTAINER_RUNNING || container->state == SIM_CONTAINER_PAUSED;
}

/* ---- the working set ---- */

static uint64_t leaked(const struct sim_container *container)
{
    mc_ns since = container->world->engine.now - container->leak_since;
    return container->leak_kept + (container->leak_rate ? (uint64_t)((__int128)container->leak_rate * since / MC_S) : 0);
}

static uint64_t working_set(const struct sim_container *container, const struct mc_guest_memory *told)
{
    const struct sim_memory_plan *plan = &container->resources.memory;
    return plan->base + plan->per_connection * container->process.used + told->held + leaked(container);
}

uint64_t sim_memory_of(const struct sim_container *container)
{
    struct mc_guest_memory told = told_by(container);
    return is_up(container) ? working_set(container, &told) : 0;
}

void sim_memory_kill(struct sim_container *container)
{
    if (!is_up(container)) return;
    container->counts.oom_kills++;
    container->counts.oom_killed = true;
    sim_container_end(container, STATUS_KILLED, SIM_LEAVE_KERNEL);
}

/* When the leak alone will have reached the limit; a step may do it before. */
static void arm_leak(struct sim_container *container)
{
    uint64_t now = sim_memory_of(container), limit = container->resources.memory_limit;
    struct sim_engine *engine = &container->world->engine;
    if (!container->leak_rate || !limit || !is_up(container)) {
        sim_engine_cancel(engine, &container->leak);
        return;
    }
    uint64_t room = now > limit ? 0 : limit - now + 1;
    __int128 wait = (__int128)room * MC_S / container->leak_rate + 1;
    sim_engine_at(engine, &container->leak, wait < MC_NEVER ? mc_ns_add(engine->now, (mc_ns)wait) : MC_NEVER);
}

static void leak_fires(struct sim_entry *entry)
{
    struct sim_container *container = mc_container(entry, struct sim_container, leak);
    uint64_t held = sim_memory_of(container);
    sim_engine_tell(&container->world->engine, container->number, held, 0, 0);
    if (held > container->resources.memory_limit) sim_memory_kill(container);
    else arm_leak(container); /* the guest has given some back meanwhile */
}

/* ---- the collector ---- */

static void collect_later(struct sim_container *container)
{
    mc_ns every = container->resources.gc.every;
    struct sim_engine *engine = &container->world->engine;
    sim_engine_at(engine, &container->collect, every ? mc_ns_add(engine->now, every) : MC_NEVER);
}

static void stop_the_world(struct sim_container *container)
{
    struct sim_engine *engine = &container->world->engine;
    container->collect_mark = told_by(container).allocated;
    container->collect_since = engine->now;
    container->collecting = true;
    container->counts.collections++;
    sim_engine_at(engine, &container->collect, mc_ns_add(engine->now, container->resources.gc.pause));
    sim_cpu_freeze(container);
}

static void go_on(struct sim_container *container)
{
    container->collecting = false;
    container->counts.collected += container->world->engine.now - container->collect_since;
    collect_later(container);
    if (container->state != SIM_CONTAINER_RUNNING) return;
    sim_cpu_thaw(container);
    sim_container_pump(container);
}

static void collect_fires(struct sim_entry *entry)
{
    struct sim_container *container = mc_container(entry, struct sim_container, collect);
    sim_engine_tell(&container->world->engine, container->number, container->collecting, 0, 0);
    if (container->collecting) go_on(container);
    else stop_the_world(container);
}

bool sim_memory_is_spent(struct sim_container *container)
{
    const struct sim_resources *resources = &container->resources;
    struct mc_guest_memory told = told_by(container);
    if (resources->memory_limit && working_set(container, &told) > resources->memory_limit) return true;
    uint64_t since = told.allocated - container->collect_mark;
    if (resources->gc.heap && resources->gc.pause && since >= resources->gc.heap && !container->collecting) stop_the_world(container);
    return false;
}

/* ---- life ---- */

void sim_memory_start(struct sim_container *container)
{
    container->counts.oom_killed = false;
    container->collect_mark = 0;
    if (container->resources.gc.pause && container->resources.gc.every) collect_later(container);
}

void sim_memory_drop(struct sim_container *container)
{
    if (container->collecting) container->counts.collected += container->world->engine.now - container->collect_since;
    container->collecting = false;
    container->leak_rate = container->leak_kept = 0;
    sim_engine_cancel(&container->world->engine, &container->collect);
    sim_engine_cancel(&container->world->engine, &container->leak);
}

/* ---- orders ---- */

static struct sim_container *container_of(const struct sim_world *world, uint32_t number)
{
    mc_assert(number < world->container_count);
    return world->containers[number];
}

void sim_container_oom(struct sim_world *world, uint32_t number)
{
    sim_memory_kill(container_of(world, number));
}

void sim_container_set_leak(struct sim_world *world, uint32_t number, uint64_t bytes_per_second)
{
    struct sim_container *container = container_of(world, number);
    container->leak_kept = bytes_per_second ? leaked(container) : 0;
    container->leak_rate = is_up(container) ? bytes_per_second : 0;
    container->leak_since = world->engine.now;
    arm_leak(container);
}

void sim_container_set_gc(struct sim_world *world, uint32_t number, const struct sim_gc_plan *gc)
{
    struct sim_container *container = container_of(world, number);
    container->resources.gc = *gc;
    container->collect_mark = told_by(container).allocated;
    if (!container->collecting && is_up(container)) {
        if (gc->pause && gc->every) collect_later(container);
        else sim_engine_cancel(&world->engine, &container->collect);
    }
}

/* The suite on the simulator: two pods on two machines, a network of 100 µs. */
#include "conformance/conformance.h"
#include "sim/host/world.h"

Suite *test_host_sim_suite(void);

struct sim_theatre {
    struct conformance_world base;
    struct sim_container_owner owner;
    struct mc_realm *realm;
    struct sim_world *world;
    uint32_t pods[CONFORMANCE_GUESTS], containers[CONFORMANCE_GUESTS];
    int left;
};

static const struct conformance_host_type sim_type;

static struct sim_theatre *theatre_of(struct conformance_world *world)
{
    return mc_container(world, struct sim_theatre, base);
}

static void gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    struct sim_theatre *stage = mc_container(owner, struct sim_theatre, owner);
    (void)container, (void)status, (void)now;
    if (++stage->left == CONFORMANCE_GUESTS) sim_engine_halt(sim_world_engine(stage->world));
}

static const struct sim_container_owner_type owner_type = {gone};

static struct conformance_world *sim_open(const struct conformance_options *options)
{
    static const struct sim_topology paths = {
        .same_zone = {.latency = 100 * MC_US, .jitter = 20 * MC_US, .bits_per_second = 10000000000}};
    struct sim_theatre *stage = mc_pool_take_zero(&options->realm->pool, sizeof *stage);
    stage->base.type = &sim_type;
    stage->owner.type = &owner_type;
    stage->realm = options->realm;
    stage->world = sim_world_new(&(struct sim_world_options){.realm = options->realm,
                                                             .epoch = 1704067200 * MC_S,
                                                             .paths = &paths,
                                                             .piece = options->piece,
                                                             .spurious = options->spurious});
    ck_assert_ptr_nonnull(stage->world);
    /* The listener first: its guest is started before the other one opens. */
    for (int i = CONFORMANCE_GUESTS; i-- > 0;) {
        uint32_t machine;
        char name[2] = {(char)('a' + i), 0};
        ck_assert(sim_world_add_machine(stage->world, &(struct sim_machine_spec){.cores = 1}, &machine));
        ck_assert(sim_world_add_pod(stage->world,
                                    &(struct sim_pod_spec){.machine = machine, .name = mc_str(name, 1)}, &stage->pods[i]));
        ck_assert(sim_world_add_container(
            stage->world, &(struct sim_container_spec){.pod = stage->pods[i], .owner = &stage->owner},
            &stage->containers[i]));
        sim_container_start(stage->world, stage->containers[i], options->guests[i]);
    }
    return &stage->base;
}

static struct mc_addr sim_addr(struct conformance_world *world, int guest, int port)
{
    struct sim_theatre *stage = theatre_of(world);
    return sim_net_addr(sim_world_net(stage->world), stage->pods[guest], (uint16_t)(8080 + port));
}

static bool sim_run_until(struct conformance_world *world, mc_ns limit)
{
    struct sim_theatre *stage = theatre_of(world);
    sim_world_run(stage->world, sim_world_now(stage->world) + limit, 0);
    return stage->left == CONFORMANCE_GUESTS;
}

static void sim_stop_guest(struct conformance_world *world, int guest, mc_ns grace)
{
    struct sim_theatre *stage = theatre_of(world);
    sim_container_stop(stage->world, stage->containers[guest], grace);
}

static void sim_end_world(struct conformance_world *world)
{
    struct sim_theatre *stage = theatre_of(world);
    sim_world_free(stage->world);
    mc_pool_give(&stage->realm->pool, stage, sizeof *stage);
}

static const struct conformance_host_type sim_type = {
    .name = "host_sim",
    .open = sim_open,
    .addr = sim_addr,
    .run = sim_run_until,
    .stop = sim_stop_guest,
    .close = sim_end_world,
};

Suite *test_host_sim_suite(void)
{
    return conformance_suite(&sim_type);
}

/* The suite on libuv, over loopback: both guests on one loop. */
#include "conformance/conformance.h"
#include "uv/host.h"
#include <netinet/in.h>
#include <unistd.h>

Suite *test_host_uv_suite(void);

struct uv_world {
    struct conformance_world base;
    struct mc_realm *realm;
    struct mc_uv_loop *loop;
    struct mc_uv_host *hosts[CONFORMANCE_GUESTS];
    struct mc_addr addrs[CONFORMANCE_GUESTS][CONFORMANCE_PORTS];
};

static const struct conformance_host_type uv_type;

static struct uv_world *world_of(struct conformance_world *world)
{
    return mc_container(world, struct uv_world, base);
}

/* The kernel picks ports that are free; they are let go again, and nobody else asks meanwhile. */
static void find_ports(struct uv_world *world)
{
    int fds[CONFORMANCE_GUESTS * CONFORMANCE_PORTS], count = 0;
    for (int guest = 0; guest < CONFORMANCE_GUESTS; guest++)
        for (int port = 0; port < CONFORMANCE_PORTS; port++) {
            struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
            socklen_t length = sizeof addr;
            int fd = fds[count++] = socket(AF_INET, SOCK_STREAM, 0);
            ck_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&addr, length));
            ck_assert(!getsockname(fd, (struct sockaddr *)&addr, &length));
            world->addrs[guest][port] = mc_addr_v4(INADDR_LOOPBACK, ntohs(addr.sin_port));
        }
    while (count) close(fds[--count]);
}

static void listen_failed(struct mc_uv_operator *operator, uint32_t listener, struct mc_addr addr, const char *why)
{
    (void)operator, (void)addr;
    ck_abort_msg("listener %u: %s", listener, why);
}

static struct conformance_world *uv_open(const struct conformance_options *options)
{
    static struct mc_uv_operator operator = {.listen_failed = listen_failed};
    struct uv_world *world = mc_pool_take_zero(&options->realm->pool, sizeof *world);
    world->base.type = &uv_type;
    world->realm = options->realm;
    world->loop = mc_uv_loop_new(
        &(struct mc_uv_loop_options){.realm = options->realm, .read_max = options->piece});
    ck_assert_ptr_nonnull(world->loop);
    find_ports(world);
    /* The listener first: its guest is started before the other one opens. */
    for (int i = CONFORMANCE_GUESTS; i-- > 0;) {
        world->hosts[i] = mc_uv_host_new(world->loop, options->guests[i], &operator);
        ck_assert_ptr_nonnull(world->hosts[i]);
    }
    return &world->base;
}

static struct mc_addr uv_addr(struct conformance_world *world, int guest, int port)
{
    return world_of(world)->addrs[guest][port];
}

static bool uv_run_until(struct conformance_world *world, mc_ns limit)
{
    return mc_uv_loop_run(world_of(world)->loop, limit);
}

static void uv_stop_guest(struct conformance_world *world, int guest, mc_ns grace)
{
    mc_uv_host_stop(world_of(world)->hosts[guest], grace);
}

static void uv_end(struct conformance_world *world)
{
    struct uv_world *self = world_of(world);
    mc_uv_loop_free(self->loop);
    mc_pool_give(&self->realm->pool, self, sizeof *self);
}

static const struct conformance_host_type uv_type = {
    .name = "host_uv",
    .open = uv_open,
    .addr = uv_addr,
    .run = uv_run_until,
    .stop = uv_stop_guest,
    .close = uv_end,
};

Suite *test_host_uv_suite(void)
{
    return conformance_suite(&uv_type);
}

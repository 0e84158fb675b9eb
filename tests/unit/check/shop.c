#include "unit/check/shop.h"

static const struct mc_str zones[] = {{"a", 1}, {"b", 1}};
static const struct sim_version one[] = {{.name = {"v1", 2}, .replicas = 1, .meshed = true}};
static const struct sim_version two[] = {
    {.name = {"v1", 2}, .replicas = 2, .zones = zones, .zone_count = 2, .meshed = true},
    {.name = {"v2", 2}, .replicas = 1, .zones = zones + 1, .zone_count = 1, .meshed = true},
};
static const struct sim_service services[] = {
    {.name = {"web", 3}, .versions = one, .version_count = 1},
    {.name = {"cart", 4}, .versions = two, .version_count = 2},
    {.name = {"db", 2}, .versions = one, .version_count = 1},
};

const struct sim_plan shop_plan = {
    .topology = {.zones = zones, .zone_count = 2, .services = services, .service_count = 3},
    .profile = {.sidecars = true, .identity = true, .mtls = {"strict", 6}},
    .trust_domain = {"cluster.local", 13},
};

void shop_open(struct shop *shop)
{
    *shop = (struct shop){0};
    shop->alloc = test_alloc(&shop->memory);
    shop->check = sim_check_new(&shop_plan, 1000 * MC_HOUR, shop->alloc);
    ck_assert_ptr_nonnull(shop->check);
    shop->user = sim_check_add_load(shop->check, MC_STR("user"));
    shop->batch = sim_check_add_load(shop->check, MC_STR("batch"));
    shop->home = sim_check_path(shop->check, MC_STR("/"));
    shop->buy = sim_check_path(shop->check, MC_STR("/buy"));
}

void shop_close(struct shop *shop)
{
    ck_assert(!sim_check_refused(shop->check));
    sim_check_free(shop->check);
    ck_assert_uint_eq(shop->memory.live_blocks, 0);
}

uint32_t shop_version(const struct shop *shop, uint32_t service, uint32_t version)
{
    return sim_check_workload(shop->check, service, version);
}

void shop_call(struct shop *shop, mc_ns now, uint32_t src, uint32_t dst, uint16_t code, uint32_t flags, mc_ns duration)
{
    struct sim_seen seen = {.src = src, .dst = dst, .path = shop->home, .code = code, .flags = flags, .duration = duration};
    sim_check_call(shop->check, now, &seen);
}

void shop_arrival(struct shop *shop, mc_ns now, uint32_t dst, uint16_t code, mc_ns duration)
{
    struct sim_seen seen = {.dst = dst, .path = shop->home, .code = code, .duration = duration};
    sim_check_arrival(shop->check, now, &seen);
}

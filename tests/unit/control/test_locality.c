/* Whom a caller prefers. Expected priorities: Istio's locality failover (loadbalancer.go, applyLocalityFailover, and
 * loadbalancer_test.go's cases): the caller's own zone, then its region, then the rest, only with outlier detection. */
#include "mesh.h"
#include "control/compile.h"
#include <check.h>
#include <stdio.h>

Suite *test_locality_suite(void);

static void add(struct mesh *mesh, const char *name, const char *zone, uint32_t ip)
{
    ck_assert(mc_ok(mc_registry_add_workload(mesh->registry, &(struct mc_workload_spec){
        .name = mesh_atom(mesh, name), .service = mesh_atom(mesh, "cart"), .addr = mc_addr_v4(ip, 8080),
        .zone = mesh_atom(mesh, zone), .meshed = true, .ready = true})));
}

static void set_traffic(struct mesh *mesh, bool outliers, bool failover)
{
    struct mc_traffic traffic = mesh->registry->defaults.traffic;
    traffic.outlier.interval = outliers ? 10 * MC_S : 0;
    traffic.locality_failover = failover;
    ck_assert(mc_ok(mc_registry_set_traffic(mesh->registry, mesh_atom(mesh, "cart"), &traffic)));
}

/* The priorities of all endpoints of cart as WORKLOAD sees them, in order of addition: "0122". */
static void expect(struct mesh *mesh, struct mc_compiler *compiler, const char *workload, const char *priorities, uint32_t panic)
{
    ck_assert(mc_ok(mc_compiler_update(compiler)));
    const struct mc_snapshot *snapshot = mc_compiler_offer(compiler, mesh_atom(mesh, workload))->snapshot;
    mc_atom name = mesh_atom(mesh, "outbound|8080||cart.default.svc.cluster.local");
    const struct mc_endpoints *endpoints = mc_snapshot_endpoints(snapshot, name);
    char seen[16] = {0};
    for (uint32_t i = 0; i < endpoints->count; i++) seen[i] = (char)('0' + endpoints->list[i].priority);
    ck_assert_str_eq(seen, priorities);
    ck_assert_uint_eq(mc_snapshot_cluster(snapshot, name)->panic_percent, panic);
}

static void init(struct mesh *mesh, struct mc_compiler *compiler)
{
    mesh_init(mesh);
    ck_assert(mc_ok(mesh_service(mesh, "cart", 8080)));
    mc_compiler_init(compiler, mesh->registry);
}

static void fini(struct mesh *mesh, struct mc_compiler *compiler)
{
    mc_compiler_fini(compiler);
    mesh_fini(mesh);
}

START_TEST(without_outlier_detection_all_are_alike)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    add(&mesh, "cart-0", "r/a", 0x0a000001);
    add(&mesh, "cart-1", "r/b", 0x0a000002);
    expect(&mesh, &compiler, "cart-0", "00", 50);
    set_traffic(&mesh, true, false);
    expect(&mesh, &compiler, "cart-0", "00", 0);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(own_zone_then_region_then_the_rest)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    set_traffic(&mesh, true, true);
    add(&mesh, "cart-0", "r/a", 0x0a000001);
    add(&mesh, "cart-1", "r/b", 0x0a000002);
    add(&mesh, "cart-2", "s/c", 0x0a000003);
    add(&mesh, "cart-3", "s/d", 0x0a000004);
    expect(&mesh, &compiler, "cart-0", "0122", 0);
    expect(&mesh, &compiler, "cart-1", "1022", 0);
    expect(&mesh, &compiler, "cart-3", "2210", 0);
    fini(&mesh, &compiler);
}
END_TEST

/* Istio renumbers: Envoy ignores a load assignment with a gap. */
START_TEST(priorities_have_no_gaps)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    set_traffic(&mesh, true, true);
    ck_assert(mc_ok(mc_registry_add_workload(mesh.registry, &(struct mc_workload_spec){
        .name = mesh_atom(&mesh, "web-0"), .service = mesh_atom(&mesh, "cart"), .addr = mc_addr_v4(0x0a000009, 8080),
        .zone = mesh_atom(&mesh, "a"), .meshed = true, .ready = false})));
    add(&mesh, "cart-0", "b", 0x0a000001);
    add(&mesh, "cart-1", "r/c", 0x0a000002);
    expect(&mesh, &compiler, "web-0", "01", 0);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(callers_of_one_zone_share)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    set_traffic(&mesh, true, true);
    add(&mesh, "cart-0", "a", 0x0a000001);
    add(&mesh, "cart-1", "a", 0x0a000002);
    add(&mesh, "cart-2", "b", 0x0a000003);
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    ck_assert_ptr_eq(mc_compiler_offer(&compiler, mesh_atom(&mesh, "cart-0")), mc_compiler_offer(&compiler, mesh_atom(&mesh, "cart-1")));
    ck_assert_ptr_ne(mc_compiler_offer(&compiler, mesh_atom(&mesh, "cart-0")), mc_compiler_offer(&compiler, mesh_atom(&mesh, "cart-2")));
    fini(&mesh, &compiler);
}
END_TEST

Suite *test_locality_suite(void)
{
    Suite *suite = suite_create("locality");
    TCase *locality = tcase_create("locality");
    tcase_add_test(locality, without_outlier_detection_all_are_alike);
    tcase_add_test(locality, own_zone_then_region_then_the_rest);
    tcase_add_test(locality, priorities_have_no_gaps);
    tcase_add_test(locality, callers_of_one_zone_share);
    suite_add_tcase(suite, locality);
    return suite;
}

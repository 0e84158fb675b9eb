#include "mesh.h"
#include "model/validate.h"
#include <stdio.h>

static void init(struct mesh *mesh, struct mc_compiler *compiler)
{
    mesh_init(mesh);
    ck_assert(mc_ok(mesh_service(mesh, "reviews", 8080)));
    ck_assert(mc_ok(mesh_service(mesh, "ratings", 8080)));
    ck_assert(mc_ok(mesh_service(mesh, "details", 9090)));
    ck_assert(mc_ok(mesh_workload(mesh, "reviews-v1-0", "reviews", "v1", 0x0a000001)));
    ck_assert(mc_ok(mesh_workload(mesh, "reviews-v2-0", "reviews", "v2", 0x0a000002)));
    ck_assert(mc_ok(mesh_workload(mesh, "ratings-v1-0", "ratings", "v1", 0x0a000003)));
    ck_assert(mc_ok(mesh_workload(mesh, "details-v1-0", "details", "v1", 0x0a000004)));
    mc_compiler_init(compiler, mesh->registry);
    ck_assert(mc_ok(mc_compiler_update(compiler)));
}

static void fini(struct mesh *mesh, struct mc_compiler *compiler)
{
    mc_compiler_fini(compiler);
    mesh_fini(mesh);
}

static const struct mc_snapshot *snapshot_of(struct mesh *mesh, struct mc_compiler *compiler, const char *workload)
{
    struct mc_offer *offer = mc_compiler_offer(compiler, mesh_atom(mesh, workload));
    ck_assert_ptr_nonnull(offer);
    return offer->snapshot;
}

static const struct mc_virtual_host *host_of(struct mesh *mesh, const struct mc_snapshot *snapshot, const char *config, const char *name)
{
    const struct mc_route_config *routes = mc_snapshot_routes(snapshot, mesh_atom(mesh, config));
    ck_assert_ptr_nonnull(routes);
    for (uint32_t i = 0; i < routes->host_count; i++)
        if (mc_str_eq(routes->hosts[i].name, mc_str_c(name))) return &routes->hosts[i];
    return NULL;
}

static bool has_domain(const struct mc_virtual_host *host, const char *domain)
{
    for (uint32_t i = 0; i < host->domain_count; i++)
        if (mc_str_eq(host->domains[i], mc_str_c(domain))) return true;
    return false;
}

START_TEST(test_clusters_and_endpoints)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    const struct mc_snapshot *snapshot = snapshot_of(&mesh, &compiler, "ratings-v1-0");
    mc_atom all = mesh_atom(&mesh, "outbound|8080||reviews.default.svc.cluster.local");
    mc_atom v2 = mesh_atom(&mesh, "outbound|8080|v2|reviews.default.svc.cluster.local");
    const struct mc_cluster *cluster = mc_snapshot_cluster(snapshot, v2);
    ck_assert_ptr_nonnull(cluster);
    ck_assert_int_eq(cluster->kind, MC_CLUSTER_EDS);
    ck_assert_int_eq(cluster->balancer, MC_BALANCE_LEAST_REQUEST);
    ck_assert_int_eq(cluster->connect_timeout, 10 * MC_S);
    ck_assert_uint_eq(cluster->breaker.retries, UINT32_MAX);
    ck_assert(cluster->mtls);
    ck_assert_uint_eq(cluster->accepted_count, 1);
    ck_assert_uint_eq(cluster->accepted[0], mesh_atom(&mesh, "spiffe://cluster.local/ns/default/sa/x"));
    const struct mc_endpoints *endpoints = mc_snapshot_endpoints(snapshot, v2);
    ck_assert_uint_eq(endpoints->count, 1);
    ck_assert(mc_addr_eq(endpoints->list[0].addr, mc_addr_v4(0x0a000002, 9080)));
    ck_assert(endpoints->list[0].mtls);
    ck_assert_uint_eq(endpoints->list[0].workload, mesh_atom(&mesh, "reviews/v2"));
    ck_assert_uint_eq(mc_snapshot_endpoints(snapshot, all)->count, 2);
    ck_assert_ptr_null(mc_snapshot_cluster(snapshot, mesh_atom(&mesh, "outbound|8080|v1|ratings.default.svc.cluster.local")));
    ck_assert_int_eq(mc_snapshot_cluster(snapshot, mesh_atom(&mesh, "PassthroughCluster"))->kind, MC_CLUSTER_PASSTHROUGH);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_routes)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    const struct mc_snapshot *snapshot = snapshot_of(&mesh, &compiler, "ratings-v1-0");
    const struct mc_virtual_host *host = host_of(&mesh, snapshot, "8080", "reviews.default.svc.cluster.local");
    ck_assert_ptr_nonnull(host);
    const char *domains[] = {"reviews", "reviews.default", "reviews.default.svc", "reviews.default.svc.cluster.local", "10.96.0.1"};
    for (size_t i = 0; i < MC_COUNT_OF(domains); i++) ck_assert_msg(has_domain(host, domains[i]), "%s", domains[i]);
    ck_assert_uint_eq(host->domain_count, 5);
    ck_assert_uint_eq(host->routes[0].cluster_count, 1);
    ck_assert_uint_eq(host->routes[0].retry.retries, 2);
    ck_assert_int_eq(host->routes[0].timeout, 0);
    ck_assert_ptr_null(host_of(&mesh, snapshot, "8080", "details.default.svc.cluster.local"));
    ck_assert_ptr_nonnull(host_of(&mesh, snapshot, "9090", "details.default.svc.cluster.local"));
    ck_assert(has_domain(host_of(&mesh, snapshot, "8080", "allow_any"), "*"));
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_weights_become_weighted_clusters)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    struct mc_subset_weight weights[] = {{mesh_atom(&mesh, "v1"), 90}, {mesh_atom(&mesh, "v2"), 10}};
    ck_assert(mc_ok(mc_registry_set_weights(mesh.registry, mesh_atom(&mesh, "reviews"), weights, 2)));
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    const struct mc_virtual_host *host =
        host_of(&mesh, snapshot_of(&mesh, &compiler, "ratings-v1-0"), "8080", "reviews.default.svc.cluster.local");
    const struct mc_route *route = &host->routes[0];
    ck_assert_uint_eq(route->cluster_count, 2);
    ck_assert_uint_eq(route->clusters[1].cluster, mesh_atom(&mesh, "outbound|8080|v2|reviews.default.svc.cluster.local"));
    ck_assert_uint_eq(route->clusters[1].weight, 10);
    ck_assert_uint_eq(route->weight_total, 100);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_unknown_hosts_may_be_refused)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    mesh_init(&mesh);
    mesh.registry->defaults.outbound_any = false;
    ck_assert(mc_ok(mesh_service(&mesh, "reviews", 8080)));
    mc_compiler_init(&compiler, mesh.registry);
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    const struct mc_virtual_host *host = host_of(&mesh, snapshot_of(&mesh, &compiler, "x"), "8080", "block_all");
    ck_assert_int_eq(host->routes[0].action, MC_ROUTE_DIRECT_RESPONSE);
    ck_assert_uint_eq(host->routes[0].status, 502);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_listeners)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    const struct mc_snapshot *snapshot = snapshot_of(&mesh, &compiler, "ratings-v1-0");
    ck_assert_uint_eq(snapshot->of[MC_RESOURCE_LISTENER].count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct mc_listener *listener = mc_snapshot_listener(snapshot, i);
        uint16_t port = listener->mode == MC_LISTEN_OUTBOUND ? 15001 : listener->mode == MC_LISTEN_INBOUND ? 15006 : 15090;
        ck_assert_uint_eq(listener->addr.port, port);
        ck_assert_uint_eq(listener->chain_count, port == 15001 ? 3u : port == 15006 ? 2u : 1u); /* two ports and the rest */
        if (port == 15006) ck_assert_int_eq(listener->chains[1].mtls, MC_MTLS_PERMISSIVE);
        if (port == 15006) ck_assert_uint_eq(listener->chains[1].destination_port, 9080);
        if (port == 15090) ck_assert_int_eq(listener->chains[0].filters[0], MC_HTTP_FILTER_ADMIN);
    }
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_what_comes_out_is_sound)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    struct mc_problem problem = {.text = ""};
    init(&mesh, &compiler);
    ck_assert_msg(mc_snapshot_check(snapshot_of(&mesh, &compiler, "ratings-v1-0"), &problem), "%s", problem.text);
    ck_assert_msg(mc_snapshot_check(snapshot_of(&mesh, &compiler, "nobody"), &problem), "%s", problem.text);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_unready_workloads_are_no_endpoints)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    ck_assert(mc_ok(mc_registry_set_ready(mesh.registry, mesh_atom(&mesh, "reviews-v2-0"), false)));
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    const struct mc_snapshot *snapshot = snapshot_of(&mesh, &compiler, "ratings-v1-0");
    ck_assert_uint_eq(mc_snapshot_endpoints(snapshot, mesh_atom(&mesh, "outbound|8080||reviews.default.svc.cluster.local"))->count, 1);
    ck_assert_uint_eq(mc_snapshot_endpoints(snapshot, mesh_atom(&mesh, "outbound|8080|v2|reviews.default.svc.cluster.local"))->count, 0);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_proxies_share_what_is_equal)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    const struct mc_snapshot *a = snapshot_of(&mesh, &compiler, "ratings-v1-0"), *b = snapshot_of(&mesh, &compiler, "reviews-v1-0");
    const struct mc_snapshot *client = snapshot_of(&mesh, &compiler, "nobody");
    ck_assert_ptr_eq(a, b);
    ck_assert_ptr_ne(a, client);
    ck_assert_uint_eq(a->of[MC_RESOURCE_CLUSTER].count, client->of[MC_RESOURCE_CLUSTER].count + 1); /* the inbound one */
    mc_atom name = mesh_atom(&mesh, "8080");
    ck_assert_ptr_eq(mc_snapshot_find(a, MC_RESOURCE_ROUTES, name), mc_snapshot_find(client, MC_RESOURCE_ROUTES, name));
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_a_change_replaces_only_what_it_touches)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    struct mc_offer *old = mc_offer_ref(mc_compiler_offer(&compiler, mesh_atom(&mesh, "ratings-v1-0")));
    ck_assert(mc_ok(mc_registry_set_ready(mesh.registry, mesh_atom(&mesh, "ratings-v1-0"), false)));
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    struct mc_offer *new = mc_compiler_offer(&compiler, mesh_atom(&mesh, "ratings-v1-0"));
    struct mc_update update = mc_snapshot_update(old->snapshot, new->snapshot);
    const struct mc_resource *ratings =
        mc_snapshot_find(new->snapshot, MC_RESOURCE_ENDPOINTS, mesh_atom(&mesh, "outbound|8080||ratings.default.svc.cluster.local"));
    ck_assert_uint_eq(update.resources, 1);
    ck_assert_uint_eq(update.bytes, ratings->bytes);
    ck_assert_uint_eq(mc_snapshot_update(NULL, new->snapshot).bytes, new->snapshot->bytes);
    mc_offer_unref(old);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_a_fault_may_be_for_one_caller)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    mc_atom reviews = mesh_atom(&mesh, "reviews");
    struct mc_traffic traffic = mc_registry_service(mesh.registry, reviews)->traffic;
    traffic.fault = (struct mc_traffic_fault){.abort_permillion = 250000, .abort_status = 503, .source = mesh_atom(&mesh, "ratings")};
    ck_assert(mc_ok(mc_registry_set_traffic(mesh.registry, reviews, &traffic)));
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    const char *host = "reviews.default.svc.cluster.local";
    ck_assert_uint_eq(host_of(&mesh, snapshot_of(&mesh, &compiler, "ratings-v1-0"), "8080", host)->routes[0].abort_permillion, 250000);
    ck_assert_uint_eq(host_of(&mesh, snapshot_of(&mesh, &compiler, "details-v1-0"), "8080", host)->routes[0].abort_permillion, 0);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_disabled_mtls)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    init(&mesh, &compiler);
    mc_atom reviews = mesh_atom(&mesh, "reviews");
    struct mc_traffic traffic = mc_registry_service(mesh.registry, reviews)->traffic;
    traffic.mtls = MC_MTLS_DISABLE;
    ck_assert(mc_ok(mc_registry_set_traffic(mesh.registry, reviews, &traffic)));
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    mc_atom name = mesh_atom(&mesh, "outbound|8080||reviews.default.svc.cluster.local");
    const struct mc_snapshot *snapshot = snapshot_of(&mesh, &compiler, "ratings-v1-0");
    ck_assert(!mc_snapshot_cluster(snapshot, name)->mtls);
    ck_assert(!mc_snapshot_endpoints(snapshot, name)->list[0].mtls);
    fini(&mesh, &compiler);
}
END_TEST

/* 1 000 services and 2 000 workloads: the bound is 60 KiB for each proxy, all in. */
START_TEST(test_a_large_mesh_is_shared)
{
    struct mesh mesh;
    struct mc_compiler compiler;
    mesh_init(&mesh);
    for (uint32_t i = 0; i < 1000; i++) {
        char service[16], workload[16];
        snprintf(service, sizeof service, "s%u", i);
        ck_assert(mc_ok(mesh_service(&mesh, service, 8080)));
        for (uint32_t k = 0; k < 2; k++) {
            snprintf(workload, sizeof workload, "s%u-%u", i, k);
            ck_assert(mc_ok(mesh_workload(&mesh, workload, service, "v1", 0x0a000000 + 2 * i + k)));
        }
    }
    mc_compiler_init(&compiler, mesh.registry);
    ck_assert(mc_ok(mc_compiler_update(&compiler)));
    struct mc_offer *first = mc_compiler_offer(&compiler, mesh_atom(&mesh, "s0-0"));
    for (uint32_t i = 0; i < mesh.registry->workload_count; i++)
        ck_assert_ptr_eq(mc_compiler_offer(&compiler, mesh.registry->workloads[i]->name), first);
    ck_assert_uint_lt(mesh.realm.pool.live_bytes, 2000u * 6 * 1024);
    fini(&mesh, &compiler);
}
END_TEST

START_TEST(test_memory_may_run_out_at_any_time)
{
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct mesh mesh;
        struct mc_compiler compiler;
        init(&mesh, &compiler);
        mc_atom ratings = mesh_atom(&mesh, "ratings-v1-0");
        ck_assert(mc_ok(mc_registry_set_ready(mesh.registry, ratings, false)));
        mesh.memory.takes = 0;
        mesh.memory.refuse_at = n;
        uint64_t before = compiler.version;
        bool updated = mc_ok(mc_compiler_update(&compiler));
        ck_assert_uint_eq(compiler.version, updated ? mesh.registry->generation : before);
        struct mc_offer *offer = mc_compiler_offer(&compiler, ratings);
        done = mesh.memory.takes < n;
        mesh.memory.refuse_at = 0;
        ck_assert(!done || (updated && offer));
        ck_assert(mc_ok(mc_compiler_update(&compiler)));
        ck_assert_ptr_nonnull(mc_compiler_offer(&compiler, ratings));
        fini(&mesh, &compiler);
        ck_assert_uint_lt(n, 2000);
    }
}
END_TEST

Suite *test_compile_suite(void);
Suite *test_compile_suite(void)
{
    Suite *suite = suite_create("compile");
    TCase *of_compile = tcase_create("compile");
    tcase_set_timeout(of_compile, 60);
    tcase_add_test(of_compile, test_clusters_and_endpoints);
    tcase_add_test(of_compile, test_routes);
    tcase_add_test(of_compile, test_weights_become_weighted_clusters);
    tcase_add_test(of_compile, test_unknown_hosts_may_be_refused);
    tcase_add_test(of_compile, test_listeners);
    tcase_add_test(of_compile, test_what_comes_out_is_sound);
    tcase_add_test(of_compile, test_unready_workloads_are_no_endpoints);
    tcase_add_test(of_compile, test_proxies_share_what_is_equal);
    tcase_add_test(of_compile, test_a_change_replaces_only_what_it_touches);
    tcase_add_test(of_compile, test_a_fault_may_be_for_one_caller);
    tcase_add_test(of_compile, test_disabled_mtls);
    tcase_add_test(of_compile, test_a_large_mesh_is_shared);
    tcase_add_test(of_compile, test_memory_may_run_out_at_any_time);
    suite_add_tcase(suite, of_compile);
    return suite;
}

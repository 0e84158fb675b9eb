/* DNS, virtual addresses, capture: where a connection goes. */
#include "unit/simnet/puppet.h"

Suite *test_names_suite(void);

#define ONE_WAY (5 * MC_MS)

static const struct sim_topology plain = {.same_zone = {.latency = ONE_WAY}};

static uint32_t service(struct stage *stage, const char *name, uint16_t port)
{
    uint32_t number;
    ck_assert(sim_net_add_service(stage->net, mc_str(name, strlen(name)), port, &number));
    return number;
}

/* ---- names ---- */

START_TEST(a_name_is_answered_after_a_round_trip)
{
    struct stage *stage = stage_open(&plain, NULL, 1);
    struct puppet *dns = stage_add(stage, 0), *client = stage_add(stage, 0);
    uint32_t number = service(stage, "reviews", 9080);
    sim_net_set_resolver(stage->net, dns->pod);
    puppet_resolve(client, "reviews");
    puppet_resolve(client, "pa"); /* a pod */
    puppet_resolve(client, "revues");
    stage_run(stage, MC_S);
    struct mc_addr vip = sim_net_vip(stage->net, number);
    const struct note *first = puppet_note(client, MC_EVENT_RESOLVED, 0);
    ck_assert_int_eq(first->now, 2 * ONE_WAY);
    ck_assert_uint_eq(first->count, 1);
    ck_assert(mc_addr_same_ip(first->addr, vip));
    ck_assert_uint_eq(first->addr.port, 0);
    ck_assert_uint_eq(mc_addr_v4_of(vip) >> 20, 10u << 4 | 6); /* 10.96.0.0/12 */
    ck_assert(mc_addr_same_ip(puppet_note(client, MC_EVENT_RESOLVED, 1)->addr, sim_net_addr(stage->net, dns->pod, 0)));
    ck_assert_int_eq(puppet_note(client, MC_EVENT_RESOLVED, 2)->reason, MC_REASON_UNREACHABLE);
    stage_close(stage);
}
END_TEST

/* resolv.conf(5): timeout:5 attempts:2. */
START_TEST(a_resolver_that_is_cut_off_costs_ten_seconds)
{
    struct stage *stage = stage_open(&plain, NULL, 1);
    struct puppet *dns = stage_add(stage, 0), *client = stage_add(stage, 0);
    service(stage, "reviews", 9080);
    sim_net_set_resolver(stage->net, dns->pod);
    struct sim_rule_spec spec = {.from = &dns->pod, .from_count = 1, .cut = true, .both = true};
    uint32_t cut = sim_rule_add(stage->net, &spec);
    puppet_resolve(client, "reviews");
    stage_run(stage, 20 * MC_S);
    ck_assert_int_eq(puppet_note(client, MC_EVENT_RESOLVED, 0)->now, 10 * MC_S);
    ck_assert_int_eq(puppet_note(client, MC_EVENT_RESOLVED, 0)->reason, MC_REASON_TIMEOUT);
    puppet_resolve(client, "reviews");
    stage_run(stage, 22 * MC_S);
    sim_rule_remove(stage->net, cut, NULL);
    stage_run(stage, 40 * MC_S);
    ck_assert_int_eq(puppet_note(client, MC_EVENT_RESOLVED, 1)->now, 25 * MC_S + 2 * ONE_WAY);
    stage_close(stage);
}
END_TEST

/* ---- virtual addresses ---- */

START_TEST(a_virtual_address_spreads_connections)
{
    enum { CONNS = 3000, BACKENDS = 3 };
    struct stage *stage = stage_open(&plain, NULL, 7);
    struct puppet *client = stage_add(stage, 0), *servers[BACKENDS];
    struct sim_backend backends[BACKENDS];
    uint32_t number = service(stage, "reviews", 80);
    for (int i = 0; i < BACKENDS; i++) {
        servers[i] = stage_add(stage, 0);
        puppet_listen(servers[i], 9080);
        backends[i] = (struct sim_backend){servers[i]->pod, 9080};
    }
    ck_assert(sim_net_set_backends(stage->net, number, backends, BACKENDS));
    for (int i = 0; i < CONNS; i++) puppet_open(client, sim_net_vip(stage->net, number));
    stage_run(stage, MC_S);
    int total = 0;
    for (int i = 0; i < BACKENDS; i++) {
        int count = puppet_count(servers[i], MC_EVENT_ACCEPTED);
        ck_assert_int_gt(count, 1000 - 130); /* five standard deviations of 26 */
        ck_assert_int_lt(count, 1000 + 130);
        total += count;
    }
    ck_assert_int_eq(total, CONNS);
    stage_close(stage);
}
END_TEST

START_TEST(a_service_without_endpoints_refuses)
{
    struct stage *stage = stage_open(&plain, NULL, 7);
    struct puppet *client = stage_add(stage, 0);
    uint32_t number = service(stage, "reviews", 80);
    puppet_open(client, sim_net_vip(stage->net, number));
    stage_run(stage, MC_S);
    ck_assert_int_eq(puppet_note(client, MC_EVENT_OPEN_FAILED, 0)->reason, MC_REASON_REFUSED);
    stage_close(stage);
}
END_TEST

/* ---- capture ---- */

struct meshed {
    struct stage *stage;
    struct puppet *apps[2], *sidecars[2];
    uint32_t service;
};

static struct meshed mesh(void)
{
    static const struct sim_capture capture = {
        .on = true, .outbound_port = 15001, .inbound_port = 15006, .excluded_outbound = {5432}, .excluded_inbound = {15020}};
    struct meshed mesh = {.stage = stage_open(&plain, NULL, 1)};
    for (int i = 0; i < 2; i++) {
        mesh.apps[i] = stage_add(mesh.stage, 0);
        mesh.sidecars[i] = stage_join(mesh.stage, mesh.apps[i], true);
        sim_net_set_capture(mesh.stage->net, mesh.apps[i]->pod, &capture);
        puppet_listen(mesh.sidecars[i], 15001);
        puppet_listen(mesh.sidecars[i], 15006);
        puppet_listen(mesh.apps[i], 8080);
        puppet_listen(mesh.apps[i], 15020);
    }
    mesh.service = service(mesh.stage, "reviews", 80);
    struct sim_backend backend = {mesh.apps[1]->pod, 8080};
    ck_assert(sim_net_set_backends(mesh.stage->net, mesh.service, &backend, 1));
    return mesh;
}

START_TEST(what_an_app_sends_goes_to_its_own_sidecar)
{
    struct meshed mesh_ = mesh();
    struct mc_addr vip = sim_net_vip(mesh_.stage->net, mesh_.service);
    puppet_open(mesh_.apps[0], vip);
    stage_run(mesh_.stage, MC_S);
    const struct note *note = puppet_note(mesh_.sidecars[0], MC_EVENT_ACCEPTED, 0);
    ck_assert_ptr_nonnull(note);
    ck_assert_int_eq(note->now, 0); /* within the pod */
    ck_assert(mc_addr_eq(note->original, vip));
    ck_assert_uint_eq(note->local.port, 15001);
    ck_assert(mc_addr_same_ip(note->peer, sim_net_addr(mesh_.stage->net, mesh_.apps[0]->pod, 0)));
    stage_close(mesh_.stage);
}
END_TEST

START_TEST(what_a_sidecar_sends_reaches_the_other_sidecar)
{
    struct meshed mesh_ = mesh();
    struct mc_addr app = sim_net_addr(mesh_.stage->net, mesh_.apps[1]->pod, 8080);
    puppet_open(mesh_.sidecars[0], app);
    stage_run(mesh_.stage, MC_S);
    const struct note *note = puppet_note(mesh_.sidecars[1], MC_EVENT_ACCEPTED, 0);
    ck_assert_ptr_nonnull(note);
    ck_assert_int_eq(note->now, 3 * ONE_WAY);
    ck_assert(mc_addr_eq(note->original, app));
    ck_assert_uint_eq(note->local.port, 15006);
    ck_assert_int_eq(puppet_count(mesh_.apps[1], MC_EVENT_ACCEPTED), 0);
    stage_close(mesh_.stage);
}
END_TEST

START_TEST(a_sidecar_reaches_its_own_app)
{
    struct meshed mesh_ = mesh();
    puppet_open(mesh_.sidecars[1], mc_addr_v4(127u << 24 | 1, 8080));
    puppet_open(mesh_.sidecars[1], sim_net_addr(mesh_.stage->net, mesh_.apps[1]->pod, 8080));
    stage_run(mesh_.stage, MC_S);
    ck_assert_int_eq(puppet_count(mesh_.apps[1], MC_EVENT_ACCEPTED), 2);
    stage_close(mesh_.stage);
}
END_TEST

START_TEST(excluded_ports_pass_by_the_sidecar)
{
    struct meshed mesh_ = mesh();
    puppet_listen(mesh_.apps[1], 5432);
    puppet_open_to(mesh_.apps[0], mesh_.apps[1], 5432); /* out past the first, captured by the second */
    puppet_open_to(mesh_.sidecars[0], mesh_.apps[1], 15020);
    stage_run(mesh_.stage, MC_S);
    ck_assert_int_eq(puppet_count(mesh_.sidecars[0], MC_EVENT_ACCEPTED), 0);
    ck_assert_uint_eq(puppet_note(mesh_.sidecars[1], MC_EVENT_ACCEPTED, 0)->original.port, 5432);
    ck_assert_uint_eq(puppet_note(mesh_.apps[1], MC_EVENT_ACCEPTED, 0)->local.port, 15020);
    stage_close(mesh_.stage);
}
END_TEST

/* A captured connection whose proxy does not listen (istio#11130): the kernel refuses it. */
START_TEST(without_its_proxy_a_captured_pod_is_cut_off)
{
    static const struct sim_capture capture = {.on = true, .outbound_port = 15001, .inbound_port = 15006, .excluded_outbound = {9090}};
    struct stage *stage = stage_open(&plain, NULL, 1);
    struct puppet *app = stage_add(stage, 0), *other = stage_add(stage, 0);
    sim_net_set_capture(stage->net, app->pod, &capture);
    puppet_listen(other, 8080);
    puppet_listen(other, 9090);
    puppet_listen(app, 8080);
    puppet_open_to(app, other, 8080);
    puppet_open_to(app, other, 9090); /* excluded */
    puppet_open_to(other, app, 8080); /* in */
    puppet_open_to(app, app, 8080);   /* over lo: ISTIO_OUTPUT returns */
    stage_run(stage, MC_S);
    ck_assert_int_eq(puppet_note(app, MC_EVENT_OPEN_FAILED, 0)->reason, MC_REASON_REFUSED);
    ck_assert_int_eq(puppet_note(other, MC_EVENT_OPEN_FAILED, 0)->reason, MC_REASON_REFUSED);
    ck_assert_int_eq(puppet_count(app, MC_EVENT_OPENED), 2);
    ck_assert_uint_eq(puppet_note(other, MC_EVENT_ACCEPTED, 0)->local.port, 9090);
    stage_close(stage);
}
END_TEST

/* kube-proxy's choice: chi-square of 7 places, 6 degrees of freedom; 22.46 is its 99.9 % quantile. */
START_TEST(the_shares_of_a_virtual_address_are_those_of_chance)
{
    enum { PLACES = 7, CONNS = 3500, EXPECTED = CONNS / PLACES };
    struct stage *stage = stage_open(&plain, NULL, 11);
    struct puppet *client = stage_add(stage, 0), *servers[PLACES];
    struct sim_backend backends[PLACES];
    uint32_t number = service(stage, "reviews", 80);
    int64_t square = 0;
    for (int i = 0; i < PLACES; i++) {
        servers[i] = stage_add(stage, 0);
        puppet_listen(servers[i], 9080);
        backends[i] = (struct sim_backend){servers[i]->pod, 9080};
    }
    ck_assert(sim_net_set_backends(stage->net, number, backends, PLACES));
    for (int i = 0; i < CONNS; i++) puppet_open(client, sim_net_vip(stage->net, number));
    stage_run(stage, MC_S);
    for (int i = 0; i < PLACES; i++) {
        int64_t off = puppet_count(servers[i], MC_EVENT_ACCEPTED) - EXPECTED;
        square += off * off;
    }
    ck_assert_int_lt(square * 100 / EXPECTED, 2246);
    ck_assert_int_gt(square * 100 / EXPECTED, 38); /* 0.1 %: not too even, either */
    stage_close(stage);
}
END_TEST

Suite *test_names_suite(void)
{
    Suite *suite = suite_create("names");
    TCase *tests = tcase_create("names");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_name_is_answered_after_a_round_trip);
    tcase_add_test(tests, a_resolver_that_is_cut_off_costs_ten_seconds);
    tcase_add_test(tests, a_virtual_address_spreads_connections);
    tcase_add_test(tests, a_service_without_endpoints_refuses);
    tcase_add_test(tests, what_an_app_sends_goes_to_its_own_sidecar);
    tcase_add_test(tests, what_a_sidecar_sends_reaches_the_other_sidecar);
    tcase_add_test(tests, a_sidecar_reaches_its_own_app);
    tcase_add_test(tests, excluded_ports_pass_by_the_sidecar);
    tcase_add_test(tests, without_its_proxy_a_captured_pod_is_cut_off);
    tcase_add_test(tests, the_shares_of_a_virtual_address_are_those_of_chance);
    suite_add_tcase(suite, tests);
    return suite;
}

/* What a name costs: by hand from resolv.conf(5), "DNS for Services and Pods", and the C libraries' sources. */
#include "sim/net/dns.h"
#include "unit/simnet/puppet.h"

Suite *test_dns_suite(void);

#define ONE_WAY (5 * MC_MS)
#define ROUND (2 * ONE_WAY)

static const struct sim_topology near = {.same_zone = {.latency = ONE_WAY}};

/* A pod of namespace default on a machine whose own domain is node.internal: four suffixes. */
static const struct sim_resolv cluster_first = {
    .searches = {MC_STR("default.svc.cluster.local"), MC_STR("svc.cluster.local"), MC_STR("cluster.local"), MC_STR("node.internal")},
    .search_count = 4,
    .ndots = 5,
};

struct scene {
    struct stage *stage;
    struct puppet *dns, *client;
    uint32_t reviews;
    struct sim_resolv resolv;
};

static struct scene scene_of(struct sim_resolv resolv, const struct sim_dns_plan *plan)
{
    static struct scene kept; /* resolv is borrowed by the net */
    struct scene *scene = &kept;
    *scene = (struct scene){.stage = stage_open(&near, NULL, 3), .resolv = resolv};
    scene->dns = stage_add(scene->stage, 0);
    scene->client = stage_add(scene->stage, 0);
    ck_assert(sim_net_add_service(scene->stage->net, MC_STR("reviews.default.svc.cluster.local"), 9080, &scene->reviews));
    ck_assert(sim_dns_add_outside(scene->stage->net, MC_STR("api.example.com"), mc_addr_v4(203u << 24 | 113, 443)));
    sim_net_set_resolver(scene->stage->net, scene->dns->pod);
    if (plan) {
        sim_dns_configure(scene->stage->net, plan);
        ck_assert(sim_dns_add_server(scene->stage->net, scene->dns->pod));
    }
    sim_dns_set_resolv(scene->stage->net, scene->client->pod, &kept.resolv);
    return *scene;
}

static const struct note *look_up(struct scene *scene, const char *name, int n)
{
    puppet_resolve(scene->client, name);
    stage_run(scene->stage, sim_world_now(scene->stage->world) + 300 * MC_S);
    return puppet_note(scene->client, MC_EVENT_RESOLVED, n);
}

/* ---- how many queries ---- */

static const struct {
    const char *name;
    uint32_t ndots, suffixes;
    uint64_t queries; /* A and AAAA of each name that is tried */
    bool found;
} costs[] = {
    {"reviews", 5, 3, 2, true},                            /* the first suffix fits */
    {"reviews.default", 5, 3, 4, true},                    /* …default.default.svc…, then the second */
    {"reviews.default.svc", 5, 3, 6, true},                /* the third */
    {"reviews.default.svc.cluster.local", 5, 3, 8, true},  /* four dots: three suffixes first */
    {"reviews.default.svc.cluster.local.", 5, 3, 2, true}, /* absolute */
    {"api.example.com", 5, 3, 8, true},
    {"api.example.com", 5, 4, 10, true},
    {"api.example.com.", 5, 4, 2, true},
    {"api.example.com", 2, 4, 2, true},                    /* ndots:2 */
    {"api.example.com", 1, 4, 2, true},
    {"nobody", 5, 4, 10, false},
    {"no.body.at.all.there", 4, 4, 10, false},             /* as it is, then the list */
    {"nobody.", 5, 4, 2, false},
};

START_TEST(a_name_costs_what_its_search_list_says)
{
    struct sim_resolv resolv = cluster_first;
    resolv.ndots = costs[_i].ndots;
    resolv.search_count = costs[_i].suffixes;
    struct scene scene = scene_of(resolv, NULL);
    const struct note *note = look_up(&scene, costs[_i].name, 0);
    struct sim_dns_counts counts = sim_dns_counts(scene.stage->net);
    ck_assert_uint_eq(counts.queries, costs[_i].queries);
    ck_assert_uint_eq(counts.lookups, 1);
    ck_assert_int_eq(note->reason, costs[_i].found ? MC_REASON_NONE : MC_REASON_UNREACHABLE);
    ck_assert_int_eq(note->now, (mc_ns)costs[_i].queries / 2 * ROUND); /* pairs one after the other */
    stage_close(scene.stage);
}
END_TEST

/* lookup_name.c: where the dots suffice, no suffix is tried at all. */
START_TEST(musl_does_not_search_for_names_with_dots_enough)
{
    struct sim_resolv resolv = cluster_first;
    resolv.stub = SIM_STUB_MUSL;
    resolv.ndots = 1;
    struct scene scene = scene_of(resolv, NULL);
    ck_assert_int_eq(look_up(&scene, "reviews.default", 0)->reason, MC_REASON_UNREACHABLE);
    ck_assert_uint_eq(sim_dns_counts(scene.stage->net).queries, 2);
    stage_close(scene.stage);
}
END_TEST

/* Envoy's DnsLookupFamily V4_ONLY: no AAAA. */
START_TEST(a_sidecar_asks_for_a_alone)
{
    struct scene scene = scene_of(cluster_first, NULL);
    struct puppet *sidecar = stage_join(scene.stage, scene.client, true);
    puppet_resolve(sidecar, "api.example.com");
    stage_run(scene.stage, MC_S);
    ck_assert_uint_eq(sim_dns_counts(scene.stage->net).queries, 5);
    stage_close(scene.stage);
}
END_TEST

START_TEST(one_by_one_takes_two_round_trips)
{
    struct sim_resolv resolv = cluster_first;
    resolv.one_by_one = true;
    struct scene scene = scene_of(resolv, NULL);
    ck_assert_int_eq(look_up(&scene, "reviews", 0)->now, 2 * ROUND);
    stage_close(scene.stage);
}
END_TEST

/* ---- what is lost ---- */

static const struct {
    enum sim_stub stub;
    mc_ns timeout;
    uint32_t attempts;
    mc_ns takes; /* for "api.example.com" with four suffixes while the resolver is cut off */
} deaf[] = {
    {SIM_STUB_GLIBC, 0, 0, 10 * MC_S},       /* 5 s × 2, and the search ends */
    {SIM_STUB_GLIBC, 2 * MC_S, 3, 6 * MC_S}, /* options timeout:2 attempts:3 */
    {SIM_STUB_MUSL, 0, 0, 5 * MC_S},         /* 2.5 s × 2 */
    {SIM_STUB_GO, 0, 0, 50 * MC_S},          /* 5 s × 2 for each of five names */
    {SIM_STUB_CARES, 0, 0, 20 * MC_S},       /* 5 s × 4 */
};

START_TEST(a_resolver_that_is_silent_costs_the_time_outs)
{
    struct sim_resolv resolv = cluster_first;
    resolv.stub = deaf[_i].stub;
    resolv.timeout = deaf[_i].timeout;
    resolv.attempts = deaf[_i].attempts;
    struct scene scene = scene_of(resolv, NULL);
    struct sim_rule_spec spec = {.from = &scene.dns->pod, .from_count = 1, .cut = true, .both = true};
    ck_assert(sim_rule_add(scene.stage->net, &spec));
    const struct note *note = look_up(&scene, "api.example.com", 0);
    ck_assert_int_eq(note->now, deaf[_i].takes);
    ck_assert_int_eq(note->reason, MC_REASON_TIMEOUT);
    stage_close(scene.stage);
}
END_TEST

static uint32_t break_names(struct scene *scene, enum sim_dns_mode mode, uint32_t first, mc_ns latency)
{
    struct sim_dns_rule_spec spec = {.mode = mode, .first = first, .latency = latency, .period = 10 * MC_S};
    uint32_t rule = sim_dns_rule_add(scene->stage->net, &spec);
    ck_assert(rule);
    return rule;
}

/* kubernetes#56903. */
START_TEST(a_race_costs_five_seconds_and_asking_one_by_one_nothing)
{
    static const mc_ns late[] = {5 * MC_S + ROUND, 2 * ROUND, 2500 * MC_MS + ROUND, ROUND};
    struct sim_resolv resolv = cluster_first;
    resolv.one_by_one = _i == 1;
    resolv.stub = _i == 2 ? SIM_STUB_MUSL : _i == 3 ? SIM_STUB_GO : SIM_STUB_GLIBC;
    struct scene scene = scene_of(resolv, NULL);
    uint32_t rule = break_names(&scene, SIM_DNS_RACE, 1, 0);
    ck_assert_int_eq(look_up(&scene, "reviews", 0)->now, late[_i]);
    bool raced = _i == 0 || _i == 2;
    ck_assert_uint_eq(sim_dns_counts(scene.stage->net).raced, raced);
    ck_assert_uint_eq(sim_dns_rule_remove(scene.stage->net, rule), _i < 3); /* touched, whether they lose or not */
    stage_close(scene.stage);
}
END_TEST

/* ---- wrong answers ---- */

/* res_send.c asks again at once, res_query.c goes on with the next name: 5 names × 2 attempts × 2 queries. */
START_TEST(servfail_is_asked_again_at_once)
{
    struct scene scene = scene_of(cluster_first, NULL);
    uint32_t rule = break_names(&scene, SIM_DNS_SERVFAIL, 0, 0);
    const struct note *note = look_up(&scene, "api.example.com", 0);
    ck_assert_int_eq(note->reason, MC_REASON_REFUSED);
    ck_assert_int_eq(note->now, 10 * ROUND);
    ck_assert_uint_eq(sim_dns_counts(scene.stage->net).queries, 20);
    ck_assert_uint_eq(sim_dns_rule_touched(scene.stage->net, rule), 20);
    sim_dns_rule_remove(scene.stage->net, rule);
    ck_assert_int_eq(look_up(&scene, "api.example.com", 1)->reason, MC_REASON_NONE);
    stage_close(scene.stage);
}
END_TEST

START_TEST(a_fault_of_one_name_leaves_the_others)
{
    struct scene scene = scene_of(cluster_first, NULL);
    struct sim_dns_rule_spec spec = {.mode = SIM_DNS_NXDOMAIN, .name = MC_STR("reviews")};
    uint32_t rule = sim_dns_rule_add(scene.stage->net, &spec);
    ck_assert_int_eq(look_up(&scene, "reviews", 0)->reason, MC_REASON_UNREACHABLE);
    ck_assert_int_eq(look_up(&scene, "reviews.default.svc.cluster.local.", 1)->reason, MC_REASON_UNREACHABLE);
    ck_assert_int_eq(look_up(&scene, "api.example.com", 2)->reason, MC_REASON_NONE);
    ck_assert_uint_eq(sim_dns_rule_touched(scene.stage->net, rule), 10 + 2);
    stage_close(scene.stage);
}
END_TEST

START_TEST(slow_and_silent_answers)
{
    struct scene scene = scene_of(cluster_first, NULL);
    uint32_t rule = break_names(&scene, SIM_DNS_SLOW, 0, 2 * MC_S);
    ck_assert_int_eq(look_up(&scene, "reviews", 0)->now, 2 * MC_S + ROUND);
    sim_dns_rule_remove(scene.stage->net, rule);
    rule = break_names(&scene, SIM_DNS_SLOW, 0, 6 * MC_S); /* later than the time-out is never */
    ck_assert_int_eq(look_up(&scene, "reviews", 1)->reason, MC_REASON_TIMEOUT);
    sim_dns_rule_remove(scene.stage->net, rule);
    break_names(&scene, SIM_DNS_TIMEOUT, 1, 0);
    mc_ns began = sim_world_now(scene.stage->world);
    ck_assert_int_eq(look_up(&scene, "reviews", 2)->now, began + 5 * MC_S + ROUND);
    stage_close(scene.stage);
}
END_TEST

/* ---- headless services ---- */

static void set_backends(struct scene *scene, uint32_t first, uint32_t count)
{
    struct sim_backend backends[4];
    for (uint32_t i = 0; i < count; i++) backends[i] = (struct sim_backend){first + i, 9080};
    ck_assert(sim_net_set_backends(scene->stage->net, scene->reviews, backends, count));
}

START_TEST(a_headless_service_is_answered_with_its_pods)
{
    struct scene scene = scene_of(cluster_first, NULL);
    int seen[3] = {0};
    sim_dns_set_headless(scene.stage->net, scene.reviews);
    set_backends(&scene, 0, 2);
    for (int i = 0; i < 60; i++) {
        const struct note *note = look_up(&scene, "reviews", i);
        ck_assert_uint_eq(note->count, 2);
        uint32_t pod = sim_net_pod_of(scene.stage->net, note->addr);
        ck_assert_uint_lt(pod, 2);
        seen[pod]++;
    }
    ck_assert_int_gt(seen[0], 10); /* the first of a random order: 30 ± 2.6 × 3.9 */
    ck_assert_int_gt(seen[1], 10);
    set_backends(&scene, 0, 0);
    ck_assert_int_eq(look_up(&scene, "reviews", 60)->reason, MC_REASON_UNREACHABLE);
    stage_close(scene.stage);
}
END_TEST

START_TEST(a_stale_answer_names_pods_that_are_gone)
{
    struct scene scene = scene_of(cluster_first, NULL);
    sim_dns_set_headless(scene.stage->net, scene.reviews);
    set_backends(&scene, 0, 1);
    uint32_t rule = break_names(&scene, SIM_DNS_STALE, 0, 0);
    set_backends(&scene, 1, 1);
    ck_assert_uint_eq(sim_net_pod_of(scene.stage->net, look_up(&scene, "reviews", 0)->addr), 0);
    sim_dns_rule_remove(scene.stage->net, rule);
    ck_assert_uint_eq(sim_net_pod_of(scene.stage->net, look_up(&scene, "reviews", 1)->addr), 1);
    stage_close(scene.stage);
}
END_TEST

START_TEST(a_flapping_answer_alternates)
{
    struct scene scene = scene_of(cluster_first, NULL);
    sim_dns_set_headless(scene.stage->net, scene.reviews);
    set_backends(&scene, 0, 2);
    break_names(&scene, SIM_DNS_FLAP, 0, 0); /* every 10 s */
    for (int i = 0; i < 6; i++) {
        puppet_resolve(scene.client, "reviews");
        stage_run(scene.stage, (i + 1) * 10 * MC_S);
        const struct note *note = puppet_note(scene.client, MC_EVENT_RESOLVED, i);
        ck_assert_uint_eq(note->count, 1);
        ck_assert_uint_eq(sim_net_pod_of(scene.stage->net, note->addr), (uint32_t)i % 2);
    }
    stage_close(scene.stage);
}
END_TEST

/* ---- the resolver ---- */

/* 100 per second: 10 ms a query. */
START_TEST(a_resolver_has_a_queue_and_an_end_to_it)
{
    const struct sim_dns_plan plan = {.given = true, .capacity_milli = 100000, .concurrency = 1, .queue = 20, .ttl = 30 * MC_S};
    struct scene scene = scene_of(cluster_first, &plan);
    for (int i = 0; i < 10; i++) puppet_resolve(scene.client, "reviews");
    stage_run(scene.stage, MC_S);
    ck_assert_int_eq(puppet_note(scene.client, MC_EVENT_RESOLVED, 0)->now, ROUND + 20 * MC_MS); /* A, AAAA */
    ck_assert_int_eq(puppet_note(scene.client, MC_EVENT_RESOLVED, 9)->now, ROUND + 200 * MC_MS);
    for (int i = 0; i < 20; i++) puppet_resolve(scene.client, "reviews"); /* 40 queries: one served, 20 wait, one more */
    stage_run(scene.stage, 3 * MC_S);
    ck_assert_int_eq(puppet_count(scene.client, MC_EVENT_RESOLVED), 10 + 10);
    ck_assert_uint_gt(sim_dns_counts(scene.stage->net).dropped, 0);
    stage_close(scene.stage);
}
END_TEST

START_TEST(names_outside_are_asked_for_once)
{
    const struct sim_dns_plan plan = {.given = true, .concurrency = 1, .ttl = 30 * MC_S, .cache = 30 * MC_S, .upstream = 40 * MC_MS};
    struct scene scene = scene_of(cluster_first, &plan);
    mc_ns began = 0, first = 5 * ROUND + 2 * 40 * MC_MS; /* node.internal, and the name itself */
    for (int i = 0; i < 3; i++) {
        puppet_resolve(scene.client, "api.example.com");
        stage_run(scene.stage, began + 20 * MC_S);
        ck_assert_int_eq(puppet_note(scene.client, MC_EVENT_RESOLVED, i)->now - began, i == 1 ? 5 * ROUND : first);
        began += 20 * MC_S;
    }
    ck_assert_uint_eq(sim_dns_counts(scene.stage->net).upstream, 4);
    stage_close(scene.stage);
}
END_TEST

START_TEST(the_machine_s_cache_answers_on_the_machine)
{
    const struct sim_dns_plan plan = {.given = true, .concurrency = 1, .ttl = 30 * MC_S, .node_local = true};
    struct scene scene = scene_of(cluster_first, &plan);
    break_names(&scene, SIM_DNS_RACE, 0, 0); /* no DNAT, no race */
    ck_assert_int_eq(look_up(&scene, "reviews", 0)->now, ROUND);
    puppet_resolve(scene.client, "reviews");
    mc_ns began = sim_world_now(scene.stage->world);
    stage_run(scene.stage, began + MC_S);
    ck_assert_int_eq(puppet_note(scene.client, MC_EVENT_RESOLVED, 1)->now - began, ROUND); /* 30 s are over */
    puppet_resolve(scene.client, "reviews");
    began = sim_world_now(scene.stage->world);
    stage_run(scene.stage, began + MC_S);
    ck_assert_int_eq(puppet_note(scene.client, MC_EVENT_RESOLVED, 2)->now, began);
    stage_close(scene.stage);
}
END_TEST

/* A pod with dnsPolicy Default asks its machine, which does not know the cluster. */
START_TEST(the_machine_s_resolver_does_not_know_the_cluster)
{
    const struct sim_resolv node = {.ndots = 1, .node = true};
    struct scene scene = scene_of(node, NULL);
    ck_assert_int_eq(look_up(&scene, "reviews.default.svc.cluster.local", 0)->reason, MC_REASON_UNREACHABLE);
    ck_assert_int_eq(look_up(&scene, "api.example.com", 1)->reason, MC_REASON_NONE);
    stage_close(scene.stage);
}
END_TEST

Suite *test_dns_suite(void)
{
    Suite *suite = suite_create("dns");
    TCase *tests = tcase_create("dns");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_name_costs_what_its_search_list_says, 0, MC_COUNT_OF(costs));
    tcase_add_test(tests, musl_does_not_search_for_names_with_dots_enough);
    tcase_add_test(tests, a_sidecar_asks_for_a_alone);
    tcase_add_test(tests, one_by_one_takes_two_round_trips);
    tcase_add_loop_test(tests, a_resolver_that_is_silent_costs_the_time_outs, 0, MC_COUNT_OF(deaf));
    tcase_add_loop_test(tests, a_race_costs_five_seconds_and_asking_one_by_one_nothing, 0, 4);
    tcase_add_test(tests, servfail_is_asked_again_at_once);
    tcase_add_test(tests, a_fault_of_one_name_leaves_the_others);
    tcase_add_test(tests, slow_and_silent_answers);
    tcase_add_test(tests, a_headless_service_is_answered_with_its_pods);
    tcase_add_test(tests, a_stale_answer_names_pods_that_are_gone);
    tcase_add_test(tests, a_flapping_answer_alternates);
    tcase_add_test(tests, a_resolver_has_a_queue_and_an_end_to_it);
    tcase_add_test(tests, names_outside_are_asked_for_once);
    tcase_add_test(tests, the_machine_s_cache_answers_on_the_machine);
    tcase_add_test(tests, the_machine_s_resolver_does_not_know_the_cluster);
    suite_add_tcase(suite, tests);
    return suite;
}

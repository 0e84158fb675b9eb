/* Each rule of mc_snapshot_check is broken once, in a snapshot that is good otherwise. */
#include "model/validate.h"
#include "support/memory.h"
#include <check.h>

Suite *test_validate_suite(void);

static struct test_memory memory;
static struct mc_realm realm;

/* One of everything; a case breaks a part of it before it is built. */
struct world {
    struct mc_weighted_cluster target;
    struct mc_str domains[2];
    struct mc_route route;
    struct mc_virtual_host host;
    struct mc_route_config config;
    struct mc_filter_chain chains[2];
    struct mc_listener listener, other;
    struct mc_cluster cluster;
    struct mc_endpoint endpoint[2];
    struct mc_endpoints endpoints;
};

static mc_atom atom(const char *text)
{
    return mc_atoms_intern(&realm.atoms, mc_str_c(text));
}

static void fill(struct world *w)
{
    *w = (struct world){.target = {atom("backend"), 1}, .domains = {MC_STR("*"), MC_STR("a.example")}};
    w->route = (struct mc_route){.path = MC_STR("/"), .clusters = &w->target, .cluster_count = 1};
    w->host = (struct mc_virtual_host){.name = MC_STR("all"), .domains = w->domains, .domain_count = 2,
                                       .routes = &w->route, .route_count = 1};
    w->config = (struct mc_route_config){.name = atom("routes"), .hosts = &w->host, .host_count = 1};
    w->chains[0] = (struct mc_filter_chain){.route_config = atom("routes"), .filter_count = 1,
                                            .filters = {MC_HTTP_FILTER_ROUTER}};
    w->chains[1] = w->chains[0];
    w->chains[1].destination_port = 9080;
    w->listener = (struct mc_listener){.name = atom("in"), .addr = mc_addr_v4(0x7f000001, 8080),
                                       .chains = w->chains, .chain_count = 2};
    w->other = w->listener;
    w->other.name = atom("other");
    w->other.addr.port = 8081;
    w->cluster = (struct mc_cluster){.name = atom("backend"), .connect_timeout = MC_S, .choice_count = 2};
    w->endpoint[0] = (struct mc_endpoint){.addr = mc_addr_v4(0x0a000001, 80), .weight = 1};
    w->endpoint[1] = (struct mc_endpoint){.addr = mc_addr_v4(0x0a000002, 80), .weight = 1, .priority = 1};
    w->endpoints = (struct mc_endpoints){.cluster = atom("backend"), .list = w->endpoint, .count = 2};
}

#define BREAK(name, statement) \
    static void name(struct world *w) \
    { \
        statement; \
    }
BREAK(nothing, (void)w)
BREAK(no_chain, w->listener.chain_count = 0)
BREAK(same_match, w->chains[1].destination_port = 0)
BREAK(no_filter, w->chains[0].filter_count = 0)
BREAK(router_first, w->chains[0].filter_count = 2; w->chains[0].filters[1] = MC_HTTP_FILTER_FAULT)
BREAK(no_terminal, w->chains[0].filters[0] = MC_HTTP_FILTER_FAULT)
BREAK(no_routes, w->chains[0].route_config = atom("elsewhere"))
BREAK(same_address, w->other.addr.port = 8080)
BREAK(negative_idle, w->chains[0].idle_timeout = -1)
BREAK(no_domain, w->host.domain_count = 0)
BREAK(bad_domain, w->domains[1] = MC_STR("a.*.b"))
BREAK(same_domain, w->domains[1] = MC_STR("*"))
BREAK(no_cluster, w->route.action = MC_ROUTE_CLUSTERS; w->route.cluster_count = 0;
      w->route.action = MC_ROUTE_REDIRECT)
BREAK(bad_status, w->route.action = MC_ROUTE_DIRECT_RESPONSE; w->route.status = 99)
BREAK(bad_redirect, w->route.action = MC_ROUTE_REDIRECT; w->route.status = 304)
BREAK(bad_prefix, w->route.path_kind = MC_PATH_SEPARATED_PREFIX; w->route.path = MC_STR("/a/"))
BREAK(many_retries, w->route.retry.retries = 65)
BREAK(bad_backoff, w->route.retry.backoff_base = 10; w->route.retry.backoff_max = 5)
BREAK(bad_share, w->route.abort_permillion = 1000001)
BREAK(bad_fault, w->route.abort_permillion = 1)
BREAK(no_connect_timeout, w->cluster.connect_timeout = 0)
BREAK(bad_panic, w->cluster.panic_percent = 101)
BREAK(bad_choice, w->cluster.balancer = MC_BALANCE_LEAST_REQUEST; w->cluster.choice_count = 1)
BREAK(bad_ejection, w->cluster.outlier.max_percent = 101)
BREAK(no_weight, w->endpoint[0].weight = 0)
BREAK(priority_gap, w->endpoint[1].priority = 2)
BREAK(high_priority, w->endpoint[1].priority = 128)
BREAK(no_port, w->endpoint[0].addr.port = 0)
BREAK(heavy, w->endpoint[0].weight = w->endpoint[1].weight = UINT32_MAX; w->endpoint[1].priority = 0)
BREAK(other_cluster, w->target.cluster = atom("not here")) /* answered NC, as Envoy does: no problem */

static const struct {
    void (*breaks)(struct world *w);
    const char *says; /* NULL: no problem */
} cases[] = {
    {nothing, NULL},
    {other_cluster, NULL},
    {no_chain, "no filter chain"},
    {same_match, "match the same traffic"},
    {no_filter, "one to four HTTP filters"},
    {router_first, "must be the last"},
    {no_terminal, "must be a terminal one"},
    {no_routes, "'elsewhere' is missing"},
    {same_address, "'in' has the same address"},
    {negative_idle, "negative"},
    {no_domain, "'all' has no domain"},
    {bad_domain, "'a.*.b' is not a domain"},
    {same_domain, "'*' stands in it twice"},
    {no_cluster, "redirect's status"},
    {bad_status, "direct response's status"},
    {bad_redirect, "redirect's status"},
    {bad_prefix, "may not end in /"},
    {many_retries, "more than 64"},
    {bad_backoff, "less than its base_interval"},
    {bad_share, "more than the whole"},
    {bad_fault, "http_status"},
    {no_connect_timeout, "connect_timeout"},
    {bad_panic, "healthy_panic_threshold"},
    {bad_choice, "choice_count"},
    {bad_ejection, "max_ejection_percent"},
    {no_weight, "weight must be 1"},
    {priority_gap, "gap"},
    {high_priority, "more than 127"},
    {no_port, "no port"},
    {heavy, "exceed"},
};

START_TEST(each_rule_is_checked)
{
    struct world w;
    struct mc_problem problem = {0};
    memory = (struct test_memory){0};
    mc_realm_init(&realm, test_alloc(&memory), 1);
    fill(&w);
    cases[_i].breaks(&w);
    struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
    ck_assert(mc_ok(mc_snapshot_add_listener(builder, &w.listener)));
    ck_assert(mc_ok(mc_snapshot_add_listener(builder, &w.other)));
    ck_assert(mc_ok(mc_snapshot_add_routes(builder, &w.config)));
    ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &w.cluster)));
    ck_assert(mc_ok(mc_snapshot_add_endpoints(builder, &w.endpoints)));
    struct mc_snapshot *snapshot = mc_snapshot_seal(builder, 1);
    bool good = mc_snapshot_check(snapshot, &problem);
    if (!cases[_i].says)
        ck_assert_msg(good, "%s", problem.text);
    else
        ck_assert_msg(!good && strstr(problem.text, cases[_i].says), "'%s' lacks '%s'", problem.text, cases[_i].says);
    mc_snapshot_unref(snapshot);
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

Suite *test_validate_suite(void)
{
    Suite *suite = suite_create("validate");
    TCase *tcase = tcase_create("rules");
    tcase_add_loop_test(tcase, each_rule_is_checked, 0, (int)MC_COUNT_OF(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}

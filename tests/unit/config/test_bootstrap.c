/* Envoy bootstraps: what is read, what is refused and where, and Envoy's own files. */
#include "base/limits.h"
#include "config/bootstrap.h"
#include "support/corpus.h"
#include "support/memory.h"
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

Suite *test_bootstrap_suite(void);

static struct test_memory memory;
static struct mc_realm realm;
static struct mc_config_errors errors;
static struct mc_bootstrap bootstrap;

static void set_up(void)
{
    memory = (struct test_memory){0};
    mc_realm_init(&realm, test_alloc(&memory), 1);
    bootstrap = (struct mc_bootstrap){0};
}

static void tear_down(void)
{
    mc_snapshot_unref(bootstrap.snapshot);
    ck_assert_uint_eq(realm.cons.count, 0);
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

static bool load(const char *file, const char *text)
{
    return mc_ok(mc_bootstrap_read(&realm, mc_str_c(file), mc_str_c(text), &bootstrap, &errors));
}

static void must_load(const char *text)
{
    if (load("x.yaml", text)) return;
    char line[500] = "no error is told";
    if (errors.count) mc_config_error_line(&errors, &errors.list[0], line, sizeof line);
    ck_abort_msg("%s", line);
}

static mc_atom atom(const char *text)
{
    return mc_atoms_find(&realm.atoms, mc_str_c(text));
}

/* A bootstrap around a virtual host's routes, and around a cluster's further fields. */
static const char *around(const char *routes, const char *cluster)
{
    static char text[16384];
    snprintf(text, sizeof text,
             "static_resources:\n"
             "  listeners:\n"
             "  - name: in\n"
             "    address: {socket_address: {address: 127.0.0.1, port_value: 8080}}\n"
             "    filter_chains:\n"
             "    - filters:\n"
             "      - name: envoy.filters.network.http_connection_manager\n"
             "        typed_config:\n"
             "          \"@type\": type.googleapis.com/envoy.extensions.filters.network."
             "http_connection_manager.v3.HttpConnectionManager\n"
             "          stat_prefix: ingress\n"
             "          route_config:\n"
             "            name: routes\n"
             "            virtual_hosts:\n"
             "            - name: all\n"
             "              domains: [\"*\"]\n"
             "              routes:\n"
             "%s"
             "          http_filters:\n"
             "          - name: fault\n"
             "            typed_config:\n"
             "              \"@type\": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault\n"
             "          - name: envoy.filters.http.router\n"
             "            typed_config:\n"
             "              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n"
             "  clusters:\n"
             "  - name: backend\n"
             "    load_assignment:\n"
             "      cluster_name: backend\n"
             "      endpoints:\n"
             "      - lb_endpoints:\n"
             "        - endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}\n"
             "%s",
             routes, cluster);
    return text;
}

static const char *with_route(const char *route)
{
    static char text[8192];
    snprintf(text, sizeof text, "              - %s\n", route);
    return around(text, "");
}

static const struct mc_route *only_route(void)
{
    const struct mc_route_config *config = mc_snapshot_routes(bootstrap.snapshot, atom("routes"));
    ck_assert_ptr_nonnull(config);
    return &config->hosts[0].routes[0];
}

/* ---- what is read ---- */

START_TEST(defaults_are_envoys)
{
    must_load(with_route("{match: {prefix: /}, route: {cluster: backend}}"));
    const struct mc_route *route = only_route();
    const struct mc_cluster *cluster = mc_snapshot_cluster(bootstrap.snapshot, atom("backend"));
    const struct mc_filter_chain *chain = mc_snapshot_listener(bootstrap.snapshot, 0)->chains;
    ck_assert_int_eq(route->timeout, 15 * MC_S);
    ck_assert_uint_eq(route->retry.on, 0);
    ck_assert(!route->ignore_case);
    ck_assert_int_eq(cluster->connect_timeout, 5 * MC_S);
    ck_assert_int_eq(cluster->idle_timeout, MC_HOUR);
    ck_assert_int_eq(cluster->balancer, MC_BALANCE_ROUND_ROBIN);
    ck_assert_uint_eq(cluster->breaker.connections, 1024);
    ck_assert_uint_eq(cluster->breaker.retries, 3);
    ck_assert_uint_eq(cluster->panic_percent, 50);
    ck_assert_int_eq(cluster->outlier.interval, 0);
    ck_assert_int_eq(chain->idle_timeout, MC_HOUR);
    ck_assert_int_eq(chain->stream_idle_timeout, 5 * MC_MIN);
    ck_assert(mc_str_eq(chain->server_name, MC_STR("envoy")));
    ck_assert_uint_eq(chain->filter_count, 2);
}
END_TEST

START_TEST(a_route_is_read_whole)
{
    must_load(with_route(
        "{name: canary, match: {path_separated_prefix: /api, case_sensitive: false,"
        " headers: [{name: X-User, string_match: {prefix: jas, ignore_case: true}},"
        "           {name: x-old, present_match: false}, {name: x-re, string_match: {safe_regex: {regex: 'a|b'}}}],"
        " query_parameters: [{name: v, string_match: {exact: '2'}}, {name: w}]},"
        " route: {weighted_clusters: {clusters: [{name: backend, weight: 90}, {name: backend, weight: 10}],"
        "  total_weight: 100}, timeout: 0s, prefix_rewrite: /, host_rewrite_literal: inner,"
        "  retry_policy: {retry_on: '5xx,connect-failure, reset', num_retries: 3, per_try_timeout: 0.5s,"
        "   retriable_status_codes: [409, 429], retry_back_off: {base_interval: 0.01s, max_interval: 1s},"
        "   host_selection_retry_max_attempts: 4, retry_host_predicate: [{name: p, typed_config:"
        "   {'@type': type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate}}]}},"
        " request_headers_to_add: [{header: {key: X-A, value: '100%%'}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}],"
        " request_headers_to_remove: [x-b], response_headers_to_add: {header: {key: x-c, value: d}},"
        " typed_per_filter_config: {fault: {'@type': type.googleapis.com/envoy.extensions.filters.http.fault.v3."
        "HTTPFault, abort: {http_status: 503, percentage: {numerator: 25, denominator: TEN_THOUSAND}},"
        " delay: {fixedDelay: 0.1s, percentage: {numerator: 10}}}}}"));
    const struct mc_route *route = only_route();
    ck_assert_int_eq(route->path_kind, MC_PATH_SEPARATED_PREFIX);
    ck_assert(route->ignore_case);
    ck_assert_uint_eq(route->header_count, 3);
    ck_assert(mc_str_eq(route->headers[0].name, MC_STR("x-user")));
    ck_assert_int_eq(route->headers[0].match.kind, MC_TEXT_PREFIX);
    ck_assert(route->headers[0].match.ignore_case);
    ck_assert(route->headers[1].match.kind == MC_TEXT_PRESENT && route->headers[1].invert);
    ck_assert_ptr_nonnull(route->headers[2].match.regex);
    ck_assert_uint_eq(route->query_count, 2);
    ck_assert_int_eq(route->queries[1].match.kind, MC_TEXT_PRESENT);
    ck_assert_uint_eq(route->weight_total, 100);
    ck_assert_int_eq(route->timeout, 0);
    ck_assert(mc_str_eq(route->host_rewrite, MC_STR("inner")));
    ck_assert_uint_eq(route->retry.on, MC_RETRY_ON(5XX) | MC_RETRY_ON(CONNECT_FAILURE) | MC_RETRY_ON(RESET));
    ck_assert_uint_eq(route->retry.retries, 3);
    ck_assert_int_eq(route->retry.per_try_timeout, 500 * MC_MS);
    ck_assert_uint_eq(route->retry.statuses[1], 429);
    ck_assert_int_eq(route->retry.backoff_max, MC_S);
    ck_assert_uint_eq(route->retry.host_attempts, 4);
    ck_assert(route->retry.other_host);
    ck_assert_uint_eq(route->request_edit_count, 2);
    ck_assert_int_eq(route->request_edits[0].kind, MC_EDIT_REMOVE);
    ck_assert(route->request_edits[1].kind == MC_EDIT_SET && mc_str_eq(route->request_edits[1].value, MC_STR("100%")));
    ck_assert(mc_str_eq(route->request_edits[1].name, MC_STR("x-a")));
    ck_assert_uint_eq(route->response_edit_count, 1);
    ck_assert_uint_eq(route->abort_permillion, 2500);
    ck_assert_uint_eq(route->abort_status, 503);
    ck_assert_uint_eq(route->delay_permillion, 100000);
    ck_assert_int_eq(route->delay, 100 * MC_MS);
}
END_TEST

START_TEST(other_actions_are_read)
{
    must_load(with_route("{match: {safe_regex: {regex: '/v[0-9]+'}}, direct_response: {status: 418,"
                         " body: {inline_string: short and stout}}}"));
    const struct mc_route *route = only_route();
    ck_assert_int_eq(route->action, MC_ROUTE_DIRECT_RESPONSE);
    ck_assert_uint_eq(route->status, 418);
    ck_assert(mc_str_eq(route->body, MC_STR("short and stout")));
    ck_assert(mc_regex_matches(route->regex, MC_STR("/v7")));
    mc_snapshot_unref(bootstrap.snapshot);
    must_load(with_route("{match: {path: /old}, redirect: {host_redirect: new.example, path_redirect: /new,"
                         " response_code: PERMANENT_REDIRECT}}"));
    route = only_route();
    ck_assert_int_eq(route->action, MC_ROUTE_REDIRECT);
    ck_assert_uint_eq(route->status, 308);
    ck_assert(mc_str_eq(route->redirect_host, MC_STR("new.example")));
}
END_TEST

START_TEST(a_cluster_is_read_whole)
{
    must_load(around(
        "              - {match: {prefix: /}, route: {cluster: other}}\n",
        "  - name: other\n"
        "    type: STATIC\n"
        "    connectTimeout: 0.25s\n"
        "    lbPolicy: LEAST_REQUEST\n"
        "    least_request_lb_config: {choice_count: 3}\n"
        "    common_lb_config: {healthy_panic_threshold: {value: 12.5}}\n"
        "    circuit_breakers: {thresholds: [{max_connections: 10, max_pending_requests: 11,"
        " max_requests: 12, max_retries: 13}]}\n"
        "    outlier_detection: {consecutive_5xx: 7, interval: 1s, base_ejection_time: 2s, max_ejection_percent: 50}\n"
        "    typed_extension_protocol_options:\n"
        "      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n"
        "        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n"
        "        explicit_http_config: {http_protocol_options: {}}\n"
        "        common_http_protocol_options: {idle_timeout: 30s, max_requests_per_connection: 99}\n"
        "    load_assignment:\n"
        "      cluster_name: other\n"
        "      endpoints:\n"
        "      - locality: {zone: a}\n"
        "        lb_endpoints:\n"
        "        - endpoint: {address: {socket_address: {address: 10.0.0.2, port_value: 81}}}\n"
        "          load_balancing_weight: 5\n"
        "        - {endpoint: {address: {socket_address: {address: \"::1\", port_value: 82}}},"
        " health_status: UNHEALTHY}\n"
        "      - priority: 1\n"
        "        lb_endpoints: {endpoint: {address: {socket_address: {address: 10.0.0.3, port_value: 83}}}}\n"));
    const struct mc_cluster *cluster = mc_snapshot_cluster(bootstrap.snapshot, atom("other"));
    const struct mc_endpoints *endpoints = mc_snapshot_endpoints(bootstrap.snapshot, atom("other"));
    ck_assert_int_eq(cluster->connect_timeout, 250 * MC_MS);
    ck_assert_int_eq(cluster->balancer, MC_BALANCE_LEAST_REQUEST);
    ck_assert_uint_eq(cluster->choice_count, 3);
    ck_assert_uint_eq(cluster->panic_percent, 12);
    ck_assert_uint_eq(cluster->breaker.pending, 11);
    ck_assert_uint_eq(cluster->breaker.retries, 13);
    ck_assert_uint_eq(cluster->outlier.consecutive_5xx, 7);
    ck_assert_int_eq(cluster->outlier.max_ejection, 300 * MC_S);
    ck_assert_int_eq(cluster->idle_timeout, 30 * MC_S);
    ck_assert_uint_eq(cluster->requests_per_conn, 99);
    ck_assert_uint_eq(endpoints->count, 3);
    ck_assert_uint_eq(endpoints->list[0].weight, 5);
    ck_assert_uint_eq(endpoints->list[0].zone, atom("a"));
    ck_assert(!endpoints->list[1].healthy && endpoints->list[0].healthy);
    ck_assert_uint_eq(endpoints->list[2].priority, 1);
    ck_assert_uint_eq(endpoints->list[2].addr.port, 83);
}
END_TEST

START_TEST(admin_becomes_a_listener)
{
    must_load("node: {id: n1, cluster: c1}\n"
              "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}\n");
    const struct mc_listener *listener = mc_snapshot_listener(bootstrap.snapshot, 0);
    ck_assert_uint_eq(listener->addr.port, 9901);
    ck_assert_uint_eq(bootstrap.admin.port, 9901);
    ck_assert_int_eq(listener->chains[0].filters[0], MC_HTTP_FILTER_ADMIN);
    ck_assert_uint_eq(bootstrap.node_id, atom("n1"));
    ck_assert_uint_eq(bootstrap.node_cluster, atom("c1"));
}
END_TEST

START_TEST(json_is_read_too)
{
    ck_assert(load("x.json", "{\"node\": {\"id\": \"n1\"}, \"admin\": {\"address\": {\"socketAddress\":"
                             " {\"address\": \"127.0.0.1\", \"portValue\": 9901}}}}"));
    ck_assert_uint_eq(bootstrap.admin.port, 9901);
}
END_TEST

START_TEST(notes_tell_what_has_no_effect)
{
    must_load(around("              - {match: {prefix: /}, route: {cluster: backend}}\n",
                     "    dns_lookup_family: V4_ONLY\n"));
    ck_assert_uint_eq(errors.note_count, 1);
    ck_assert_ptr_nonnull(strstr(errors.notes[0].text, "static_resources.clusters[0].dns_lookup_family"));
}
END_TEST

/* config.cluster.v3.Cluster: dns_refresh_rate 5 s unless it is given. */
START_TEST(names_of_endpoints_are_for_clusters_that_look_them_up)
{
    static const char *const texts[] = {"STRICT_DNS, dns_refresh_rate: 2s, respect_dns_ttl: true", "STATIC"};
    char yaml[512];
    snprintf(yaml, sizeof yaml,
             "static_resources:\n"
             "  clusters:\n"
             "  - {name: a, type: %s, load_assignment: {cluster_name: a, endpoints: [{lb_endpoints: [{endpoint: {address:"
             " {socket_address: {address: api.example.com, port_value: 443}}}}]}]}}\n",
             texts[_i]);
    bool good = load("x.yaml", yaml);
    ck_assert_int_eq(good, _i == 0);
    if (!good) {
        ck_assert_ptr_nonnull(strstr(errors.list[0].text, "'api.example.com' is not an IP address"));
        return;
    }
    const struct mc_cluster *cluster = mc_snapshot_find(bootstrap.snapshot, MC_RESOURCE_CLUSTER, atom("a"))->body;
    const struct mc_endpoints *endpoints = mc_snapshot_find(bootstrap.snapshot, MC_RESOURCE_ENDPOINTS, atom("a"))->body;
    ck_assert_int_eq(cluster->kind, MC_CLUSTER_STRICT_DNS);
    ck_assert_int_eq(cluster->dns_refresh, 2 * MC_S);
    ck_assert(cluster->respect_dns_ttl);
    ck_assert_uint_eq(endpoints->list[0].host, atom("api.example.com"));
    ck_assert_uint_eq(endpoints->list[0].addr.port, 443);
}
END_TEST

/* ---- what is refused, and where ---- */

static const struct {
    const char *route;
    const char *says; /* after the path */
} bad_routes[] = {
    {"{match: {prefix: /}, route: {cluster: backend}, foo: 1}", "routes[0].foo: unknown field"},
    {"{match: {prefix: /}, route: {clutser: backend}}", "route.clutser: unknown field; did you mean cluster"},
    {"{match: {prefix: /}, route: {cluster: backend, timout: 1s}}", "timout: unknown field; did you mean timeout"},
    {"{match: {prefix: /}, route: {cluster: nowhere}}", "routes[0].route: there is no cluster 'nowhere'"},
    {"{match: {prefix: /}, route: {cluster: backend, timeout: 5}}", "timeout: must be a duration such as 0.25s"},
    {"{match: {prefix: /}, route: {cluster: backend, timeout: -1s}}", "timeout: must be a duration"},
    {"{match: {prefix: /}, route: {cluster: 12}}", "cluster: must be a text; put it in quotes"},
    {"{match: {prefix: /}, route: {cluster: [backend]}}", "cluster: must be a text"},
    {"{match: {prefix: /}, route: {}}", "needs one of cluster, weighted_clusters"},
    {"{match: {prefix: /}, route: {cluster: backend, hash_policy: []}}", "route.hash_policy: not supported"},
    {"{match: {prefix: /}, route: {cluster: backend, priority: HIGH}}", "priority: only DEFAULT is supported"},
    {"{match: {prefix: /}}", "needs one of route, direct_response, redirect"},
    {"{route: {cluster: backend}}", "routes[0]: match is missing"},
    {"{match: {}, route: {cluster: backend}}", "match: needs one of prefix"},
    {"{match: {prefix: /, path: /a}, route: {cluster: backend}}", "match: needs one of prefix"},
    {"{match: {prefix: /, case_sensitive: maybe}, route: {cluster: backend}}", "must be true or false"},
    {"{match: {safe_regex: {regex: 'a(?=b)'}}, route: {cluster: backend}}", "look-around is not part of RE2"},
    {"{match: {safe_regex: {regex: '('}}, route: {cluster: backend}}", "not a valid regular expression"},
    {"{match: {prefix: /, headers: [{name: a, exact_match: b, prefix_match: c}]}, route: {cluster: backend}}",
     "headers[0]: has more than one kind of match"},
    {"{match: {prefix: /, headers: [{exact_match: b}]}, route: {cluster: backend}}", "headers[0]: name is missing"},
    {"{match: {prefix: /, headers: [{name: a, range_match: {start: 1}}]}, route: {cluster: backend}}",
     "range_match: not supported"},
    {"{match: {prefix: /}, direct_response: {status: 99}}", "direct_response: status must be 200 to 599"},
    {"{match: {prefix: /}, direct_response: {status: many}}", "status: must be a whole number"},
    {"{match: {prefix: /}, redirect: {response_code: FUOND}}", "'FUOND' is not supported; did you mean FOUND"},
    {"{match: {prefix: /}, route: {cluster: backend, retry_policy: {retry_on: '5xx,rest'}}}", "did you mean reset"},
    {"{match: {prefix: /}, route: {cluster: backend, retry_policy: {retry_on: reset, num_retries: 65}}}",
     "num_retries is more than 64"},
    {"{match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: backend, weight: 0}]}}}", "must add up"},
    {"{match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: backend}]}}}", "weight is missing"},
    {"{match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: backend, weight: 1}], total_weight: 2}}}",
     "total_weight is not the sum"},
    {"{match: {prefix: /}, route: {cluster: backend}, request_headers_to_remove: [':path']}",
     "':path' is not a header that may be changed"},
    {"{match: {prefix: /}, route: {cluster: backend}, request_headers_to_add: [{header: {key: a, value: '%X%'}}]}",
     "command operators"},
    {"{match: {prefix: /}, route: {cluster: backend}, typed_per_filter_config: {fault: {abort: {}}}}",
     "must be a message with its \"@type\""},
    {"{match: {prefix: /}, route: {cluster: backend}, typed_per_filter_config: {fault: {'@type': a.b/c.D}}}",
     "'a.b/c.D' is not supported"},
    {"[1, 2]", "routes[0]: must be a mapping"},
};

START_TEST(bad_routes_are_told)
{
    char line[500];
    ck_assert(!load("x.yaml", with_route(bad_routes[_i].route)));
    ck_assert_uint_ge(errors.count, 1);
    ck_assert_uint_eq(errors.list[0].line, 17);
    mc_config_error_line(&errors, &errors.list[0], line, sizeof line);
    ck_assert_msg(strstr(line, bad_routes[_i].says) != NULL, "'%s' lacks '%s'", line, bad_routes[_i].says);
    ck_assert_msg(strstr(line, "x.yaml:17:") == line, "%s", line);
}
END_TEST

static const struct {
    const char *cluster, *says;
} bad_clusters[] = {
    {"    type: EDS\n", "clusters[0].type: 'EDS' is not supported"},
    {"    type: STATC\n", "did you mean STATIC"},
    {"    transport_socket: {name: tls}\n", "clusters[0].transport_socket: not supported"},
    {"    http2_protocol_options: {}\n", "http2_protocol_options: not supported"},
    {"    connect_timeout: 0s\n", "connect_timeout must be more than 0"},
    {"    lb_policy: MAGLEV\n", "'MAGLEV' is not supported"},
    {"    outlier_detection: {enforcing_success_rate: 100}\n", "only 0 is supported"},
    {"  - name: backend\n", "the name 'backend' is taken already"},
    {"  - type: STATIC\n", "clusters[1]: name is missing"},
    {"  - {name: b, load_assignment: {cluster_name: b, endpoints: [{lb_endpoints: [{endpoint: {address:"
     " {socket_address: {address: localhost, port_value: 1}}}}]}]}}\n",
     "'localhost' is not an IP address"},
    {"  - {name: b, load_assignment: {cluster_name: b, endpoints: [{lb_endpoints: [{endpoint: {address:"
     " {socket_address: {address: 10.0.0.1, port_value: 70000}}}}]}]}}\n",
     "port_value must be 1 to 65535"},
    {"  - {name: b, load_assignment: {cluster_name: b, endpoints: [{priority: 1, lb_endpoints: [{endpoint: {address:"
     " {socket_address: {address: 10.0.0.1, port_value: 7}}}}]}]}}\n",
     "b: its priorities have a gap"},
};

START_TEST(bad_clusters_are_told)
{
    char line[500];
    static const char route[] = "              - {match: {prefix: /}, route: {cluster: backend}}\n";
    ck_assert(!load("x.yaml", around(route, bad_clusters[_i].cluster)));
    mc_config_error_line(&errors, &errors.list[0], line, sizeof line);
    ck_assert_msg(strstr(line, bad_clusters[_i].says) != NULL, "'%s' lacks '%s'", line, bad_clusters[_i].says);
    ck_assert_uint_ge(errors.list[0].line, 26);
}
END_TEST

START_TEST(errors_are_bounded_and_counted)
{
    char routes[8192] = "";
    for (int i = 0; i < 50; i++) strcat(routes, "              - {match: {prefix: /}, route: {cluster: x}}\n");
    ck_assert(!load("x.yaml", around(routes, "")));
    ck_assert_uint_eq(errors.count, 50);
    for (int i = 0; i < MC_CONFIG_ERRORS; i++) ck_assert_uint_eq(errors.list[i].line, (unsigned)(17 + i));
}
END_TEST

/* Aliases of aliases: 10^10 values if they were followed without end. */
START_TEST(aliases_do_not_explode)
{
    char text[4096] = "!ignore x:\n- &a0 {match: {prefix: /}, route: {cluster: y}}\n";
    for (int i = 1; i < 10; i++) {
        char line[200];
        snprintf(line, sizeof line, "- &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i - 1,
                 i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
        strcat(text, line);
    }
    strcat(text, "static_resources: {listeners: *a9}\n");
    ck_assert(!load("x.yaml", text));
}
END_TEST

START_TEST(every_refusal_of_memory_is_survived)
{
    bool loaded = false;
    const char *text = with_route("{match: {prefix: /}, route: {cluster: backend}}");
    for (size_t n = 1; n < 400 && !loaded; n++) {
        struct mc_realm outer = realm;
        struct test_memory small = {.refuse_at = n, .refuse_after = true};
        mc_realm_init(&realm, test_alloc(&small), 1);
        struct mc_result result = mc_bootstrap_read(&realm, MC_STR("x.yaml"), mc_str_c(text), &bootstrap, &errors);
        if (!mc_ok(result)) ck_assert_int_eq(result.code, MC_NO_MEMORY);
        loaded = mc_ok(result);
        mc_snapshot_unref(bootstrap.snapshot);
        bootstrap.snapshot = NULL;
        mc_realm_fini(&realm);
        ck_assert_uint_eq(small.live_blocks, 0);
        realm = outer;
    }
    ck_assert(loaded);
}
END_TEST

/* ---- Envoy's own files ---- */

/* A file of Envoy's loads, or each of its errors names a thing that Envoy has and we refuse: never an
 * unknown field, never without a place. */
static void judge(const char *path, int *loaded, int *refused)
{
    size_t length;
    char *text = corpus_read(path, &length), line[500];
    ck_assert_ptr_nonnull(text);
    struct mc_result result = mc_bootstrap_read(&realm, mc_str_c(path), mc_str(text, length), &bootstrap, &errors);
    ck_assert_int_ne(result.code, MC_NO_MEMORY);
    for (uint32_t i = 0; i < errors.count && i < MC_CONFIG_ERRORS; i++) {
        mc_config_error_line(&errors, &errors.list[i], line, sizeof line);
        ck_assert_msg(errors.list[i].line > 0, "%s", line);
        ck_assert_msg(!strstr(line, "unknown field"), "%s", line);
    }
    ++*(mc_ok(result) ? loaded : refused);
    mc_snapshot_unref(bootstrap.snapshot);
    bootstrap.snapshot = NULL;
    free(text);
}

START_TEST(envoys_own_files_are_understood)
{
    char folder[1024], path[2048];
    int loaded = 0, refused = 0;
    if (!corpus_path("envoy/must-load", folder, sizeof folder)) return;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (!strstr(entry->d_name, ".yaml")) continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        judge(path, &loaded, &refused);
    }
    closedir(dir);
    ck_assert_int_ge(loaded, 1);
    ck_assert_int_ge(loaded + refused, 20);
}
END_TEST

/* Route configurations of Envoy's router_check tool that use nothing we refuse. */
START_TEST(router_check_tables_load)
{
    static const char *const names[] = {"ComprehensiveRoutes", "ContentType", "DetailedCoverage"};
    char name[256], path[1024], line[500];
    snprintf(name, sizeof name, "envoy/router_check/%s/route_config.yaml", names[_i]);
    if (!corpus_path(name, path, sizeof path)) return;
    size_t length;
    char *text = corpus_read(path, &length);
    struct mc_result result =
        mc_routes_load(&realm, mc_str_c(path), mc_str(text, length), &bootstrap.snapshot, &errors);
    if (errors.count) mc_config_error_line(&errors, &errors.list[0], line, sizeof line);
    ck_assert_msg(mc_ok(result), "%s", line);
    ck_assert_uint_eq(bootstrap.snapshot->of[MC_RESOURCE_ROUTES].count, 1);
    free(text);
}
END_TEST

Suite *test_bootstrap_suite(void)
{
    Suite *suite = suite_create("bootstrap");
    TCase *tcase = tcase_create("bootstrap");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, defaults_are_envoys);
    tcase_add_test(tcase, a_route_is_read_whole);
    tcase_add_test(tcase, other_actions_are_read);
    tcase_add_test(tcase, a_cluster_is_read_whole);
    tcase_add_test(tcase, admin_becomes_a_listener);
    tcase_add_test(tcase, json_is_read_too);
    tcase_add_test(tcase, notes_tell_what_has_no_effect);
    tcase_add_loop_test(tcase, names_of_endpoints_are_for_clusters_that_look_them_up, 0, 2);
    tcase_add_loop_test(tcase, bad_routes_are_told, 0, (int)MC_COUNT_OF(bad_routes));
    tcase_add_loop_test(tcase, bad_clusters_are_told, 0, (int)MC_COUNT_OF(bad_clusters));
    tcase_add_test(tcase, errors_are_bounded_and_counted);
    tcase_add_test(tcase, aliases_do_not_explode);
    tcase_add_test(tcase, every_refusal_of_memory_is_survived);
    tcase_add_test(tcase, envoys_own_files_are_understood);
    tcase_add_loop_test(tcase, router_check_tables_load, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}

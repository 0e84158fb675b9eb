/* Routing against a naive reading of the rules (config.route.v3.VirtualHost.domains, RouteMatch), over
 * many small tables and requests; and the cases that the naive reading cannot show. */
#include "bed.h"
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static struct test_memory memory;
static struct mc_realm realm;
static uint64_t draws;

static void setup(void)
{
    memory = (struct test_memory){0};
    draws = 0;
    mc_realm_init(&realm, test_alloc(&memory), 1);
}

static void teardown(void)
{
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

static struct mc_snapshot *seal(const struct mc_route_config *config)
{
    struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
    ck_assert(mc_ok(mc_snapshot_add_routes(builder, config)));
    return mc_snapshot_seal(builder, 1);
}

/* ---- domains ---- */

enum { HOSTS = 9 };

static const char *const domains[HOSTS] = {"a.com", "*.a.com", "*.com", "a.*", "a.b.*", "b.a.com", "*", "*-x.a.com", "shop:80"};

static int naive_host(const char *name, unsigned mask)
{
    int best = -1;
    long best_rank = -1;
    size_t n = strlen(name);
    for (int i = 0; i < HOSTS; i++) {
        const char *d = domains[i];
        size_t m = strlen(d);
        long rank = -1;
        if (!(mask >> i & 1)) continue;
        if (strcmp(d, "*") == 0) rank = 0;
        else if (d[0] == '*') rank = n > m - 1 && strcasecmp(name + n - (m - 1), d + 1) == 0 ? 100000 + (long)m : -1;
        else if (d[m - 1] == '*') rank = n > m - 1 && strncasecmp(name, d, m - 1) == 0 ? 1000 + (long)m : -1;
        else rank = strcasecmp(name, d) == 0 ? 1000000 : -1;
        if (rank > best_rank) best = i, best_rank = rank;
    }
    return best;
}

START_TEST(virtual_hosts_by_domain)
{
    static const char *const names[] = {"a.com", "A.COM", "x.a.com", "y.x.a.com", "b.a.com", "b.com", "a.b.c", "a.c", "a.", ".com", "q-x.a.com",
                                        "other", "", "shop:80", "shop", "aa.com"};
    for (unsigned mask = 1; mask < 1u << HOSTS; mask += 3) {
        struct mc_str texts[HOSTS];
        struct mc_virtual_host hosts[HOSTS];
        struct mc_route_config config = {.name = mc_atoms_intern(&realm.atoms, MC_STR("r")), .hosts = hosts};
        int from[HOSTS];
        for (int i = 0; i < HOSTS; i++) {
            if (!(mask >> i & 1)) continue;
            texts[config.host_count] = mc_str_c(domains[i]);
            from[config.host_count] = i;
            hosts[config.host_count] = (struct mc_virtual_host){.name = mc_str_c(domains[i]), .domains = &texts[config.host_count], .domain_count = 1};
            config.host_count++;
        }
        struct mc_snapshot *snapshot = seal(&config);
        const struct mc_route_config *made = mc_snapshot_routes(snapshot, config.name);
        for (size_t i = 0; i < MC_COUNT_OF(names); i++) {
            const struct mc_virtual_host *host = px_route_host(made, mc_str_c(names[i]));
            ck_assert_msg((host ? from[host - made->hosts] : -1) == naive_host(names[i], mask), "%s, mask %x", names[i], mask);
        }
        mc_snapshot_unref(snapshot);
    }
}
END_TEST

START_TEST(ports_in_the_authority)
{
    struct mc_str domain = MC_STR("shop");
    struct mc_virtual_host host = {.domains = &domain, .domain_count = 1};
    struct mc_route_config config = {.name = mc_atoms_intern(&realm.atoms, MC_STR("r")), .hosts = &host, .host_count = 1};
    for (int ignore = 0; ignore < 2; ignore++) {
        config.ignore_port = ignore;
        struct mc_snapshot *snapshot = seal(&config);
        const struct mc_route_config *made = mc_snapshot_routes(snapshot, config.name);
        ck_assert_ptr_nonnull(px_route_host(made, MC_STR("shop")));
        ck_assert_int_eq(px_route_host(made, MC_STR("shop:8080")) != NULL, ignore);
        mc_snapshot_unref(snapshot);
    }
}
END_TEST

/* ---- matches ---- */

static uint32_t draw(uint32_t below)
{
    return (uint32_t)mc_below(mc_mix(++draws * 77777), below);
}

static const char *const paths[] = {"/", "/a", "/a/", "/a/b", "/ab", "/A", "/b"};
static const char *const values[] = {NULL, "", "1", "12", "x1"};

static bool naive_path(enum mc_path_match_kind kind, const char *pattern, bool ignore_case, const char *path)
{
    size_t n = strlen(pattern);
    bool starts = ignore_case ? strncasecmp(path, pattern, n) == 0 : strncmp(path, pattern, n) == 0;
    if (kind == MC_PATH_PREFIX) return starts;
    if (kind == MC_PATH_EXACT) return starts && strlen(path) == n;
    return starts && (path[n] == 0 || path[n] == '/');
}

static bool naive_text(enum mc_text_match_kind kind, const char *pattern, const char *value)
{
    size_t n = strlen(pattern), m = strlen(value);
    if (kind == MC_TEXT_EXACT) return strcmp(pattern, value) == 0;
    if (kind == MC_TEXT_PREFIX) return strncmp(value, pattern, n) == 0;
    if (kind == MC_TEXT_SUFFIX) return m >= n && strcmp(value + m - n, pattern) == 0;
    return strstr(value, pattern) != NULL;
}

static bool naive_header(const struct mc_header_match *match, const char *pattern, const char *value)
{
    if (match->match.kind == MC_TEXT_PRESENT) return match->invert ? !value : value != NULL;
    if (!value && !match->missing_as_empty) return false;
    bool matches = naive_text(match->match.kind, pattern, value ? value : "");
    return match->invert ? !matches : matches;
}

enum { ROUTES = 6 };

START_TEST(routes_in_order)
{
    static const enum mc_path_match_kind kinds[] = {MC_PATH_PREFIX, MC_PATH_EXACT, MC_PATH_SEPARATED_PREFIX};
    static const enum mc_text_match_kind texts[] = {MC_TEXT_EXACT, MC_TEXT_PREFIX, MC_TEXT_SUFFIX, MC_TEXT_CONTAINS, MC_TEXT_PRESENT};
    struct mc_arena arena;
    for (int round = 0; round < 300; round++) {
        struct mc_route routes[ROUTES];
        struct mc_header_match headers[ROUTES];
        const char *patterns[ROUTES], *wanted[ROUTES];
        for (int i = 0; i < ROUTES; i++) {
            patterns[i] = paths[draw(MC_COUNT_OF(paths))];
            wanted[i] = values[1 + draw(MC_COUNT_OF(values) - 1)];
            headers[i] = (struct mc_header_match){.name = MC_STR("x-h"), .match = {.kind = texts[draw(MC_COUNT_OF(texts))], .text = mc_str_c(wanted[i])},
                                                  .invert = draw(3) == 0, .missing_as_empty = draw(3) == 0};
            routes[i] = (struct mc_route){.path_kind = kinds[draw(3)], .path = mc_str_c(patterns[i]), .ignore_case = draw(2) == 0, .headers = &headers[i],
                                          .header_count = draw(2), .action = MC_ROUTE_DIRECT_RESPONSE, .status = (uint16_t)(200 + i)};
        }
        struct mc_str any = MC_STR("*");
        struct mc_virtual_host host = {.domains = &any, .domain_count = 1, .routes = routes, .route_count = ROUTES};
        struct mc_route_config config = {.name = mc_atoms_intern(&realm.atoms, MC_STR("r")), .hosts = &host, .host_count = 1};
        struct mc_snapshot *snapshot = seal(&config);
        for (int ask = 0; ask < 30; ask++) {
            const char *path = paths[draw(MC_COUNT_OF(paths))], *value = values[draw(MC_COUNT_OF(values))];
            char target[64];
            snprintf(target, sizeof target, "%s%s", path, draw(2) ? "?q=/a" : "");
            mc_arena_init(&arena, &realm.pool, 0);
            struct mc_head head = {.arena = &arena, .path = mc_str_c(target), .authority = MC_STR("h")};
            if (value) ck_assert(mc_ok(mc_headers_add(&head.headers, &arena, MC_STR("X-H"), mc_str_c(value))));
            int expected = 0;
            for (int i = ROUTES; i-- > 0;)
                if (naive_path(routes[i].path_kind, patterns[i], routes[i].ignore_case, path) &&
                    (!routes[i].header_count || naive_header(&headers[i], wanted[i], value)))
                    expected = 200 + i;
            const struct mc_route *found = px_route_find(mc_snapshot_routes(snapshot, config.name), &head, &arena);
            ck_assert_int_eq(found ? found->status : 0, expected);
            mc_arena_fini(&arena);
        }
        mc_snapshot_unref(snapshot);
    }
}
END_TEST

static int find(const struct mc_route *route, const char *method, const char *target)
{
    struct mc_str any = MC_STR("*");
    struct mc_virtual_host host = {.domains = &any, .domain_count = 1, .routes = route, .route_count = 1};
    struct mc_route_config config = {.name = mc_atoms_intern(&realm.atoms, MC_STR("r")), .hosts = &host, .host_count = 1};
    struct mc_snapshot *snapshot = seal(&config);
    struct mc_arena arena;
    mc_arena_init(&arena, &realm.pool, 0);
    struct mc_head head = {.arena = &arena, .path = mc_str_c(target), .authority = MC_STR("h"), .method_text = mc_str_c(method)};
    int found = px_route_find(mc_snapshot_routes(snapshot, config.name), &head, &arena) != NULL;
    mc_arena_fini(&arena);
    mc_snapshot_unref(snapshot);
    return found;
}

START_TEST(methods_queries_and_patterns)
{
    struct mc_header_match method = {.name = MC_STR(":method"), .match = {.kind = MC_TEXT_EXACT, .text = MC_STR("POST")}};
    struct mc_route route = {.path = MC_STR("/"), .action = MC_ROUTE_DIRECT_RESPONSE, .status = 200, .headers = &method, .header_count = 1};
    ck_assert(find(&route, "POST", "/"));
    ck_assert(!find(&route, "GET", "/"));
    struct mc_header_match query = {.name = MC_STR("v"), .match = {.kind = MC_TEXT_EXACT, .text = MC_STR("2")}};
    route = (struct mc_route){.path = MC_STR("/"), .action = MC_ROUTE_DIRECT_RESPONSE, .status = 200, .queries = &query, .query_count = 1};
    ck_assert(find(&route, "GET", "/x?a=1&v=2"));
    ck_assert(find(&route, "GET", "/x?v=2#v=3"));
    ck_assert(!find(&route, "GET", "/x?v=1&v=2")); /* the first counts */
    ck_assert(!find(&route, "GET", "/x?vv=2"));
    ck_assert(!find(&route, "GET", "/x"));
    route = (struct mc_route){.path_kind = MC_PATH_REGEX, .path = MC_STR("/[ab]+"), .action = MC_ROUTE_DIRECT_RESPONSE, .status = 200};
    ck_assert(find(&route, "GET", "/ab?c"));
    ck_assert(!find(&route, "GET", "/abc")); /* the whole path */
}
END_TEST

/* Weights 1 : 3 : 0 of 10 000 draws; five deviations of the binomial with p = 1/4 are 217. */
START_TEST(weights)
{
    struct mc_weighted_cluster clusters[] = {{1, 1}, {2, 3}, {3, 0}};
    struct mc_route route = {.clusters = clusters, .cluster_count = 3, .weight_total = 4};
    int counts[4] = {0};
    for (uint64_t i = 0; i < 10000; i++) counts[px_route_cluster(&route, mc_mix(i + 1))]++;
    ck_assert_int_lt(abs(counts[1] - 2500), 217);
    ck_assert_int_eq(counts[3], 0);
}
END_TEST

/* The port counts before the address (FilterChainMatch). */
START_TEST(filter_chains)
{
    struct mc_filter_chain chains[] = {
        {.destination_port = 0},
        {.destination_port = 80},
        {.destination_port = 80, .destination = mc_addr_v4(0x0a000001, 0)},
        {.destination = mc_addr_v4(0x0a000002, 0)},
    };
    struct mc_listener listener = {.chains = chains, .chain_count = 4};
    ck_assert_ptr_eq(px_chain_for(&listener, mc_addr_v4(0x0a000001, 80)), &chains[2]);
    ck_assert_ptr_eq(px_chain_for(&listener, mc_addr_v4(0x0a000002, 80)), &chains[1]);
    ck_assert_ptr_eq(px_chain_for(&listener, mc_addr_v4(0x0a000002, 81)), &chains[3]);
    ck_assert_ptr_eq(px_chain_for(&listener, mc_addr_v4(0x0a000009, 81)), &chains[0]);
    listener.chains = &chains[1], listener.chain_count = 1;
    ck_assert_ptr_null(px_chain_for(&listener, mc_addr_v4(0x0a000009, 81)));
}
END_TEST

Suite *test_route_suite(void)
{
    Suite *suite = suite_create("route");
    TCase *tests = tcase_create("route");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, virtual_hosts_by_domain);
    tcase_add_test(tests, ports_in_the_authority);
    tcase_add_test(tests, routes_in_order);
    tcase_add_test(tests, methods_queries_and_patterns);
    tcase_add_test(tests, weights);
    tcase_add_test(tests, filter_chains);
    suite_add_tcase(suite, tests);
    return suite;
}

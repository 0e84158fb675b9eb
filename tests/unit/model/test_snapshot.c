/* Snapshots: deep copies, hash-consing by content, order, reference counts, refusals. */
#include "model/snapshot.h"
#include "model/shape.h"
#include "support/memory.h"
#include <check.h>

Suite *test_snapshot_suite(void);

static struct test_memory memory;
static struct mc_realm realm;

static void set_up(void)
{
    memory = (struct test_memory){0};
    mc_realm_init(&realm, test_alloc(&memory), 1);
}

static void tear_down(void)
{
    ck_assert_uint_eq(realm.cons.count, 0);
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

static mc_atom atom(const char *text)
{
    return mc_atoms_intern(&realm.atoms, mc_str_c(text));
}

static struct mc_cluster cluster(const char *name)
{
    return (struct mc_cluster){.name = atom(name), .connect_timeout = 5 * MC_S};
}

/* ---- routes with everything that is copied deeply ---- */

struct sample {
    char path[16];
    struct mc_str domains[2];
    uint16_t statuses[2];
    struct mc_weighted_cluster clusters[2];
    struct mc_header_match headers[1], queries[1];
    struct mc_header_edit edits[1];
    struct mc_route routes[2];
    struct mc_virtual_host hosts[1];
    struct mc_route_config config;
};

static void fill_sample(struct sample *s)
{
    *s = (struct sample){.path = "/reviews"};
    s->domains[0] = MC_STR("reviews");
    s->domains[1] = MC_STR("*");
    s->statuses[0] = 503, s->statuses[1] = 504;
    s->clusters[0] = (struct mc_weighted_cluster){atom("v1"), 90};
    s->clusters[1] = (struct mc_weighted_cluster){atom("v2"), 10};
    s->headers[0] = (struct mc_header_match){.name = MC_STR("x-user"),
                                             .match = {.kind = MC_TEXT_REGEX, .text = MC_STR("a+b")}};
    s->queries[0] = (struct mc_header_match){.name = MC_STR("q"), .match = {.kind = MC_TEXT_PRESENT}};
    s->edits[0] = (struct mc_header_edit){.kind = MC_EDIT_SET, .name = MC_STR("x"), .value = MC_STR("y")};
    s->routes[0] = (struct mc_route){
        .name = MC_STR("canary"), .path_kind = MC_PATH_PREFIX, .path = mc_str_c(s->path),
        .headers = s->headers, .header_count = 1, .queries = s->queries, .query_count = 1,
        .clusters = s->clusters, .cluster_count = 2, .timeout = 15 * MC_S,
        .retry = {.on = MC_RETRY_ON(5XX), .retries = 2, .statuses = s->statuses, .status_count = 2},
        .request_edits = s->edits, .request_edit_count = 1,
    };
    s->routes[1] = (struct mc_route){.path_kind = MC_PATH_REGEX, .path = MC_STR("/v[0-9]+/.*"),
                                     .action = MC_ROUTE_DIRECT_RESPONSE, .status = 200, .body = MC_STR("hello")};
    s->hosts[0] = (struct mc_virtual_host){.name = MC_STR("reviews"), .domains = s->domains, .domain_count = 2,
                                           .routes = s->routes, .route_count = 2};
    s->config = (struct mc_route_config){.name = atom("outbound"), .hosts = s->hosts, .host_count = 1};
}

static struct mc_snapshot *snapshot_of(const struct mc_route_config *config, uint64_t version)
{
    struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
    ck_assert(mc_ok(mc_snapshot_add_routes(builder, config)));
    struct mc_snapshot *snapshot = mc_snapshot_seal(builder, version);
    ck_assert_ptr_nonnull(snapshot);
    return snapshot;
}

START_TEST(copies_are_deep)
{
    struct sample sample;
    fill_sample(&sample);
    struct mc_snapshot *snapshot = snapshot_of(&sample.config, 7);
    memset(&sample, 0x55, sizeof sample); /* nothing of the caller's may be looked at any more */
    const struct mc_route_config *config = mc_snapshot_routes(snapshot, atom("outbound"));
    ck_assert_ptr_nonnull(config);
    const struct mc_route *route = &config->hosts[0].routes[0];
    ck_assert_uint_eq(snapshot->version, 7);
    ck_assert(mc_str_eq(config->hosts[0].domains[1], MC_STR("*")));
    ck_assert(mc_str_eq(route->path, MC_STR("/reviews")));
    ck_assert_uint_eq(route->retry.statuses[1], 504);
    ck_assert_uint_eq(route->clusters[1].weight, 10);
    ck_assert(mc_str_eq(route->request_edits[0].value, MC_STR("y")));
    mc_snapshot_unref(snapshot);
}
END_TEST

START_TEST(derived_fields_are_made)
{
    struct sample sample;
    fill_sample(&sample);
    sample.routes[0].weight_total = 12345; /* the caller's is not taken */
    struct mc_snapshot *snapshot = snapshot_of(&sample.config, 1);
    const struct mc_route *routes = mc_snapshot_routes(snapshot, atom("outbound"))->hosts[0].routes;
    ck_assert_uint_eq(routes[0].weight_total, 100);
    ck_assert_ptr_null(routes[0].regex);
    ck_assert(mc_regex_matches(routes[0].headers[0].match.regex, MC_STR("aaab")));
    ck_assert(mc_regex_matches(routes[1].regex, MC_STR("/v12/x")));
    ck_assert(!mc_regex_matches(routes[1].regex, MC_STR("/v12")));
    mc_snapshot_unref(snapshot);
}
END_TEST

START_TEST(equal_content_is_one_resource)
{
    struct sample one, two;
    fill_sample(&one);
    fill_sample(&two);
    struct mc_snapshot *a = snapshot_of(&one.config, 1), *b = snapshot_of(&two.config, 2);
    ck_assert_ptr_eq(a->of[MC_RESOURCE_ROUTES].list[0], b->of[MC_RESOURCE_ROUTES].list[0]);
    two.clusters[1].weight = 11;
    struct mc_snapshot *c = snapshot_of(&two.config, 3);
    ck_assert_ptr_ne(a->of[MC_RESOURCE_ROUTES].list[0], c->of[MC_RESOURCE_ROUTES].list[0]);
    ck_assert_uint_ne(a->of[MC_RESOURCE_ROUTES].list[0]->hash, c->of[MC_RESOURCE_ROUTES].list[0]->hash);
    mc_snapshot_unref(a);
    mc_snapshot_unref(c);
    mc_snapshot_unref(b);
}
END_TEST

/* Atoms have other numbers in another realm; the hash may not see them. */
START_TEST(hashes_are_equal_over_realms)
{
    struct sample sample;
    fill_sample(&sample);
    struct mc_snapshot *here = snapshot_of(&sample.config, 1);
    uint64_t hash = here->of[MC_RESOURCE_ROUTES].list[0]->hash;
    mc_snapshot_unref(here);
    struct mc_realm first = realm;
    mc_realm_init(&realm, test_alloc(&memory), 2);
    atom("something"), atom("else"), atom("v2");
    fill_sample(&sample);
    struct mc_snapshot *there = snapshot_of(&sample.config, 1);
    ck_assert_uint_eq(there->of[MC_RESOURCE_ROUTES].list[0]->hash, hash);
    mc_snapshot_unref(there);
    mc_realm_fini(&realm);
    realm = first;
}
END_TEST

/* Two different resources under one hash: the second must not be taken for the first. */
START_TEST(a_collision_is_not_equality)
{
    struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
    struct mc_cluster a = cluster("a"), b = cluster("b");
    ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &a)));
    struct mc_snapshot *first = mc_snapshot_seal(builder, 1);
    struct mc_resource *resource = first->of[MC_RESOURCE_CLUSTER].list[0];

    builder = mc_snapshot_build(&realm);
    ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &b)));
    struct mc_snapshot *second = mc_snapshot_seal(builder, 1);
    uint64_t hash_of_b = second->of[MC_RESOURCE_CLUSTER].list[0]->hash;
    mc_snapshot_unref(second);

    mc_map_remove(&realm.cons, resource->hash); /* a, forged to b's hash */
    resource->hash = hash_of_b;
    ck_assert(mc_map_put(&realm.cons, hash_of_b, resource));
    builder = mc_snapshot_build(&realm);
    ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &b)));
    second = mc_snapshot_seal(builder, 2);
    ck_assert_ptr_ne(second->of[MC_RESOURCE_CLUSTER].list[0], resource);
    ck_assert_ptr_nonnull(mc_snapshot_cluster(second, atom("b")));
    mc_snapshot_unref(first);
    mc_snapshot_unref(second);
}
END_TEST

START_TEST(lists_are_sorted_by_text)
{
    static const char *const names[] = {"m", "b", "z", "aa", "a", "k", "zz", "c", "y", "x"};
    struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
    for (size_t i = 0; i < MC_COUNT_OF(names); i++) {
        struct mc_cluster each = cluster(names[i]);
        ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &each)));
    }
    struct mc_snapshot *snapshot = mc_snapshot_seal(builder, 1);
    ck_assert_uint_eq(snapshot->of[MC_RESOURCE_CLUSTER].count, MC_COUNT_OF(names));
    for (uint32_t i = 1; i < snapshot->of[MC_RESOURCE_CLUSTER].count; i++) {
        struct mc_resource **list = snapshot->of[MC_RESOURCE_CLUSTER].list;
        ck_assert_int_lt(mc_str_cmp(mc_atoms_text(&realm.atoms, list[i - 1]->name),
                                    mc_atoms_text(&realm.atoms, list[i]->name)),
                         0);
    }
    for (size_t i = 0; i < MC_COUNT_OF(names); i++)
        ck_assert_ptr_nonnull(mc_snapshot_cluster(snapshot, atom(names[i])));
    ck_assert_ptr_null(mc_snapshot_cluster(snapshot, atom("ab")));
    mc_snapshot_unref(snapshot);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
    struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
    struct mc_cluster a = cluster("a");
    struct mc_endpoints endpoints = {.cluster = atom("a")};
    ck_assert(mc_ok(mc_snapshot_add_cluster(builder, &a)));
    ck_assert(mc_ok(mc_snapshot_add_endpoints(builder, &endpoints))); /* another type may have it */
    ck_assert_int_eq(mc_snapshot_add_cluster(builder, &a).code, MC_EXISTS);
    ck_assert_ptr_null(mc_snapshot_seal(builder, 1)); /* an add was refused */
}
END_TEST

START_TEST(resources_are_shared_by_reference)
{
    struct sample sample;
    fill_sample(&sample);
    struct mc_snapshot *first = snapshot_of(&sample.config, 1);
    struct mc_resource *routes = first->of[MC_RESOURCE_ROUTES].list[0];
    struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
    ck_assert(mc_ok(mc_snapshot_add_resource(builder, routes)));
    struct mc_snapshot *second = mc_snapshot_seal(builder, 2);
    ck_assert_uint_eq(routes->references, 2);
    mc_snapshot_unref(first);
    ck_assert_uint_eq(routes->references, 1);
    ck_assert_ptr_nonnull(mc_snapshot_routes(second, atom("outbound")));
    mc_snapshot_unref(second);
}
END_TEST

START_TEST(nonsense_is_invalid)
{
    struct sample sample;
    for (int i = 0; i < 3; i++) {
        fill_sample(&sample);
        if (i == 0) sample.routes[1].path = MC_STR("(?=look)");
        if (i == 1) sample.clusters[0].weight = sample.clusters[1].weight = 0;
        if (i == 2) sample.headers[0].match.text = MC_STR("(");
        struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
        ck_assert_int_eq(mc_snapshot_add_routes(builder, &sample.config).code, MC_INVALID);
        mc_snapshot_drop(builder);
    }
}
END_TEST

/* Refuse the n-th request for memory, for every n: a refusal, never a crash, nothing left behind. */
START_TEST(every_refusal_is_survived)
{
    bool sealed = false;
    for (size_t n = 1; n < 200 && !sealed; n++) {
        struct mc_realm outer = realm;
        struct test_memory small = {.refuse_at = n, .refuse_after = true};
        mc_realm_init(&realm, test_alloc(&small), 1);
        struct sample sample;
        fill_sample(&sample);
        struct mc_snapshot_builder *builder = mc_snapshot_build(&realm);
        struct mc_snapshot *snapshot = NULL;
        if (builder && mc_ok(mc_snapshot_add_routes(builder, &sample.config)))
            snapshot = mc_snapshot_seal(builder, 1);
        else if (builder)
            mc_snapshot_drop(builder);
        sealed = snapshot && n > 3;
        mc_snapshot_unref(snapshot);
        ck_assert_uint_eq(realm.cons.count, 0);
        mc_realm_fini(&realm);
        ck_assert_uint_eq(small.live_blocks, 0);
        realm = outer;
    }
    ck_assert(sealed);
}
END_TEST

/* ---- shapes: each byte of each record is in its table ---- */

#if defined(__has_builtin)
#if __has_builtin(__builtin_clear_padding)
#define CAN_TELL_PADDING 1
#endif
#endif

#ifdef CAN_TELL_PADDING
static uint32_t size_of(const struct mc_field *field)
{
    switch (field->kind) {
    case MC_FIELD_FLAG: return sizeof(bool);
    case MC_FIELD_U16: return sizeof(uint16_t);
    case MC_FIELD_U32:
    case MC_FIELD_ATOM: return sizeof(uint32_t);
    case MC_FIELD_U64:
    case MC_FIELD_RECORDS:
    case MC_FIELD_DERIVED: return 8;
    case MC_FIELD_STR: return sizeof(struct mc_str);
    case MC_FIELD_ADDR: return sizeof(struct mc_addr);
    case MC_FIELD_RECORD: return field->of->size;
    }
    return 0;
}

static void check_shape(const struct mc_shape *shape, const unsigned char *real)
{
    unsigned char covered[1024] = {0};
    ck_assert_uint_lt(shape->size, sizeof covered);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        memset(covered + shape->fields[i].offset, 1, size_of(&shape->fields[i]));
        if (shape->fields[i].kind == MC_FIELD_RECORDS) memset(covered + shape->fields[i].count_offset, 1, 4);
    }
    for (uint32_t i = 0; i < shape->size; i++)
        ck_assert_msg(!real[i] || covered[i], "byte %u of a record of %u is in no field", i, shape->size);
}

static const struct mc_shape *below(const struct mc_shape *shape, uint32_t offset)
{
    for (uint32_t i = 0; i < shape->field_count; i++)
        if (shape->fields[i].offset == offset && shape->fields[i].of) return shape->fields[i].of;
    ck_abort_msg("no such field");
    return NULL;
}

#define CHECK(shape, type) \
    do { \
        type record; \
        memset(&record, 0xff, sizeof record); \
        __builtin_clear_padding(&record); \
        check_shape(shape, (const unsigned char *)&record); \
    } while (0)

START_TEST(no_field_is_forgotten)
{
    const struct mc_shape *listener = mc_resource_shapes[MC_RESOURCE_LISTENER];
    const struct mc_shape *config = mc_resource_shapes[MC_RESOURCE_ROUTES];
    const struct mc_shape *host = below(config, offsetof(struct mc_route_config, hosts));
    const struct mc_shape *route = below(host, offsetof(struct mc_virtual_host, routes));
    const struct mc_shape *header = below(route, offsetof(struct mc_route, headers));
    CHECK(listener, struct mc_listener);
    CHECK(below(listener, offsetof(struct mc_listener, chains)), struct mc_filter_chain);
    CHECK(config, struct mc_route_config);
    CHECK(host, struct mc_virtual_host);
    CHECK(route, struct mc_route);
    CHECK(header, struct mc_header_match);
    CHECK(below(header, offsetof(struct mc_header_match, match)), struct mc_text_match);
    CHECK(below(route, offsetof(struct mc_route, retry)), struct mc_retry_policy);
    CHECK(below(route, offsetof(struct mc_route, request_edits)), struct mc_header_edit);
    CHECK(below(route, offsetof(struct mc_route, clusters)), struct mc_weighted_cluster);
    CHECK(mc_resource_shapes[MC_RESOURCE_CLUSTER], struct mc_cluster);
    CHECK(mc_resource_shapes[MC_RESOURCE_ENDPOINTS], struct mc_endpoints);
    CHECK(below(mc_resource_shapes[MC_RESOURCE_ENDPOINTS], offsetof(struct mc_endpoints, list)), struct mc_endpoint);
}
END_TEST
#endif

/* Any change of any scalar changes the encoding. */
START_TEST(every_field_counts)
{
    struct mc_encoding before = {.pool = &realm.pool}, after = {.pool = &realm.pool};
    const struct mc_shape *shape = mc_resource_shapes[MC_RESOURCE_CLUSTER];
    struct mc_cluster plain = cluster("a");
    mc_shape_encode(shape, &plain, &realm.atoms, &before);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        struct mc_cluster changed = plain;
        enum mc_field_kind kind = shape->fields[i].kind;
        if (kind == MC_FIELD_RECORDS || kind == MC_FIELD_ATOM) continue;
        ((char *)&changed)[shape->fields[i].offset] ^= 1;
        after.used = 0;
        mc_shape_encode(shape, &changed, &realm.atoms, &after);
        ck_assert_msg(!mc_str_eq(mc_str(before.bytes, before.used), mc_str(after.bytes, after.used)), "field %u", i);
    }
    mc_encoding_fini(&before);
    mc_encoding_fini(&after);
}
END_TEST

Suite *test_snapshot_suite(void)
{
    Suite *suite = suite_create("snapshot");
    TCase *tcase = tcase_create("snapshot");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, copies_are_deep);
    tcase_add_test(tcase, derived_fields_are_made);
    tcase_add_test(tcase, equal_content_is_one_resource);
    tcase_add_test(tcase, hashes_are_equal_over_realms);
    tcase_add_test(tcase, a_collision_is_not_equality);
    tcase_add_test(tcase, lists_are_sorted_by_text);
    tcase_add_test(tcase, a_name_is_taken_once);
    tcase_add_test(tcase, resources_are_shared_by_reference);
    tcase_add_test(tcase, nonsense_is_invalid);
    tcase_add_test(tcase, every_refusal_is_survived);
    tcase_add_test(tcase, every_field_counts);
#ifdef CAN_TELL_PADDING
    tcase_add_test(tcase, no_field_is_forgotten);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}

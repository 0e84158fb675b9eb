/* SPIFFE IDs by the standard's own words, and the acceptance rules one by one. */
#include "identity/verify.h"
#include "support/memory.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

Suite *test_rules_suite(void);

/* ---- SPIFFE-ID §2 ---- */

static const struct {
    const char *text, *domain, *path; /* domain NULL: refused */
} ids[] = {
    {"spiffe://example.org/ns/a/sa/b", "example.org", "/ns/a/sa/b"},
    {"spiffe://staging.example.com/payments/mysql", "staging.example.com", "/payments/mysql"}, /* §2.2's own */
    {"spiffe://k8s-west.example.com/ns/staging/sa/default", "k8s-west.example.com", "/ns/staging/sa/default"},
    {"spiffe://example.com/9eebccd2-12bf-40a6-b262-65fe0487d453", "example.com", "/9eebccd2-12bf-40a6-b262-65fe0487d453"},
    {"spiffe://trustdomain", "trustdomain", ""},
    {"spiffe://a_b-c.9/A_b-C.9", "a_b-c.9", "/A_b-C.9"},
    {"spiffe://a/..x", "a", "/..x"},
    {"spiffe://a/...", "a", "/..."},
    {"SPIFFE://a/b", NULL, NULL}, /* the scheme may be so in URIs, not when it is made (§2.1) */
    {"http://a/b", NULL, NULL},
    {"spiffe:/a/b", NULL, NULL},
    {"spiffe:///b", NULL, NULL},
    {"spiffe://", NULL, NULL},
    {"", NULL, NULL},
    {"spiffe://A/b", NULL, NULL},
    {"spiffe://a:80/b", NULL, NULL},
    {"spiffe://u@a/b", NULL, NULL},
    {"spiffe://a%62/b", NULL, NULL},
    {"spiffe://a/", NULL, NULL},
    {"spiffe://a/b/", NULL, NULL},
    {"spiffe://a//b", NULL, NULL},
    {"spiffe://a/./b", NULL, NULL},
    {"spiffe://a/../b", NULL, NULL},
    {"spiffe://a/b/..", NULL, NULL},
    {"spiffe://a/b?c", NULL, NULL},
    {"spiffe://a/b#c", NULL, NULL},
    {"spiffe://a/%20", NULL, NULL},
    {"spiffe://a/b c", NULL, NULL},
    {"spiffe://a/\xc3\xa9", NULL, NULL},
    {"spiffe://a/b+c", NULL, NULL},
    {"spiffe://a/b:c", NULL, NULL},
};

START_TEST(id_follows_the_standard)
{
    struct mc_spiffe id;
    bool good = mc_spiffe_parse(mc_str_c(ids[_i].text), &id);
    ck_assert_msg(good == (ids[_i].domain != NULL), "%s", ids[_i].text);
    if (!good) return;
    ck_assert(mc_str_eq(id.trust_domain, mc_str_c(ids[_i].domain)));
    ck_assert(mc_str_eq(id.path, mc_str_c(ids[_i].path)));
}
END_TEST

START_TEST(id_lengths_are_bounded)
{
    static char text[4096];
    struct mc_spiffe id;
    int n = sprintf(text, "spiffe://");
    memset(text + n, 'd', 256);
    ck_assert(mc_spiffe_parse(mc_str(text, (size_t)n + 255), &id)); /* §2.1: 255 bytes */
    ck_assert(!mc_spiffe_parse(mc_str(text, (size_t)n + 256), &id));
    n = sprintf(text, "spiffe://a/");
    memset(text + n, 'p', sizeof text - (size_t)n);
    ck_assert(mc_spiffe_parse(mc_str(text, 2048), &id)); /* §2.3 */
    ck_assert(!mc_spiffe_parse(mc_str(text, 2049), &id));
}
END_TEST

START_TEST(workload_id_is_istio_s)
{
    char out[64];
    size_t n = mc_spiffe_workload(MC_STR("cluster.local"), MC_STR("shop"), MC_STR("cart"), out, sizeof out);
    ck_assert_str_eq(out, "spiffe://cluster.local/ns/shop/sa/cart");
    ck_assert_uint_eq(n, strlen(out));
    ck_assert_uint_eq(mc_spiffe_workload(MC_STR("cluster.local"), MC_STR("shop"), MC_STR("cart"), out, n), 0);
    ck_assert_uint_eq(mc_spiffe_workload(MC_STR("cluster.local"), MC_STR("shop"), MC_STR("cart"), out, n + 1), n);
}
END_TEST

/* ---- rules ---- */

static struct test_memory memory;
static struct mc_atoms atoms;
static struct mc_cert_facts chain[3];
static struct mc_verify_request request;
static mc_atom allowed[2];

static mc_atom atom(const char *text)
{
    return mc_atoms_intern(&atoms, mc_str_c(text));
}

/* Leaf, intermediate and root that hold in [1000 s, 2000 s], judged at 1500 s. */
static void set_up(void)
{
    memory = (struct test_memory){0};
    mc_atoms_init(&atoms, test_alloc(&memory));
    chain[0] = (struct mc_cert_facts){.identity = atom("spiffe://d/ns/a/sa/b"), .serial = 1, .not_before = 1000 * MC_S, .not_after = 2000 * MC_S, .may_authenticate = true};
    chain[1] = (struct mc_cert_facts){.identity = atom("spiffe://d"), .not_before = 1000 * MC_S, .not_after = 2000 * MC_S, .is_ca = true, .may_sign = true};
    chain[2] = chain[1];
    chain[2].identity = 0;
    request = (struct mc_verify_request){.chain = chain, .chain_count = 3, .chained = true, .atoms = &atoms, .trust_domain = atom("d"), .accepted = allowed, .wall = 1500 * MC_S};
}

static void tear_down(void)
{
    mc_atoms_fini(&atoms);
}

static void identity(const char *text) { chain[0].identity = atom(text); }
static void nothing(void) {}
static void unchained(void) { request.chained = false; }
static void empty(void) { request.chain_count = 0; }
static void at_the_end(void) { request.wall = 2000 * MC_S; }
static void after_the_end(void) { request.wall = 2000 * MC_S + 1; }
static void within_leeway(void) { after_the_end(), request.leeway = 1; }
static void at_the_beginning(void) { request.wall = 1000 * MC_S; }
static void too_early(void) { request.wall = 1000 * MC_S - 1; }
static void early_within_leeway(void) { too_early(), request.leeway = 1; }
static void intermediate_expired(void) { chain[1].not_after = 1499 * MC_S; }
static void root_expired(void) { chain[2].not_after = 1499 * MC_S; }
static void anchor_is_a_key(void) { root_expired(), request.anchor_is_a_key = true; }
static void anchor_is_early(void) { chain[2].not_before = 1501 * MC_S, request.anchor_is_a_key = true; }
static void issuer_under_a_key(void) { intermediate_expired(), request.anchor_is_a_key = true; }
static void lone_leaf_under_a_key(void) { after_the_end(), request.chain_count = 1, request.anchor_is_a_key = true; }
static void intermediate_early(void) { chain[1].not_before = 1501 * MC_S; }
static void no_san(void) { chain[0].identity = 0; }
static void not_spiffe(void) { identity("https://d/x"); }
static void no_path(void) { identity("spiffe://d"); }
static void other_domain(void) { identity("spiffe://e/ns/a/sa/b"); }
static void longer_domain(void) { identity("spiffe://dd/ns/a/sa/b"); }
static void ca_of_other_domain(void) { chain[1].identity = atom("spiffe://e"); }
static void expected(void) { allowed[0] = atom("spiffe://d/other"), allowed[1] = chain[0].identity, request.accepted_count = 2; }
static void unexpected(void) { allowed[0] = atom("spiffe://d/other"), request.accepted_count = 1; }
static void prefix_only(void) { allowed[0] = atom("spiffe://d/ns/a/sa"), request.accepted_count = 1; }
static void leaf_is_ca(void) { chain[0].is_ca = true; }
static void leaf_signs(void) { chain[0].may_sign = true; }
static void leaf_cannot_authenticate(void) { chain[0].may_authenticate = false; }
static void issuer_is_a_leaf(void) { chain[1].is_ca = false; }
static void issuer_cannot_sign(void) { chain[1].may_sign = false; }
static void expired_and_untrusted(void) { unchained(), after_the_end(); }
static void expired_and_wrong(void) { other_domain(), after_the_end(); }

static const struct {
    void (*change)(void);
    enum mc_identity_verdict verdict;
} cases[] = {
    {nothing, MC_IDENTITY_ACCEPTED},
    {unchained, MC_IDENTITY_UNTRUSTED},
    {empty, MC_IDENTITY_UNTRUSTED},
    {at_the_end, MC_IDENTITY_ACCEPTED}, /* RFC 5280 §4.1.2.5: inclusive */
    {after_the_end, MC_IDENTITY_EXPIRED},
    {within_leeway, MC_IDENTITY_ACCEPTED},
    {at_the_beginning, MC_IDENTITY_ACCEPTED},
    {too_early, MC_IDENTITY_NOT_YET_VALID},
    {early_within_leeway, MC_IDENTITY_ACCEPTED},
    {intermediate_expired, MC_IDENTITY_EXPIRED},
    {root_expired, MC_IDENTITY_EXPIRED},
    {anchor_is_a_key, MC_IDENTITY_ACCEPTED}, /* RFC 5280 §6.1.1 (d): an anchor is a name and a key */
    {anchor_is_early, MC_IDENTITY_ACCEPTED},
    {issuer_under_a_key, MC_IDENTITY_EXPIRED},
    {lone_leaf_under_a_key, MC_IDENTITY_EXPIRED},
    {intermediate_early, MC_IDENTITY_NOT_YET_VALID},
    {no_san, MC_IDENTITY_NO_IDENTITY},
    {not_spiffe, MC_IDENTITY_NO_IDENTITY},
    {no_path, MC_IDENTITY_NO_IDENTITY},
    {other_domain, MC_IDENTITY_WRONG_DOMAIN},
    {longer_domain, MC_IDENTITY_WRONG_DOMAIN},
    {ca_of_other_domain, MC_IDENTITY_WRONG_DOMAIN},
    {expected, MC_IDENTITY_ACCEPTED},
    {unexpected, MC_IDENTITY_WRONG_IDENTITY},
    {prefix_only, MC_IDENTITY_WRONG_IDENTITY},
    {leaf_is_ca, MC_IDENTITY_WRONG_USAGE},
    {leaf_signs, MC_IDENTITY_WRONG_USAGE},
    {leaf_cannot_authenticate, MC_IDENTITY_WRONG_USAGE},
    {issuer_is_a_leaf, MC_IDENTITY_WRONG_USAGE},
    {issuer_cannot_sign, MC_IDENTITY_WRONG_USAGE},
    {expired_and_untrusted, MC_IDENTITY_UNTRUSTED},
    {expired_and_wrong, MC_IDENTITY_EXPIRED},
};

START_TEST(rule_decides)
{
    cases[_i].change();
    enum mc_identity_verdict verdict = mc_identity_verify(&request);
    ck_assert_msg(verdict == cases[_i].verdict, "%s, not %s", mc_identity_verdict_text(verdict), mc_identity_verdict_text(cases[_i].verdict));
}
END_TEST

/* ---- records ---- */

START_TEST(framing_is_bounded)
{
    char framed[32];
    size_t n = mc_der_frame(MC_STR("abc"), framed);
    n += mc_der_frame(MC_STR(""), framed + n);
    ck_assert_uint_eq(n, 11);
    ck_assert_int_eq(memcmp(framed, "\0\0\0\3abc\0\0\0\0", 11), 0);
    for (size_t cut = 0; cut <= n; cut++) {
        struct mc_str rest = mc_str(framed, cut), der;
        int count = 0;
        while (mc_der_next(&rest, &der)) count++;
        ck_assert_int_eq(count, (cut >= 7) + (cut >= 11));
    }
    struct mc_str huge = MC_STR("\xff\xff\xff\xff" "abc"), der;
    ck_assert(!mc_der_next(&huge, &der));
}
END_TEST

START_TEST(svid_owns_copies_and_wipes_its_key)
{
    struct mc_pool pool;
    mc_pool_init(&pool, test_alloc(&memory));
    struct mc_svid *svid = mc_svid_new(&pool, &chain[0], MC_STR("CHAIN"), MC_STR("SECRETSECRET"));
    const char *key = svid->key.p;
    ck_assert(mc_str_eq(svid->chain, MC_STR("CHAIN")) && mc_str_eq(svid->key, MC_STR("SECRETSECRET")));
    mc_svid_unref(mc_svid_ref(svid));
    ck_assert_uint_eq(pool.live_blocks, 1);
    mc_svid_unref(svid);
    mc_svid_unref(NULL);
    ck_assert_uint_eq(pool.live_blocks, 0);
    ck_assert_int_ne(memcmp(key, "SECRETSECRET", 12), 0); /* the slab is still there */
    struct mc_bundle *bundle = mc_bundle_new(&pool, 7, MC_STR("roots"));
    mc_bundle_unref(mc_bundle_ref(bundle));
    ck_assert(mc_str_eq(bundle->roots, MC_STR("roots")));
    mc_bundle_unref(bundle);
    pool.limit_bytes = 1;
    static const char large[40000];
    ck_assert_ptr_null(mc_svid_new(&pool, &chain[0], mc_str(large, sizeof large), MC_STR("")));
    mc_pool_fini(&pool);
}
END_TEST

/* Istio: half the lifetime ± 1 %: of a day from 1000 s on, 44 200 s ± 864 s. */
START_TEST(renewal_is_in_its_window)
{
    struct mc_cert_facts facts = {.not_before = 1000 * MC_S, .not_after = 87400 * MC_S};
    ck_assert_int_eq(mc_svid_renew_at(&facts, 500, 0, 12345), 44200 * MC_S);
    ck_assert_int_eq(mc_svid_renew_at(&facts, 500, 10, 0), 44200 * MC_S - 864 * MC_S);
    ck_assert_int_eq(mc_svid_renew_at(&facts, 500, 10, UINT64_MAX), 44200 * MC_S + 864 * MC_S);
    ck_assert_int_eq(mc_svid_renew_at(&facts, 0, 1000, 0), facts.not_before);
    facts.not_after = 0; /* ends before it begins */
    ck_assert_int_eq(mc_svid_renew_at(&facts, 500, 10, 1), facts.not_before);
}
END_TEST

Suite *test_rules_suite(void)
{
    Suite *suite = suite_create("rules");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, id_follows_the_standard, 0, sizeof ids / sizeof *ids);
    tcase_add_test(tc, id_lengths_are_bounded);
    tcase_add_test(tc, workload_id_is_istio_s);
    tcase_add_loop_test(tc, rule_decides, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tc, framing_is_bounded);
    tcase_add_test(tc, svid_owns_copies_and_wipes_its_key);
    tcase_add_test(tc, renewal_is_in_its_window);
    suite_add_tcase(suite, tc);
    return suite;
}

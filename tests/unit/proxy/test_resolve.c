/* Clusters whose endpoints have names (Envoy 1.36: service_discovery.rst, strict_dns_cluster.cc, logical_dns_cluster.cc). */
#include "bed.h"

static struct bed bed;
static struct {
    uint32_t origins[4], count; /* numbers of origins */
    enum mc_stream_reason reason;
    int asked;
} dns;

static void answer(struct wire *wire, struct mc_str name, struct wire_query *query)
{
    (void)wire;
    ck_assert(mc_str_eq(name, MC_STR("api.example.com")));
    dns.asked++;
    query->reason = dns.reason;
    query->count = dns.reason ? 0 : dns.count;
    for (uint32_t i = 0; i < dns.count; i++) query->more[i] = mc_addr_v4(0x0a000101 + dns.origins[i], 0);
}

static void setup(void)
{
    bed_init(&bed, 5);
    memset(&dns, 0, sizeof dns);
    bed_route(&bed, "/");
    bed.wire.answer_with = answer;
    bed.cluster.kind = MC_CLUSTER_STRICT_DNS;
    bed.cluster.dns_refresh = 5 * MC_S;
    bed.endpoints[0] = (struct mc_endpoint){.addr.port = 8080, .host = bed_atom(&bed, "api.example.com"), .weight = 1, .healthy = true};
    dns.count = 1;
}

static void teardown(void)
{
    bed_fini(&bed);
}

static void answers(enum mc_stream_reason reason, uint32_t count, uint32_t first, uint32_t second)
{
    dns.reason = reason;
    dns.count = count;
    dns.origins[0] = first;
    dns.origins[1] = second;
    bed_pass(&bed, 5 * MC_S + MC_MS);
}

static int served(int origin, int requests)
{
    int before = bed.origins[origin].requests;
    for (int i = 0; i < requests; i++) ck_assert_int_eq(bed_status(&bed, "/"), 200);
    return bed.origins[origin].requests - before;
}

START_TEST(every_address_is_an_endpoint)
{
    dns.count = 2, dns.origins[1] = 1;
    bed_start(&bed);
    ck_assert_int_eq(served(0, 10), 5); /* round robin */
    answers(MC_REASON_NONE, 1, 1, 0);
    ck_assert_int_eq(served(1, 10), 10);
    answers(MC_REASON_NONE, 2, 1, 2);
    ck_assert_int_eq(served(2, 10), 5);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_update_attempt{envoy_cluster_name=\"c\"}"), 3);
}
END_TEST

START_TEST(a_failed_answer_changes_nothing_and_an_empty_one_empties)
{
    bed_start(&bed);
    answers(MC_REASON_TIMEOUT, 0, 0, 0);
    ck_assert_int_eq(served(0, 3), 3);
    answers(MC_REASON_REFUSED, 0, 0, 0); /* SERVFAIL */
    ck_assert_int_eq(served(0, 3), 3);
    ck_assert_uint_eq(bed_stat(&bed, "envoy_cluster_update_failure{envoy_cluster_name=\"c\"}"), 2);
    answers(MC_REASON_UNREACHABLE, 0, 0, 0); /* NXDOMAIN */
    ck_assert_int_eq(bed_status(&bed, "/"), 503);
    ck_assert_uint_eq(bed_flags(&bed), MC_FLAG(UH));
    answers(MC_REASON_NONE, 1, 1, 0);
    ck_assert_int_eq(served(1, 3), 3);
}
END_TEST

START_TEST(it_is_asked_for_again_at_its_rate_or_its_ttl)
{
    bed.cluster.respect_dns_ttl = _i == 1; /* 30 s */
    bed_start(&bed);
    bed_pass(&bed, 61 * MC_S);
    ck_assert_int_eq(dns.asked, _i ? 3 : 13);
}
END_TEST

/* One host; what is connected stays, what is new goes to the new address; an empty answer leaves it. */
START_TEST(a_logical_host_moves)
{
    bed.cluster.kind = MC_CLUSTER_LOGICAL_DNS;
    dns.count = 2, dns.origins[1] = 1;
    bed_start(&bed);
    ck_assert_int_eq(served(0, 4), 4);
    answers(MC_REASON_NONE, 1, 2, 0);
    ck_assert_int_eq(served(0, 2), 2); /* over the warm connection */
    bed_origin_reset(&bed, 0);
    ck_assert_int_eq(served(2, 3), 3);
    answers(MC_REASON_UNREACHABLE, 0, 0, 0);
    ck_assert_int_eq(served(2, 3), 3);
}
END_TEST

START_TEST(a_cluster_that_goes_does_not_wait_for_its_answer)
{
    bed_start(&bed);
    bed.cluster.connect_timeout = MC_S; /* a changed cluster begins anew */
    bed_apply(&bed);
    bed_pass(&bed, MC_S);
    ck_assert_int_eq(served(0, 3), 3);
    ck_assert_int_eq(dns.asked, 2);
}
END_TEST

Suite *test_resolve_suite(void);
Suite *test_resolve_suite(void)
{
    Suite *suite = suite_create("resolve");
    TCase *tests = tcase_create("resolve");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, every_address_is_an_endpoint);
    tcase_add_test(tests, a_failed_answer_changes_nothing_and_an_empty_one_empties);
    tcase_add_loop_test(tests, it_is_asked_for_again_at_its_rate_or_its_ttl, 0, 2);
    tcase_add_test(tests, a_logical_host_moves);
    tcase_add_test(tests, a_cluster_that_goes_does_not_wait_for_its_answer);
    suite_add_tcase(suite, tests);
    return suite;
}

/* Agents and the CA: what a workload gets, when it asks again, and what an outage does to it. */
#include "town.h"
#include "xds/agent.h"
#include <check.h>

static void ca_mode(struct town *town, enum mc_ca_mode mode, mc_ns delay)
{
    struct mc_node_ca_mode order = {.base.kind = MC_NODE_CA_MODE, .mode = mode, .delay = delay};
    ck_assert(mc_ok(town_command(town, town->control, &order.base)));
}

static void renew(struct town *town)
{
    struct mc_command order = {.kind = MC_NODE_RENEW};
    ck_assert(mc_ok(town_command(town, town->user, &order)));
}

static uint64_t serial(struct town *town)
{
    return mc_node_certificate(town->user)->facts.serial;
}

static enum mc_renewal last_result(struct town *town)
{
    return (enum mc_renewal)town->last[MC_TRACE_CERT_RENEWAL].v[2];
}

START_TEST(test_modes)
{
    static const struct { enum mc_ca_mode mode; mc_ns delay, told; enum mc_renewal result; } cases[] = {
        {MC_CA_OK, 0, 0, MC_RENEWAL_ISSUED},
        {MC_CA_REFUSE, 0, 0, MC_RENEWAL_CUT},
        {MC_CA_ERROR, 0, 0, MC_RENEWAL_REFUSED},
        {MC_CA_BLACKHOLE, 0, 10 * MC_S, MC_RENEWAL_TIMEOUT}, /* the policy's default */
        {MC_CA_SLOW, 3 * MC_S, 3 * MC_S, MC_RENEWAL_ISSUED},
        {MC_CA_SLOW, 11 * MC_S, 10 * MC_S, MC_RENEWAL_TIMEOUT},
    };
    struct town *town = town_new(MC_MTLS_STRICT);
    uint64_t before = serial(town);
    uint32_t told = town->traces[MC_TRACE_CERT_RENEWAL];
    ca_mode(town, cases[_i].mode, cases[_i].delay);
    renew(town);
    if (cases[_i].told) {
        town_run(town, cases[_i].told - 1);
        ck_assert_uint_eq(town->traces[MC_TRACE_CERT_RENEWAL], told);
        town_run(town, 1);
    }
    ck_assert_uint_eq(town->traces[MC_TRACE_CERT_RENEWAL], told + 1);
    ck_assert_str_eq(mc_renewal_text(last_result(town)), mc_renewal_text(cases[_i].result));
    ck_assert((serial(town) == before) == (cases[_i].result != MC_RENEWAL_ISSUED));
    town_free(town);
}
END_TEST

/* Istio: 1 s, doubling, at most 150 s. Attempts fall at 0 1 3 7 15 31 63 127 255, then every 150 s. */
START_TEST(test_it_goes_on_asking)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    uint64_t before = serial(town);
    ca_mode(town, MC_CA_ERROR, 0);
    mc_ns start = town->wire.now;
    uint32_t told = town->traces[MC_TRACE_CERT_RENEWAL];
    renew(town);
    static const struct { int second; uint32_t attempts; } marks[] = {{0, 1}, {1, 2}, {2, 2}, {3, 3}, {62, 6}, {63, 7}, {255, 9}, {404, 9}, {405, 10}, {555, 11}};
    for (size_t i = 0; i < MC_COUNT_OF(marks); i++) {
        wire_run_until(&town->wire, start + marks[i].second * MC_S);
        ck_assert_uint_eq(town->traces[MC_TRACE_CERT_RENEWAL] - told, marks[i].attempts);
    }
    ck_assert_uint_eq(serial(town), before);
    ca_mode(town, MC_CA_OK, 0);
    wire_run_until(&town->wire, start + 705 * MC_S);
    ck_assert_uint_ne(serial(town), before);
    ck_assert_uint_eq(last_result(town), MC_RENEWAL_ISSUED);
    town_free(town);
}
END_TEST

START_TEST(test_an_outage_longer_than_the_lifetime_ends_mtls_and_healing_brings_it_back)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    char body[3];
    ca_mode(town, MC_CA_BLACKHOLE, 0);
    town_run(town, 25 * MC_HOUR);
    ck_assert_int_eq(town_get(town, body), 503);
    ca_mode(town, MC_CA_OK, 0);
    town_run(town, 3 * MC_MIN);
    ck_assert_int_eq(town_get(town, body), 200);
    town_free(town);
}
END_TEST

START_TEST(test_an_unreachable_ca)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    town->control_cut = true;
    renew(town);
    ck_assert_uint_eq(last_result(town), MC_RENEWAL_UNREACHABLE);
    town_free(town);
}
END_TEST

START_TEST(test_only_the_workload_at_the_address_gets_its_identity)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    mc_atom name = town_atom(town, "user-v1-0");
    ck_assert(mc_ok(mc_registry_remove_workload(town->registry, name)));
    renew(town);
    ck_assert_uint_eq(last_result(town), MC_RENEWAL_REFUSED);
    ck_assert_uint_eq(town->last[MC_TRACE_CERT_REFUSED].v[1], MC_CA_REFUSAL_NO_WORKLOAD);
    ck_assert(mc_ok(mc_registry_add_workload(town->registry, &(struct mc_workload_spec){
        .name = name, .addr = mc_addr_v4(0x0a000109, 9080), .meshed = true, .ready = true,
        .identity = town_atom(town, "spiffe://cluster.local/ns/default/sa/somebody-else")})));
    town_run(town, MC_S);
    ck_assert_uint_eq(town->last[MC_TRACE_CERT_REFUSED].v[1], MC_CA_REFUSAL_WRONG_IDENTITY);
    town_free(town);
}
END_TEST

START_TEST(test_serial_numbers_are_unique)
{
    enum { RENEWALS = 100 };
    struct town *town = town_new(MC_MTLS_STRICT);
    uint64_t seen[RENEWALS];
    for (int i = 0; i < RENEWALS; i++) {
        renew(town);
        seen[i] = serial(town);
        ck_assert_uint_gt(seen[i], 0);
        ck_assert_uint_lt(seen[i], UINT64_C(1) << 63);
        for (int k = 0; k < i; k++) ck_assert_uint_ne(seen[k], seen[i]);
    }
    town_free(town);
}
END_TEST

START_TEST(test_backoff)
{
    struct mc_identity_policy policy = {.retry_base = MC_S, .retry_max = 150 * MC_S};
    static const int seconds[] = {1, 2, 4, 8, 16, 32, 64, 128, 150, 150};
    for (uint32_t i = 0; i < MC_COUNT_OF(seconds); i++) ck_assert_int_eq(mc_agent_backoff(&policy, i + 1), seconds[i] * MC_S);
    ck_assert_int_eq(mc_agent_backoff(&policy, UINT32_MAX), 150 * MC_S);
    ck_assert_int_gt(mc_agent_backoff(&(struct mc_identity_policy){0}, 1), 0);
}
END_TEST

static struct town_guest *by_end(struct town *town, int end)
{
    struct town_guest *guest = town->guests;
    while (guest->end != end) guest++;
    return guest;
}

/* A clock two days ahead makes each SVID overdue when it comes: that must not become a storm. */
START_TEST(test_a_clock_that_is_ahead_makes_no_storm)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    by_end(town, town->user_end)->skew = 48 * MC_HOUR;
    uint32_t issued = town->traces[MC_TRACE_CERT_ISSUED];
    renew(town);
    town_run(town, MC_MIN);
    ck_assert_uint_ge(town->traces[MC_TRACE_CERT_ISSUED] - issued, 60); /* one a second, and the order */
    ck_assert_uint_le(town->traces[MC_TRACE_CERT_ISSUED] - issued, 61);
    town_free(town);
}
END_TEST

Suite *test_identity_suite(void);
Suite *test_identity_suite(void)
{
    Suite *suite = suite_create("identity");
    TCase *of_identity = tcase_create("identity");
    tcase_set_timeout(of_identity, 60);
    tcase_add_loop_test(of_identity, test_modes, 0, 6);
    tcase_add_test(of_identity, test_it_goes_on_asking);
    tcase_add_test(of_identity, test_an_outage_longer_than_the_lifetime_ends_mtls_and_healing_brings_it_back);
    tcase_add_test(of_identity, test_an_unreachable_ca);
    tcase_add_test(of_identity, test_only_the_workload_at_the_address_gets_its_identity);
    tcase_add_test(of_identity, test_serial_numbers_are_unique);
    tcase_add_test(of_identity, test_backoff);
    tcase_add_test(of_identity, test_a_clock_that_is_ahead_makes_no_storm);
    suite_add_tcase(suite, of_identity);
    return suite;
}

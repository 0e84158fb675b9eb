/* Client → sidecar → sidecar → application, under a control plane. */
#include "town.h"
#include <check.h>
#include <stdio.h>

static void set_weights(struct town *town, uint32_t v1, uint32_t v2)
{
    struct mc_subset_weight weights[] = {{town_atom(town, "v1"), v1}, {town_atom(town, "v2"), v2}};
    struct mc_node_change change = {.base.kind = MC_NODE_CHANGE, .change = {.kind = MC_CHANGE_WEIGHTS,
        .name = town_atom(town, "reviews"), .weights = {weights, 2}}};
    ck_assert(mc_ok(town_command(town, town->control, &change.base)));
}

static int count_of(struct town *town, int requests, const char *version)
{
    char body[3];
    int count = 0;
    for (int i = 0; i < requests; i++) {
        ck_assert_int_eq(town_get(town, body), 200);
        count += !strcmp(body, version);
    }
    return count;
}

START_TEST(test_sidecars_get_configuration_and_identity)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    struct mc_node *nodes[] = {town->reviews1, town->reviews2, town->user};
    for (int i = 0; i < 3; i++) {
        const struct mc_svid *svid = mc_node_certificate(nodes[i]);
        ck_assert(mc_node_is_connected(nodes[i]));
        ck_assert_uint_eq(mc_node_snapshot_version(nodes[i]), mc_node_snapshot_version(town->control));
        ck_assert_ptr_nonnull(svid);
        ck_assert_int_eq(svid->facts.not_after, PKI_NOW + 24 * MC_HOUR);
    }
    struct mc_node_sync sync = mc_node_sync(town->control);
    ck_assert_uint_eq(sync.subscribers, 3);
    ck_assert_uint_eq(sync.in_sync, 3);
    ck_assert_uint_eq(town->traces[MC_TRACE_CERT_ISSUED], 3);
    ck_assert_uint_eq(town->traces[MC_TRACE_CERT_INSTALLED], 3);
    ck_assert_uint_eq(town->traces[MC_TRACE_SNAPSHOT_PUSHED], 3);
    ck_assert_uint_eq(town->traces[MC_TRACE_SNAPSHOT_ACKED], 3);
    ck_assert_uint_eq(town->traces[MC_TRACE_SNAPSHOT_APPLIED], 3);
    town_free(town);
}
END_TEST

START_TEST(test_requests_go_through_two_sidecars_over_mtls)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    char body[3];
    ck_assert_int_eq(town_get(town, body), 200);
    ck_assert_uint_eq(town->app1.requests + town->app2.requests, 1);
    ck_assert_uint_ge(town->traces[MC_TRACE_TLS_DONE], 2); /* both ends tell */
    ck_assert_uint_eq(town->last[MC_TRACE_TLS_DONE].v[0], MC_TLS_OK);
    ck_assert_uint_eq(town->traces[MC_TRACE_ACCESS], 2);
    town_free(town);
}
END_TEST

START_TEST(test_without_mtls_no_handshake_is_made)
{
    struct town *town = town_new(MC_MTLS_DISABLE);
    char body[3];
    ck_assert_int_eq(town_get(town, body), 200);
    ck_assert_uint_eq(town->traces[MC_TRACE_TLS_DONE], 0);
    town_free(town);
}
END_TEST

START_TEST(test_weights_move_traffic_a_debounce_later)
{
    struct town *town = town_new(MC_MTLS_PERMISSIVE);
    set_weights(town, 100, 0);
    town_run(town, 101 * MC_MS);
    ck_assert_int_eq(count_of(town, 20, "v1"), 20);
    set_weights(town, 0, 100);
    town_run(town, 99 * MC_MS);
    uint64_t before = mc_node_snapshot_version(town->user);
    town_run(town, 2 * MC_MS);
    ck_assert_uint_gt(mc_node_snapshot_version(town->user), before);
    ck_assert_int_eq(count_of(town, 20, "v2"), 20);
    set_weights(town, 50, 50);
    town_run(town, 101 * MC_MS);
    int half = count_of(town, 40, "v1");
    ck_assert(half > 5 && half < 35); /* 20 ± 4.7 standard deviations */
    town_free(town);
}
END_TEST

START_TEST(test_the_last_good_snapshot_serves_while_the_control_plane_is_away)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    uint64_t version = mc_node_snapshot_version(town->user);
    town->control_cut = true;
    wire_reset_streams(&town->wire, town->control_end);
    town_run(town, 60 * MC_S);
    ck_assert(!mc_node_is_connected(town->user));
    ck_assert_uint_eq(mc_node_snapshot_version(town->user), version);
    ck_assert_int_eq(count_of(town, 5, "v1") + count_of(town, 5, "v2") > 0, 1);
    set_weights(town, 0, 100);
    town->control_cut = false;
    town_run(town, 31 * MC_S); /* Envoy: at most 30 s between attempts */
    ck_assert(mc_node_is_connected(town->user));
    ck_assert_int_eq(count_of(town, 5, "v2"), 5);
    town_free(town);
}
END_TEST

START_TEST(test_an_svid_that_ran_out_is_refused_by_the_peer)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    char body[3];
    struct mc_node_expire expire = {.base.kind = MC_NODE_EXPIRE, .authority = town->pki.root};
    struct mc_command renew = {.kind = MC_NODE_RENEW};
    ck_assert(mc_ok(town_command(town, town->user, &expire.base)));
    ck_assert_int_lt(mc_node_certificate(town->user)->facts.not_after, town->wire.wall + town->wire.now);
    ck_assert_int_eq(town_get(town, body), 503);
    ck_assert(mc_ok(town_command(town, town->user, &renew)));
    town_run(town, MC_S);
    ck_assert_int_gt(mc_node_certificate(town->user)->facts.not_after, town->wire.wall + town->wire.now);
    ck_assert_int_eq(town_get(town, body), 200);
    town_free(town);
}
END_TEST

START_TEST(test_svids_are_renewed_at_half_life)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    uint64_t serial = mc_node_certificate(town->user)->facts.serial;
    mc_ns half = 12 * MC_HOUR, jitter = 24 * MC_HOUR / 100;
    wire_run_until(&town->wire, half - jitter - MC_S);
    ck_assert_uint_eq(mc_node_certificate(town->user)->facts.serial, serial);
    wire_run_until(&town->wire, half + jitter + MC_S);
    ck_assert_uint_ne(mc_node_certificate(town->user)->facts.serial, serial);
    ck_assert_uint_eq(town->traces[MC_TRACE_CERT_ISSUED], 6);
    town_free(town);
}
END_TEST

/* ---- rollouts ---- */

static struct mc_node_rollout_start canary(struct town *town)
{
    return (struct mc_node_rollout_start){.base.kind = MC_NODE_ROLLOUT_START, .options = {
        .target = town_atom(town, "reviews"), .from = town_atom(town, "v1"), .to = town_atom(town, "v2"),
        .interval = 2 * MC_S, .threshold = 2, .step_weight = 50, .max_weight = 100, .min_samples = 1,
        .checks = {{.metric = MC_METRIC_SUCCESS_RATE, .min_permillion = 990000},
                   {.metric = MC_METRIC_DURATION, .max = 500 * MC_MS, .quantile_permillion = 990000}},
        .check_count = 2}};
}

static const struct mc_rollout_state *state_of(struct town *town)
{
    return mc_node_rollout(town->control, town_atom(town, "reviews"));
}

static void load(struct town *town, int seconds)
{
    char body[3];
    for (int i = 0; i < seconds * 10; i++) {
        town_get(town, body);
        town_run(town, 90 * MC_MS);
    }
}

START_TEST(test_a_good_version_is_promoted)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    struct mc_node_rollout_start start = canary(town);
    ck_assert(mc_ok(town_command(town, town->control, &start.base)));
    load(town, 13);
    ck_assert_str_eq(mc_rollout_phase_text(state_of(town)->phase), "succeeded");
    ck_assert_uint_eq(state_of(town)->weight, 100);
    ck_assert_uint_eq(state_of(town)->failed_checks, 0);
    ck_assert_int_eq(count_of(town, 10, "v2"), 10);
    town_free(town);
}
END_TEST

START_TEST(test_a_bad_version_is_rolled_back)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    struct mc_node_rollout_start start = canary(town);
    town->app2.response = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nv2";
    ck_assert(mc_ok(town_command(town, town->control, &start.base)));
    load(town, 8);
    ck_assert_str_eq(mc_rollout_phase_text(state_of(town)->phase), "failed");
    ck_assert_uint_eq(state_of(town)->failed_checks, 2);
    ck_assert_int_eq(count_of(town, 10, "v1"), 10);
    town_free(town);
}
END_TEST

START_TEST(test_a_version_without_traffic_is_inconclusive)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    struct mc_node_rollout_start start = canary(town);
    ck_assert(mc_ok(town_command(town, town->control, &start.base)));
    town_run(town, 9 * MC_S);
    ck_assert_str_eq(mc_rollout_phase_text(state_of(town)->phase), "progressing");
    ck_assert_uint_eq(state_of(town)->weight, 50);
    ck_assert_uint_eq(state_of(town)->inconclusive_checks, 4);
    ck_assert_int_eq(state_of(town)->last, MC_CHECK_INCONCLUSIVE);
    town_free(town);
}
END_TEST

/* One refusal at each place where memory is taken while a rollout ticks and a request is under way: the
 * mesh loses something for a moment, and is whole again afterwards. */
START_TEST(test_memory_may_run_out_at_any_time)
{
    for (size_t n = 1; n <= 24; n++) {
        struct town *town = town_new(MC_MTLS_STRICT);
        struct mc_node_rollout_start start = canary(town);
        char body[3];
        set_weights(town, 50, 50);
        town->pki.memory.takes = 0;
        town->pki.memory.refuse_at = n;
        mc_atom names[30];
        for (int i = 0; i < 30; i++) { /* fills what the pool holds free */
            char text[3000];
            snprintf(text, sizeof text, "%0*d", 100 * i + 1, i);
            names[i] = town_atom(town, text);
        }
        ck_assert(n == 1 || names[0]);
        struct mc_result started = town_command(town, town->control, &start.base);
        load(town, 5);
        town->pki.memory.refuse_at = 0;
        town_run(town, MC_MIN);
        ck_assert_int_eq(town_get(town, body), 200);
        ck_assert(mc_ok(started) == (state_of(town) != NULL));
        town_free(town);
    }
}
END_TEST

/* ---- the end of a node ---- */

START_TEST(test_a_node_stops_when_it_is_drained)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    wire_step(&town->wire, town->user_end, (struct mc_event){.kind = MC_EVENT_STOP, .grace = 5 * MC_S});
    ck_assert(town->wire.ends[town->user_end].exited);
    town_free(town);
}
END_TEST

START_TEST(test_orders_for_the_other_role_are_refused)
{
    struct town *town = town_new(MC_MTLS_STRICT);
    struct mc_command renew = {.kind = MC_NODE_RENEW};
    struct mc_node_rollout_order order = {.base.kind = MC_NODE_ROLLOUT_ABORT, .target = town_atom(town, "reviews")};
    ck_assert_int_eq(town_command(town, town->control, &renew).code, MC_STATE);
    ck_assert_int_eq(town_command(town, town->user, &order.base).code, MC_STATE);
    ck_assert_int_eq(town_command(town, town->control, &order.base).code, MC_NOT_FOUND);
    town_free(town);
}
END_TEST

Suite *test_mesh_suite(void);
Suite *test_mesh_suite(void)
{
    Suite *suite = suite_create("mesh");
    TCase *of_mesh = tcase_create("mesh");
    tcase_set_timeout(of_mesh, 60);
    tcase_add_test(of_mesh, test_sidecars_get_configuration_and_identity);
    tcase_add_test(of_mesh, test_requests_go_through_two_sidecars_over_mtls);
    tcase_add_test(of_mesh, test_without_mtls_no_handshake_is_made);
    tcase_add_test(of_mesh, test_weights_move_traffic_a_debounce_later);
    tcase_add_test(of_mesh, test_the_last_good_snapshot_serves_while_the_control_plane_is_away);
    tcase_add_test(of_mesh, test_an_svid_that_ran_out_is_refused_by_the_peer);
    tcase_add_test(of_mesh, test_svids_are_renewed_at_half_life);
    tcase_add_test(of_mesh, test_a_good_version_is_promoted);
    tcase_add_test(of_mesh, test_a_bad_version_is_rolled_back);
    tcase_add_test(of_mesh, test_a_version_without_traffic_is_inconclusive);
    tcase_add_test(of_mesh, test_memory_may_run_out_at_any_time);
    tcase_add_test(of_mesh, test_a_node_stops_when_it_is_drained);
    tcase_add_test(of_mesh, test_orders_for_the_other_role_are_refused);
    suite_add_tcase(suite, of_mesh);
    return suite;
}

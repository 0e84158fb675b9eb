#include "pair.h"

Suite *test_session_suite(void);

static struct pki pki;
static struct pair pair;
static struct mc_svid *reviews, *ratings;

static void setup(void)
{
    pki_init(&pki, 7, MC_OSSL_SEEDED);
    reviews = pki_svid(&pki, "spiffe://cluster.local/ns/default/sa/reviews");
    ratings = pki_svid(&pki, "spiffe://cluster.local/ns/default/sa/ratings");
    pair = (struct pair){0};
}

static void teardown(void)
{
    mc_svid_unref(reviews);
    mc_svid_unref(ratings);
    pki_fini(&pki);
}

static const char *const istio[] = {"istio-http/1.1", "http/1.1", NULL};

START_TEST(both_ends_prove_who_they_are)
{
    struct mc_tls_context *client = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_CLIENT, .own = reviews, .alpn = istio});
    struct mc_tls_context *server = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_SERVER, .own = ratings, .alpn = istio + 1, .require_peer = true});
    const struct mc_tls_engine_type *type = client->engine->type;
    char room[64];
    pair_open(&pair, &pki, client, server, 1);
    pair_run(&pair);
    ck_assert_int_eq(pair.client.result, MC_TLS_OK);
    ck_assert_int_eq(pair.server.result, MC_TLS_OK);
    ck_assert(type->established(pair.client.session) && type->established(pair.server.session));
    ck_assert_uint_eq(type->peer(pair.client.session)->identity, ratings->facts.identity);
    ck_assert_uint_eq(type->peer(pair.server.session)->identity, reviews->facts.identity);
    ck_assert_uint_eq(type->peer(pair.server.session)->serial, reviews->facts.serial);
    ck_assert(mc_str_eq(type->alpn(pair.client.session), MC_STR("http/1.1")));
    ck_assert(mc_str_eq(type->alpn(pair.server.session), MC_STR("http/1.1")));
    pair_send(&pair, &pair.client, MC_STR("GET / HTTP/1.1\r\n\r\n"));
    pair_run(&pair);
    ck_assert(mc_str_eq(pair_plain(&pair.server, room, sizeof room), MC_STR("GET / HTTP/1.1\r\n\r\n")));
    pair_close(&pair);
    mc_tls_context_unref(client);
    mc_tls_context_unref(server);
}
END_TEST

Suite *test_session_suite(void)
{
    Suite *suite = suite_create("tls session");
    TCase *tcase = tcase_create("sessions");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, both_ends_prove_who_they_are);
    suite_add_tcase(suite, tcase);
    return suite;
}

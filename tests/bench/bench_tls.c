/* What TLS costs: an mTLS handshake pair, a KiB sealed and opened, an SVID issued, memory per open pair.
 * Sessions exchange bytes in memory; one round of each kind after the other, medians of ROUNDS. */
#include "base/limits.h"
#include "support/pki.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, PAIRS = 150, RECORDS = 4000, LEAVES = 60 };

static struct pki pki;
static struct mc_svid *reviews, *ratings;
static struct mc_tls_context *client, *server;
static uint64_t streams;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

struct pair {
    struct mc_tls_session *client, *server;
    uint64_t bytes;
};

static void pass(struct mc_tls_session *to, struct mc_slices *in, struct mc_slices *out, struct mc_slices *plain)
{
    const struct mc_tls_engine_type *engine = to->context->engine->type;
    while (in->count) {
        struct mc_slice slice = mc_slices_pop(in, UINT32_MAX);
        if (engine->feed(to, PKI_NOW, slice, (struct mc_tls_output){out, plain}) != MC_TLS_OK) abort();
    }
}

static struct pair handshake(void)
{
    const struct mc_tls_engine_type *engine = client->engine->type;
    struct mc_slices up, down, plain;
    streams++;
    struct pair pair = {engine->open(client, 1, streams), engine->open(server, 2, streams), 0};
    mc_slices_init(&up, &pki.realm.pool);
    mc_slices_init(&down, &pki.realm.pool);
    mc_slices_init(&plain, &pki.realm.pool);
    if (engine->start(pair.client, PKI_NOW, (struct mc_tls_output){&up, &plain}) != MC_TLS_OK) abort();
    while (up.count || down.count) {
        pair.bytes += up.bytes + down.bytes;
        pass(pair.server, &up, &down, &plain);
        pair.bytes += down.bytes;
        pass(pair.client, &down, &up, &plain);
    }
    if (!engine->established(pair.client) || !engine->established(pair.server)) abort();
    mc_slices_fini(&up);
    mc_slices_fini(&down);
    mc_slices_fini(&plain);
    return pair;
}

static void hang_up(struct pair *pair)
{
    client->engine->type->close(pair->client);
    client->engine->type->close(pair->server);
}

static double round_of_handshakes(void)
{
    double before = now();
    for (int i = 0; i < PAIRS; i++) {
        struct pair pair = handshake();
        hang_up(&pair);
    }
    return (now() - before) / PAIRS;
}

static double round_of_records(uint32_t size)
{
    const struct mc_tls_engine_type *engine = client->engine->type;
    struct pair pair = handshake();
    struct mc_slices up, down, plain;
    mc_slices_init(&up, &pki.realm.pool);
    mc_slices_init(&down, &pki.realm.pool);
    mc_slices_init(&plain, &pki.realm.pool);
    double before = now();
    for (int i = 0; i < RECORDS; i++) {
        struct mc_chunk *chunk = mc_chunk_take(&pki.realm.pool, size);
        memset(chunk->bytes, i, size);
        chunk->used = size;
        engine->seal(pair.client, mc_slice_of(chunk), (struct mc_tls_output){&up, &plain});
        pass(pair.server, &up, &down, &plain);
        while (plain.count) mc_slice_unref(mc_slices_pop(&plain, UINT32_MAX));
    }
    double cost = (now() - before) / RECORDS / (size / 1024.0);
    mc_slices_fini(&up);
    mc_slices_fini(&down);
    mc_slices_fini(&plain);
    hang_up(&pair);
    return cost;
}

static double round_of_leaves(void)
{
    double before = now();
    for (int i = 0; i < LEAVES; i++) mc_svid_unref(pki_svid(&pki, "spiffe://" PKI_DOMAIN "/ns/default/sa/reviews"));
    return (now() - before) / LEAVES;
}

/* OpenSSL's own allocations and ours. */
static double bytes_per_pair(void)
{
    static struct pair open[PAIRS];
    size_t before = mallinfo2().uordblks + pki.realm.pool.live_bytes - pki.memory.live_bytes;
    for (int i = 0; i < PAIRS; i++) open[i] = handshake();
    size_t after = mallinfo2().uordblks + pki.realm.pool.live_bytes - pki.memory.live_bytes;
    for (int i = 0; i < PAIRS; i++) hang_up(&open[i]);
    return (double)(after - before) / PAIRS / 1024;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_row(const char *name, const char *unit, double *rounds, size_t count)
{
    qsort(rounds, count, sizeof *rounds, by_value);
    printf("%-44s %10.2f %-8s (%.2f to %.2f)\n", name, rounds[count / 2], unit, rounds[0], rounds[count - 1]);
}

int main(void)
{
    static double costs[5][ROUNDS];
    pki_init(&pki, 1, MC_OSSL_SEEDED);
    reviews = pki_svid(&pki, "spiffe://" PKI_DOMAIN "/ns/default/sa/reviews");
    ratings = pki_svid(&pki, "spiffe://" PKI_DOMAIN "/ns/default/sa/ratings");
    client = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_CLIENT, .own = reviews});
    server = pki_context(&pki, (struct mc_tls_options){.role = MC_TLS_SERVER, .own = ratings, .require_peer = true});
    for (int i = 0; i < ROUNDS; i++) {
        costs[0][i] = round_of_handshakes();
        costs[1][i] = round_of_records(1024);
        costs[2][i] = round_of_records(MC_CHUNK_LARGE);
        costs[3][i] = round_of_leaves();
        costs[4][i] = bytes_per_pair();
    }
    print_row("mTLS handshake pair", "us", costs[0], ROUNDS);
    print_row("KiB sealed and opened, records of 1 KiB", "us/KiB", costs[1], ROUNDS);
    print_row("KiB sealed and opened, records of 16 KiB", "us/KiB", costs[2], ROUNDS);
    print_row("SVID: key, request, issue, read", "us", costs[3], ROUNDS);
    print_row("memory of an open pair", "KiB", costs[4], ROUNDS);
    struct pair pair = handshake();
    printf("%-44s %10llu bytes\n", "handshake on the wire, both ways", (unsigned long long)pair.bytes);
    hang_up(&pair);
    mc_tls_context_unref(client);
    mc_tls_context_unref(server);
    mc_svid_unref(reviews);
    mc_svid_unref(ratings);
    pki_fini(&pki);
    return 0;
}

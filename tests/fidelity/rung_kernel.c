/* The rung "kernel": TCP exchanges by this machine's kernel over a link of ours, and in the simulator.
 *
 * Bounds, written before the first run: 5 % at the median and 15 % at the 99th percentile, beside what the
 * machine itself adds to a round trip: scheduling and the forwarder, measured first as what a request and an
 * answer of one byte take beyond a round trip of 1 ms (the row "floor").
 */
#include "fidelity/kernel.h"
#include "base/assert.h"
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 1024, NAME = 64 };
enum measure { CONNECT, TRANSFER, FAILED };
#define MEDIAN_BOUND 0.05
#define TAIL_BOUND 0.15
#define FLOOR_MAX (200 * MC_US)

struct trial {
    char name[NAME];
    struct exchange exchange;
    struct crowd crowd;
    enum measure measure;
    bool together;
    bool tie; /* the kernel does one thing or the other, by chance of microseconds: only the median counts */
};

static struct outcome real[SAMPLES], simulated[SAMPLES];
static mc_ns floor_median, floor_tail; /* what the machine adds to one round trip */
static bool quick, verbose;
static const char *only; /* a shell pattern of names */

static int by_time(const void *a, const void *b)
{
    mc_ns x = *(const mc_ns *)a, y = *(const mc_ns *)b;
    return (x > y) - (x < y);
}

struct spread {
    mc_ns median, tail;
    uint32_t count, missing;
};

static mc_ns value_of(const struct outcome *outcome, enum measure measure)
{
    return measure == CONNECT ? outcome->connect : measure == TRANSFER ? outcome->transfer : outcome->failed;
}

static struct spread spread_of(const struct trial *trial, const struct outcome *outcomes)
{
    static mc_ns values[SAMPLES];
    struct spread spread = {0};
    for (uint32_t i = 0; i < trial->crowd.count; i++) {
        mc_ns value = value_of(&outcomes[i], trial->measure);
        if (value < 0) spread.missing++;
        else values[spread.count++] = value;
    }
    if (!spread.count) return spread;
    qsort(values, spread.count, sizeof *values, by_time);
    spread.median = (values[spread.count / 2] + values[(spread.count - 1) / 2]) / 2;
    spread.tail = values[(uint32_t)(0.99 * (spread.count - 1) + 0.5)];
    return spread;
}

static mc_ns round_trips_of(const struct trial *trial, mc_ns modelled)
{
    mc_ns round_trip = 2 * trial->exchange.path.latency, count = round_trip ? modelled / round_trip : 1;
    return count < 1 ? 1 : count > 16 ? 16 : count;
}

static double error_of(mc_ns measured, mc_ns modelled, mc_ns allowance)
{
    double off = (double)(modelled - measured);
    if (off < 0) off = fmin(0, off + (double)allowance); /* the machine only ever adds */
    return off / (double)measured;
}

struct result {
    struct spread kernel, model;
    double median, tail;
    bool good;
};

static struct result compare(const struct trial *trial)
{
    struct result result = {.kernel = spread_of(trial, real), .model = spread_of(trial, simulated)};
    if (!result.kernel.count || !result.model.count) return result;
    mc_ns trips = round_trips_of(trial, result.model.median);
    result.median = error_of(result.kernel.median, result.model.median, floor_median * trips);
    result.tail = trial->tie ? 0 : error_of(result.kernel.tail, result.model.tail, floor_tail + floor_median * (trips - 1));
    result.good = result.kernel.missing == result.model.missing && fabs(result.median) <= MEDIAN_BOUND && fabs(result.tail) <= TAIL_BOUND;
    return result;
}

static void row(const struct trial *trial, const struct result *result)
{
    const struct spread *kernel = &result->kernel, *model = &result->model;
    printf("rung\tkernel:%s\t%u\t%+.1f%%", trial->name, kernel->count, 100 * result->median);
    if (!trial->tie) printf(" p99 %+.1f%%", 100 * result->tail);
    printf("\t5%%%s\t%s\n", trial->tie ? "" : " p99 15%", result->good ? "ok" : "FAILED");
    fprintf(stderr, "%-36s kernel %10.3f p99 %10.3f ms (%u, %u missing)  model %10.3f p99 %10.3f ms (%u missing) %+6.1f%% %+6.1f%% %s\n",
            trial->name, (double)kernel->median / 1e6, (double)kernel->tail / 1e6, kernel->count, kernel->missing,
            (double)model->median / 1e6, (double)model->tail / 1e6, model->missing, 100 * result->median, 100 * result->tail,
            result->good ? "" : "<--");
    fflush(stdout);
}

static void tell(const struct trial *trial, struct tun_counts counts)
{
    if (counts.packets)
        fprintf(stderr, "    %llu packets, %llu lost, late %.1f us on average, at most %.0f us\n", (unsigned long long)counts.packets,
                (unsigned long long)counts.lost, (double)counts.late_total / (double)counts.packets / 1e3, (double)counts.late_max / 1e3);
    for (uint32_t i = 0; i < trial->crowd.count && i < 8; i++)
        fprintf(stderr, "      %u: %.3f %.3f %.3f %d | %.3f %.3f %.3f %d\n", i, (double)real[i].connect / 1e6, (double)real[i].transfer / 1e6,
                (double)real[i].failed / 1e6, real[i].reason, (double)simulated[i].connect / 1e6,
                (double)simulated[i].transfer / 1e6, (double)simulated[i].failed / 1e6, simulated[i].reason);
}

static struct sim_path_terms path_of(mc_ns round_trip, uint64_t bits_per_second)
{
    return (struct sim_path_terms){.latency = round_trip / 2, .bits_per_second = bits_per_second};
}

/* Not over FLOOR_MAX: a machine that adds more is not measured on. */
static struct spread measure_floor(struct tun_world *world, uint32_t count)
{
    struct trial trial = {.measure = TRANSFER, .crowd = {.count = count, .parallel = 1, .limit = 5 * MC_S, .seed = 1}};
    trial.exchange = (struct exchange){.path = path_of(MC_MS, 0), .request = 1, .answer = 1};
    kernel_real(world, &trial.exchange, &trial.crowd, real);
    struct spread spread = spread_of(&trial, real);
    spread.median = mc_ns_max(0, spread.median - MC_MS);
    spread.tail = mc_ns_max(0, spread.tail - MC_MS);
    floor_median = mc_ns_min(FLOOR_MAX, spread.median);
    floor_tail = mc_ns_min(FLOOR_MAX, spread.tail);
    return spread;
}

static void tell_floor(const struct spread *spread)
{
    printf("rung\tkernel:floor\t%u\t%.0f us p99 %.0f us\t%.0f us\t%s\n", spread->count, (double)spread->median / 1e3,
           (double)spread->tail / 1e3, (double)FLOOR_MAX / 1e3,
           spread->median <= FLOOR_MAX ? "ok" : "skipped (the machine is too busy for what follows)");
}

/* Held again when it fails, at most twice, with what the machine adds now: what other processes have done to it
 * passes, what the kernel does stays. */
static void hold(struct tun_world *world, const struct trial *trial)
{
    if (only && fnmatch(only, trial->name, 0)) return;
    struct result result = {0};
    kernel_sim(&trial->exchange, &trial->crowd, trial->together, simulated);
    for (int held = 0; !result.good && held < (quick ? 2 : 3); held++) {
        if (held) measure_floor(world, 50);
        kernel_real(world, &trial->exchange, &trial->crowd, real);
        if (verbose) tell(trial, tun_world_counts(world));
        result = compare(trial);
    }
    row(trial, &result);
}

/* ---- the trials ---- */

static void connects(struct tun_world *world)
{
    static const mc_ns round_trips[] = {5 * MC_MS, 20 * MC_MS, 80 * MC_MS};
    for (size_t i = 0; i < MC_COUNT_OF(round_trips); i++) {
        struct trial trial = {.measure = CONNECT, .crowd = {.count = quick ? 20 : 60, .parallel = 1, .limit = 5 * MC_S, .seed = 1}};
        trial.exchange.path = path_of(round_trips[i], 0);
        snprintf(trial.name, NAME, "connect:rtt-%lldms", (long long)(round_trips[i] / MC_MS));
        hold(world, &trial);
    }
    for (uint32_t lost = 1; lost <= (quick ? 1u : 2u); lost++) {
        struct trial trial = {.measure = CONNECT, .crowd = {.count = 20, .parallel = 20, .limit = 20 * MC_S, .seed = 1}};
        trial.exchange.path = path_of(20 * MC_MS, 0);
        trial.exchange.drop = (struct tun_drop){.kind = TUN_SYN, .from = TUN_A, .count = lost};
        snprintf(trial.name, NAME, "connect:syn-lost-%u", lost);
        hold(world, &trial);
    }
    struct trial trial = {.measure = CONNECT, .crowd = {.count = 20, .parallel = 20, .limit = 20 * MC_S, .seed = 1}};
    trial.exchange.path = path_of(20 * MC_MS, 0);
    trial.exchange.drop = (struct tun_drop){.kind = TUN_SYNACK, .from = TUN_B, .count = 1};
    snprintf(trial.name, NAME, "connect:syn-ack-lost");
    hold(world, &trial);
}

static void transfer(struct tun_world *world, mc_ns round_trip, uint32_t kib, uint64_t mbit, uint32_t times, mc_ns pause)
{
    struct trial trial = {.measure = TRANSFER, .crowd = {.count = quick ? 5 : 11, .parallel = 1, .limit = 30 * MC_S, .seed = 1}};
    trial.exchange = (struct exchange){.path = path_of(round_trip, mbit * 1000000), .request = 100, .answer = kib * 1024,
                                       .times = times, .pause = pause};
    snprintf(trial.name, NAME, "transfer:%uKiB:rtt-%lldms%s%.0llu%s%s", kib, (long long)(round_trip / MC_MS), mbit ? ":" : "",
             (unsigned long long)mbit, mbit ? "Mbit" : "", times < 2 ? "" : pause ? ":after-idle" : ":warm");
    hold(world, &trial);
}

static void transfers(struct tun_world *world)
{
    static const uint32_t sizes[] = {1, 16, 64, 256, 1024, 4096};
    static const mc_ns round_trips[] = {MC_MS, 20 * MC_MS, 80 * MC_MS};
    for (size_t i = 0; i < MC_COUNT_OF(round_trips); i++) {
        for (size_t k = 0; k < MC_COUNT_OF(sizes); k++) {
            if (quick && (round_trips[i] != 20 * MC_MS || sizes[k] == 16 || sizes[k] > 256)) continue;
            if (sizes[k] <= 64 || round_trips[i] > MC_MS) transfer(world, round_trips[i], sizes[k], 0, 1, 0);
            transfer(world, round_trips[i], sizes[k], 100, 1, 0);
        }
    }
    transfer(world, 20 * MC_MS, 256, 10, 1, 0);
    if (quick) return;
    transfer(world, 80 * MC_MS, 1024, 10, 1, 0);
    transfer(world, 20 * MC_MS, 256, 0, 2, 0);
    transfer(world, 20 * MC_MS, 256, 0, 2, 900 * MC_MS);
    transfer(world, 80 * MC_MS, 256, 0, 3, 0);
}

/* After these RACK takes or leaves a probe's SACK by how its round trip compares to the
 * shortest one, which over a link of constant delay is a matter of microseconds. */
static bool is_tie(const char *what)
{
    return !strcmp(what, "all") || !strcmp(what, "two-tail");
}

static void scripted_loss(struct tun_world *world, mc_ns round_trip, uint32_t kib, uint32_t skip, uint32_t count, const char *what)
{
    struct trial trial = {.measure = TRANSFER, .tie = is_tie(what), .crowd = {.count = 15, .parallel = 15, .every = 3 * MC_MS, .limit = 30 * MC_S, .seed = 1}};
    trial.exchange = (struct exchange){.path = path_of(round_trip, 0), .request = 100, .answer = kib * 1024,
                                       .drop = {.kind = TUN_DATA, .from = TUN_B, .skip = skip, .count = count}};
    snprintf(trial.name, NAME, "loss:%s:%uKiB:rtt-%lldms", what, kib, (long long)(round_trip / MC_MS));
    hold(world, &trial);
}

static void random_loss(struct tun_world *world, uint32_t ppm, uint32_t kib, mc_ns round_trip, mc_ns jitter)
{
    struct trial trial = {.measure = TRANSFER, .crowd = {.count = quick ? 200 : 600, .parallel = 30, .every = 2 * MC_MS, .limit = 60 * MC_S, .seed = 7}};
    trial.exchange = (struct exchange){.path = path_of(round_trip, 0), .request = 100, .answer = kib * 1024};
    trial.exchange.path.loss_ppm = ppm;
    trial.exchange.path.jitter = jitter;
    snprintf(trial.name, NAME, "loss:random-%u%%:%uKiB:rtt-%lldms%s", ppm / 10000, kib, (long long)(round_trip / MC_MS), jitter ? ":jitter" : "");
    hold(world, &trial);
}

static void losses(struct tun_world *world)
{
    scripted_loss(world, 20 * MC_MS, 1, 0, 1, "only");       /* one segment, nothing behind it */
    scripted_loss(world, 20 * MC_MS, 8, 5, 1, "tail");       /* the last of six */
    scripted_loss(world, 20 * MC_MS, 12, 2, 1, "middle");    /* the third of nine */
    if (!quick) {
        scripted_loss(world, 80 * MC_MS, 1, 0, 1, "only");
        scripted_loss(world, 80 * MC_MS, 8, 5, 1, "tail");
        scripted_loss(world, 80 * MC_MS, 12, 2, 1, "middle");
        scripted_loss(world, MC_MS, 8, 5, 1, "tail");
        scripted_loss(world, MC_MS, 12, 2, 1, "middle");
        scripted_loss(world, 20 * MC_MS, 12, 4, 2, "two-middle");
        scripted_loss(world, 20 * MC_MS, 8, 4, 2, "two-tail");
        scripted_loss(world, 20 * MC_MS, 8, 0, 6, "all");
        scripted_loss(world, 20 * MC_MS, 1, 0, 2, "only-twice");
        scripted_loss(world, 20 * MC_MS, 256, 40, 1, "middle");
        scripted_loss(world, 80 * MC_MS, 1024, 100, 1, "middle");
    }
    random_loss(world, 10000, 64, 20 * MC_MS, 0);
    if (quick) return;
    random_loss(world, 30000, 64, 20 * MC_MS, 0);
    random_loss(world, 10000, 16, 20 * MC_MS, 0);
    random_loss(world, 10000, 1, 20 * MC_MS, 0);
    random_loss(world, 10000, 256, 20 * MC_MS, 0);
    random_loss(world, 20000, 64, 2 * MC_MS, 0);
    random_loss(world, 0, 64, 20 * MC_MS, 4 * MC_MS);
}

static void failures(struct tun_world *world)
{
    struct trial trial = {.measure = FAILED, .crowd = {.count = 10, .parallel = 10, .every = 7 * MC_MS, .limit = 60 * MC_S, .seed = 1}};
    struct exchange *exchange = &trial.exchange;
    *exchange = (struct exchange){.path = path_of(20 * MC_MS, 0), .cut_at = 1, .syn_retries = quick ? 1 : 2};
    snprintf(trial.name, NAME, "blackhole:connect");
    hold(world, &trial);
    if (!quick) {
        *exchange = (struct exchange){.path = path_of(20 * MC_MS, 10000000), .request = 4 << 20, .answer = 100,
                                      .cut_at = 500 * MC_MS, .retries2 = 3};
        trial.crowd.count = trial.crowd.parallel = 3;
        snprintf(trial.name, NAME, "blackhole:sending");
        hold(world, &trial);
        trial.crowd.count = trial.crowd.parallel = 10;
    }
    *exchange = (struct exchange){.path = path_of(20 * MC_MS, 0), .request = 100, .answer = 100, .times = 2, .pause = 700 * MC_MS,
                                  .cut_at = 500 * MC_MS, .retries2 = 3};
    snprintf(trial.name, NAME, "blackhole:request");
    hold(world, &trial);
    *exchange = (struct exchange){.path = path_of(20 * MC_MS, 0), .request = 100, .answer = 100, .times = 2, .pause = 700 * MC_MS,
                                  .cut_at = 300 * MC_MS, .cut_for = 200 * MC_MS, .dies = true};
    snprintf(trial.name, NAME, "half-open:asked-after");
    hold(world, &trial);
    exchange->cut_for = 1500 * MC_MS;
    snprintf(trial.name, NAME, "half-open:asked-before");
    if (!quick) hold(world, &trial);
    if (!quick) {
        struct exchange before = *exchange;
        *exchange = (struct exchange){.path = path_of(20 * MC_MS, 0), .request = 100, .answer = 100, .times = 2, .pause = 30 * MC_S,
                                      .cut_at = 500 * MC_MS, .keepalive_s = 1};
        snprintf(trial.name, NAME, "blackhole:keepalive");
        hold(world, &trial);
        *exchange = (struct exchange){.path = path_of(20 * MC_MS, 0), .request = 100, .answer = 100, .times = 2, .pause = 700 * MC_MS,
                                      .cut_at = 500 * MC_MS, .user_timeout = 3 * MC_S};
        snprintf(trial.name, NAME, "blackhole:user-timeout");
        hold(world, &trial);
        *exchange = (struct exchange){.path = path_of(20 * MC_MS, 0), .cut_at = 1, .syn_retries = 3, .syn_linear = 4};
        snprintf(trial.name, NAME, "blackhole:connect:linear");
        hold(world, &trial);
        *exchange = before;
    }
    trial.measure = TRANSFER;
    exchange->dies = false;
    snprintf(trial.name, NAME, "cut:request-waits");
    hold(world, &trial);
}

static void backlogs(struct tun_world *world)
{
    struct trial trial = {.measure = CONNECT, .together = true,
                          .crowd = {.count = 12, .parallel = 12, .every = 50 * MC_MS, .limit = 30 * MC_S, .seed = 1}};
    trial.exchange = (struct exchange){.path = path_of(20 * MC_MS, 0), .backlog = 4, .accepts_at = 2500 * MC_MS};
    snprintf(trial.name, NAME, "backlog:one-by-one");
    hold(world, &trial);
    trial.crowd.every = 0;
    snprintf(trial.name, NAME, "backlog:together");
    hold(world, &trial);
}

int main(int count, char **arguments)
{
    const char *why, *wanted = getenv("QUICK");
    quick = (wanted && *wanted == '1') || (count > 1 && !strcmp(arguments[1], "--quick"));
    verbose = getenv("VERBOSE") != NULL;
    only = getenv("ONLY");
    struct tun_world *world = tun_world_open(&why);
    if (!world) {
        printf("rung\tkernel\t0\t-\t-\tskipped (%s)\n", why);
        return 0;
    }
    tun_hurry(10);
    struct spread floors = measure_floor(world, 200);
    tell_floor(&floors);
    connects(world);
    transfers(world);
    losses(world);
    failures(world);
    backlogs(world);
    tun_world_close(world);
    return 0;
}

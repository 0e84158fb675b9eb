/* The event queue with its digest: events fired per second of CPU, with 10 000 and with 1 000 000 entries
 * pending, by the radix heap and by the plain heap, in turn. An entry that fires schedules itself again:
 * half of them within a millisecond (deliveries, CPU), most of the rest within a second (think times,
 * timeouts), some within minutes, as a world does. */
#include "base/assert.h"
#include "base/rand.h"
#include "bench.h"
#include "sim/engine/engine.h"

enum { ROUNDS = 7, EVENTS = 1000000, ORIGINS = 4096, MANY = 1000000 };

struct probe {
    struct sim_entry entry;
    uint64_t number;
};

static struct queue {
    struct sim_engine engine;
    struct sim_origin origins[ORIGINS];
    struct probe *probes;
} queues[2][2]; /* by size; radix, plain */

static mc_ns delay_of(uint64_t draw)
{
    static const mc_ns spans[8] = {MC_MS, MC_MS, MC_MS, MC_MS, MC_S, MC_S, MC_S, 5 * MC_MIN};
    return 1 + (mc_ns)mc_below(mc_mix(draw), (uint64_t)spans[draw % 8]);
}

static void again(struct sim_entry *entry)
{
    struct probe *probe = mc_container(entry, struct probe, entry);
    struct sim_engine *engine = &mc_container(entry->origin, struct queue, origins[probe->number % ORIGINS])->engine;
    sim_engine_tell(engine, probe->number, entry->sequence, 0, 0);
    sim_engine_at(engine, entry, engine->now + delay_of(mc_mix(probe->number ^ entry->sequence << 32)));
}

static const struct sim_entry_type type = {"probe", SIM_CLASS_DELIVERY, SIM_KIND_TEST, again};

static void fill(struct queue *queue, uint64_t count, bool plain)
{
    sim_engine_init(&queue->engine, &(struct sim_engine_options){.alloc = bench_alloc(), .plain = plain});
    for (uint64_t i = 0; i < ORIGINS; i++) queue->origins[i].number = i;
    queue->probes = calloc(count, sizeof *queue->probes);
    if (!queue->probes) abort();
    for (uint64_t i = 0; i < count; i++) {
        struct probe *probe = &queue->probes[i];
        probe->number = i;
        sim_entry_init(&probe->entry, &type, &queue->origins[i % ORIGINS], i + 1);
        sim_engine_at(&queue->engine, &probe->entry, delay_of(mc_mix(i)));
    }
}

static double millions_per_second(struct queue *queue)
{
    double before = bench_cpu_ns();
    if (sim_engine_run(&queue->engine, MC_NEVER, EVENTS) != SIM_ENGINE_EVENTS) abort();
    return EVENTS * 1e3 / (bench_cpu_ns() - before);
}

int main(void)
{
    static const struct {
        const char *name, *bound;
        uint64_t pending;
    } kinds[2][2] = {{{"event queue, 10 000 pending", ">= 8", 10000}, {"  the plain heap", "", 10000}},
                     {{"event queue, 1 000 000 pending", ">= 5", MANY}, {"  the plain heap", "", MANY}}};
    static double rates[2][2][ROUNDS];
    for (int size = 0; size < 2; size++)
        for (int plain = 0; plain < 2; plain++) fill(&queues[size][plain], kinds[size][plain].pending, plain);
    for (int round = -1; round < ROUNDS; round++) /* round -1 warms */
        for (int i = 0; i < 4; i++) {
            double rate = millions_per_second(&queues[i / 2][i % 2]);
            if (round >= 0) rates[i / 2][i % 2][round] = rate;
        }
    for (int size = 0; size < 2; size++) {
        if (queues[size][0].engine.digest.value != queues[size][1].engine.digest.value) abort();
        for (int plain = 0; plain < 2; plain++)
            bench_row(kinds[size][plain].name, rates[size][plain], ROUNDS, "M/s", kinds[size][plain].bound);
    }
    return 0;
}

/* What the base structures cost: nanoseconds of CPU per operation, medians of ROUNDS, one round of each
 * after the other. Prints: name value unit spread. */
#include "base/arena.h"
#include "base/assert.h"
#include "base/atoms.h"
#include "base/chunk.h"
#include "base/digest.h"
#include "base/fixed.h"
#include "base/heap.h"
#include "base/hist.h"
#include "base/map.h"
#include "base/rand.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, OPERATIONS = 200000, NODES = 10000 };

static struct mc_alloc alloc;
static struct mc_pool pool;
static volatile uint64_t sink;

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

/* Remove the first, insert it later: a queue of NODES. */
static void heap_hold(void)
{
    static struct mc_heap_node nodes[NODES];
    static struct mc_heap heap;
    static uint64_t order;
    if (!heap.root)
        for (int i = 0; i < NODES; i++) {
            nodes[i].key = (int64_t)(mc_mix((uint64_t)i) >> 44);
            nodes[i].order = order++;
            mc_heap_insert(&heap, &nodes[i]);
        }
    for (int i = 0; i < OPERATIONS; i++) {
        struct mc_heap_node *node = mc_heap_first(&heap);
        mc_heap_remove(&heap, node);
        node->key += (int64_t)(mc_mix(order) >> 44);
        node->order = order++;
        mc_heap_insert(&heap, node);
    }
}

static void map_get(void)
{
    static struct mc_map map;
    if (!map.count) {
        mc_map_init(&map, alloc);
        for (uint64_t i = 0; i < NODES; i++)
            if (!mc_map_put(&map, mc_mix(i), &map)) abort();
    }
    for (uint64_t i = 0; i < OPERATIONS; i++) sink += mc_map_get(&map, mc_mix(i % NODES)) != NULL;
}

static void pool_take_give(void)
{
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        size_t size = 16 + mc_mix(i) % 480;
        mc_pool_give(&pool, mc_pool_take(&pool, size), size);
    }
}

static void arena_request(void)
{
    for (int i = 0; i < OPERATIONS / 10; i++) {
        struct mc_arena arena;
        mc_arena_init(&arena, &pool, 0);
        for (int k = 0; k < 10; k++) sink += (uintptr_t)mc_arena_take(&arena, 60) & 1;
        mc_arena_fini(&arena);
    }
}

static void slices_push_pop(void)
{
    struct mc_slices queue;
    struct mc_slice slice = mc_slice_copy(&pool, MC_STR("0123456789"));
    mc_slices_init(&queue, &pool);
    for (int i = 0; i < OPERATIONS; i++) {
        if (!mc_slices_push(&queue, mc_slice_view(slice, 0, 10))) abort();
        mc_slice_unref(mc_slices_pop(&queue, UINT32_MAX));
    }
    mc_slices_fini(&queue);
    mc_slice_unref(slice);
}

static void atom_find(void)
{
    static struct mc_atoms atoms;
    static char names[1000][24];
    if (!atoms.count) {
        mc_atoms_init(&atoms, alloc);
        for (int i = 0; i < 1000; i++) snprintf(names[i], sizeof names[i], "service-%d", i), mc_atoms_intern(&atoms, mc_str_c(names[i]));
    }
    for (int i = 0; i < OPERATIONS; i++) sink += mc_atoms_find(&atoms, mc_str(names[i % 1000], 8 + (size_t)(i % 1000 > 9) + (size_t)(i % 1000 > 99) + 1));
}

static void hist_add(void)
{
    static struct mc_hist hist;
    for (uint64_t i = 0; i < OPERATIONS; i++)
        if (!mc_hist_add(&hist, &alloc, mc_mix(i) >> 40)) abort();
}

static void digest_add(void)
{
    struct mc_digest digest = {0};
    uint64_t record[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (uint64_t i = 0; i < OPERATIONS; i++) record[0] = i, mc_digest_add(&digest, record);
    sink += digest.value;
}

static void draw(void)
{
    for (uint64_t i = 0; i < OPERATIONS; i++) sink += mc_draw(1, MC_FOR_LATENCY, 7, i);
}

static void lognormal(void)
{
    for (uint64_t i = 0; i < OPERATIONS; i++) sink += (uint64_t)mc_q32_exp(mc_q32_normal(mc_mix(i)) / 2);
}

static const struct {
    const char *name;
    void (*run)(void);
} benches[] = {
    {"heap_hold_10k", heap_hold}, {"map_get_10k", map_get}, {"pool_take_give", pool_take_give}, {"arena_take", arena_request}, {"slices_push_pop", slices_push_pop},
    {"atoms_find_1k", atom_find}, {"hist_add", hist_add}, {"digest_add", digest_add}, {"draw", draw}, {"lognormal", lognormal},
};

static double cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(void)
{
    static double values[MC_COUNT_OF(benches)][ROUNDS];
    alloc = (struct mc_alloc){.take = take, .give = give};
    mc_pool_init(&pool, alloc);
    for (int r = -1; r < ROUNDS; r++) /* round -1 warms */
        for (size_t b = 0; b < MC_COUNT_OF(benches); b++) {
            double before = cpu_now();
            benches[b].run();
            if (r >= 0) values[b][r] = (cpu_now() - before) / OPERATIONS;
        }
    for (size_t b = 0; b < MC_COUNT_OF(benches); b++) {
        qsort(values[b], ROUNDS, sizeof(double), by_value);
        printf("%s %.1f ns %.1f%%\n", benches[b].name, values[b][ROUNDS / 2], 100 * (values[b][ROUNDS - 1] - values[b][0]) / values[b][ROUNDS / 2]);
    }
    return 0;
}

/* Order against a naive twin that sorts, the heap twin, the digest, cancel and move, floods. */
#include "base/assert.h"
#include "base/rand.h"
#include "sim/engine/engine.h"
#include "support/memory.h"
#include <check.h>
#include <stdlib.h>

Suite *test_engine_suite(void);

enum { ENTRIES = 500, ORIGINS = 7 };

struct probe {
    struct sim_entry entry;
    int number;
};

static struct play {
    struct test_memory memory;
    struct sim_engine engine;
    struct sim_origin origins[ORIGINS];
    struct probe probes[ENTRIES];
    int fired[ENTRIES * 20];
    mc_ns fired_at[ENTRIES * 20];
    int count, left;
    uint64_t luck;
} play;

static void note(struct sim_entry *entry)
{
    struct probe *probe = mc_container(entry, struct probe, entry);
    ck_assert_int_lt(play.count, (int)MC_COUNT_OF(play.fired));
    play.fired_at[play.count] = play.engine.now;
    play.fired[play.count++] = probe->number;
}

/* Schedules itself again, near, far or at once, and moves or cancels others. */
static void churn(struct sim_entry *entry)
{
    note(entry);
    if (--play.left < 0) return;
    uint64_t draw = mc_mix(++play.luck);
    static const mc_ns spans[] = {1, 3, 1000, MC_MS, MC_S, MC_HOUR};
    mc_ns delay = (mc_ns)mc_below(mc_mix(draw), (uint64_t)spans[draw % 6]);
    sim_engine_at(&play.engine, entry, play.engine.now + delay);
    struct probe *other = &play.probes[draw / 64 % ENTRIES];
    if (draw % 7 == 0) sim_engine_at(&play.engine, &other->entry, play.engine.now + delay / 2);
    if (draw % 11 == 0) sim_engine_cancel(&play.engine, &other->entry);
}

static const struct sim_entry_type note_types[6] = {
    {"fault", SIM_CLASS_FAULT, SIM_KIND_TEST, note},       {"delivery", SIM_CLASS_DELIVERY, SIM_KIND_TEST, note},
    {"wake", SIM_CLASS_WAKE, SIM_KIND_TEST, note},         {"load", SIM_CLASS_LOAD, SIM_KIND_TEST, note},
    {"script", SIM_CLASS_SCRIPT, SIM_KIND_TEST, note},     {"sample", SIM_CLASS_SAMPLE, SIM_KIND_TEST, note}};
static const struct sim_entry_type churn_type = {"churn", SIM_CLASS_WAKE, SIM_KIND_TEST, churn};

static void begin(bool plain, uint64_t shuffle)
{
    memset(&play, 0, sizeof play);
    sim_engine_init(&play.engine, &(struct sim_engine_options){
                                      .alloc = test_alloc(&play.memory), .plain = plain, .shuffle = shuffle});
    for (int i = 0; i < ORIGINS; i++) play.origins[i].number = (uint64_t)(ORIGINS - i);
}

static void end(void)
{
    sim_engine_fini(&play.engine);
    ck_assert_uint_eq(play.memory.live_blocks, 0);
}

static void add(int i, const struct sim_entry_type *type, int origin, uint64_t flow, mc_ns at)
{
    play.probes[i].number = i;
    sim_entry_init(&play.probes[i].entry, type, &play.origins[origin], flow);
    sim_engine_at(&play.engine, &play.probes[i].entry, at);
}

/* ---- the key ---- */

struct expected {
    mc_ns at;
    int class, origin, number;
};

static int by_key(const void *left, const void *right)
{
    const struct expected *a = left, *b = right;
    if (a->at != b->at) return a->at < b->at ? -1 : 1;
    if (a->class != b->class) return a->class - b->class;
    if (a->origin != b->origin) return b->origin - a->origin; /* numbers fall as the index rises */
    return a->number - b->number; /* added in this order: the sequence of its origin */
}

START_TEST(events_fire_in_the_order_of_the_key)
{
    struct expected expected[ENTRIES];
    begin(_i, 0);
    for (int i = 0; i < ENTRIES; i++) {
        uint64_t draw = mc_mix((uint64_t)i);
        expected[i] = (struct expected){(mc_ns)(draw % 40) * (draw % 3 ? 1 : MC_S), (int)(draw / 64 % 6),
                                        (int)(draw / 1024 % ORIGINS), i};
        add(i, &note_types[expected[i].class], expected[i].origin, 0, expected[i].at);
    }
    qsort(expected, ENTRIES, sizeof *expected, by_key);
    ck_assert_int_eq(sim_engine_run(&play.engine, MC_NEVER, 0), SIM_ENGINE_UNTIL);
    ck_assert_int_eq(play.count, ENTRIES);
    for (int i = 0; i < ENTRIES; i++) {
        ck_assert_int_eq(play.fired[i], expected[i].number);
        ck_assert_int_eq(play.fired_at[i], expected[i].at);
    }
    end();
}
END_TEST

static uint64_t churned(bool plain, uint64_t shuffle, mc_ns stride)
{
    begin(plain, shuffle);
    play.left = ENTRIES * 15;
    for (int i = 0; i < ENTRIES; i++) add(i, &churn_type, i % ORIGINS, (uint64_t)i + 1, (mc_ns)(mc_mix((uint64_t)i) % 5000));
    for (mc_ns until = 0; stride && until < 100 * stride; until += stride) sim_engine_run(&play.engine, until, 0);
    ck_assert_int_eq(sim_engine_run(&play.engine, MC_NEVER, 0), SIM_ENGINE_UNTIL);
    ck_assert_uint_eq(play.engine.pending, 0);
    for (int i = 1; i < play.count; i++) ck_assert_int_ge(play.fired_at[i], play.fired_at[i - 1]);
    uint64_t digest = play.engine.digest.value;
    ck_assert_uint_eq(play.engine.digest.count, play.engine.events);
    end();
    return digest;
}

START_TEST(the_radix_heap_and_its_twin_agree)
{
    uint64_t shuffle = (uint64_t)_i;
    uint64_t radix = churned(false, shuffle, 0);
    ck_assert_uint_eq(radix, churned(true, shuffle, 0));
    ck_assert_uint_eq(radix, churned(false, shuffle, 0));
    ck_assert_uint_eq(radix, churned(false, shuffle, MC_MS)); /* stopping in between changes nothing */
}
END_TEST

START_TEST(a_shuffle_explores_but_keeps_each_flow_in_order)
{
    int orders = 0, last_first = -1;
    for (uint64_t shuffle = 1; shuffle <= 8; shuffle++) {
        begin(false, shuffle);
        for (int i = 0; i < 40; i++) add(i, &note_types[1], i % 4, (uint64_t)(i % 4) + 1, 5);
        sim_engine_run(&play.engine, 10, 0);
        int seen[4] = {-1, -1, -1, -1};
        for (int i = 0; i < play.count; i++) {
            ck_assert_int_gt(play.fired[i], seen[play.fired[i] % 4]);
            seen[play.fired[i] % 4] = play.fired[i];
        }
        orders += play.fired[0] != last_first;
        last_first = play.fired[0];
        end();
    }
    ck_assert_int_gt(orders, 2);
}
END_TEST

/* ---- running ---- */

START_TEST(time_stands_where_it_was_asked_to_stand)
{
    begin(false, 0);
    add(0, &note_types[0], 0, 0, 10);
    add(1, &note_types[0], 0, 0, 30);
    ck_assert_int_eq(sim_engine_next(&play.engine), 10);
    ck_assert_int_eq(sim_engine_run(&play.engine, 20, 0), SIM_ENGINE_UNTIL);
    ck_assert_int_eq(play.engine.now, 20);
    ck_assert_int_eq(play.count, 1);
    add(2, &note_types[0], 0, 0, 5); /* the past is now */
    ck_assert_int_eq(sim_engine_run(&play.engine, 30, 1), SIM_ENGINE_EVENTS);
    ck_assert_int_eq(play.fired[1], 2);
    ck_assert_int_eq(play.fired_at[1], 20);
    sim_engine_at(&play.engine, &play.probes[1].entry, MC_NEVER);
    ck_assert_int_eq(sim_engine_next(&play.engine), MC_NEVER);
    end();
}
END_TEST

static void again(struct sim_entry *entry)
{
    sim_engine_at(&play.engine, entry, play.engine.now);
}

static const struct sim_entry_type again_type = {"again", SIM_CLASS_WAKE, SIM_KIND_TEST, again};

START_TEST(a_million_events_at_one_instant_are_too_many)
{
    begin(false, 0);
    add(0, &again_type, 0, 0, 7);
    ck_assert_int_eq(sim_engine_run(&play.engine, MC_S, 0), SIM_ENGINE_FLOODED);
    ck_assert_uint_eq(play.engine.events, SIM_INSTANT_MAX + 1);
    ck_assert_int_eq(sim_engine_run(&play.engine, MC_S, 0), SIM_ENGINE_FLOODED);
    end();
}
END_TEST

static void tell_luck(struct sim_entry *entry)
{
    (void)entry;
    sim_engine_tell(&play.engine, play.luck, 0, 0, 0);
}

static const struct sim_entry_type telling_type = {"telling", SIM_CLASS_WAKE, SIM_KIND_TEST, tell_luck};

START_TEST(what_an_event_tells_is_in_the_digest)
{
    uint64_t digests[2];
    for (int i = 0; i < 2; i++) {
        begin(false, 0);
        play.luck = (uint64_t)i;
        add(0, &telling_type, 0, 0, 7);
        sim_engine_run(&play.engine, 10, 0);
        digests[i] = play.engine.digest.value;
        end();
    }
    ck_assert_uint_ne(digests[0], digests[1]);
}
END_TEST

START_TEST(a_refusal_of_memory_stops_the_run)
{
    begin(false, 0);
    play.memory.refuse_at = 2;
    play.memory.refuse_after = true;
    for (int i = 0; i < 100; i++) add(i, &note_types[0], 0, 0, 0);
    ck_assert_int_eq(sim_engine_run(&play.engine, 10, 0), SIM_ENGINE_MEMORY);
    end();
}
END_TEST

Suite *test_engine_suite(void)
{
    Suite *suite = suite_create("engine");
    TCase *tests = tcase_create("engine");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, events_fire_in_the_order_of_the_key, 0, 2);
    tcase_add_loop_test(tests, the_radix_heap_and_its_twin_agree, 0, 4);
    tcase_add_test(tests, a_shuffle_explores_but_keeps_each_flow_in_order);
    tcase_add_test(tests, time_stands_where_it_was_asked_to_stand);
    tcase_add_test(tests, a_million_events_at_one_instant_are_too_many);
    tcase_add_test(tests, what_an_event_tells_is_in_the_digest);
    tcase_add_test(tests, a_refusal_of_memory_stops_the_run);
    suite_add_tcase(suite, tests);
    return suite;
}

#include "sim/engine/engine.h"
#include "base/assert.h"
#include "base/rand.h"
#include "sim/engine/instant.h"
#include <string.h>

void sim_engine_init(struct sim_engine *engine, const struct sim_engine_options *options)
{
    *engine = (struct sim_engine){
        .alloc = options->alloc, .shuffle = options->shuffle, .plain = options->plain};
}

void sim_engine_fini(struct sim_engine *engine)
{
    sim_instant_fini(&engine->instant, &engine->alloc);
    for (size_t i = 0; i < MC_COUNT_OF(engine->buckets); i++) {
        struct sim_bucket *bucket = &engine->buckets[i];
        mc_alloc_give(&engine->alloc, bucket->slots, bucket->capacity * sizeof *bucket->slots);
        *bucket = (struct sim_bucket){0};
    }
}

/* ---- buckets ---- */

static bool bucket_grow(struct sim_engine *engine, struct sim_bucket *bucket)
{
    uint32_t capacity = bucket->capacity ? bucket->capacity * 2 : 16;
    struct sim_slot *slots = mc_alloc_take(&engine->alloc, capacity * sizeof *slots);
    if (!slots) return false;
    if (bucket->count) memcpy(slots, bucket->slots, bucket->count * sizeof *slots);
    mc_alloc_give(&engine->alloc, bucket->slots, bucket->capacity * sizeof *slots);
    bucket->slots = slots;
    bucket->capacity = capacity;
    return true;
}

static bool bucket_insert(struct sim_engine *engine, struct sim_entry *entry, mc_ns at)
{
    int number = 63 - __builtin_clzll((uint64_t)(at ^ engine->last));
    struct sim_bucket *bucket = &engine->buckets[number];
    if (bucket->count == bucket->capacity && !bucket_grow(engine, bucket)) return false;
    entry->bucket = (int8_t)number;
    entry->place = bucket->count;
    bucket->slots[bucket->count++] = (struct sim_slot){at, entry};
    engine->buckets_used |= UINT64_C(1) << number;
    return true;
}

static void bucket_remove(struct sim_engine *engine, struct sim_entry *entry)
{
    struct sim_bucket *bucket = &engine->buckets[entry->bucket];
    struct sim_slot last = bucket->slots[--bucket->count];
    bucket->slots[entry->place] = last;
    last.entry->place = entry->place;
    if (!bucket->count) engine->buckets_used &= ~(UINT64_C(1) << entry->bucket);
    entry->bucket = -1;
}

static mc_ns bucket_min(const struct sim_engine *engine, int number)
{
    const struct sim_bucket *bucket = &engine->buckets[number];
    mc_ns min = bucket->slots[0].at;
    if (number == 0) return min; /* one bit: one time */
    for (uint32_t i = 1; i < bucket->count; i++)
        if (bucket->slots[i].at < min) min = bucket->slots[i].at;
    return min;
}

static void place(struct sim_engine *engine, struct sim_entry *entry, mc_ns at)
{
    bool done = engine->plain || at == engine->last
                    ? sim_instant_push(&engine->instant, &engine->alloc, entry)
                    : bucket_insert(engine, entry, at);
    if (done) return;
    entry->bucket = -1;
    engine->refused = true;
    engine->pending--;
}

/* Makes AT, the smallest time in the bucket, the current one: its entries go to the instant, the others
 * to lower buckets, all of them empty, so that each entry moves at most once per bit. */
static void open_bucket(struct sim_engine *engine, int number, mc_ns at)
{
    enum { AHEAD = 8 };
    struct sim_bucket *bucket = &engine->buckets[number];
    uint32_t count = bucket->count;
    bucket->count = 0;
    engine->buckets_used &= ~(UINT64_C(1) << number);
    engine->last = at;
    for (uint32_t i = 0; i < count; i++) {
        if (i + AHEAD < count) __builtin_prefetch(&bucket->slots[i + AHEAD].entry->place, 1);
        place(engine, bucket->slots[i].entry, bucket->slots[i].at);
    }
}

/* ---- the queue ---- */

static void take_out(struct sim_engine *engine, struct sim_entry *entry)
{
    if (entry->bucket == SIM_IN_INSTANT)
        sim_instant_remove(&engine->instant, entry);
    else
        bucket_remove(engine, entry);
    engine->pending--;
}

void sim_engine_at(struct sim_engine *engine, struct sim_entry *entry, mc_ns at)
{
    mc_assert(entry->type && entry->origin);
    if (entry->bucket >= 0) take_out(engine, entry);
    if (at == MC_NEVER) return;
    entry->at = mc_ns_max(at, engine->now);
    entry->sequence = entry->origin->sequence++;
    entry->tie = engine->shuffle && entry->flow
                     ? mc_draw(engine->shuffle, MC_FOR_SHUFFLE, entry->flow, (uint64_t)entry->at)
                     : 0;
    engine->pending++;
    place(engine, entry, entry->at);
}

void sim_engine_cancel(struct sim_engine *engine, struct sim_entry *entry)
{
    if (entry->bucket >= 0) take_out(engine, entry);
}

mc_ns sim_engine_next(const struct sim_engine *engine)
{
    if (engine->instant.count) return engine->instant.entries[0]->at;
    if (!engine->buckets_used) return MC_NEVER;
    return bucket_min(engine, __builtin_ctzll(engine->buckets_used));
}

static struct sim_entry *pop(struct sim_engine *engine, mc_ns until)
{
    if (!engine->instant.count) {
        if (!engine->buckets_used) return NULL;
        int bucket = __builtin_ctzll(engine->buckets_used);
        mc_ns at = bucket_min(engine, bucket);
        if (at > until) return NULL;
        open_bucket(engine, bucket, at);
        if (!engine->instant.count) return NULL; /* refused */
    }
    if (engine->instant.entries[0]->at > until) return NULL;
    engine->pending--;
    return sim_instant_pop(&engine->instant);
}

/* ---- running ---- */

static void record(struct sim_engine *engine, const uint64_t key[static 4])
{
    const uint64_t words[8] = {key[0],          key[1],          key[2],          key[3],
                               engine->told[0], engine->told[1], engine->told[2], engine->told[3]};
    mc_digest_add(&engine->digest, words);
    struct sim_epoch_watch *watch = engine->watch;
    if (!watch) return;
    if (watch->event) watch->event(watch, words);
    if (engine->events % SIM_EPOCH_EVENTS == 0)
        watch->epoch(watch, engine->events / SIM_EPOCH_EVENTS, engine->now, engine->digest.value);
}

static void fire(struct sim_engine *engine, struct sim_entry *entry)
{
    const struct sim_entry_type *type = entry->type;
    const uint64_t key[4] = {(uint64_t)entry->at, (uint64_t)type->class << 32 | type->kind,
                             entry->origin->number, entry->sequence};
    if (entry->at != engine->now) engine->at_instant = 0;
    engine->now = entry->at;
    engine->at_instant++;
    engine->events++;
    sim_engine_tell(engine, 0, 0, 0, 0);
    type->fire(entry);
    record(engine, key);
    if (engine->at_instant > SIM_INSTANT_MAX) engine->flooded = true;
}

enum sim_engine_stop sim_engine_run(struct sim_engine *engine, mc_ns until, uint64_t max)
{
    uint64_t end = max ? engine->events + max : UINT64_MAX;
    engine->halted = false;
    for (;;) {
        if (engine->flooded) return SIM_ENGINE_FLOODED;
        if (engine->refused) return SIM_ENGINE_MEMORY;
        if (engine->halted) return SIM_ENGINE_ASKED;
        if (engine->events >= end) return SIM_ENGINE_EVENTS;
        struct sim_entry *entry = pop(engine, until);
        if (!entry && !engine->refused) break;
        if (entry) fire(engine, entry);
    }
    if (until > engine->now && until != MC_NEVER) {
        engine->now = until;
        engine->at_instant = 0;
    }
    return SIM_ENGINE_UNTIL;
}

void sim_engine_halt(struct sim_engine *engine)
{
    engine->halted = true;
}

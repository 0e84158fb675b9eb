/* Steps behind a cache. An entry that is not there, or has run out, is fetched by every request that
 * asks for it until the first has filled it: the stampede. */
#include "base/rand.h"
#include "sim/load/app_parts.h"

static const struct sim_program_cache *cache_of(const struct sim_app *app, uint32_t cache)
{
    return &app->program->caches[cache];
}

static size_t size_of(const struct sim_cache_plan *plan)
{
    return plan->keys * sizeof(struct sim_cache_entry);
}

static bool prepare(struct sim_app *app)
{
    const struct sim_program *program = app->program;
    if (app->caches) return true;
    app->caches = mc_pool_take_zero(&app->turn.realm->pool, program->cache_count * sizeof *app->caches);
    if (!app->caches) return false;
    for (uint32_t i = 0; i < program->cache_count; i++) {
        mc_list_init(&app->caches[i].waiting);
        app->caches[i].entries = program->caches[i].entries;
    }
    return true;
}

/* NULL: no memory. */
static struct sim_cache_entry *entries_of(struct sim_app *app, uint32_t cache)
{
    if (!prepare(app)) return NULL;
    if (!app->caches[cache].entries)
        app->caches[cache].entries = mc_pool_take_zero(&app->turn.realm->pool, size_of(cache_of(app, cache)->plan));
    return app->caches[cache].entries;
}

void app_cache_free(struct sim_app *app)
{
    const struct sim_program *program = app->program;
    if (!app->caches) return;
    for (uint32_t i = 0; i < program->cache_count; i++)
        if (!program->caches[i].entries) mc_pool_give(&app->turn.realm->pool, app->caches[i].entries, size_of(program->caches[i].plan));
    mc_pool_give(&app->turn.realm->pool, app->caches, program->cache_count * sizeof *app->caches);
}

/* ---- keys ---- */

static uint32_t by_popularity(const struct sim_program_cache *cache, uint64_t draw)
{
    uint32_t low = 0, high = cache->plan->keys - 1;
    uint64_t at = (uint64_t)(((unsigned __int128)draw * cache->popularity[high]) >> 64);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (at < cache->popularity[middle]) high = middle;
        else low = middle + 1;
    }
    return low;
}

static uint32_t key_of(const struct sim_program_cache *cache, uint64_t draw)
{
    const struct sim_cache_plan *plan = cache->plan;
    if (cache->popularity) return by_popularity(cache, draw);
    if (!plan->hot_keys) return (uint32_t)mc_below(draw, plan->keys);
    uint64_t which = mc_mix(draw);
    if (mc_chance(draw, plan->hot_ppm, 1000000)) return (uint32_t)mc_below(which, plan->hot_keys);
    return plan->hot_keys + (uint32_t)mc_below(which, plan->keys - plan->hot_keys);
}

/* ---- a request asks ---- */

static bool is_given(struct sim_app *app, const struct sim_cache_plan *plan, const struct sim_cache_entry *entry)
{
    mc_ns now = app->turn.now;
    if (!entry->filled) return false;
    if (now < entry->expires) {
        app->cache_counts.hits++;
        return true;
    }
    bool stale = plan->stale && entry->fetching && now - entry->expires < plan->stale;
    app->cache_counts.stale += stale;
    return stale;
}

bool app_cache_ask(struct app_job *job)
{
    struct sim_app *app = job->app;
    const struct sim_program_step *step = &app->program->steps[job->step];
    const struct sim_program_cache *cache = cache_of(app, step->cache);
    struct sim_cache_entry *entries = step->after_store && job->call_failed ? NULL : entries_of(app, step->cache);
    uint32_t key = key_of(cache, mc_draw(job->lineage.luck, MC_FOR_SERVICE, (uint64_t)(job->step + 1) << 1, 2));
    if (entries && is_given(app, cache->plan, &entries[key])) {
        job->step += 1 + step->span;
        return false;
    }
    if (entries && cache->plan->single_flight && entries[key].fetching) {
        app->cache_counts.waited++;
        job->wanted = key;
        job->waits_for_key = true;
        mc_list_push_back(&app->caches[step->cache].waiting, &job->queue);
        app_job_sleep(job, MC_NEVER);
        return true;
    }
    app->cache_counts.misses++;
    job->step++;
    if (!entries) return false; /* without its store, or without memory, nothing is kept */
    entries[key].fetching++;
    job->fetching = &entries[key];
    job->fetch_cache = step->cache;
    job->fetch_end = job->step + step->span;
    return false;
}

/* ---- it was fetched ---- */

/* Those that waited go on, each in a step of its own, or fail as it did. */
static void wake(struct sim_app *app, uint32_t cache, uint32_t key, bool there)
{
    mc_list_each(link, &app->caches[cache].waiting) {
        struct app_job *job = mc_container(link, struct app_job, queue);
        if (job->wanted != key) continue;
        mc_list_remove(&job->queue);
        job->waits_for_key = false;
        if (there) job->step += 1 + app->program->steps[job->step].span;
        else job->status = 500;
        mc_timer_arm(&app->turn.timers, &job->timer, app->turn.now);
    }
}

void app_cache_done(struct app_job *job)
{
    struct sim_app *app = job->app;
    struct sim_cache_entry *entry = job->fetching;
    if (!entry) return;
    const struct sim_cache_plan *plan = cache_of(app, job->fetch_cache)->plan;
    bool there = !job->status && job->step >= job->fetch_end;
    uint32_t key = (uint32_t)(entry - app->caches[job->fetch_cache].entries);
    job->fetching = NULL;
    job->fetch_end = 0;
    entry->fetching--;
    if (there) {
        mc_ns shorter = (mc_ns)((__int128)plan->ttl * plan->jitter_ppm / 1000000);
        uint64_t draw = mc_draw(job->lineage.luck, MC_FOR_SERVICE, (uint64_t)job->step << 1, 3);
        entry->expires = mc_ns_add(app->turn.now, plan->ttl - (mc_ns)mc_below(draw, (uint64_t)shorter + 1));
        entry->filled = true;
    }
    if (plan->single_flight) wake(app, job->fetch_cache, key, there);
}

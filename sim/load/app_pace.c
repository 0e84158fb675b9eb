/* What makes work take longer: faults, a cold process, a spell that the whole version goes through. */
#include "base/rand.h"
#include "sim/load/app_parts.h"

static bool in_spell(const struct sim_app *app, const struct sim_spells *spells)
{
    mc_ns now = app->turn.now, into = now % spells->every;
    uint64_t key = spells->each ? mc_mix(app->program->spell_key ^ app->party) : app->program->spell_key;
    uint64_t draw = mc_draw(app->turn.realm->seed, MC_FOR_SERVICE, key, (uint64_t)(now / spells->every));
    mc_ns begins = (mc_ns)mc_below(draw, (uint64_t)(spells->every - spells->lasts));
    return into >= begins && into < begins + spells->lasts;
}

static uint32_t warm_permille(const struct sim_app *app, const struct sim_warm_up *warm)
{
    int64_t done = warm->requests ? (int64_t)app->begun - 1 : app->turn.now - app->started; /* this one has begun already */
    int64_t all = warm->requests ? (int64_t)warm->requests : warm->time;
    if (done >= all) return 1000;
    return 1000 + (uint32_t)((__int128)(warm->factor_permille - 1000) * (all - done) / all);
}

mc_ns app_pace(const struct sim_app *app, mc_ns duration)
{
    const struct sim_server_plan *plan = &app->program->version->server;
    if (app->slow_permille != 1000) duration = (mc_ns)((__int128)duration * app->slow_permille / 1000);
    if (plan->warm_up.factor_permille) duration = (mc_ns)((__int128)duration * warm_permille(app, &plan->warm_up) / 1000);
    if (plan->spells.every && in_spell(app, &plan->spells)) duration = (mc_ns)((__int128)duration * plan->spells.factor_permille / 1000);
    return duration;
}

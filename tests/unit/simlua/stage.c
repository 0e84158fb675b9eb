#include "stage.h"
#include <string.h>

static void add_verdicts(struct stage_result *result, const struct sim_verdicts *verdicts)
{
    size_t used = 0;
    for (uint32_t i = 0; i < verdicts->count && used < sizeof result->verdicts; i++) {
        const struct sim_verdict *verdict = &verdicts->list[i];
        used += (size_t)snprintf(result->verdicts + used, sizeof result->verdicts - used, "%s %s %.*s|%.*s\n", sim_status_text(verdict->status),
                                 sim_verdict_kind_text(verdict->kind), MC_STR_ARG(verdict->name), MC_STR_ARG(verdict->message));
    }
}

static void play(struct sim_script_run *run, struct stage_result *result, struct sim_error *error)
{
    struct sim_run_options options = {0};
    mc_ns duration = sim_script_run_plan(run)->duration;
    if (!sim_script_run_start(run, &options, error)) return;
    while (sim_script_run_advance(run, duration, 997) == SIM_RUN_GOING && sim_run_now(sim_script_run_world(run)) < duration) continue;
    if (sim_script_run_error(run)) *error = *sim_script_run_error(run);
    struct sim_outcome outcome = sim_script_run_finish(run);
    result->status = outcome.status;
    result->hash = outcome.trace_hash;
    add_verdicts(result, sim_run_verdicts(sim_script_run_world(run)));
}

struct stage_result stage_play(const char *text, bool run, const struct sim_script_options *changes)
{
    struct test_memory memory = {0};
    struct stage_result result = {0};
    struct sim_error error = {0};
    struct sim_script_options options = stage_options(&memory);
    if (changes) {
        options.memory_max = changes->memory_max;
        options.instructions_max = changes->instructions_max;
    }
    struct sim_script *script = sim_script_load_text("t.lua", mc_str_c(text), &options, &error);
    if (script && sim_script_case_count(script)) {
        struct sim_script_run *one = sim_script_run_new(script, 0, &error);
        if (one && run) play(one, &result, &error);
        stage_message(&error, result.message, sizeof result.message);
        sim_script_run_free(one);
    }
    if (!result.message[0]) stage_message(&error, result.message, sizeof result.message);
    sim_script_free(script);
    ck_assert_msg(memory.live_blocks == 0, "%zu blocks are left after: %s", memory.live_blocks, text);
    return result;
}

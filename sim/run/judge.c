#include "sim/check/threshold.h"
#include "sim/fault/fault.h"
#include "sim/run/parts.h"
#include <stdio.h>

/* ---- thresholds ---- */

static mc_ns judged_from(const struct sim_threshold *threshold)
{
    return threshold->delay;
}

void run_judge_now(struct sim_run *run)
{
    const struct sim_plan *plan = run->plan;
    for (uint32_t i = 0; i < plan->threshold_count; i++) {
        const struct sim_threshold *threshold = &plan->thresholds[i];
        if (!threshold->abort_on_fail || run->now < judged_from(threshold)) continue;
        struct sim_threshold_state *state = &run->thresholds[i];
        run_look_for(run, threshold);
        sim_threshold_judge(run->check, threshold, plan->min_samples, state);
        if (state->status != SIM_FAIL) continue;
        char name[SIM_THRESHOLD_NAME];
        run_event(run, "abort", SIM_ERROR_SEVERITY, mc_str_c(sim_threshold_name(threshold, name)), "threshold crossed");
        sim_run_stop(run, SIM_STOP_THRESHOLD);
        return;
    }
}

static void judge_thresholds(struct sim_run *run)
{
    const struct sim_plan *plan = run->plan;
    for (uint32_t i = 0; i < plan->threshold_count; i++) {
        struct sim_threshold_texts texts;
        run_look_for(run, &plan->thresholds[i]);
        sim_threshold_judge(run->check, &plan->thresholds[i], plan->min_samples, &run->thresholds[i]);
        struct sim_verdict verdict =
            sim_threshold_verdict(&plan->thresholds[i], &run->thresholds[i], plan->min_samples, run->now, &texts);
        struct sim_error error;
        if (!sim_threshold_check(run->check, &plan->thresholds[i], &error)) verdict.message = mc_str_c(error.text);
        run_tell_verdict(run, &verdict);
    }
}

/* ---- invariants ---- */

static void judge_invariants(struct sim_run *run)
{
    for (uint32_t i = 0; i < run->invariant_count; i++) {
        struct run_invariant *invariant = &run->invariants[i];
        if (invariant->rule->end) invariant->rule->end(run, invariant);
        struct sim_verdict verdict = {.kind = SIM_VERDICT_INVARIANT,
                                      .status = invariant->broken ? SIM_FAIL : SIM_PASS,
                                      .name = invariant->name,
                                      .at = invariant->broken ? invariant->at : run->now,
                                      .samples = invariant->seen,
                                      .message = mc_str_c(invariant->message),
                                      .source = run->plan->source};
        if (!invariant->broken && !invariant->seen) {
            verdict.status = SIM_INCONCLUSIVE;
            verdict.message = MC_STR("nothing happened that it could judge");
        }
        run_tell_verdict(run, &verdict);
    }
}

/* ---- faults that touched nothing ---- */

static void judge_faults(struct sim_run *run)
{
    for (uint32_t i = 0; i < sim_faults_count(run->faults); i++) {
        const struct sim_fault *fault = sim_faults_at(run->faults, i);
        struct sim_touched touched = sim_fault_affected(fault);
        if (sim_fault_disabled(fault) || touched.packets || touched.requests || touched.connections) continue;
        char name[200];
        snprintf(name, sizeof name, "%s bit", sim_fault_text(fault));
        bool began = sim_fault_started(fault) != MC_NEVER;
        struct sim_verdict verdict = {.kind = SIM_VERDICT_VACUITY,
                                      .status = SIM_INCONCLUSIVE,
                                      .name = mc_str_c(name),
                                      .at = run->now,
                                      .message = began ? MC_STR("the fault touched nothing: it proves nothing")
                                                       : MC_STR("the fault never began"),
                                      .source = sim_fault_source(fault)};
        run_tell_verdict(run, &verdict);
    }
}

void run_judge_end(struct sim_run *run)
{
    judge_thresholds(run);
    judge_invariants(run);
    if (run->stop != SIM_STOP_ASSERT) judge_faults(run); /* a script that was stopped had no time to be felt */
}

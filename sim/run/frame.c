#include "sim/run/parts.h"
#include <stdio.h>

static void copy(char *out, size_t size, struct mc_str text)
{
    snprintf(out, size, "%.*s", MC_STR_ARG(text));
}

static void fill_pods(struct sim_run *run, struct sim_frame *frame)
{
    for (uint32_t i = 0; i < run->pod_count; i++) {
        uint32_t row = sim_picture_row(run->check, run->pods[i]->workload);
        if (row >= frame->service_count) continue;
        frame->services[row].replicas += run->pods[i]->alive;
        frame->services[row].meshed += run->pods[i]->alive && run->pods[i]->meshed;
    }
}

static void fill_mesh(struct sim_run *run, struct sim_frame *frame)
{
    frame->has_control = run->control != NULL;
    frame->has_ca = run->authority != NULL;
    frame->ca_up = run->authority && !run->ca_down;
    for (uint32_t i = 0; i < run->pod_count; i++) frame->proxies += run->pods[i]->sidecar != NULL;
    if (run->control) frame->proxies_in_sync = mc_node_sync(run->control).in_sync;
    frame->push_at = run->push_version ? run->push_at : MC_NEVER;
    frame->push_took = run->push_took;
}

/* The columns of the timeline in which something was on. */
static void fill_span(const struct sim_run *run, struct sim_frame_lane *lane, mc_ns from, mc_ns to)
{
    uint32_t last = sim_picture_column_at(run->now, run->plan->duration);
    for (uint32_t i = 0; i <= last && i < SIM_FRAME_COLUMNS; i++)
        if (lane->cells[i] == UINT8_MAX) lane->cells[i] = 0;
    if (from == MC_NEVER) return;
    uint32_t end = sim_picture_column_at(to < run->now ? to : run->now, run->plan->duration);
    for (uint32_t i = sim_picture_column_at(from, run->plan->duration); i <= end && i < SIM_FRAME_COLUMNS; i++) lane->cells[i] = 1;
}

static struct sim_frame_lane *lane_named(struct sim_frame *frame, const char *name, enum sim_lane_kind kind)
{
    for (uint32_t i = 0; i < frame->lane_count; i++)
        if (frame->lanes[i].kind == kind && strcmp(frame->lanes[i].name, name) == 0) return &frame->lanes[i];
    if (frame->lane_count == SIM_FRAME_LANES) return NULL;
    struct sim_frame_lane *lane = &frame->lanes[frame->lane_count++];
    lane->kind = kind;
    snprintf(lane->name, sizeof lane->name, "%s", name);
    memset(lane->cells, UINT8_MAX, sizeof lane->cells);
    return lane;
}

static void fill_faults(struct sim_run *run, struct sim_frame *frame)
{
    uint32_t count = sim_faults_count(run->faults);
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_fault *fault = sim_faults_at(run->faults, i);
        struct sim_frame_lane *lane = lane_named(frame, sim_fault_kind(fault)->name, SIM_LANE_FAULT);
        if (lane) fill_span(run, lane, sim_fault_started(fault), sim_fault_cleared(fault));
        if (sim_fault_state(fault) != SIM_FAULT_ACTIVE || frame->fault_count == SIM_FRAME_FAULTS) continue;
        struct sim_touched touched = sim_fault_affected(fault);
        struct sim_frame_fault *row = &frame->faults[frame->fault_count++];
        copy(row->text, sizeof row->text, mc_str_c(sim_fault_text(fault)));
        row->since = sim_fault_started(fault);
        row->until = sim_fault_until(fault);
        row->packets = touched.packets;
        row->requests = touched.requests;
        row->connections = touched.connections;
    }
}

static void fill_weights(struct sim_run *run, const struct sim_canary *canary, struct sim_frame *frame)
{
    char name[SIM_FRAME_NAME];
    snprintf(name, sizeof name, "%.*s %.*s %%", MC_STR_ARG(canary->spec.target), MC_STR_ARG(canary->spec.to));
    struct sim_frame_lane *lane = lane_named(frame, name, SIM_LANE_WEIGHT);
    struct sim_canary_view view = sim_run_canary_view(run, canary);
    struct sim_canary_step step;
    if (!lane) return;
    snprintf(lane->top, sizeof lane->top, "100%%");
    uint32_t last = sim_picture_column_at(run->now, run->plan->duration), from = 0, weight = 0;
    for (uint32_t i = 0; i <= view.steps; i++) {
        bool more = i < view.steps && sim_run_canary_step(run, canary, i, &step);
        if (i < view.steps && !more) continue;
        uint32_t to = more ? sim_picture_column_at(step.at, run->plan->duration) : last + 1;
        for (uint32_t c = from; c < to && c <= last && c < SIM_FRAME_COLUMNS; c++) lane->cells[c] = (uint8_t)weight;
        if (more) from = to, weight = step.weight;
    }
}

static void fill_rollouts(struct sim_run *run, struct sim_frame *frame)
{
    mc_list_each(link, &run->canaries)
    {
        const struct sim_canary *canary = mc_container(link, struct sim_canary, link);
        fill_weights(run, canary, frame);
        if (frame->rollout_count == SIM_FRAME_ROLLOUTS) continue;
        struct sim_frame_rollout *row = &frame->rollouts[frame->rollout_count++];
        struct sim_canary_view view = sim_run_canary_view(run, canary);
        copy(row->target, sizeof row->target, canary->spec.target);
        copy(row->from, sizeof row->from, canary->spec.from);
        copy(row->to, sizeof row->to, canary->spec.to);
        copy(row->phase, sizeof row->phase, mc_str_c(view.phase));
        row->weight = view.weight;
        row->failed_checks = view.failed_checks;
        row->threshold = canary->spec.threshold;
    }
}

static void fill_thresholds(struct sim_run *run, struct sim_frame *frame)
{
    const struct sim_plan *plan = run->plan;
    for (uint32_t i = 0; i < plan->threshold_count && frame->threshold_count < SIM_FRAME_THRESHOLDS; i++) {
        struct sim_threshold_state state = {0};
        char name[SIM_THRESHOLD_NAME];
        sim_threshold_judge(run->check, &plan->thresholds[i], plan->min_samples, &state);
        struct sim_frame_threshold *row = &frame->thresholds[frame->threshold_count++];
        copy(row->name, sizeof row->name, mc_str_c(sim_threshold_name(&plan->thresholds[i], name)));
        sim_threshold_value(&state, row->observed);
        row->status = (uint8_t)state.status;
    }
}

static enum sim_run_state_word state_of(const struct sim_run *run)
{
    if (run->state == SIM_RUN_STOPPED) return SIM_FRAME_STOPPED;
    if (run->state != SIM_RUN_DONE) return SIM_FRAME_RUNNING;
    const enum sim_run_state_word words[] = {
        [SIM_PASS] = SIM_FRAME_PASSED, [SIM_FAIL] = SIM_FRAME_FAILED, [SIM_INCONCLUSIVE] = SIM_FRAME_INCONCLUSIVE};
    return words[sim_verdicts_overall(&run->verdicts)];
}

void sim_run_frame(struct sim_run *run, struct sim_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->at = run->now;
    frame->duration = run->plan->duration;
    copy(frame->scenario, sizeof frame->scenario, run->plan->scenario);
    copy(frame->file, sizeof frame->file, run->plan->source.file);
    copy(frame->profile, sizeof frame->profile, run->plan->profile.name);
    frame->seed = run->options.seed;
    frame->events = sim_run_events(run);
    frame->state = state_of(run);
    frame->checks_passed = run->verdicts.of[SIM_PASS];
    frame->checks_failed = run->verdicts.of[SIM_FAIL];
    frame->checks_inconclusive = run->verdicts.of[SIM_INCONCLUSIVE];
    fill_faults(run, frame);
    fill_rollouts(run, frame);
    fill_thresholds(run, frame);
    sim_picture_fill(&run->picture, frame, run->now);
    fill_pods(run, frame);
    fill_mesh(run, frame);
}

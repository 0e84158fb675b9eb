/* Steady states: before the method (it waits for them), once a second while it runs (leaving and coming
 * back are notes on the timeline), and at the end (the verdict). */
#include "sim/lua/actors.h"
#include "sim/plan/units.h"
#include <stdio.h>

static const mc_ns patience = MC_MIN; /* how long the method waits for the steady states */

/* True: every expectation held. False: run->worst and worst_text say what did not. */
static bool holds(struct sim_script_run *run, struct sim_steady *steady)
{
    struct sim_error error = {0};
    run->has_worst = false;
    run->in_steady = true;
    bool good = sim_reading_call(run->reading, steady->function, 0, &error);
    run->in_steady = false;
    if (!good && !run->stopped) {
        run->error = error;
        run->broken = run->stopped = true;
        sim_run_stop(run->world, SIM_STOP_ASSERT);
    }
    return good && !run->has_worst;
}

static void give(struct sim_script_run *run, const struct sim_steady *steady, enum sim_status status, const char *when, const char *message)
{
    char name[200];
    snprintf(name, sizeof name, "%.*s (%s)", MC_STR_ARG(steady->name), when);
    sim_run_verdict(run->world, &(struct sim_verdict){
        .kind = SIM_VERDICT_STEADY_STATE, .status = status, .name = mc_str_c(name),
        .message = mc_str_c(message), .source = steady->source,
    });
}

static void tell(struct sim_script_run *run, struct sim_steady *steady, bool held)
{
    char text[360];
    if (held == steady->was_held) return;
    steady->was_held = held;
    if (held) snprintf(text, sizeof text, "%.*s: again", MC_STR_ARG(steady->name));
    else snprintf(text, sizeof text, "%.*s: no longer: %s", MC_STR_ARG(steady->name), run->worst_text);
    sim_run_note(run->world, sim_run_now(run->world), mc_str_c(text));
}

static void watch(struct sim_call *call)
{
    struct sim_script_run *run = mc_container(call, struct sim_script_run, steady_call);
    for (struct sim_steady *steady = run->reading->steady; steady && !run->stopped; steady = steady->next) {
        bool held = holds(run, steady);
        if (!run->stopped) tell(run, steady, held);
    }
    if (!run->stopped) sim_run_call_at(run->world, sim_run_now(run->world) + MC_S, call);
}

static void give_up(struct sim_script_run *run, const struct sim_steady *steady)
{
    char message[320], text[SIM_UNITS_TEXT];
    snprintf(message, sizeof message, "was not reached within %s, so nothing was tried: %s", sim_print_duration(patience, text), run->worst_text);
    give(run, steady, SIM_INCONCLUSIVE, "before", message);
    run->stopped = true;
    sim_run_stop(run->world, SIM_STOP_ASSERT);
}

static void await(struct sim_call *call)
{
    struct sim_script_run *run = mc_container(call, struct sim_script_run, steady_call);
    mc_ns now = sim_run_now(run->world);
    for (struct sim_steady *steady = run->reading->steady; steady; steady = steady->next) {
        if (holds(run, steady)) continue;
        if (run->stopped) return;
        if (now >= run->steady_deadline) give_up(run, steady);
        else sim_run_call_at(run->world, now + sim_grid, call);
        return;
    }
    for (struct sim_steady *steady = run->reading->steady; steady; steady = steady->next) {
        steady->was_held = true;
        give(run, steady, SIM_PASS, "before", "");
    }
    run->steady_ready = true;
    call->fire = watch;
    sim_run_call_at(run->world, now + MC_S, call);
    sim_actors_begin_method(run);
}

static void begin_plainly(struct sim_call *call)
{
    sim_actors_begin_method(mc_container(call, struct sim_script_run, steady_call));
}

void sim_steady_begin(struct sim_script_run *run)
{
    mc_ns at = run->plan.warm_up;
    run->steady_call = (struct sim_call){.fire = run->reading->steady ? await : begin_plainly};
    run->steady_deadline = mc_ns_add(at, patience);
    sim_run_call_at(run->world, at, &run->steady_call);
}

void sim_steady_finish(struct sim_script_run *run)
{
    if (!run->steady_ready || run->stopped) return;
    for (struct sim_steady *steady = run->reading->steady; steady && !run->stopped; steady = steady->next) {
        bool held = holds(run, steady);
        if (run->stopped) return;
        if (held) give(run, steady, SIM_PASS, "after", "");
        else give(run, steady, run->worst.status, "after", run->worst_text);
    }
}

#include "sim/run/parts.h"
#include <stdarg.h>
#include <stdio.h>

struct mc_str run_text(struct sim_run *run, mc_atom atom)
{
    return mc_atoms_text(&run->realm.atoms, atom);
}

struct mc_str run_copy(struct sim_run *run, struct mc_str text)
{
    struct mc_str copy = mc_arena_copy(&run->arena, text);
    if (!copy.p) run->out_of_memory = true;
    return copy.p ? copy : MC_STR("");
}

uint32_t run_pod_by_addr(const struct sim_run *run, uint64_t packed)
{
    uintptr_t found = (uintptr_t)mc_map_get(&run->pod_of_addr, packed >> 16);
    return found ? (uint32_t)(found - 1) : RUN_NO_POD;
}

bool run_is_sidecar_node(uint32_t node)
{
    return node >= RUN_NODE_APP && node < RUN_NODE_LOAD && (node - RUN_NODE_APP) % 2 == 1;
}

uint32_t run_pod_of_node(const struct sim_run *run, uint32_t node)
{
    if (node < RUN_NODE_APP || node >= RUN_NODE_LOAD) return RUN_NO_POD;
    uint32_t pod = (node - RUN_NODE_APP) / 2;
    return pod < run->pod_count ? pod : RUN_NO_POD;
}

void run_event(struct sim_run *run, const char *kind, enum sim_severity severity, struct mc_str subject, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0) length = 0;
    if ((size_t)length >= sizeof text) length = sizeof text - 1;
    struct sim_sink_event event = {.at = run->now, .kind = kind, .severity = severity, .subject = subject, .message = mc_str(text, (size_t)length)};
    sim_check_event(run->check, &event);
    struct sim_sink *sink = run->options.sink;
    if (sink && sink->type->event) sink->type->event(sink, &event);
}

/* ---- verdicts ---- */

void run_tell_verdict(struct sim_run *run, const struct sim_verdict *given)
{
    char message[300];
    struct sim_verdict founded = *given, *verdict = &founded;
    if (verdict->status != SIM_INCONCLUSIVE && run_is_unfounded(run, verdict, message, sizeof message)) {
        verdict->status = SIM_INCONCLUSIVE;
        verdict->message = mc_str_c(message);
    }
    const struct sim_verdict *kept = sim_verdicts_add(&run->verdicts, verdict);
    if (!kept) {
        run->out_of_memory = true;
        return;
    }
    struct sim_sink *sink = run->options.sink;
    if (sink && sink->type->verdict) sink->type->verdict(sink, kept, ++run->verdicts_told);
    if (verdict->status != SIM_PASS)
        run_event(run, "check", verdict->status == SIM_FAIL ? SIM_ERROR_SEVERITY : SIM_WARNING, kept->name, "%s, %.*s",
                  verdict->status == SIM_FAIL ? "failed" : "inconclusive", MC_STR_ARG(kept->message));
}

/* Verdicts whose evidence passed through something that is read and without effect. */
#include "sim/ledger/ledger.h"
#include "sim/run/parts.h"
#include <stdio.h>

enum { KINDS_MAX = 64 };

static uint32_t kinds_of_faults(const struct sim_run *run, const char *kinds[static KINDS_MAX])
{
    uint32_t count = 0;
    struct sim_use so_far = {.faults = kinds};
    for (uint32_t i = 0; i < sim_faults_count(run->faults) && count < KINDS_MAX; i++) {
        const char *kind = sim_fault_kind(sim_faults_at(run->faults, i))->name;
        so_far.fault_count = count;
        if (!sim_use_fault(&so_far, kind)) kinds[count++] = kind;
    }
    return count;
}

bool run_is_unfounded(const struct sim_run *run, const struct sim_verdict *verdict, char *message, size_t room)
{
    const char *kinds[KINDS_MAX];
    struct sim_use use = {.plan = run->plan, .faults = kinds, .fault_count = kinds_of_faults(run, kinds)};
    const struct sim_ledger_entry *entry = sim_ledger_ignored(sim_ledger, &use, verdict->name);
    if (!entry) return false;
    snprintf(message, room, "it rests on %s, which is ignored: %s", entry->name, entry->doc);
    return true;
}

#include "sim/ledger/ledger.h"
#include "base/assert.h"
#include <stdio.h>

const char *sim_ledger_class_text(enum sim_ledger_class class)
{
    static const char *const texts[] = {
#define X(name, text) text,
        SIM_LEDGER_CLASSES(X)
#undef X
    };
    mc_assert((unsigned)class < MC_COUNT_OF(texts));
    return texts[class];
}

bool sim_use_fault(const struct sim_use *use, const char *kind)
{
    for (uint32_t i = 0; i < use->fault_count; i++)
        if (!strcmp(use->faults[i], kind)) return true;
    return false;
}

const struct sim_ledger_entry *sim_ledger_find(struct mc_str name)
{
    for (const struct sim_ledger_entry *entry = sim_ledger; entry->name; entry++)
        if (mc_str_eq(name, mc_str_c(entry->name))) return entry;
    return NULL;
}

bool sim_ledger_uses(const struct sim_ledger_entry *entry, const struct sim_use *use)
{
    if (!entry->used) return entry->class != SIM_LEDGER_IGNORED;
    return entry->used(use);
}

const char *sim_ledger_error(const struct sim_ledger_entry *entry, char out[static SIM_LEDGER_ERROR])
{
    *out = 0;
    if (entry->class != SIM_LEDGER_MODELLED) return out;
    uint32_t permille = entry->error_permille;
    if (permille >= 1000) snprintf(out, SIM_LEDGER_ERROR, "a factor of %u", permille / 1000 + 1);
    else if (permille % 10) snprintf(out, SIM_LEDGER_ERROR, "± %u.%u%%", permille / 10, permille % 10);
    else if (permille) snprintf(out, SIM_LEDGER_ERROR, "± %u%%", permille / 10);
    else snprintf(out, SIM_LEDGER_ERROR, "%s", entry->error ? entry->error : "not bounded");
    return out;
}

struct sim_ledger_summary sim_ledger_summarise(const struct sim_ledger_entry *entries, const struct sim_use *use)
{
    struct sim_ledger_summary summary = {{0}, 0, NULL};
    for (const struct sim_ledger_entry *entry = entries; entry->name; entry++) {
        if (!sim_ledger_uses(entry, use)) continue;
        summary.of[entry->class]++;
        if (entry->class != SIM_LEDGER_MODELLED) continue;
        summary.unbounded += !entry->error_permille;
        if (entry->error_permille > (summary.worst ? summary.worst->error_permille : 0)) summary.worst = entry;
    }
    return summary;
}

static bool is_evidence(const struct sim_ledger_entry *entry, struct mc_str name)
{
    if (!entry->evidence) return true;
    for (struct mc_str rest = mc_str_c(entry->evidence); rest.n;)
        if (mc_str_starts(name, mc_str_cut(rest, ' ', &rest))) return true;
    return false;
}

const struct sim_ledger_entry *sim_ledger_ignored(const struct sim_ledger_entry *entries, const struct sim_use *use, struct mc_str name)
{
    for (const struct sim_ledger_entry *entry = entries; entry->name; entry++)
        if (entry->class == SIM_LEDGER_IGNORED && sim_ledger_uses(entry, use) && is_evidence(entry, name)) return entry;
    return NULL;
}

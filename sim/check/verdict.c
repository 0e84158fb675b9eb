#include "sim/check/verdict.h"
#include "base/assert.h"
#include <string.h>

const char *sim_verdict_kind_text(enum sim_verdict_kind kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        SIM_VERDICT_KINDS(X)
#undef X
    };
    mc_assert((unsigned)kind < MC_COUNT_OF(texts));
    return texts[kind];
}

const char *sim_status_text(enum sim_status status)
{
    static const char *const texts[] = {"pass", "fail", "inconclusive"};
    mc_assert((unsigned)status < MC_COUNT_OF(texts));
    return texts[status];
}

void sim_verdicts_init(struct sim_verdicts *verdicts, struct mc_alloc alloc)
{
    *verdicts = (struct sim_verdicts){.alloc = alloc};
}

/* The texts of one verdict are one block, the name first. */
static size_t texts_size(const struct sim_verdict *verdict)
{
    return verdict->name.n + verdict->op.n + verdict->unit.n + verdict->message.n + 1;
}

void sim_verdicts_fini(struct sim_verdicts *verdicts)
{
    for (uint32_t i = 0; i < verdicts->count; i++)
        mc_alloc_give(&verdicts->alloc, (void *)(uintptr_t)verdicts->list[i].name.p, texts_size(&verdicts->list[i]));
    mc_alloc_give(&verdicts->alloc, verdicts->list, verdicts->capacity * sizeof *verdicts->list);
    *verdicts = (struct sim_verdicts){.alloc = verdicts->alloc};
}

static bool grow(struct sim_verdicts *verdicts)
{
    if (verdicts->count < verdicts->capacity) return true;
    uint32_t capacity = verdicts->capacity ? verdicts->capacity * 2 : 16;
    struct sim_verdict *list = mc_alloc_take(&verdicts->alloc, capacity * sizeof *list);
    if (!list) return false;
    if (verdicts->count) memcpy(list, verdicts->list, verdicts->count * sizeof *list);
    mc_alloc_give(&verdicts->alloc, verdicts->list, verdicts->capacity * sizeof *list);
    verdicts->list = list;
    verdicts->capacity = capacity;
    return true;
}

static struct mc_str keep(char **at, struct mc_str text)
{
    struct mc_str kept = mc_str(*at, text.n);
    if (text.n) memcpy(*at, text.p, text.n);
    *at += text.n;
    return kept;
}

const struct sim_verdict *sim_verdicts_add(struct sim_verdicts *verdicts, const struct sim_verdict *verdict)
{
    char *block = grow(verdicts) ? mc_alloc_take(&verdicts->alloc, texts_size(verdict)) : NULL;
    if (!block) {
        verdicts->refused = true;
        return NULL;
    }
    struct sim_verdict *copy = &verdicts->list[verdicts->count++];
    *copy = *verdict;
    copy->name = keep(&block, verdict->name);
    copy->op = keep(&block, verdict->op);
    copy->unit = keep(&block, verdict->unit);
    copy->message = keep(&block, verdict->message);
    verdicts->of[copy->status]++;
    return copy;
}

enum sim_status sim_verdicts_overall(const struct sim_verdicts *verdicts)
{
    if (verdicts->of[SIM_FAIL]) return SIM_FAIL;
    return verdicts->of[SIM_INCONCLUSIVE] || verdicts->refused ? SIM_INCONCLUSIVE : SIM_PASS;
}

void sim_verdicts_digest(const struct sim_verdicts *verdicts, struct mc_digest *digest)
{
    for (uint32_t i = 0; i < verdicts->count; i++) {
        const struct sim_verdict *verdict = &verdicts->list[i];
        const uint64_t record[8] = {mc_hash(verdict->name, 0), verdict->kind, verdict->status, (uint64_t)verdict->at, verdict->samples};
        mc_digest_add(digest, record);
    }
}

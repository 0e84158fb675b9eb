/* Scripts as texts, loaded, planned or run to their end. */
#ifndef SIMLUA_STAGE_H
#define SIMLUA_STAGE_H

#include "sim/lua/script.h"
#include "support/memory.h"
#include <check.h>
#include <stdio.h>

static const char *const stage_roots[] = {SQUALL_SOURCE};

static inline struct sim_script_options stage_options(struct test_memory *memory)
{
    return (struct sim_script_options){.alloc = test_alloc(memory), .roots = stage_roots, .root_count = 1};
}

/* "t.lua:3: text", or "" without an error. */
static inline void stage_message(const struct sim_error *error, char *out, size_t room)
{
    out[0] = 0;
    if (error->text[0]) snprintf(out, room, "%.*s:%d: %s", (int)error->source.file.n, error->source.file.p, error->source.line, error->text);
}

struct stage_result {
    char message[700];     /* the first error: of loading, planning, starting or running */
    char verdicts[4000];   /* "pass check name\n", in order */
    enum sim_status status;
    uint64_t hash;
};

/* Loads TEXT, and runs its first case if RUN. Everything is given back. */
struct stage_result stage_play(const char *text, bool run, const struct sim_script_options *changes);

#endif

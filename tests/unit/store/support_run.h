/* A run as it is told to a sink, for tests of what becomes of it. */
#ifndef STORE_SUPPORT_RUN_H
#define STORE_SUPPORT_RUN_H

#include "sim/store/store.h"

/* A fresh folder; its path ends without a slash. */
void fresh_folder(char path[static 64]);
/* The first line that sqlite3, the command line, answers; "" for none. */
const char *ask(const char *path, const char *sql);

struct sim_store_run some_run(uint64_t seed);
/* Two workloads, one edge, events, faults, a rollout, certificates, verdicts, series, REQUESTS requests. */
void tell_run(struct sim_sink *sink, uint64_t requests);
void tell_end(struct sim_sink *sink, const char *status, uint64_t trace_hash);

/* A store with one invocation and one run, committed. */
struct sim_store *begin_store(const char *path, int64_t *run);

#endif

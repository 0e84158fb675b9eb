/* The phases of a rollout (control/rollout.h) as a machine without a mesh: told what a tick has shown and
 * what an operator wants, it decides the phase and the weight. */
#ifndef CONTROL_PHASE_H
#define CONTROL_PHASE_H

#include "base/result.h"
#include "control/control.h"

struct mc_result mc_rollout_check_options(const struct mc_rollout_options *options) MC_MUST_USE; /* INVALID, or OK */
void mc_rollout_begin(struct mc_rollout_state *state, const struct mc_rollout_options *options, mc_ns now);

bool mc_rollout_is_over(const struct mc_rollout_state *state);
bool mc_rollout_scrapes(const struct mc_rollout_state *state); /* whether a tick in this phase asks the sidecars */
bool mc_rollout_judges(const struct mc_rollout_state *state);  /* … and their answers are checked */

/* One tick. VERDICT: of all checks together (ignored unless it judges). PUSHED: the weights as they are
 * have been pushed. */
void mc_rollout_tick(struct mc_rollout_state *state, enum mc_check_verdict verdict, bool pushed, mc_ns now);
struct mc_result mc_rollout_obey(struct mc_rollout_state *state, enum mc_rollout_order order, mc_ns now) MC_MUST_USE; /* STATE */

void mc_rollout_note(struct mc_rollout_state *state, const struct mc_rollout_step *step); /* into the history */

#endif

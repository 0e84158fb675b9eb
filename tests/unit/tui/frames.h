/* Pictures for tests: the run of ux.md's drawings, and a large one. */
#ifndef TEST_TUI_FRAMES_H
#define TEST_TUI_FRAMES_H

#include "sim/check/frame.h"

/* canary_partition.lua at 2m24s: five services, a partition, a canary on hold. */
void frame_canary(struct sim_frame *frame);
/* The same run as it would be at AT: counts and sparks move, what comes later has not happened. */
void frame_canary_at(struct sim_frame *frame, mc_ns at);
/* COUNT services "svc-0001" …, of all healths. */
void frame_large(struct sim_frame *frame, uint32_t count);

#endif

/* How long a caller still waits, as it travels with a request: `grpc-timeout` (gRPC over HTTP/2, Requests:
 * at most 8 digits and a unit), read also as Envoy tells it, `x-envoy-expected-rq-timeout-ms`. Both are
 * durations, so that no two clocks are compared; the way there is not subtracted. */
#ifndef SIM_LOAD_DEADLINE_H
#define SIM_LOAD_DEADLINE_H

#include "base/time.h"
#include "http/message.h"

bool sim_deadline_write(mc_ns left, struct mc_head *head); /* rounded up to what the header can say. False: no memory */
mc_ns sim_deadline_read(const struct mc_head *head);       /* the shorter one; 0: none, or no valid one */

#endif

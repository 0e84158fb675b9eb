/* Keeps a workload's SVID fresh: makes a key, asks the CA for a certificate over the network, renews it
 * in time, and goes on asking when it is refused. An SVID stays in use until a newer one has come. */
#ifndef XDS_AGENT_H
#define XDS_AGENT_H

#include "base/time.h"
#include <stdint.h>

struct mc_identity_policy {
    mc_ns ttl;                /* what is asked for; the CA may give less; 0: the CA's */
    uint32_t renew_permille;  /* of the lifetime, counted from not_before: Istio 500 */
    uint32_t jitter_permille; /* of the lifetime, both ways: Istio 10 */
    mc_ns retry_base, retry_max; /* doubling in between: Istio 1 s, 150 s */
    mc_ns timeout;            /* of one request; 0: 10 s */
};

#endif

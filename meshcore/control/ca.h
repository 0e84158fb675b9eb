/* The certificate authority of a control plane: SVIDs for the workloads that the registry knows.
 *
 * A request is granted if it is signed by the key that it shows, and the workload at the sender's address
 * has the identity that it asks for (the address stands for the token that a real agent presents).
 */
#ifndef CONTROL_CA_H
#define CONTROL_CA_H

#include "control/registry.h"
#include "identity/signer.h"

#define MC_CA_MODES(X) \
    X(OK, "ok") \
    X(REFUSE, "refuse")       /* cuts the connection */ \
    X(BLACKHOLE, "blackhole") /* never answers */ \
    X(SLOW, "slow")           /* answers after a delay */ \
    X(ERROR, "error")         /* answers that it cannot */

enum mc_ca_mode {
#define X(name, text) MC_CA_##name,
    MC_CA_MODES(X)
#undef X
};

const char *mc_ca_mode_text(enum mc_ca_mode mode);

/* Why a request was not granted: the `why` of CERT_REFUSED. */
#define MC_CA_REFUSALS(X) \
    X(NOT_A_REQUEST, "not a certificate request, or not signed by its key") \
    X(NO_WORKLOAD, "no workload at that address") \
    X(WRONG_IDENTITY, "not the identity of the workload at that address") \
    X(OUT_OF_ORDER, "the CA refuses every request") \
    X(NO_AUTHORITY, "no CA here") \
    X(NO_MEMORY, "out of memory")

enum mc_ca_refusal {
#define X(name, text) MC_CA_REFUSAL_##name,
    MC_CA_REFUSALS(X)
#undef X
};

const char *mc_ca_refusal_text(enum mc_ca_refusal refusal);

struct mc_ca_options {
    struct mc_authority *authority; /* borrowed; outlives the node */
    mc_ns ttl;                      /* of an SVID (Istio DEFAULT_WORKLOAD_CERT_TTL 24 h) */
    mc_ns backdate;                 /* not_before is so long ago, against clocks that are behind; 0 … */
};

#endif

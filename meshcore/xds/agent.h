/* Keeps a workload's SVID fresh: makes a key, asks the CA for a certificate over the network, renews it
 * in time, and goes on asking when it is refused. An SVID stays in use until a newer one has come. */
#ifndef XDS_AGENT_H
#define XDS_AGENT_H

#include "identity/signer.h"
#include "net/conn.h"

struct mc_identity_policy {
    mc_ns ttl;                /* what is asked for; the CA may give less; 0: the CA's */
    uint32_t renew_permille;  /* of the lifetime, counted from not_before: Istio 500 */
    uint32_t jitter_permille; /* of the lifetime, both ways: Istio 10 */
    mc_ns retry_base, retry_max; /* doubling in between: Istio 1 s, 150 s */
    uint32_t retry_permille;  /* not 0: instead of doubling, this share of what is left, within those bounds: Linkerd 700 */
    mc_ns leeway;             /* clock error that is forgiven to peers */
    mc_ns timeout;            /* of one request; 0: 10 s */
};

/* How a request ended: the `result` of CERT_RENEWAL. */
#define MC_RENEWALS(X) \
    X(ISSUED, "issued") \
    X(UNREACHABLE, "the CA cannot be reached") \
    X(CUT, "the connection was cut") \
    X(REFUSED, "the CA refuses") \
    X(TIMEOUT, "no answer in time") \
    X(UNUSABLE, "the certificate is not the one asked for") \
    X(NO_MEMORY, "out of memory")

enum mc_renewal {
#define X(name, text) MC_RENEWAL_##name,
    MC_RENEWALS(X)
#undef X
};

const char *mc_renewal_text(enum mc_renewal renewal);

struct mc_agent;

struct mc_agent_type {
    void (*issued)(struct mc_agent *agent, struct mc_svid *svid); /* borrowed; agent->svid already */
};

struct mc_agent_options {
    struct mc_addr ca;
    mc_atom identity;
    struct mc_signer *signer;
    struct mc_identity_policy policy;
};

/* Embedded in its owner. Asks on a connection of its own each time. */
struct mc_agent {
    const struct mc_agent_type *type;
    struct mc_agent_options options;
    struct mc_turn *turn;
    struct mc_conn conn;
    struct mc_timer timer;   /* the next request; while one is under way: its timeout */
    struct mc_svid *svid;    /* NULL: none yet */
    struct mc_slice key;     /* of the request under way */
    uint64_t keys;           /* made so far */
    uint32_t attempt;        /* of this renewal, from 1; 0: none was made */
    bool stopped;
};

void mc_agent_init(struct mc_agent *agent, const struct mc_agent_type *type, struct mc_net *net,
                   const struct mc_agent_options *options);
/* Begins with SVID (a reference is taken; `issued` is told) and renews it in time; NULL: asks at once. */
void mc_agent_start(struct mc_agent *agent, struct mc_svid *svid);
void mc_agent_renew(struct mc_agent *agent); /* asks now; nothing more if a request is under way */
/* Another SVID in place of the one in use (a fault); what was planned stays. Takes a reference of its own. */
void mc_agent_replace(struct mc_agent *agent, struct mc_svid *svid);
void mc_agent_stop(struct mc_agent *agent);  /* cuts what is under way. Idempotent */
void mc_agent_fini(struct mc_agent *agent);  /* after stop */
/* How long the N-th failure in a row (from 1) makes an agent wait. */
mc_ns mc_agent_backoff(const struct mc_identity_policy *policy, uint32_t failures);

#endif

/* TLS and certificates by OpenSSL 3: the engine behind net/tls.h and the signer behind
 * identity/signer.h, over memory only.
 *
 * One per realm, with a library context of its own: no configuration file, no global state, no session
 * resumption, TLS 1.3 (and 1.2 for a live peer that knows no better). OpenSSL checks signatures and builds
 * chains; whether a peer is accepted is identity/verify.h's to say, at the event's wall time.
 *
 * Randomness is either *seeded*, for simulation: each session, key and signature draws from a stream keyed
 * by the realm's seed and its own name, so that equal runs have equal bytes; or the *system's*, for live
 * use: then nothing of the seed enters any key.
 */
#ifndef OSSL_ENGINE_H
#define OSSL_ENGINE_H

#include "host/realm.h"
#include "identity/signer.h"
#include "net/tls.h"

enum mc_ossl_entropy {
    MC_OSSL_SYSTEM = 1, /* there is no default: who makes an engine says which */
    MC_OSSL_SEEDED,
};

struct mc_ossl_options {
    struct mc_realm *realm; /* memory, names, seed; outlives the engine */
    enum mc_ossl_entropy entropy;
};

struct mc_ossl;

struct mc_ossl *mc_ossl_new(const struct mc_ossl_options *options); /* NULL refuses */
void mc_ossl_free(struct mc_ossl *ossl); /* sessions, contexts and authorities must be gone */

struct mc_tls_engine *mc_ossl_engine(struct mc_ossl *ossl);
struct mc_signer *mc_ossl_signer(struct mc_ossl *ossl);

#endif

/* SPIFFE IDs: spiffe://<trust domain>/<path>, as the SPIFFE-ID standard §2 has them. */
#ifndef IDENTITY_SPIFFE_H
#define IDENTITY_SPIFFE_H

#include "base/str.h"

struct mc_spiffe {
    struct mc_str trust_domain; /* lower case letters, digits, '.', '-', '_'; 1…255 bytes */
    struct mc_str path;         /* with its leading '/'; may be empty (the trust domain itself) */
};

/* Views into TEXT. False if TEXT breaks a rule of §2: scheme, empty or "." or ".." segments, a trailing
 * slash, characters outside [a-zA-Z0-9._-], more than MC_MAX_SPIFFE_ID bytes. */
bool mc_spiffe_parse(struct mc_str text, struct mc_spiffe *id);

/* Istio's form, spiffe://DOMAIN/ns/NAMESPACE/sa/ACCOUNT, written into OUT; returns its length, 0 if it
 * does not fit SIZE. Terminated. */
size_t mc_spiffe_workload(struct mc_str domain, struct mc_str name_space, struct mc_str account, char *out, size_t size);

#endif

/* The chained digest of a run: one canonical record of eight 64-bit words per event, XXH3.
 * Words, never structs: padding and pointers cannot get in. */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/str.h"
#include <stdint.h>

struct mc_digest {
    uint64_t value; /* the chain so far */
    uint64_t count; /* records in it */
};

void mc_digest_add(struct mc_digest *digest, const uint64_t record[static 8]);
uint64_t mc_hash(struct mc_str bytes, uint64_t seed); /* XXH3-64, for keys and hash-consing */

#endif

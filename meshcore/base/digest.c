#include "base/digest.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

void mc_digest_add(struct mc_digest *digest, const uint64_t record[static 8])
{
    digest->value = XXH3_64bits_withSeed(record, 64, digest->value);
    digest->count++;
}

uint64_t mc_hash(struct mc_str bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.p, bytes.n, seed);
}

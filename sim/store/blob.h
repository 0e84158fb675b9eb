/* A histogram as one blob: a version byte (1), then pairs of unsigned LEB128 numbers, the gap from the
 * bucket before (the first: from 0) and its count. Buckets are those of base/hist.h. */
#ifndef SIM_STORE_BLOB_H
#define SIM_STORE_BLOB_H

#include "base/hist.h"
#include "base/str.h"

enum { SIM_BLOB_VERSION = 1, SIM_BLOB_PAIR = 10 /* bytes of one bucket at most */ };

/* How many bytes OUT (of at least 1 + SIM_BLOB_PAIR × span bytes) now holds. */
size_t sim_hist_pack(const struct mc_hist *hist, unsigned char *out);
/* Adds the blob's counts to HIST (min, max and sum by bucket bounds). False: not a blob of this version,
 * damaged, or no memory. */
bool sim_hist_unpack(struct mc_str blob, struct mc_hist *hist, const struct mc_alloc *alloc);

#endif

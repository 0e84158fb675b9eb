/* A provider of random numbers that are no secret: a stream per key, for simulation. */
#ifndef OSSL_RANDOM_H
#define OSSL_RANDOM_H

#include <openssl/provider.h>
#include <stdbool.h>
#include <stdint.h>

/* Position in a stream of 64-bit words. The draw at (key, at) is always the same. */
struct mc_ossl_stream {
    uint64_t key, at;
};

/* Makes LIBRARY draw all its randomness from the stream that the answer points to, which the caller sets
 * before each call and which advances. NULL refuses. Unloaded with OSSL_PROVIDER_unload(*provider). */
struct mc_ossl_stream *mc_ossl_random_load(OSSL_LIB_CTX *library, OSSL_PROVIDER **provider);

#endif

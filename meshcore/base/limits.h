/* Every bound of the core, one per line, with its reason. Inputs can drive no loop, queue, buffer or
 * recursion past these. Some are only defaults: configuration may set them, never remove them. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
    MC_MAX_HEAD_BYTES = 60 * 1024,  /* Envoy max_request_headers_kb; over it 431 */
    MC_MAX_HEADERS = 100,           /* Envoy max_headers_count; over it 431 */
    MC_MAX_TARGET_BYTES = 8 * 1024, /* RFC 9112 §3 asks for at least 8000 */
    MC_CHUNK_SMALL = 2 * 1024,      /* most heads and small bodies fit */
    MC_CHUNK_LARGE = 16 * 1024,     /* one TLS record, one bulk read */
    MC_STREAM_CREDIT = 64 * 1024,   /* bytes a peer may send before it is granted more */
    MC_BUFFER_LIMIT = 1024 * 1024,  /* Envoy per_connection_buffer_limit_bytes */
    MC_RETRY_BUFFER = 1024 * 1024,  /* body kept for a retry; over it the retry is given up */
    MC_MAX_WEIGHTED = 128,          /* clusters in one weighted route */
    MC_MAX_SPIFFE_ID = 2048,        /* SPIFFE-ID §2.3 */
    MC_MAX_CHAIN = 8,               /* certificates that a peer may show, the root included */
    MC_MAX_VERIFIED = 4096,         /* verified chains remembered per trust bundle */
    MC_MAX_FILTERS = 16,            /* HTTP filters in one chain */
    MC_MAX_LAYERS = 4,              /* layers on one connection */
    MC_MAX_RETRIES = 64,            /* attempts that a policy may ask for */
    MC_MAX_LISTENERS = 4096,        /* per node */
    MC_MAX_CLUSTERS = 65536,        /* per snapshot */
    MC_MAX_REGEX_BYTES = 1024,      /* one pattern */
    MC_MAX_REGEX_STEPS = 100000,    /* matching steps of one text; past them it does not match */
};

#endif

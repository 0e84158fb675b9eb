/* The shapes of the configuration records: one table of fields per record, which drives the deep copy
 * into a resource and the canonical encoding that resources are hashed and compared by. */
#ifndef MODEL_SHAPE_H
#define MODEL_SHAPE_H

#include "base/arena.h"
#include "base/atoms.h"
#include "base/result.h"
#include "model/snapshot.h"

enum mc_field_kind {
    MC_FIELD_FLAG,    /* bool */
    MC_FIELD_U16,
    MC_FIELD_U32,     /* and every enum */
    MC_FIELD_U64,     /* and durations */
    MC_FIELD_ATOM,    /* encoded by its text */
    MC_FIELD_STR,
    MC_FIELD_ADDR,
    MC_FIELD_RECORD,  /* embedded */
    MC_FIELD_RECORDS, /* pointer, and a uint32_t count elsewhere */
    MC_FIELD_DERIVED, /* 8 bytes that are made from other fields: 0 in a copy, not encoded */
};

struct mc_field {
    enum mc_field_kind kind;
    uint16_t offset, count_offset;
    const struct mc_shape *of; /* RECORD, RECORDS */
};

struct mc_shape {
    uint32_t size;
    uint32_t field_count;
    const struct mc_field *fields;
};

extern const struct mc_shape *const mc_resource_shapes[MC_RESOURCE_TYPE_COUNT];

/* A growing buffer of encoded bytes. */
struct mc_encoding {
    struct mc_pool *pool;
    char *bytes;
    size_t used, size;
    bool refused; /* out of memory; what follows is not written */
};

void mc_encoding_fini(struct mc_encoding *encoding);

/* Appends the canonical encoding of RECORD: fields that are not zero, each behind its number, as
 * variable-length integers and length-prefixed texts; a zero byte ends a record. Equal encodings mean
 * equal records; the length comes close to what protobuf takes. */
void mc_shape_encode(const struct mc_shape *shape, const void *record, const struct mc_atoms *atoms,
                     struct mc_encoding *out);

/* A deep copy in ARENA; NULL refuses. */
void *mc_shape_copy(const struct mc_shape *shape, const void *record, struct mc_arena *arena);

#endif

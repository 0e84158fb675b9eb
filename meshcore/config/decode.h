/* Protobuf messages in YAML or JSON form, read by tables: one table per message type.
 *
 * A message is decoded into a record of the caller's; the record's first member is
 * `const struct mc_value *at`, where it stands in the document, so that whoever judges it later can say
 * where. Sub-messages are pointers, NULL if absent; an absent text is {NULL, 0}.
 * Names are taken in snake_case and in camelCase, enums by name and by number, durations as "0.25s",
 * null as absence, as protobuf's JSON mapping says.
 */
#ifndef CONFIG_DECODE_H
#define CONFIG_DECODE_H

#include "base/time.h"
#include "config/document.h"

enum mc_message_kind {
    MC_MESSAGE_BOOL,
    MC_MESSAGE_U32,
    MC_MESSAGE_DURATION, /* mc_ns, not negative */
    MC_MESSAGE_MILLIONTHS, /* a decimal number, in millionths: uint32_t */
    MC_MESSAGE_STRING,
    MC_MESSAGE_ENUM,    /* uint32_t */
    MC_MESSAGE_ONE,     /* pointer to a sub-message */
    MC_MESSAGE_LIST,    /* pointer to the first of COUNT sub-messages */
    MC_MESSAGE_STRINGS, /* pointer to the first of COUNT texts */
    MC_MESSAGE_U32S,
    MC_MESSAGE_ANY,     /* struct mc_any: a typed_config */
    MC_MESSAGE_ANY_MAP, /* pointer to the first of COUNT struct mc_any */
    MC_MESSAGE_ONLY,    /* a flag or number that is right as it is by default: WORD is the one value taken */
    MC_MESSAGE_NOTED,   /* known, without effect here: WORD says why */
};

struct mc_enum_name {
    const char *name;
    uint32_t number;
};

struct mc_any {
    const struct mc_value *at;
    struct mc_str key;             /* in a map */
    const struct mc_message *type; /* NULL: absent */
    const void *record;
};

struct mc_message_field {
    const char *name; /* in snake_case */
    enum mc_message_kind kind;
    bool required;
    uint16_t offset, count_offset;
    const struct mc_message *message;         /* ONE, LIST */
    const struct mc_message *const *messages; /* ANY, ANY_MAP: what may stand there, NULL-terminated */
    const struct mc_enum_name *names;         /* ENUM; ends with a NULL name */
    const char *word;                         /* ONLY, NOTED */
};

struct mc_message {
    const char *name; /* full, as in an @type, of those that stand in an Any */
    size_t size;
    const void *defaults; /* a record; NULL: zeros */
    const struct mc_message_field *fields;
    uint32_t field_count;
    const char *unsupported; /* further fields that Envoy has and we refuse: " a b c " */
};

struct mc_decoder {
    struct mc_arena *arena;
    struct mc_config_errors *errors;
    uint32_t values; /* visited so far: aliases may multiply them */
    bool refused;    /* out of memory */
};

/* The record of a message, or NULL: not a mapping, or no memory. Errors in its fields are noted and
 * leave the field at its default. */
const void *mc_decode(struct mc_decoder *decoder, const struct mc_message *type, const struct mc_value *value);

/* "1.5s" to nanoseconds; false if it is not a duration or is negative. */
bool mc_decode_duration(struct mc_str text, mc_ns *duration);
/* "12.5" with SCALE 1000 to 12500, rounded down; false if it is not a plain decimal number. */
bool mc_decode_decimal(struct mc_str text, uint64_t scale, uint64_t max, uint64_t *value);

#endif

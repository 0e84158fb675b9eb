/* A YAML or JSON document as a tree of values that know where they stand.
 *
 * JSON is read as the YAML that it also is, after it has been found to be strict JSON, so that both have
 * lines and columns. Anchors and aliases are expanded by reference; values tagged !ignore (where Envoy's
 * configurations keep their anchors) are there, but marked. Bounded in size, depth and count.
 */
#ifndef CONFIG_DOCUMENT_H
#define CONFIG_DOCUMENT_H

#include "base/arena.h"
#include "base/result.h"
#include "config/errors.h"

enum {
    MC_DOCUMENT_BYTES = 32 * 1024 * 1024,
    MC_DOCUMENT_DEPTH = 64,
    MC_DOCUMENT_KEYS = 4096, /* in one mapping */
    MC_DOCUMENT_VALUES = 2 * 1000 * 1000, /* also after aliases are expanded */
};

enum mc_value_kind { MC_VALUE_SCALAR, MC_VALUE_SEQUENCE, MC_VALUE_MAPPING };

struct mc_value {
    enum mc_value_kind kind;
    bool plain;              /* scalar without quotes: may be a number, a flag or null */
    bool ignored;            /* tagged !ignore */
    uint32_t line, column;   /* of the value; from 1 */
    struct mc_str text;      /* scalar */
    const struct mc_value *parent;        /* NULL: the root */
    struct mc_str key;                    /* in a mapping */
    uint32_t key_line, key_column;
    uint32_t index;                       /* in its parent */
    struct mc_value *first, *last, *next; /* children; sibling */
    uint32_t count;                       /* children */
};

/* The first document of TEXT, in ARENA, which outlives it, as does TEXT. An empty text is an empty
 * mapping. INVALID: what is wrong stands in ERRORS, whose file name decides between YAML and JSON. */
struct mc_result mc_document_parse(struct mc_arena *arena, struct mc_str text, struct mc_config_errors *errors,
                                   const struct mc_value **root) MC_MUST_USE;

/* The value of KEY in a mapping, or NULL. */
const struct mc_value *mc_value_get(const struct mc_value *mapping, struct mc_str key);
bool mc_value_is_null(const struct mc_value *value); /* ~, null, or nothing at all */

#endif

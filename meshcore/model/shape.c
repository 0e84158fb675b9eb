/* Walks over records by their field tables: the canonical encoding and the deep copy. */
#include "model/shape.h"

enum { ENCODING_FIRST = 512, DERIVED_BYTES = 8 };

mc_static_assert(sizeof(struct mc_regex *) == DERIVED_BYTES,
                 "a derived field is a pointer or a 64-bit number");

void mc_encoding_fini(struct mc_encoding *encoding)
{
    mc_pool_give(encoding->pool, encoding->bytes, encoding->size);
    *encoding = (struct mc_encoding){.pool = encoding->pool};
}

static bool make_room(struct mc_encoding *out, size_t more)
{
    if (out->refused) return false;
    if (out->size - out->used >= more) return true;
    size_t size = out->size ? out->size : ENCODING_FIRST;
    while (size - out->used < more) size *= 2;
    char *bytes = mc_pool_take(out->pool, size);
    if (!bytes) {
        out->refused = true;
        return false;
    }
    if (out->used) memcpy(bytes, out->bytes, out->used);
    mc_pool_give(out->pool, out->bytes, out->size);
    out->bytes = bytes;
    out->size = size;
    return true;
}

static void put_bytes(struct mc_encoding *out, const void *bytes, size_t count)
{
    if (!count || !make_room(out, count)) return;
    memcpy(out->bytes + out->used, bytes, count);
    out->used += count;
}

static void put_number(struct mc_encoding *out, uint64_t value)
{
    char digits[10];
    size_t count = 0;
    for (; value >= 0x80; value >>= 7) digits[count++] = (char)(value | 0x80);
    digits[count++] = (char)value;
    put_bytes(out, digits, count);
}

static void put_text(struct mc_encoding *out, unsigned number, struct mc_str text)
{
    if (!text.n) return;
    put_number(out, number);
    put_number(out, text.n);
    put_bytes(out, text.p, text.n);
}

static uint64_t read_number(const struct mc_field *field, const char *at)
{
    switch (field->kind) {
    case MC_FIELD_FLAG:
        return *(const bool *)at;
    case MC_FIELD_U16:
        return *(const uint16_t *)(const void *)at;
    case MC_FIELD_U32:
        return *(const uint32_t *)(const void *)at;
    case MC_FIELD_U64:
        return *(const uint64_t *)(const void *)at;
    case MC_FIELD_ATOM:
    case MC_FIELD_STR:
    case MC_FIELD_ADDR:
    case MC_FIELD_RECORD:
    case MC_FIELD_RECORDS:
    case MC_FIELD_DERIVED:
        break;
    }
    mc_unreachable();
}

struct array {
    const char *first;
    uint32_t count;
};

static struct array read_array(const struct mc_field *field, const void *record)
{
    const char *base = record;
    return (struct array){.first = *(const char *const *)(const void *)(base + field->offset),
                          .count = *(const uint32_t *)(const void *)(base + field->count_offset)};
}

static void put_addr(struct mc_encoding *out, unsigned number, const struct mc_addr *addr)
{
    if (mc_addr_is_any(*addr) && !addr->port) return;
    put_number(out, number);
    put_bytes(out, addr->ip, sizeof addr->ip);
    put_number(out, addr->port);
}

static void put_field(const struct mc_field *field, unsigned number, const void *record,
                      const struct mc_atoms *atoms, struct mc_encoding *out)
{
    const char *at = (const char *)record + field->offset;
    switch (field->kind) {
    case MC_FIELD_FLAG:
    case MC_FIELD_U16:
    case MC_FIELD_U32:
    case MC_FIELD_U64: {
        uint64_t value = read_number(field, at);
        if (!value) return;
        put_number(out, number);
        put_number(out, value);
        return;
    }
    case MC_FIELD_ATOM:
        put_text(out, number, mc_atoms_text(atoms, *(const mc_atom *)(const void *)at));
        return;
    case MC_FIELD_STR:
        put_text(out, number, *(const struct mc_str *)(const void *)at);
        return;
    case MC_FIELD_ADDR:
        put_addr(out, number, (const struct mc_addr *)(const void *)at);
        return;
    case MC_FIELD_RECORD:
        put_number(out, number);
        mc_shape_encode(field->of, at, atoms, out);
        return;
    case MC_FIELD_RECORDS: {
        struct array array = read_array(field, record);
        for (uint32_t i = 0; i < array.count; i++) {
            put_number(out, number);
            mc_shape_encode(field->of, array.first + (size_t)i * field->of->size, atoms, out);
        }
        return;
    }
    case MC_FIELD_DERIVED:
        return;
    }
}

void mc_shape_encode(const struct mc_shape *shape, const void *record, const struct mc_atoms *atoms,
                     struct mc_encoding *out)
{
    for (unsigned i = 0; i < shape->field_count; i++) put_field(&shape->fields[i], i + 1, record, atoms, out);
    put_number(out, 0);
}

static bool own_fields(const struct mc_shape *shape, char *copy, struct mc_arena *arena);

static bool own_text(struct mc_str *text, struct mc_arena *arena)
{
    *text = text->n ? mc_arena_copy(arena, *text) : MC_STR("");
    return text->p;
}

static bool own_array(const struct mc_field *field, char *record, struct mc_arena *arena)
{
    struct array array = read_array(field, record);
    size_t size = field->of->size;
    char *copy = NULL;
    if (array.count && !(copy = mc_arena_take(arena, array.count * size))) return false;
    if (copy) memcpy(copy, array.first, array.count * size);
    *(char **)(void *)(record + field->offset) = copy;
    for (uint32_t i = 0; i < array.count; i++)
        if (!own_fields(field->of, copy + i * size, arena)) return false;
    return true;
}

/* Replaces what a flat copy still borrows by copies in ARENA. */
static bool own_fields(const struct mc_shape *shape, char *copy, struct mc_arena *arena)
{
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct mc_field *field = &shape->fields[i];
        char *at = copy + field->offset;
        bool owned = true;
        if (field->kind == MC_FIELD_STR) owned = own_text((struct mc_str *)(void *)at, arena);
        if (field->kind == MC_FIELD_RECORD) owned = own_fields(field->of, at, arena);
        if (field->kind == MC_FIELD_RECORDS) owned = own_array(field, copy, arena);
        if (field->kind == MC_FIELD_DERIVED) memset(at, 0, DERIVED_BYTES);
        if (!owned) return false;
    }
    return true;
}

void *mc_shape_copy(const struct mc_shape *shape, const void *record, struct mc_arena *arena)
{
    char *copy = mc_arena_take(arena, shape->size);
    if (!copy) return NULL;
    memcpy(copy, record, shape->size);
    return own_fields(shape, copy, arena) ? copy : NULL;
}

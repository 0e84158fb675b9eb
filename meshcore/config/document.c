#include "config/document.h"
#include "base/digest.h"
#include "base/map.h"
#include <jansson.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    struct mc_arena *arena;
    struct mc_config_errors *errors;
    struct mc_map anchors; /* hash of the name: its value, once complete */
    uint32_t values, depth;
    bool refused; /* out of memory */
};

/* ---- errors ---- */

static bool fail_at(struct reader *reader, yaml_mark_t mark, const char *why)
{
    mc_config_fail_at(reader->errors, (uint32_t)mark.line + 1, (uint32_t)mark.column + 1, why);
    return false;
}

static bool fail_parse(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    yaml_mark_t mark = parser->problem_mark;
    if (parser->error == YAML_READER_ERROR) mark = parser->mark;
    if (parser->error == YAML_MEMORY_ERROR) reader->refused = true;
    return fail_at(reader, mark, parser->problem ? parser->problem : "not YAML");
}

static bool refuse(struct reader *reader)
{
    reader->refused = true;
    return false;
}

/* ---- values ---- */

static struct mc_value *make(struct reader *reader, enum mc_value_kind kind, const yaml_event_t *event)
{
    if (++reader->values > MC_DOCUMENT_VALUES) {
        fail_at(reader, event->start_mark, "the document has too many values");
        return NULL;
    }
    struct mc_value *value = mc_arena_take_zero(reader->arena, sizeof *value);
    if (!value) {
        refuse(reader);
        return NULL;
    }
    value->kind = kind;
    value->line = (uint32_t)event->start_mark.line + 1;
    value->column = (uint32_t)event->start_mark.column + 1;
    return value;
}

static bool is_ignored(const yaml_char_t *tag)
{
    return tag && strcmp((const char *)tag, "!ignore") == 0;
}

static uint64_t anchor_key(const yaml_char_t *anchor)
{
    return mc_hash(mc_str_c((const char *)anchor), 0);
}

static bool keep_anchor(struct reader *reader, const yaml_char_t *anchor, struct mc_value *value)
{
    if (!anchor) return true;
    return mc_map_put(&reader->anchors, anchor_key(anchor), value) || refuse(reader);
}

static bool read_value(struct reader *reader, yaml_event_t *event, struct mc_value **value);

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    return yaml_parser_parse(&reader->parser, event) || fail_parse(reader);
}

static void adopt(struct mc_value *parent, struct mc_value *child)
{
    child->parent = parent;
    child->index = parent->count++;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

/* Reads the value that follows in the stream. */
static bool read_next(struct reader *reader, struct mc_value **value)
{
    yaml_event_t event;
    if (!next_event(reader, &event)) return false;
    bool read = read_value(reader, &event, value);
    yaml_event_delete(&event);
    return read;
}

static bool read_item(struct reader *reader, yaml_event_t *event, struct mc_value *sequence)
{
    struct mc_value *item = NULL;
    if (!read_value(reader, event, &item)) return false;
    adopt(sequence, item);
    return true;
}

static bool read_pair(struct reader *reader, yaml_event_t *event, struct mc_value *mapping)
{
    struct mc_value *child = NULL;
    if (event->type != YAML_SCALAR_EVENT) return fail_at(reader, event->start_mark, "a key must be a word");
    struct mc_str key = mc_str((const char *)event->data.scalar.value, event->data.scalar.length);
    if (mapping->count == MC_DOCUMENT_KEYS)
        return fail_at(reader, event->start_mark, "a mapping of too many keys");
    if (mc_value_get(mapping, key)) return fail_at(reader, event->start_mark, "this key stands here twice");
    struct mc_str copy = mc_arena_copy(reader->arena, key);
    if (!copy.p) return refuse(reader);
    bool ignored = is_ignored(event->data.scalar.tag);
    yaml_mark_t mark = event->start_mark;
    if (!read_next(reader, &child)) return false;
    child->key = copy;
    child->key_line = (uint32_t)mark.line + 1;
    child->key_column = (uint32_t)mark.column + 1;
    if (ignored) child->ignored = true;
    adopt(mapping, child);
    return true;
}

static bool read_children(struct reader *reader, struct mc_value *value, yaml_event_type_t end)
{
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event)) return false;
        bool done = event.type == end, read = true;
        if (!done && value->kind == MC_VALUE_SEQUENCE) read = read_item(reader, &event, value);
        if (!done && value->kind == MC_VALUE_MAPPING) read = read_pair(reader, &event, value);
        yaml_event_delete(&event);
        if (done || !read) return read;
    }
}

static bool read_collection(struct reader *reader, yaml_event_t *event, struct mc_value **out)
{
    bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = is_mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    const yaml_char_t *anchor = is_mapping ? event->data.mapping_start.anchor
                                           : event->data.sequence_start.anchor;
    struct mc_value *value = make(reader, is_mapping ? MC_VALUE_MAPPING : MC_VALUE_SEQUENCE, event);
    if (!value) return false;
    if (reader->depth == MC_DOCUMENT_DEPTH) return fail_at(reader, event->start_mark, "nested too deeply");
    value->ignored = is_ignored(tag);
    reader->depth++;
    bool read = read_children(reader, value, is_mapping ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT);
    reader->depth--;
    *out = value;
    return read && keep_anchor(reader, anchor, value);
}

static bool read_scalar(struct reader *reader, yaml_event_t *event, struct mc_value **out)
{
    struct mc_value *value = make(reader, MC_VALUE_SCALAR, event);
    if (!value) return false;
    value->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    value->ignored = is_ignored(event->data.scalar.tag);
    struct mc_str text = mc_str((const char *)event->data.scalar.value, event->data.scalar.length);
    value->text = mc_arena_copy(reader->arena, text);
    if (!value->text.p) return refuse(reader);
    *out = value;
    return keep_anchor(reader, event->data.scalar.anchor, value);
}

/* A view of the anchored value in another place; its children stay where they were written. */
static bool read_alias(struct reader *reader, yaml_event_t *event, struct mc_value **out)
{
    const struct mc_value *anchored = mc_map_get(&reader->anchors, anchor_key(event->data.alias.anchor));
    if (!anchored) return fail_at(reader, event->start_mark, "an alias of an anchor that is not known here");
    struct mc_value *value = make(reader, anchored->kind, event);
    if (!value) return false;
    *value = *anchored;
    value->next = NULL;
    value->ignored = false;
    value->line = (uint32_t)event->start_mark.line + 1;
    value->column = (uint32_t)event->start_mark.column + 1;
    *out = value;
    return true;
}

static bool read_value(struct reader *reader, yaml_event_t *event, struct mc_value **value)
{
    if (event->type == YAML_SCALAR_EVENT) return read_scalar(reader, event, value);
    if (event->type == YAML_ALIAS_EVENT) return read_alias(reader, event, value);
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
        return read_collection(reader, event, value);
    return fail_at(reader, event->start_mark, "a value is missing");
}

/* ---- documents ---- */

static bool expect(struct reader *reader, yaml_event_type_t type)
{
    yaml_event_t event;
    if (!next_event(reader, &event)) return false;
    bool found = event.type == type;
    if (!found) fail_at(reader, event.start_mark, "the file holds more than one document");
    yaml_event_delete(&event);
    return found;
}

static bool read_document(struct reader *reader, struct mc_value **root)
{
    yaml_event_t event;
    if (!expect(reader, YAML_STREAM_START_EVENT) || !next_event(reader, &event)) return false;
    bool empty = event.type == YAML_STREAM_END_EVENT;
    if (empty) *root = make(reader, MC_VALUE_MAPPING, &event);
    yaml_event_delete(&event);
    if (empty) return *root != NULL;
    return read_next(reader, root) && expect(reader, YAML_DOCUMENT_END_EVENT) &&
           expect(reader, YAML_STREAM_END_EVENT);
}

static bool is_strict_json(struct mc_str text, struct mc_config_errors *errors)
{
    json_error_t error;
    json_object_seed(1); /* its tables are seeded from the clock otherwise */
    json_t *json = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json)
        json_decref(json);
    else
        mc_config_fail_at(errors, error.line > 0 ? (uint32_t)error.line : 1,
                          error.column > 0 ? (uint32_t)error.column : 1, error.text);
    return json;
}

struct mc_result mc_document_parse(struct mc_arena *arena, struct mc_str text,
                                   struct mc_config_errors *errors, const struct mc_value **root)
{
    struct reader reader = {.arena = arena, .errors = errors};
    struct mc_value *value = NULL;
    if (text.n > MC_DOCUMENT_BYTES) {
        mc_config_fail(errors, NULL, "larger than %d MiB", MC_DOCUMENT_BYTES / (1024 * 1024));
        return MC_RESULT(INVALID);
    }
    if (mc_str_ends(errors->file, MC_STR(".json")) && !is_strict_json(text, errors))
        return MC_RESULT(INVALID);
    if (!yaml_parser_initialize(&reader.parser)) return MC_RESULT(NO_MEMORY);
    mc_map_init(&reader.anchors, mc_pool_as_alloc(arena->pool));
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text.p, text.n);
    bool read = read_document(&reader, &value);
    mc_map_fini(&reader.anchors);
    yaml_parser_delete(&reader.parser);
    *root = value;
    if (reader.refused) return MC_RESULT(NO_MEMORY);
    return read ? MC_RESULT(OK) : MC_RESULT(INVALID);
}

const struct mc_value *mc_value_get(const struct mc_value *mapping, struct mc_str key)
{
    for (const struct mc_value *child = mapping->first; child; child = child->next)
        if (mc_str_eq(child->key, key)) return child;
    return NULL;
}

bool mc_value_is_null(const struct mc_value *value)
{
    if (value->kind != MC_VALUE_SCALAR || !value->plain) return false;
    return !value->text.n || mc_str_eq(value->text, MC_STR("~")) || mc_str_eq(value->text, MC_STR("null"));
}

#include "config/decode.h"
#include "base/assert.h"

/* ---- scalars ---- */

bool mc_decode_decimal(struct mc_str text, uint64_t scale, uint64_t max, uint64_t *value)
{
    struct mc_str fraction, whole = mc_str_cut(text, '.', &fraction);
    bool has_point = whole.n < text.n;
    uint64_t units = 0;
    if (has_point && !fraction.n) return false;
    if (!mc_str_to_u64(whole, UINT64_MAX / scale, &units)) return false;
    units *= scale;
    for (size_t i = 0; i < fraction.n; i++) {
        if (fraction.p[i] < '0' || fraction.p[i] > '9') return false;
        scale /= 10;
        units += (uint64_t)(fraction.p[i] - '0') * scale;
    }
    if (units > max) return false;
    *value = units;
    return true;
}

bool mc_decode_duration(struct mc_str text, mc_ns *duration)
{
    uint64_t value = 0;
    if (!mc_str_ends(text, MC_STR("s"))) return false;
    text.n--;
    if (!mc_decode_decimal(text, MC_S, INT64_MAX - 1, &value)) return false;
    *duration = (mc_ns)value;
    return true;
}

static bool is_number(struct mc_str text)
{
    uint64_t value;
    if (text.n && text.p[0] == '-') text = mc_str(text.p + 1, text.n - 1);
    return mc_decode_decimal(text, 1, UINT64_MAX, &value);
}

static bool is_flag(const struct mc_value *value, bool *flag)
{
    if (value->kind != MC_VALUE_SCALAR || !value->plain) return false;
    *flag = mc_str_eq(value->text, MC_STR("true"));
    return *flag || mc_str_eq(value->text, MC_STR("false"));
}

static bool is_text(const struct mc_value *value)
{
    bool flag;
    if (value->kind != MC_VALUE_SCALAR) return false;
    return !value->plain || !(is_flag(value, &flag) || is_number(value->text));
}

/* ---- fields, by kind ---- */

struct slot {
    struct mc_decoder *decoder;
    const struct mc_message_field *field;
    const struct mc_value *value;
    char *record;
};

static void *place(const struct slot *slot)
{
    return slot->record + slot->field->offset;
}

static void set_array(const struct slot *slot, void *first, uint32_t count)
{
    *(void **)place(slot) = first;
    *(uint32_t *)(void *)(slot->record + slot->field->count_offset) = count;
}

static void fail(const struct slot *slot, const char *what)
{
    mc_config_fail(slot->decoder->errors, slot->value, "%s", what);
}

static void take_bool(const struct slot *slot)
{
    if (!is_flag(slot->value, place(slot))) fail(slot, "must be true or false");
}

static bool read_u32(const struct mc_value *value, uint32_t *number)
{
    uint64_t wide;
    if (value->kind != MC_VALUE_SCALAR || !mc_str_to_u64(value->text, UINT32_MAX, &wide)) return false;
    *number = (uint32_t)wide;
    return true;
}

static void take_u32(const struct slot *slot)
{
    if (!read_u32(slot->value, place(slot))) fail(slot, "must be a whole number from 0 to 4294967295");
}

/* {seconds: 1, nanos: 5}: the message as it is, which Envoy's parser takes too. */
static bool read_duration_message(const struct mc_value *value, mc_ns *duration)
{
    uint64_t seconds = 0, nanos = 0;
    if (value->kind != MC_VALUE_MAPPING) return false;
    for (const struct mc_value *part = value->first; part; part = part->next) {
        bool is_seconds = mc_str_eq(part->key, MC_STR("seconds"));
        if (part->kind != MC_VALUE_SCALAR || (!is_seconds && !mc_str_eq(part->key, MC_STR("nanos")))) return false;
        if (!mc_str_to_u64(part->text, is_seconds ? INT64_MAX / MC_S - 1 : MC_S - 1, is_seconds ? &seconds : &nanos))
            return false;
    }
    *duration = (mc_ns)seconds * MC_S + (mc_ns)nanos;
    return true;
}

static void take_duration(const struct slot *slot)
{
    const struct mc_value *value = slot->value;
    bool read = value->kind == MC_VALUE_SCALAR ? mc_decode_duration(value->text, place(slot))
                                               : read_duration_message(value, place(slot));
    if (!read) fail(slot, "must be a duration such as 0.25s");
}

static void take_millionths(const struct slot *slot)
{
    uint64_t wide;
    if (slot->value->kind == MC_VALUE_SCALAR &&
        mc_decode_decimal(slot->value->text, 1000000, UINT32_MAX, &wide))
        *(uint32_t *)place(slot) = (uint32_t)wide;
    else
        fail(slot, "must be a number from 0 to 4294");
}

static void take_string(const struct slot *slot)
{
    if (is_text(slot->value))
        *(struct mc_str *)place(slot) = slot->value->text;
    else if (slot->value->kind == MC_VALUE_SCALAR)
        fail(slot, "must be a text; put it in quotes");
    else
        fail(slot, "must be a text");
}

/* The nearest of a table's names, if it is near enough to be meant. */
static const char *nearest_enum(const struct mc_enum_name *names, struct mc_str text)
{
    const char *best = NULL;
    unsigned least = (unsigned)text.n / 3 + 1;
    for (; names->name; names++) {
        unsigned distance = mc_str_distance(mc_str_c(names->name), text);
        if (distance <= least) least = distance, best = names->name;
    }
    return best;
}

static void take_enum(const struct slot *slot)
{
    uint32_t number;
    bool numbered = read_u32(slot->value, &number);
    if (slot->value->kind != MC_VALUE_SCALAR) {
        fail(slot, "must be a word");
        return;
    }
    for (const struct mc_enum_name *name = slot->field->names; name->name; name++)
        if (numbered ? number == name->number : mc_str_eq(mc_str_c(name->name), slot->value->text)) {
            *(uint32_t *)place(slot) = name->number;
            return;
        }
    const char *best = nearest_enum(slot->field->names, slot->value->text);
    mc_config_fail(slot->decoder->errors, slot->value, "'%.*s' is not supported%s%s",
                   MC_STR_ARG(slot->value->text), best ? "; did you mean " : "", best ? best : "");
}

static void take_one(const struct slot *slot)
{
    *(const void **)place(slot) = mc_decode(slot->decoder, slot->field->message, slot->value);
}

/* Room for one element per child; NULL: not a sequence, or no memory. Envoy's parser takes a single
 * message for a list of one, and so do we. */
static void *take_room(const struct slot *slot, size_t size, uint32_t *count)
{
    *count = slot->value->kind == MC_VALUE_SEQUENCE ? slot->value->count : 1;
    if (!*count) return NULL;
    void *room = mc_arena_take_zero(slot->decoder->arena, *count * size);
    if (!room) slot->decoder->refused = true;
    return room;
}

static const struct mc_value *first_element(const struct mc_value *value)
{
    return value->kind == MC_VALUE_SEQUENCE ? value->first : value;
}

static void take_list(const struct slot *slot)
{
    uint32_t count, at = 0;
    size_t size = slot->field->message->size;
    char *room = take_room(slot, size, &count);
    if (!room) return;
    for (const struct mc_value *value = first_element(slot->value); at < count; value = value->next) {
        const void *record = mc_decode(slot->decoder, slot->field->message, value);
        if (record)
            memcpy(room + size * at++, record, size);
        else
            count--;
    }
    set_array(slot, room, at);
}

static void take_scalars(const struct slot *slot)
{
    bool texts = slot->field->kind == MC_MESSAGE_STRINGS;
    struct mc_message_field element = {.kind = texts ? MC_MESSAGE_STRING : MC_MESSAGE_U32};
    size_t size = texts ? sizeof(struct mc_str) : sizeof(uint32_t);
    uint32_t count;
    char *room = take_room(slot, size, &count);
    if (!room) return;
    const struct mc_value *value = first_element(slot->value);
    for (uint32_t i = 0; i < count; i++, value = value->next) {
        struct slot each = {slot->decoder, &element, value, room + i * size};
        if (texts)
            take_string(&each);
        else
            take_u32(&each);
    }
    set_array(slot, room, count);
}

/* ---- Any ---- */

static const struct mc_message *message_named(const struct mc_message *const *messages, struct mc_str type)
{
    struct mc_str name = type;
    for (struct mc_str rest = type; rest.n;) {
        name = rest;
        mc_str_cut(rest, '/', &rest);
    }
    for (; *messages; messages++)
        if (mc_str_eq(mc_str_c((*messages)->name), name)) return *messages;
    return NULL;
}

static struct mc_str type_of(const struct mc_value *value, const char *key)
{
    const struct mc_value *type = mc_value_get(value, mc_str_c(key));
    return type && type->kind == MC_VALUE_SCALAR ? type->text : mc_str(NULL, 0);
}

/* xds.type.v3.TypedStruct wraps a message that the sender has no descriptor of. */
static const struct mc_value *unwrap(const struct mc_value *value, struct mc_str *type)
{
    static const struct mc_value empty = {.kind = MC_VALUE_MAPPING};
    if (!mc_str_ends(*type, MC_STR(".TypedStruct"))) return value;
    const struct mc_value *inner = mc_value_get(value, MC_STR("value"));
    *type = type_of(value, "type_url");
    return inner ? inner : &empty;
}

static void decode_any(const struct slot *slot, const struct mc_value *value, struct mc_any *any)
{
    struct mc_str type = value->kind == MC_VALUE_MAPPING ? type_of(value, "@type") : mc_str(NULL, 0);
    if (!type.p) {
        mc_config_fail(slot->decoder->errors, value, "must be a message with its \"@type\"");
        return;
    }
    const struct mc_value *body = unwrap(value, &type);
    const struct mc_message *message = message_named(slot->field->messages, type);
    if (!message) {
        mc_config_fail(slot->decoder->errors, value, "'%.*s' is not supported", MC_STR_ARG(type));
        return;
    }
    const void *record = mc_decode(slot->decoder, message, body);
    if (record) *any = (struct mc_any){.at = value, .type = message, .record = record};
}

static void take_any(const struct slot *slot)
{
    decode_any(slot, slot->value, place(slot));
}

static void take_any_map(const struct slot *slot)
{
    if (slot->value->kind != MC_VALUE_MAPPING) {
        fail(slot, "must be a mapping");
        return;
    }
    if (!slot->value->count) return;
    struct mc_any *room = mc_arena_take_zero(slot->decoder->arena, slot->value->count * sizeof *room);
    if (!room) {
        slot->decoder->refused = true;
        return;
    }
    uint32_t at = 0;
    for (const struct mc_value *value = slot->value->first; value; value = value->next) {
        decode_any(slot, value, &room[at]);
        if (room[at].type) room[at++].key = value->key;
    }
    set_array(slot, room, at);
}

/* ---- fields that we only look at ---- */

static void check_only(const struct slot *slot)
{
    if (slot->value->kind == MC_VALUE_SCALAR && mc_str_eq(slot->value->text, mc_str_c(slot->field->word)))
        return;
    mc_config_fail(slot->decoder->errors, slot->value, "only %s is supported", slot->field->word);
}

static void note(const struct slot *slot)
{
    mc_config_note(slot->decoder->errors, slot->value, "%s", slot->field->word);
}

/* ---- messages ---- */

/* "stat_prefix" is "statPrefix" too. */
static bool is_name(const char *name, struct mc_str key)
{
    size_t at = 0;
    if (mc_str_eq(mc_str_c(name), key)) return true;
    for (; *name && at < key.n; name++, at++) {
        bool humps = name[0] == '_' && name[1];
        if (humps) name++;
        char wanted = humps && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        if (key.p[at] != wanted) return false;
    }
    return !*name && at == key.n;
}

static const struct mc_message_field *field_named(const struct mc_message *type, struct mc_str key)
{
    for (uint32_t i = 0; i < type->field_count; i++)
        if (is_name(type->fields[i].name, key)) return &type->fields[i];
    return NULL;
}

/* Walks the words of a message's unsupported fields; false at the end. */
static bool next_word(const char **words, char word[static 64])
{
    const char *at = *words;
    size_t length = 0;
    while (*at == ' ') at++;
    for (; *at && *at != ' '; at++) {
        mc_assert(length < 63);
        word[length++] = *at;
    }
    word[length] = '\0';
    *words = at;
    return length;
}

static bool is_unsupported(const struct mc_message *type, struct mc_str key)
{
    char word[64];
    for (const char *words = type->unsupported; words && next_word(&words, word);)
        if (is_name(word, key)) return true;
    return false;
}

static const char *nearest_field(const struct mc_message *type, struct mc_str key)
{
    const char *best = NULL;
    unsigned least = (unsigned)key.n / 3;
    for (uint32_t i = 0; i < type->field_count; i++) {
        unsigned distance = mc_str_distance(mc_str_c(type->fields[i].name), key);
        if (distance <= least) least = distance, best = type->fields[i].name;
    }
    return best;
}

static void fail_unknown(struct mc_decoder *decoder, const struct mc_message *type,
                         const struct mc_value *value)
{
    if (is_unsupported(type, value->key)) {
        mc_config_fail(decoder->errors, value, "not supported");
        return;
    }
    const char *best = nearest_field(type, value->key);
    mc_config_fail(decoder->errors, value, "unknown field%s%s", best ? "; did you mean " : "",
                   best ? best : "");
}

static void take_field(const struct slot *slot)
{
    static void (*const takers[])(const struct slot *slot) = {
        [MC_MESSAGE_BOOL] = take_bool,         [MC_MESSAGE_U32] = take_u32,
        [MC_MESSAGE_DURATION] = take_duration, [MC_MESSAGE_MILLIONTHS] = take_millionths,
        [MC_MESSAGE_STRING] = take_string,     [MC_MESSAGE_ENUM] = take_enum,
        [MC_MESSAGE_ONE] = take_one,           [MC_MESSAGE_LIST] = take_list,
        [MC_MESSAGE_STRINGS] = take_scalars,   [MC_MESSAGE_U32S] = take_scalars,
        [MC_MESSAGE_ANY] = take_any,           [MC_MESSAGE_ANY_MAP] = take_any_map,
        [MC_MESSAGE_ONLY] = check_only,        [MC_MESSAGE_NOTED] = note,
    };
    takers[slot->field->kind](slot);
}

static void check_required(struct mc_decoder *decoder, const struct mc_message *type,
                           const struct mc_value *value)
{
    for (uint32_t i = 0; i < type->field_count; i++) {
        const struct mc_message_field *field = &type->fields[i];
        bool found = !field->required;
        for (const struct mc_value *child = value->first; child && !found; child = child->next)
            found = is_name(field->name, child->key) && !mc_value_is_null(child);
        if (!found) mc_config_fail(decoder->errors, value, "%s is missing", field->name);
    }
}

static void decode_fields(struct mc_decoder *decoder, const struct mc_message *type,
                          const struct mc_value *value, char *record)
{
    for (const struct mc_value *child = value->first; child && !decoder->refused; child = child->next) {
        if (child->ignored || mc_str_eq(child->key, MC_STR("@type"))) continue;
        if (++decoder->values == MC_DOCUMENT_VALUES)
            mc_config_fail(decoder->errors, child, "the document's aliases make too many values of it");
        if (decoder->values >= MC_DOCUMENT_VALUES) return;
        struct slot slot = {decoder, field_named(type, child->key), child, record};
        if (!slot.field)
            fail_unknown(decoder, type, child);
        else if (!mc_value_is_null(child))
            take_field(&slot);
    }
}

const void *mc_decode(struct mc_decoder *decoder, const struct mc_message *type, const struct mc_value *value)
{
    if (value->kind != MC_VALUE_MAPPING) {
        mc_config_fail(decoder->errors, value, "must be a mapping");
        return NULL;
    }
    char *record = mc_arena_take_zero(decoder->arena, type->size);
    if (!record) {
        decoder->refused = true;
        return NULL;
    }
    if (type->defaults) memcpy(record, type->defaults, type->size);
    *(const struct mc_value **)(void *)record = value;
    decode_fields(decoder, type, value, record);
    check_required(decoder, type, value);
    return record;
}

#include "config/errors.h"
#include "config/document.h"
#include <stdarg.h>
#include <stdio.h>

enum { PATH_STEPS = MC_DOCUMENT_DEPTH + 1 };

static void append(char *out, size_t size, size_t *used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void append(char *out, size_t size, size_t *used, const char *format, ...)
{
    va_list args;
    if (*used >= size) return;
    va_start(args, format);
    int wanted = vsnprintf(out + *used, size - *used, format, args);
    va_end(args);
    if (wanted > 0) *used += (size_t)wanted;
}

/* "static_resources.listeners[0].address" */
static void append_path(char *out, size_t size, size_t *used, const struct mc_value *at)
{
    const struct mc_value *steps[PATH_STEPS];
    size_t count = 0;
    for (; at && at->parent && count < PATH_STEPS; at = at->parent) steps[count++] = at;
    bool first = true;
    while (count-- > 0) {
        if (steps[count]->parent->kind == MC_VALUE_SEQUENCE)
            append(out, size, used, "[%u]", steps[count]->index);
        else
            append(out, size, used, "%s%.*s", first ? "" : ".", MC_STR_ARG(steps[count]->key));
        first = false;
    }
    if (!first) append(out, size, used, ": ");
}

/* A field is best shown where its name stands. */
static void place(struct mc_config_error *error, const struct mc_value *at)
{
    if (!at) return;
    bool named = at->parent && at->parent->kind == MC_VALUE_MAPPING;
    error->line = named ? at->key_line : at->line;
    error->column = named ? at->key_column : at->column;
}

static void write_error(struct mc_config_error *error, const struct mc_value *at, const char *format,
                        va_list args)
{
    char what[MC_CONFIG_ERROR_TEXT];
    size_t used = 0;
    *error = (struct mc_config_error){0};
    place(error, at);
    vsnprintf(what, sizeof what, format, args);
    append_path(error->text, sizeof error->text, &used, at);
    append(error->text, sizeof error->text, &used, "%s", what);
}

void mc_config_fail(struct mc_config_errors *errors, const struct mc_value *at, const char *format, ...)
{
    va_list args;
    if (errors->count++ >= MC_CONFIG_ERRORS) return;
    va_start(args, format);
    write_error(&errors->list[errors->count - 1], at, format, args);
    va_end(args);
}

void mc_config_fail_at(struct mc_config_errors *errors, uint32_t line, uint32_t column, const char *text)
{
    if (errors->count++ >= MC_CONFIG_ERRORS) return;
    struct mc_config_error *error = &errors->list[errors->count - 1];
    *error = (struct mc_config_error){.line = line, .column = column};
    snprintf(error->text, sizeof error->text, "%s", text);
}

void mc_config_note(struct mc_config_errors *errors, const struct mc_value *at, const char *format, ...)
{
    va_list args;
    if (errors->note_count++ >= MC_CONFIG_ERRORS) return;
    va_start(args, format);
    write_error(&errors->notes[errors->note_count - 1], at, format, args);
    va_end(args);
}

static bool stands_before(const struct mc_config_error *a, const struct mc_config_error *b)
{
    return a->line < b->line || (a->line == b->line && a->column < b->column);
}

/* Insertion sort: stable, and the list is short. */
static void sort(struct mc_config_error *list, uint32_t count)
{
    for (uint32_t i = 1; i < count && i < MC_CONFIG_ERRORS; i++)
        for (uint32_t j = i; j > 0 && stands_before(&list[j], &list[j - 1]); j--) {
            struct mc_config_error swap = list[j];
            list[j] = list[j - 1];
            list[j - 1] = swap;
        }
}

void mc_config_errors_sort(struct mc_config_errors *errors)
{
    sort(errors->list, errors->count);
    sort(errors->notes, errors->note_count);
}

void mc_config_error_line(const struct mc_config_errors *errors, const struct mc_config_error *error,
                          char *out, size_t size)
{
    if (error->line)
        snprintf(out, size, "%.*s:%u:%u: %s", MC_STR_ARG(errors->file), error->line, error->column,
                 error->text);
    else
        snprintf(out, size, "%.*s: %s", MC_STR_ARG(errors->file), error->text);
}

/* What is wrong with a configuration: each error names its file, line, column and path. */
#ifndef CONFIG_ERRORS_H
#define CONFIG_ERRORS_H

#include "base/str.h"

struct mc_value;

enum { MC_CONFIG_ERRORS = 20, MC_CONFIG_ERROR_TEXT = 384 };

struct mc_config_error {
    uint32_t line, column;           /* 0: of the file as a whole */
    char text[MC_CONFIG_ERROR_TEXT]; /* "path: what is wrong"; terminated */
};

/* The first few of each kind are kept, and all are counted. Notes tell of what was accepted but has no
 * effect. Zero it, but for the file's name. */
struct mc_config_errors {
    struct mc_str file; /* as the user wrote it */
    struct mc_config_error list[MC_CONFIG_ERRORS], notes[MC_CONFIG_ERRORS];
    uint32_t count, note_count;
};

/* AT may be NULL: the file as a whole. */
void mc_config_fail(struct mc_config_errors *errors, const struct mc_value *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mc_config_fail_at(struct mc_config_errors *errors, uint32_t line, uint32_t column, const char *text);
void mc_config_note(struct mc_config_errors *errors, const struct mc_value *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

void mc_config_errors_sort(struct mc_config_errors *errors); /* what was kept, by place */

/* "envoy.yaml:14:9: static_resources.listeners[0].foo: unknown field", terminated, cut to SIZE. */
void mc_config_error_line(const struct mc_config_errors *errors, const struct mc_config_error *error, char *out,
                          size_t size);

#endif

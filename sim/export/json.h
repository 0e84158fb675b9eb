/* JSON, written as it comes: the caller opens and closes objects and arrays, commas and escapes are done
 * here. Bytes that are no UTF-8 become U+FFFD. Numbers that are not finite become null. */
#ifndef SIM_EXPORT_JSON_H
#define SIM_EXPORT_JSON_H

#include "base/str.h"
#include <stdio.h>

enum { SIM_JSON_DEPTH = 16 };

struct sim_json {
    FILE *out;
    uint32_t depth;
    uint32_t items[SIM_JSON_DEPTH]; /* so far, per open object or array */
};

/* Zeroed but for `out` is ready. KEY NULL: an array's item, or the document itself. */
void sim_json_open(struct sim_json *json, const char *key, char bracket); /* '{' or '[' */
void sim_json_close(struct sim_json *json, char bracket);                 /* '}' or ']' */
void sim_json_text(struct sim_json *json, const char *key, struct mc_str text);
void sim_json_number(struct sim_json *json, const char *key, int64_t number);
void sim_json_count(struct sim_json *json, const char *key, uint64_t number);
void sim_json_figure(struct sim_json *json, const char *key, double number);
void sim_json_bool(struct sim_json *json, const char *key, bool truth);
void sim_json_null(struct sim_json *json, const char *key);
void sim_json_raw(struct sim_json *json, const char *key, struct mc_str text); /* is JSON already */

/* The length of the UTF-8 character at the start of TEXT; 0: it is none (truncated, overlong, surrogate). */
size_t sim_utf8(struct mc_str text, uint32_t *character);
/* For people: what could steer a terminal (control characters, C1 too) and bytes that are no UTF-8 become '?'. */
void sim_put_printable(struct mc_str text, FILE *out);

#endif

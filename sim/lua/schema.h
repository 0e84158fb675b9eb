/* Reading a Lua table into a record, by a table of fields.
 *
 * One field table per kind of table that a script may write: it gives names, types and defaults, and
 * drives the checks: an unknown key, a missing one, a wrong type or unit raises "WHAT: 'key': what is
 * wrong", with the caller's file and line, the value given and the nearest right name.
 */
#ifndef SIM_LUA_SCHEMA_H
#define SIM_LUA_SCHEMA_H

#include "base/arena.h"
#include "base/time.h"
#include <lua.h>
#include <stdbool.h>

enum sim_field_kind {
    SIM_FIELD_TEXT,      /* struct mc_str */
    SIM_FIELD_DURATION,  /* mc_ns */
    SIM_FIELD_SHARE,     /* uint32_t parts per million */
    SIM_FIELD_SIZE,      /* uint32_t bytes; a number is bytes */
    SIM_FIELD_BIT_RATE,  /* uint64_t */
    SIM_FIELD_COUNT,     /* uint32_t, an integer >= 0 */
    SIM_FIELD_RATE,      /* uint64_t thousandths of a number >= 0 */
    SIM_FIELD_BOOL,      /* bool */
    SIM_FIELD_CHOICE,    /* enum as int, index into choices */
    SIM_FIELD_TEXTS,     /* struct sim_texts: a list of strings; one string is a list of one */
    SIM_FIELD_READ,      /* by `read`, with the value on the stack's top */
    SIM_FIELD_SKIP,      /* allowed, read elsewhere */
};

struct sim_texts {
    const struct mc_str *list;
    uint32_t count;
};

struct sim_field {
    const char *name;
    enum sim_field_kind kind;
    size_t offset;
    bool required;
    const char *const *choices; /* NULL-terminated */
    void (*read)(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record);
    size_t given; /* offset of a bool that is set when the key is there; 0: none */
};

/* Reads the table at INDEX. Fields that are absent keep what RECORD holds. Raises on any mistake. */
void sim_schema_read(lua_State *L, int index, struct mc_arena *arena, const char *what, const struct sim_field *fields, size_t count, void *record);

/* Raises "WHAT: 'KEY': MESSAGE". */
int sim_schema_error(lua_State *L, const char *what, const char *key, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Single values at INDEX; WHAT and KEY name them in the message. */
mc_ns sim_schema_duration(lua_State *L, int index, const char *what, const char *key);
uint32_t sim_schema_share(lua_State *L, int index, const char *what, const char *key);
struct mc_str sim_schema_text(lua_State *L, int index, struct mc_arena *arena, const char *what, const char *key);
struct sim_texts sim_schema_texts(lua_State *L, int index, struct mc_arena *arena, const char *what, const char *key);
/* Raises unless NAME can be told apart in selectors and tags: letters, digits, '-', '_' and '.', beginning with a
 * letter or digit, at most 63 (a DNS label's length, RFC 1035 §2.3.4). */
void sim_schema_name(lua_State *L, const char *what, const char *key, struct mc_str name);
bool sim_schema_is_token(struct mc_str text); /* RFC 9110 §5.6.2 */
void *sim_schema_take(lua_State *L, struct mc_arena *arena, size_t size); /* zeroed; raises when refused */

/* The duration type of scripts: a number of nanoseconds that prints and computes with its unit. */
void sim_duration_push(lua_State *L, mc_ns value);
bool sim_duration_test(lua_State *L, int index, mc_ns *value);
void sim_duration_open(lua_State *L); /* defines the type and the global `duration` */

#endif

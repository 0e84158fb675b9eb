/* A deterministic, bounded Lua 5.4 state.
 *
 * Stock Lua is neither: pairs() over string keys changes order from run to run, tostring() shows
 * addresses, math.random seeds itself, a pattern or a message handler can run for ever. Here:
 *
 *  - pairs and next walk booleans, then numbers, then strings, each ascending; a reference key is an error;
 *  - table.sort is a stable merge; math.random draws from the seed; tostring, print and %s show no address;
 *  - os, io, debug, package, string.dump, collectgarbage, dofile and loadfile are absent; load takes text;
 *  - weak tables and __gc are refused; xpcall calls its handler after the unwinding;
 *  - patterns whose subject length to the power of their quantifiers exceeds 10^8 are refused;
 *  - memory is capped; instructions are counted on every coroutine, work in C and memory taken as such, and an exhausted actor is yielded
 *    for good (an error only where Lua cannot yield);
 *  - reading or assigning an undeclared global is an error that names the nearest one.
 *
 * One sandbox belongs to one thread. Everything a script prints goes to the `print` function.
 */
#ifndef LUA_SANDBOX_H
#define LUA_SANDBOX_H

#include "base/alloc.h"
#include "base/str.h"
#include <lua.h>
#include <stdbool.h>

struct mc_sandbox_options {
    struct mc_alloc alloc;
    uint64_t seed;
    uint64_t memory_max;       /* bytes; 0: 64 MiB */
    uint64_t instructions_max; /* of the sandbox's whole life; 0: 500 million */
    void (*print)(void *self, struct mc_str line); /* NULL: dropped */
    void *print_self;
};

struct mc_sandbox;

struct mc_sandbox *mc_sandbox_new(const struct mc_sandbox_options *options); /* NULL: no memory */
void mc_sandbox_free(struct mc_sandbox *sandbox);

lua_State *mc_sandbox_lua(struct mc_sandbox *sandbox); /* the main thread; define bindings here, then seal */

/* From here on assigning or reading a global that does not exist is an error. */
void mc_sandbox_seal(struct mc_sandbox *sandbox);

/* Compiles TEXT as a chunk named NAME (a file's path) and leaves it as the body of a new coroutine on
 * the main thread's stack top. False: the stack top is the message, "name:line: …". */
bool mc_sandbox_load(struct mc_sandbox *sandbox, struct mc_str text, const char *name);

enum mc_sandbox_status {
    MC_SANDBOX_DONE,      /* returned; results on the coroutine's stack */
    MC_SANDBOX_YIELDED,   /* waits; what it yielded is on the coroutine's stack */
    MC_SANDBOX_ERROR,     /* the message is on the coroutine's stack */
    MC_SANDBOX_EXHAUSTED, /* over the instruction budget; may not be resumed */
};

/* Resumes CO with ARGS values on its stack. */
enum mc_sandbox_status mc_sandbox_resume(struct mc_sandbox *sandbox, lua_State *co, int args, int *results);

struct mc_sandbox *mc_sandbox_of(lua_State *L); /* the sandbox a state belongs to */
uint64_t mc_sandbox_instructions(const struct mc_sandbox *sandbox);
const char *mc_sandbox_place(const struct mc_sandbox *sandbox); /* where the budget ended, "name:line"; empty: it has not */
uint64_t mc_sandbox_draw(struct mc_sandbox *sandbox); /* the next draw of math.random */
void mc_sandbox_reseed(struct mc_sandbox *sandbox, uint64_t seed); /* from here on draws are SEED's, from the first */

/* tostring without addresses: pushes the text of the value at INDEX. */
void mc_sandbox_push_text(lua_State *L, int index);
const char *mc_sandbox_text(lua_State *L, int index); /* the same, and what it pushed */

/* Counts N instructions for work that a C function does; the budget is looked at soon after. Memory that
 * Lua takes counts by itself, one for 16 bytes. */
void mc_sandbox_charge(lua_State *L, uint64_t n);

/* Pushes an array of the keys of the table at INDEX in pairs' order; raises on a reference key. */
void mc_sandbox_push_sorted_keys(lua_State *L, int index);

/* The nearest string key of the table at INDEX to WORD, or NULL if none is near. Borrowed from the key. */
const char *mc_sandbox_nearest_key(lua_State *L, int index, struct mc_str word);

#endif

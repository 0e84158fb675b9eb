/* Numbers that questions answer with: plain, durations, shares, or missing because nothing was counted.
 * A missing figure computes to a missing figure; comparing it gives false and is remembered, so that the
 * check that follows is inconclusive and not failed. */
#ifndef SIM_LUA_FIGURES_H
#define SIM_LUA_FIGURES_H

#include "sim/lua/script_parts.h"

enum sim_figure_kind { SIM_FIGURE_NUMBER, SIM_FIGURE_DURATION, SIM_FIGURE_SHARE, SIM_FIGURE_MISSING };

enum { SIM_FIGURE_NAME = 160 };

struct sim_answer {
    enum sim_figure_kind kind;
    double number;   /* NUMBER */
    int64_t value;   /* DURATION: ns; SHARE: ppm */
    bool whole;      /* NUMBER: an integer */
    uint64_t samples;
    char name[SIM_FIGURE_NAME]; /* "requests{src=user} p(99)" */
};

void sim_answer_push(lua_State *L, const struct sim_answer *answer);
/* The value at INDEX as an answer; false: it is no number of any kind. Booleans are 0 and 1. */
bool sim_answer_read(lua_State *L, int index, struct sim_answer *answer);
/* In the unit of reports: "ms", "%" or "". */
struct sim_figure sim_answer_figure(const struct sim_answer *answer, const char **unit);
const char *sim_answer_print(const struct sim_answer *answer, char *out, size_t room);

void sim_share_push(lua_State *L, int64_t ppm);
bool sim_share_test(lua_State *L, int index, int64_t *ppm);
void sim_missing_push(lua_State *L, const char *name);
/* True, with the result pushed, if one of the two operands is missing. */
bool sim_missing_operand(lua_State *L, bool comparing);

/* ---- questions.c ---- */

bool sim_question_test(lua_State *L, int index);
const char *sim_question_text(lua_State *L, int index);
/* What METHOD ("p", "count", …) of the question at INDEX answers now; its argument is at ARGUMENT. Raises. */
void sim_question_answer(lua_State *L, int index, const char *method, int argument, struct sim_answer *answer);
bool sim_question_has(lua_State *L, int index, const char *method);

#endif

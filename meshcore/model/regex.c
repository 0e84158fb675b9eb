/* Patterns are checked to be RE2's language, compiled by PCRE2 and matched by its DFA matcher, which
 * never backtracks. No JIT: what matches must not depend on the machine. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/limits.h"
#include "model/regex_scan.h"
#include "model/snapshot.h"

struct mc_regex {
    struct mc_pool *pool;
    pcre2_general_context *memory;
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *bounds;
};

enum {
    WORKSPACE = 2048,      /* ints: about 680 states at a time; past that a text does not match */
    HEAP_KIB = 64,         /* for nested groups while matching */
    DEPTH_MAX = 250,       /* PCRE2's own bound on nested parentheses */
    COMPILED_MAX = 1 << 16 /* RE2's default program bound is of this order */
};

/* PCRE2 gives blocks back without their size, the pool wants it: it stands before each. */
union header {
    size_t size;
    max_align_t align;
};

static void *take(PCRE2_SIZE size, void *pool)
{
    union header *header = mc_pool_take(pool, sizeof *header + size);
    if (!header) return NULL;
    header->size = sizeof *header + size;
    return header + 1;
}

static void give(void *block, void *pool)
{
    if (!block) return;
    union header *header = (union header *)block - 1;
    mc_pool_give(pool, header, header->size);
}

static const uint32_t OPTIONS = PCRE2_ANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_UTF |
                                PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_AUTO_CAPTURE;

static pcre2_code *compile(pcre2_general_context *memory, struct mc_str pattern, bool ignore_case,
                           const char **why)
{
    int error = 0;
    PCRE2_SIZE at;
    size_t size = 0;
    pcre2_compile_context *settings = pcre2_compile_context_create(memory);
    if (!settings) return NULL;
    pcre2_set_newline(settings, PCRE2_NEWLINE_LF);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
                                     OPTIONS | (ignore_case ? PCRE2_CASELESS : 0), &error, &at, settings);
    pcre2_compile_context_free(settings);
    if (!code) {
        if (error != PCRE2_ERROR_NOMEMORY && error != PCRE2_ERROR_HEAP_FAILED)
            *why = "not a valid regular expression";
        return NULL;
    }
    pcre2_pattern_info(code, PCRE2_INFO_SIZE, &size);
    if (size <= COMPILED_MAX) return code;
    *why = "too large once compiled";
    pcre2_code_free(code);
    return NULL;
}

static bool build(struct mc_regex *regex, struct mc_str pattern, bool ignore_case, const char **why)
{
    regex->memory = pcre2_general_context_create(take, give, regex->pool);
    if (!regex->memory) return false;
    regex->code = compile(regex->memory, pattern, ignore_case, why);
    regex->match = pcre2_match_data_create(1, regex->memory);
    regex->bounds = pcre2_match_context_create(regex->memory);
    if (!regex->code || !regex->match || !regex->bounds) return false;
    pcre2_set_match_limit(regex->bounds, MC_MAX_REGEX_STEPS);
    pcre2_set_depth_limit(regex->bounds, DEPTH_MAX);
    pcre2_set_heap_limit(regex->bounds, HEAP_KIB);
    return true;
}

struct mc_regex *mc_regex_compile(struct mc_pool *pool, struct mc_str pattern, bool ignore_case,
                                  const char **why)
{
    *why = pattern.n > MC_MAX_REGEX_BYTES ? "too long" : mc_regex_scan(pattern);
    if (*why) return NULL;
    *why = "out of memory";
    struct mc_regex *regex = mc_pool_take_zero(pool, sizeof *regex);
    if (!regex) return NULL;
    regex->pool = pool;
    if (build(regex, pattern, ignore_case, why)) return regex;
    mc_regex_free(regex);
    return NULL;
}

void mc_regex_free(struct mc_regex *regex)
{
    if (!regex) return;
    pcre2_match_context_free(regex->bounds);
    pcre2_match_data_free(regex->match);
    pcre2_code_free(regex->code);
    pcre2_general_context_free(regex->memory);
    mc_pool_give(regex->pool, regex, sizeof *regex);
}

/* The longest match comes first, so the whole text matches if that one reaches its end. (The option
 * ENDANCHORED is not kept by the DFA matcher in every case.) A text that is not UTF-8 is an error to
 * PCRE2 and so does not match; in RE2, too, nothing matches a byte that is not UTF-8. */
bool mc_regex_matches(const struct mc_regex *regex, struct mc_str text)
{
    int workspace[WORKSPACE];
    int found = pcre2_dfa_match(regex->code, (PCRE2_SPTR)(text.n ? text.p : ""), text.n, 0, 0, regex->match,
                                regex->bounds, workspace, WORKSPACE);
    return found >= 0 && pcre2_get_ovector_pointer(regex->match)[1] == text.n;
}

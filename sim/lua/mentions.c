/* What a script's files speak of, outside comments: for what is to be known before anything runs. */
#include "sim/lua/script_parts.h"
#include <ctype.h>

bool sim_reading_keep(struct sim_reading *reading, struct mc_str text)
{
    struct sim_read_text *kept = mc_arena_take(&reading->arena, sizeof *kept);
    if (!kept) return false;
    *kept = (struct sim_read_text){reading->texts, text};
    reading->texts = kept;
    return true;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* As a whole word: neither the end nor the beginning of a longer one. */
static bool stands_at(struct mc_str line, size_t at, struct mc_str word)
{
    if (at + word.n > line.n || memcmp(line.p + at, word.p, word.n) != 0) return false;
    if (at + word.n < line.n && is_name(line.p[at + word.n])) return false;
    return !at || !is_name(word.p[0]) || (!is_name(line.p[at - 1]) && line.p[at - 1] != '.');
}

static bool line_mentions(struct mc_str line, struct mc_str word)
{
    for (size_t at = 0; at + word.n <= line.n; at++) {
        if (line.p[at] == '-' && at + 1 < line.n && line.p[at + 1] == '-') return false;
        if (stands_at(line, at, word)) return true;
    }
    return false;
}

bool sim_script_mentions(const struct sim_script *script, struct mc_str word)
{
    mc_assert(word.n);
    for (const struct sim_read_text *kept = script->reading->texts; kept; kept = kept->next)
        for (struct mc_str rest = kept->text; rest.n;)
            if (line_mentions(mc_str_cut(rest, '\n', &rest), word)) return true;
    return false;
}

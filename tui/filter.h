/* What the user typed after `/`: text, !text (not), ~text (the letters in this order), key=text (of one
 * column). Letter case does not matter. An empty one lets all through. */
#ifndef TUI_FILTER_H
#define TUI_FILTER_H

#include <stdbool.h>
#include <stddef.h>

enum { TUI_FILTER_TEXT = 64 };

struct tui_field { /* of a row: a name to ask for it, and what it says */
    const char *key, *value;
};

/* Plain, ! and ~ look at the first field; key=text at that of this key (none: no match). */
bool tui_filter_match(const char *filter, const struct tui_field *fields, size_t count);

#endif

/* How many columns a character takes on a terminal. Our own table (Unicode 14.0, from UnicodeData.txt and
 * EastAsianWidth.txt), so that a picture does not depend on the locale it was drawn in. */
#ifndef TUI_WIDTH_H
#define TUI_WIDTH_H

#include <stddef.h>
#include <stdint.h>

enum {
    TUI_WIDTH_UNSEEN = -1,    /* control and format characters: never sent to a terminal */
    TUI_REPLACEMENT = 0xFFFD, /* what decoding gives for bytes that are not UTF-8 */
};

/* 0 (combining), 1, 2, or TUI_WIDTH_UNSEEN. Ambiguous widths are 1. */
int tui_width_of(uint32_t character);

/* The character that begins at TEXT, which ends with NUL; *length is how many bytes it takes (1 for a byte
 * that is not UTF-8: REPLACEMENT). At the end: 0, of length 0. */
uint32_t tui_decode(const char *text, size_t *length);

/* Columns of a whole text; unseen characters count 1, since they are drawn as a replacement. */
uint32_t tui_text_width(const char *text);

#endif

/* What the environment says about the terminal, without changing anything. */
#ifndef TUI_LOCALE_H
#define TUI_LOCALE_H

#include "tui/tui.h"

bool tui_locale_is_utf8(void);
bool tui_wants_ascii(enum tui_glyphs glyphs, const char *term /* may be NULL */);

#endif

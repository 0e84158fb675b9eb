#include "tui/glyph.h"
#include "base/assert.h"

static const char *const glyphs[TUI_GLYPH_COUNT][2] = {
#define X(name, unicode, ascii) {unicode, ascii},
    TUI_GLYPH_LIST(X)
#undef X
};

const char *tui_glyph_text(enum tui_glyph glyph, bool ascii)
{
    mc_assert(glyph < TUI_GLYPH_COUNT);
    return glyphs[glyph][ascii];
}

enum tui_glyph tui_glyph_level(unsigned level)
{
    return (enum tui_glyph)(TUI_G_LEVEL_0 + (level > 8 ? 8 : level));
}

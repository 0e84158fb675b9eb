#include "tui/keys.h"
#include "tui/locale.h"
#include "tui/panes.h"
#include "base/str.h"
#include <langinfo.h>
#include <locale.h>
#include <string.h>

enum { PRINT_WIDTH = 106, PRINT_HEIGHT = 30 };

bool tui_locale_is_utf8(void)
{
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (locale == (locale_t)0) return false;
    bool utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return utf8;
}

bool tui_wants_ascii(enum tui_glyphs glyphs, const char *term)
{
    if (glyphs != TUI_GLYPHS_AUTO) return glyphs == TUI_GLYPHS_ASCII;
    return !tui_locale_is_utf8() || (term && strcmp(term, "linux") == 0);
}

bool tui_size_parse(const char *text, uint32_t *width, uint32_t *height)
{
    struct mc_str rest, first = mc_str_cut(mc_str_c(text), 'x', &rest);
    uint64_t w, h;
    if (!mc_str_to_u64(first, TUI_SIDE_MAX, &w) || !mc_str_to_u64(rest, TUI_SIDE_MAX, &h) || w == 0 || h == 0) return false;
    *width = (uint32_t)w;
    *height = (uint32_t)h;
    return true;
}

bool tui_print(const struct sim_frame *frame, const struct tui_print_options *options, FILE *out)
{
    struct tui_view view;
    struct tui_playback playback = {0};
    struct tui_scene scene = {&view, frame, &playback};
    struct tui_canvas canvas;
    tui_view_init(&view);
    view.tab = options->tab;
    view.sort = options->sort ? tui_column_find(options->sort) : -1;
    view.reverse = options->reverse;
    if (options->filter) snprintf(view.filter[view.tab], TUI_FILTER_TEXT, "%s", options->filter);
    if (!tui_canvas_init(&canvas, options->width ? options->width : PRINT_WIDTH,
                         options->height ? options->height : PRINT_HEIGHT, tui_wants_ascii(options->glyphs, NULL)))
        return false;
    tui_view_draw(&scene, &canvas);
    bool written = tui_canvas_write(&canvas, out);
    tui_canvas_fini(&canvas);
    return written;
}

/* The grid: clipping, wide and combining characters, what must never reach a terminal. Widths are judged
 * by the C library's wcwidth in a UTF-8 locale. */
#include "tui/canvas.h"
#include "tui/width.h"
#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

Suite *test_canvas_suite(void);

static struct tui_canvas canvas;

static void set_up(void)
{
    ck_assert(tui_canvas_init(&canvas, 10, 3, false));
}

static void tear_down(void)
{
    tui_canvas_fini(&canvas);
}

static char *text_of(void)
{
    static char text[1000];
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert(tui_canvas_write(&canvas, out));
    fclose(out);
    return text;
}

static const struct {
    int x, y, width;
    const char *text, *want;
    int used;
} draws[] = {
    {0, 0, 10, "hello", "hello\n\n\n", 5},
    {2, 1, 4, "hello", "\n  hel…\n\n", 4},
    {2, 1, 5, "hello", "\n  hello\n\n", 5},
    {8, 0, 5, "hello", "        he\n\n\n", 5},   /* beyond the right edge */
    {-2, 0, 5, "hello", "llo\n\n\n", 5},         /* and the left */
    {0, 3, 5, "hello", "\n\n\n", 5},             /* below */
    {0, -1, 5, "hello", "\n\n\n", 5},
    {0, 0, 0, "hello", "\n\n\n", 0},
    {0, 0, -4, "hello", "\n\n\n", 0},
    {0, 0, 10, "日本", "日本\n\n\n", 4},
    {0, 0, 3, "日本", "日…\n\n\n", 3},
    {0, 0, 2, "日本", "…\n\n\n", 1},             /* half a character is none */
    {9, 0, 4, "日", "\n\n\n", 2},                /* its right half has no place */
    {0, 0, 10, "e\u0301a", "e\u0301a\n\n\n", 2}, /* combining */
    {0, 0, 10, "\u0301a", "a\n\n\n", 1},         /* with nothing to combine with */
    {0, 0, 10, "a\x1b[31mb", "a�[31mb\n\n\n", 7}, /* no escapes of others */
    {0, 0, 10, "a\u202e b", "a� b\n\n\n", 4},    /* nor a change of direction */
    {0, 0, 10, "a\nb\tc", "a�b�c\n\n\n", 5},
    {0, 0, 10, "a\xff\xc3z", "a��z\n\n\n", 4},   /* not UTF-8 */
    {0, 0, 10, "\xc0\xaf", "��\n\n\n", 2},       /* overlong */
    {0, 0, 10, "\xe2\x82", "��\n\n\n", 2},       /* cut short */
};

START_TEST(draws_what_fits)
{
    int used = tui_draw(&canvas, draws[_i].x, draws[_i].y, draws[_i].width, TUI_PLAIN, draws[_i].text);
    ck_assert_str_eq(text_of(), draws[_i].want);
    ck_assert_int_eq(used, draws[_i].used);
}
END_TEST

START_TEST(right_aligned_ends_at_the_edge)
{
    tui_draw_right(&canvas, 0, 0, 10, TUI_PLAIN, "99.9%");
    tui_draw_right(&canvas, 0, 1, 10, TUI_PLAIN, "日");
    tui_draw_right(&canvas, 0, 2, 4, TUI_PLAIN, "hello");
    ck_assert_str_eq(text_of(), "     99.9%\n        日\nhel…\n");
}
END_TEST

START_TEST(half_overwritten_wide_characters_vanish_whole)
{
    tui_draw(&canvas, 0, 0, 10, TUI_PLAIN, "日本日");
    tui_draw(&canvas, 1, 0, 1, TUI_PLAIN, "x");
    tui_draw(&canvas, 4, 0, 1, TUI_PLAIN, "y");
    ck_assert_str_eq(text_of(), " x本y\n\n\n");
    for (int x = 0; x < 10; x++) ck_assert_int_ge(tui_canvas_at(&canvas, x, 0)->width, x == 3 ? 0 : 1);
}
END_TEST

START_TEST(ascii_draws_nothing_else)
{
    canvas.ascii = true;
    tui_draw(&canvas, 0, 0, 10, TUI_PLAIN, "é日e\u0301\x1b");
    tui_draw(&canvas, 0, 1, 3, TUI_PLAIN, "hello");
    for (int g = 0; g < TUI_GLYPH_COUNT; g++) tui_draw_glyph(&canvas, g % 10, 2, TUI_PLAIN, (enum tui_glyph)g);
    for (const char *c = text_of(); *c; c++) ck_assert_int_lt((unsigned char)*c, 0x80);
    ck_assert_int_eq(strncmp(text_of(), "???e?\nhe~\n", 10), 0);
}
END_TEST

START_TEST(every_glyph_is_one_column)
{
    for (int g = 0; g < TUI_GLYPH_COUNT; g++) {
        ck_assert_uint_eq(tui_text_width(tui_glyph_text((enum tui_glyph)g, false)), 1);
        ck_assert_uint_eq(strlen(tui_glyph_text((enum tui_glyph)g, true)), 1);
    }
}
END_TEST

START_TEST(sides_are_bounded)
{
    struct tui_canvas odd;
    ck_assert(tui_canvas_init(&odd, 0, 100000, false));
    ck_assert_int_eq(odd.width, 1);
    ck_assert_int_eq(odd.height, TUI_SIDE_MAX);
    tui_draw(&odd, 0, 0, 5, TUI_PLAIN, "日x");
    ck_assert_ptr_null(tui_canvas_at(&odd, 1, 0));
    tui_canvas_fini(&odd);
}
END_TEST

/* Unicode versions differ at the edges, and ours draws no format characters: where both give a width for
 * what is a letter or an ideograph, they must agree. */
START_TEST(widths_agree_with_the_c_library)
{
    static const struct {
        uint32_t first, last;
    } blocks[] = {{0x20, 0x7e}, {0xa1, 0xac}, {0xae, 0x2ff}, {0x300, 0x36f}, {0x370, 0x482}, {0x4e00, 0x9fff},
                  {0x3041, 0x3096}, {0xac00, 0xd7a3}, {0x2500, 0x25fc}, {0xff01, 0xff60}, {0x1f600, 0x1f64f}, {0x20000, 0x2a6dd}};
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
        for (uint32_t c = blocks[b].first; c <= blocks[b].last; c++)
            if (wcwidth((wchar_t)c) >= 0)
                ck_assert_msg(tui_width_of(c) == wcwidth((wchar_t)c), "U+%04X: %d, wcwidth %d", c, tui_width_of(c), wcwidth((wchar_t)c));
    setlocale(LC_CTYPE, "C");
}
END_TEST

Suite *test_canvas_suite(void)
{
    Suite *suite = suite_create("canvas");
    TCase *tcase = tcase_create("canvas");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, draws_what_fits, 0, (int)(sizeof draws / sizeof *draws));
    tcase_add_test(tcase, right_aligned_ends_at_the_edge);
    tcase_add_test(tcase, half_overwritten_wide_characters_vanish_whole);
    tcase_add_test(tcase, ascii_draws_nothing_else);
    tcase_add_test(tcase, every_glyph_is_one_column);
    tcase_add_test(tcase, sides_are_bounded);
    tcase_add_test(tcase, widths_agree_with_the_c_library);
    suite_add_tcase(suite, tcase);
    return suite;
}

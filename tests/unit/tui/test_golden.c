/* Pictures that a person has compared with the drawings of the screens. tests/golden/tui/NAME.txt is what
 * `tui-look TAB SIZE [ascii [COUNT]]` prints. */
#include "frames.h"
#include "tui/tui.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *test_golden_suite(void);

static const struct golden {
    const char *name;
    enum tui_tab tab;
    uint32_t width, height, services;
    bool ascii;
} pictures[] = {
    {"overview-80x24", TUI_OVERVIEW, 80, 24, 0, false},
    {"overview-120x40", TUI_OVERVIEW, 120, 40, 0, false},
    {"overview-40x10", TUI_OVERVIEW, 40, 10, 0, false},
    {"overview-106x26-ascii", TUI_OVERVIEW, 106, 26, 0, true},
    {"overview-120x40-1000", TUI_OVERVIEW, 120, 40, 1000, false},
    {"overview-20x5", TUI_OVERVIEW, 20, 5, 0, false},
    {"timeline-80x24", TUI_TIMELINE, 80, 24, 0, false},
    {"timeline-120x40", TUI_TIMELINE, 120, 40, 0, false},
    {"timeline-40x10", TUI_TIMELINE, 40, 10, 0, false},
    {"timeline-106x24-ascii", TUI_TIMELINE, 106, 24, 0, true},
};

static char *slurp(const char *name)
{
    char path[1000];
    static char text[100000];
    snprintf(path, sizeof path, "%s/tests/golden/tui/%s.txt", SQUALL_SOURCE, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

static char *print(const struct golden *golden)
{
    static struct sim_frame frame;
    static char text[100000];
    struct tui_print_options options = {.tab = golden->tab, .width = golden->width, .height = golden->height,
                                        .glyphs = golden->ascii ? TUI_GLYPHS_ASCII : TUI_GLYPHS_UNICODE};
    if (golden->services) frame_large(&frame, golden->services);
    else frame_canary(&frame);
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert(tui_print(&frame, &options, out));
    fclose(out);
    return text;
}

START_TEST(same_as_golden)
{
    char *want = slurp(pictures[_i].name), *have = print(&pictures[_i]), *a, *b;
    uint32_t line = 1;
    while ((a = strsep(&want, "\n")) && (b = strsep(&have, "\n"))) {
        ck_assert_msg(strcmp(a, b) == 0, "%s line %u\nwant %s\nhave %s", pictures[_i].name, line, a, b);
        line++;
    }
    ck_assert_msg(!want && !have, "%s: more lines on one side", pictures[_i].name);
    ck_assert_uint_eq(line, pictures[_i].height + 2); /* each line ends with a line feed */
}
END_TEST

START_TEST(sizes_and_names)
{
    uint32_t w, h;
    enum tui_tab tab;
    ck_assert(tui_size_parse("120x36", &w, &h) && w == 120 && h == 36);
    static const char *const bad[] = {"", "x", "80", "80x", "x24", "0x24", "80x24x1", "80X24", "501x10", "-1x5", "8 0x24"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) ck_assert_msg(!tui_size_parse(bad[i], &w, &h), "%s", bad[i]);
    ck_assert(tui_tab_find("Timeline", &tab) && tab == TUI_TIMELINE);
    ck_assert(tui_tab_find("1", &tab) && tab == TUI_OVERVIEW);
    ck_assert(!tui_tab_find("graph", &tab) && !tui_tab_find("", &tab) && !tui_tab_find("12", &tab));
}
END_TEST

START_TEST(a_stream_that_refuses)
{
    static struct sim_frame frame;
    FILE *full = fopen("/dev/full", "w");
    if (!full) return;
    frame_canary(&frame);
    ck_assert(!tui_print(&frame, &(struct tui_print_options){0}, full));
    fclose(full);
}
END_TEST

Suite *test_golden_suite(void)
{
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("golden");
    tcase_add_loop_test(tcase, same_as_golden, 0, (int)(sizeof pictures / sizeof *pictures));
    tcase_add_test(tcase, sizes_and_names);
    tcase_add_test(tcase, a_stream_that_refuses);
    suite_add_tcase(suite, tcase);
    return suite;
}

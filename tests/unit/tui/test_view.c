/* Filter, order of services, keys, commands, and pictures at every size. */
#include "frames.h"
#include "tui/keys.h"
#include "tui/panes.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

Suite *test_view_suite(void);

static struct sim_frame frame;
static struct tui_view view;
static struct tui_playback playback;
static const struct tui_scene scene = {&view, &frame, &playback};

static void set_up(void)
{
    frame_canary(&frame);
    tui_view_init(&view);
    playback = (struct tui_playback){.session = true, .speed = 10};
}

static struct tui_deed press(uint32_t key)
{
    return tui_view_key(&scene, key);
}

static struct tui_deed write_keys(const char *text)
{
    struct tui_deed deed = {TUI_DEED_NONE, 0};
    for (; *text; text++) deed = press((unsigned char)*text);
    return deed;
}

/* The names in view, joined by blanks. */
static const char *names(void)
{
    static char text[20000];
    static struct tui_pick pick;
    tui_services_pick(&scene, &pick);
    text[0] = 0;
    for (uint32_t i = 0; i < pick.count && i < 20; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i ? " " : "", frame.services[pick.index[i]].name);
    return text;
}

static const struct {
    const char *filter, *want;
} filters[] = {
    {"", "frontend catalog checkout/v1 checkout/v2 payments"},
    {"check", "checkout/v1 checkout/v2"},
    {"CHECK", "checkout/v1 checkout/v2"},
    {"!check", "frontend catalog payments"},
    {"!", "frontend catalog checkout/v1 checkout/v2 payments"},
    {"~cot2", "checkout/v2"},
    {"health=fail", "checkout/v2"},
    {"!health=fail", "frontend catalog checkout/v1 payments"},
    {"service=pay", "payments"},
    {"colour=red", ""},
    {"nothing like it", ""},
};

START_TEST(filter_selects)
{
    snprintf(view.filter[TUI_OVERVIEW], TUI_FILTER_TEXT, "%s", filters[_i].filter);
    ck_assert_str_eq(names(), filters[_i].want);
}
END_TEST

static const struct {
    const char *column, *want, *reversed;
} orders[] = {
    {"SERVICE", "catalog checkout/v1 checkout/v2 frontend payments", "payments frontend checkout/v2 checkout/v1 catalog"},
    {"success", "checkout/v2 frontend checkout/v1 catalog payments", "payments catalog checkout/v1 frontend checkout/v2"},
    {"RPS", "frontend catalog payments checkout/v1 checkout/v2", "checkout/v2 checkout/v1 payments catalog frontend"},
    {"P99", "checkout/v2 frontend checkout/v1 payments catalog", "catalog payments checkout/v1 frontend checkout/v2"},
    {"HEALTH", "checkout/v2 frontend catalog checkout/v1 payments", "payments checkout/v1 catalog frontend checkout/v2"},
};

START_TEST(sort_by_column)
{
    view.sort = tui_column_find(orders[_i].column);
    ck_assert_int_ge(view.sort, 0);
    ck_assert_str_eq(names(), orders[_i].want);
    view.reverse = true;
    ck_assert_str_eq(names(), orders[_i].reversed);
}
END_TEST

START_TEST(s_goes_round_all_columns)
{
    int seen = 0;
    do press('s'), seen++;
    while (view.sort >= 0 && seen < 100);
    ck_assert_int_eq(seen, 11); /* ten columns with an order, then the plan's */
}
END_TEST

START_TEST(selection_follows_the_service)
{
    press(TUI_KEY_END);
    ck_assert_str_eq(view.selected, "payments");
    press('k');
    ck_assert_str_eq(view.selected, "checkout/v2");
    press('r');
    press(TUI_KEY_DOWN);
    ck_assert_str_eq(view.selected, "checkout/v1"); /* the order is reversed */
    press('g');
    ck_assert_str_eq(view.selected, "payments");
}
END_TEST

START_TEST(filter_works_while_typed)
{
    write_keys("/payx");
    ck_assert_str_eq(names(), "");
    press(TUI_KEY_BACKSPACE);
    ck_assert_str_eq(names(), "payments");
    press(TUI_KEY_ENTER);
    ck_assert_int_eq(view.mode, TUI_MODE_KEYS);
    ck_assert_str_eq(names(), "payments");
    press(TUI_KEY_ESCAPE);
    ck_assert_str_eq(view.filter[TUI_OVERVIEW], "");
    press('/');
    for (int i = 0; i < 500; i++) press(0xe9);
    ck_assert_uint_lt(strlen(view.input), TUI_FILTER_TEXT);
}
END_TEST

static const struct {
    const char *line;
    enum tui_deed_kind kind;
    int64_t value;
    const char *note; /* part of it */
} commands[] = {
    {"at 3m", TUI_DEED_GO_TO, 180 * MC_S, ""},
    {"at 1m", TUI_DEED_NONE, 0, "cannot go back"},
    {"at noon", TUI_DEED_NONE, 0, "2m01s or 90s is needed, not noon"},
    {"speed 100", TUI_DEED_SPEED, 100, ""},
    {"speed x5", TUI_DEED_SPEED, 5, ""},
    {"speed max", TUI_DEED_SPEED, TUI_SPEED_MAX, ""},
    {"speed 0", TUI_DEED_NONE, 0, "whole number"},
    {"sort p98", TUI_DEED_NONE, 0, "no column p98"},
    {"spede 3", TUI_DEED_NONE, 0, "did you mean speed?"},
    {"set ascii", TUI_DEED_NONE, 0, ""},
    {"", TUI_DEED_NONE, 0, ""},
    {"quit", TUI_DEED_LEAVE, 0, ""},
};

START_TEST(command_lines)
{
    write_keys(":");
    write_keys(commands[_i].line);
    struct tui_deed deed = press(TUI_KEY_ENTER);
    ck_assert_int_eq(deed.kind, commands[_i].kind);
    ck_assert_int_eq(deed.value, commands[_i].value);
    ck_assert_msg(strstr(view.note, commands[_i].note) != NULL, "%s", view.note);
}
END_TEST

START_TEST(speed_ladder)
{
    static const uint32_t ladder[] = {1, 10, 100, 1000, TUI_SPEED_MAX};
    for (int i = 0; i < 5; i++) {
        playback.speed = ladder[i];
        ck_assert_int_eq(press('+').value, ladder[i < 4 ? i + 1 : 4]);
        ck_assert_int_eq(press('-').value, ladder[i > 0 ? i - 1 : 0]);
    }
}
END_TEST

START_TEST(time_keys)
{
    ck_assert_int_eq(press(' ').kind, TUI_DEED_PAUSE);
    ck_assert_int_eq(press('.').kind, TUI_DEED_STEP);
    ck_assert_int_eq(press('<').kind, TUI_DEED_NONE); /* live */
    ck_assert_ptr_nonnull(strstr(view.note, "cannot go back"));
    playback.seekable = true;
    ck_assert_int_eq(press('<').value, 143 * MC_S);
    ck_assert_int_eq(press('>').value, 145 * MC_S);
    ck_assert_int_eq(press('{').value, 140 * MC_S); /* the event before */
    ck_assert_int_eq(press('0').value, 0);
    ck_assert_int_eq(press('$').value, 480 * MC_S);
    playback.ended = true;
    ck_assert_int_eq(press(' ').kind, TUI_DEED_NONE);
}
END_TEST

START_TEST(timeline_cursor)
{
    press('4');
    press('N');
    ck_assert_int_eq(view.cursor, 130 * MC_S); /* the last was selected: at 2m20 */
    press('N');
    ck_assert_int_eq(view.cursor, 122104 * MC_MS);
    press('f');
    press('N');
    ck_assert_int_eq(view.cursor, 121 * MC_S); /* the only fault */
    press(TUI_KEY_LEFT);
    ck_assert_int_lt(view.cursor, 121 * MC_S);
    press('L');
    ck_assert_int_eq(view.cursor, TUI_ALWAYS_NOW);
    press(TUI_KEY_RIGHT);
    ck_assert_int_eq(view.cursor, frame.at); /* not beyond now */
}
END_TEST

START_TEST(events_at_one_instant_are_walked_one_by_one)
{
    struct tui_events events;
    for (uint32_t i = 0; i < frame.event_count; i++) frame.recent[i].at = 60 * MC_S;
    press('4');
    tui_events_pick(&scene, &events);
    for (uint32_t i = 1; i < events.count; i++) {
        press('N');
        ck_assert_uint_eq(tui_events_selected(&scene, &events), events.count - 1 - i);
    }
    press('n');
    ck_assert_uint_eq(tui_events_selected(&scene, &events), 1);
}
END_TEST

START_TEST(leaving_asks_only_if_something_would_be_lost)
{
    ck_assert_int_eq(press('q').kind, TUI_DEED_LEAVE);
    view.unsaved = true;
    ck_assert_int_eq(press('q').kind, TUI_DEED_NONE);
    ck_assert_int_eq(press('n').kind, TUI_DEED_NONE);
    ck_assert_int_eq(press('q').kind, TUI_DEED_NONE);
    ck_assert_int_eq(press('y').kind, TUI_DEED_LEAVE);
    ck_assert_int_eq(press(TUI_CTRL('c')).kind, TUI_DEED_LEAVE);
    playback.ended = true;
    ck_assert_int_eq(press('q').kind, TUI_DEED_LEAVE);
}
END_TEST

START_TEST(key_table_is_whole)
{
    const struct tui_key *key;
    for (uint32_t i = 0; (key = tui_key_row(i)); i++) {
        ck_assert_ptr_nonnull(key->act);
        ck_assert_msg(key->codes[0] && key->tabs && key->shown[0] && key->doc[0], "row %u", i);
        ck_assert_uint_le(strlen(key->shown), 11);
        for (int tab = 0; tab < TUI_TABS; tab++)
            for (int c = 0; c < TUI_KEY_CODES && key->codes[c]; c++)
                if (key->tabs & 1u << tab) ck_assert_msg(tui_key_find(key->codes[c], (enum tui_tab)tab) == key, "%s is hidden by another row", key->shown);
    }
    static const uint32_t promised[] = {'?', TUI_KEY_F1, '/', ':', ' ', '.', '+', '-', '1', '4', 9, 'e', 'q', 'Q', TUI_KEY_F10, TUI_CTRL('l'), TUI_CTRL('z')};
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++)
        for (int tab = 0; tab < TUI_TABS; tab++) ck_assert_ptr_nonnull(tui_key_find(promised[i], (enum tui_tab)tab));
}
END_TEST

static char *draw_text(uint32_t width, uint32_t height)
{
    static char text[600 * 100 * 4];
    struct tui_canvas canvas;
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert(tui_canvas_init(&canvas, width, height, view.ascii));
    tui_view_draw(&scene, &canvas);
    ck_assert(tui_canvas_write(&canvas, out));
    fclose(out);
    tui_canvas_fini(&canvas);
    return text;
}

START_TEST(help_names_every_key_of_the_screen)
{
    press('?');
    const char *text = draw_text(250, 60);
    const struct tui_key *key;
    for (uint32_t i = 0; (key = tui_key_row(i)); i++)
        if (key->tabs & TUI_ON_OVERVIEW) ck_assert_msg(strstr(text, key->doc) != NULL, "%s", key->shown);
    press('x');
    ck_assert(!view.help);
}
END_TEST

static const uint32_t sides[] = {1, 2, 3, 5, 9, 10, 11, 15, 16, 17, 20, 24, 39, 40, 41, 59, 60, 79, 80, 81, 100, 132, 250};

/* Every size, screen, panel and mode: nothing crashes, and what is too small says so. */
START_TEST(any_size)
{
    static const char *const states[] = {"", "?", "/ab", ":x", "e", "ee", "eee", "4", "4?", "4e", "4==", "s", "q"};
    uint32_t width = sides[_i];
    view.unsaved = true;
    for (size_t h = 0; h < sizeof sides / sizeof *sides; h++)
        for (size_t s = 0; s < sizeof states / sizeof *states; s++) {
            tui_view_init(&view);
            view.unsaved = true;
            view.ascii = s % 2;
            write_keys(states[s]);
            const char *text = draw_text(width, sides[h]);
            if (width < 40 && width >= 11) ck_assert_ptr_nonnull(strstr(text, "40x10"));
        }
}
END_TEST

START_TEST(thousand_services_scroll)
{
    frame_large(&frame, 1000);
    draw_text(80, 24);
    for (int i = 0; i < 500; i++) press('j');
    const char *text = draw_text(80, 24);
    ck_assert_ptr_nonnull(strstr(text, "svc-0500"));
    press('G');
    ck_assert_ptr_nonnull(strstr(draw_text(80, 24), "svc-0999"));
    write_keys("/svc-0123");
    ck_assert_str_eq(names(), "svc-0123");
    ck_assert_ptr_nonnull(strstr(draw_text(80, 24), "svc-0123"));
    view.filter[TUI_OVERVIEW][0] = 0;
    view.mode = TUI_MODE_KEYS;
    view.sort = tui_column_find("RPS");
    uint64_t last = UINT64_MAX;
    struct tui_pick pick;
    tui_services_pick(&scene, &pick);
    for (uint32_t i = 0; i < pick.count; i++) {
        ck_assert_uint_le(frame.services[pick.index[i]].rps_milli, last);
        last = frame.services[pick.index[i]].rps_milli;
    }
}
END_TEST

/* Zeroed, full, and with times that a run should not have. */
START_TEST(odd_frames)
{
    memset(&frame, 0, sizeof frame);
    draw_text(80, 24);
    press('4');
    draw_text(80, 24);
    frame_large(&frame, SIM_FRAME_SERVICES);
    frame.duration = MC_NEVER;
    frame.fault_count = SIM_FRAME_FAULTS;
    frame.rollout_count = SIM_FRAME_ROLLOUTS;
    frame.threshold_count = SIM_FRAME_THRESHOLDS;
    for (uint32_t i = 0; i < SIM_FRAME_FAULTS; i++) frame.faults[i].until = MC_NEVER;
    memset(frame.services[0].name, 'w', SIM_FRAME_NAME - 1);
    draw_text(250, 60);
    press('1');
    draw_text(80, 24);
    draw_text(40, 10);
}
END_TEST

#define LOOP(test, table) tcase_add_loop_test(tcase, test, 0, (int)(sizeof table / sizeof *table))

Suite *test_view_suite(void)
{
    Suite *suite = suite_create("view");
    TCase *tcase = tcase_create("view");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_set_timeout(tcase, 60);
    LOOP(filter_selects, filters);
    LOOP(sort_by_column, orders);
    LOOP(command_lines, commands);
    LOOP(any_size, sides);
    tcase_add_test(tcase, s_goes_round_all_columns);
    tcase_add_test(tcase, selection_follows_the_service);
    tcase_add_test(tcase, filter_works_while_typed);
    tcase_add_test(tcase, speed_ladder);
    tcase_add_test(tcase, time_keys);
    tcase_add_test(tcase, timeline_cursor);
    tcase_add_test(tcase, events_at_one_instant_are_walked_one_by_one);
    tcase_add_test(tcase, leaving_asks_only_if_something_would_be_lost);
    tcase_add_test(tcase, key_table_is_whole);
    tcase_add_test(tcase, help_names_every_key_of_the_screen);
    tcase_add_test(tcase, thousand_services_scroll);
    tcase_add_test(tcase, odd_frames);
    suite_add_tcase(suite, tcase);
    return suite;
}

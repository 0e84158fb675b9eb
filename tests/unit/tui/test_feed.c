/* The run's thread: what the source is asked, and that watching changes nothing. Waits are for a picture to
 * come (poll on the wake pipe), never for a time to pass. */
#include "tui/feed.h"
#include <check.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

Suite *test_feed_suite(void);

/* A run of ten seconds with an event per millisecond; every event is folded into a hash. */
struct run {
    struct tui_source source;
    mc_ns now;
    uint64_t hash, most_events;
    bool can_seek;
};

static enum tui_progress run_advance(struct tui_source *source, mc_ns until, uint64_t max_events)
{
    struct run *run = (struct run *)source;
    ck_assert_uint_gt(max_events, 0);
    if (max_events > run->most_events) run->most_events = max_events;
    while (max_events-- && run->now + MC_MS <= until && run->now < 10 * MC_S) {
        run->now += MC_MS;
        run->hash = (run->hash ^ (uint64_t)run->now) * 0x100000001b3u;
    }
    return run->now >= 10 * MC_S ? TUI_ENDED : TUI_GOING;
}

static mc_ns run_now(struct tui_source *source)
{
    return ((struct run *)source)->now;
}

static void run_frame(struct tui_source *source, struct sim_frame *frame)
{
    memset(frame, 0, sizeof *frame);
    frame->at = ((struct run *)source)->now;
}

static bool run_seek(struct tui_source *source, mc_ns at)
{
    ((struct run *)source)->now = at;
    return true;
}

static const char *run_message(struct tui_source *source)
{
    (void)source;
    return "said at the end";
}

static const struct tui_source_type live = {run_advance, run_now, run_frame, NULL, run_message};
static const struct tui_source_type recorded = {run_advance, run_now, run_frame, run_seek, NULL};

static struct run run;
static int wake[2];
static struct tui_playback playback;

static struct tui_feed *begin(const struct tui_source_type *type, struct tui_options options)
{
    run = (struct run){.source = {type}};
    ck_assert_int_eq(pipe(wake), 0);
    struct tui_feed *feed = tui_feed_new(&run.source, &options, wake[1]);
    ck_assert_ptr_nonnull(feed);
    return feed;
}

static void finish(struct tui_feed *feed)
{
    tui_feed_free(feed);
    close(wake[0]);
    close(wake[1]);
}

/* The next picture at AT or later that is paused or ended. */
static const struct sim_frame *settled(struct tui_feed *feed, mc_ns at)
{
    for (int i = 0; i < 10000; i++) {
        struct pollfd file = {wake[0], POLLIN, 0};
        char byte;
        tui_feed_want(feed);
        ck_assert_int_eq(poll(&file, 1, 10000), 1);
        ck_assert_int_eq(read(wake[0], &byte, 1), 1);
        const struct sim_frame *frame = tui_feed_take(feed, &playback);
        if (frame && frame->at >= at && (playback.ended || playback.paused)) return frame;
    }
    ck_abort_msg("it does not come to rest");
    return NULL;
}

START_TEST(watching_changes_nothing)
{
    struct run alone = {.source = {&live}};
    while (run_advance(&alone.source, MC_NEVER, 1 << 20) == TUI_GOING) continue;
    struct tui_feed *feed = begin(&live, (struct tui_options){.speed = TUI_SPEED_MAX});
    ck_assert_int_eq(settled(feed, 10 * MC_S)->at, 10 * MC_S);
    ck_assert(playback.ended && !playback.seekable);
    ck_assert_str_eq(playback.message, "said at the end");
    finish(feed);
    ck_assert_uint_eq(run.hash, alone.hash);
    ck_assert_uint_le(run.most_events, 1024);
}
END_TEST

START_TEST(go_to_and_steps_of_a_live_run)
{
    struct tui_feed *feed = begin(&live, (struct tui_options){.speed = 1, .paused = true, .go_to = 3 * MC_S});
    ck_assert_int_eq(settled(feed, 3 * MC_S)->at, 3 * MC_S);
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_STEP, 0});
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_STEP, 0});
    ck_assert_int_eq(settled(feed, 3 * MC_S + 2 * MC_MS)->at, 3 * MC_S + 2 * MC_MS);
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_GO_TO, MC_S}); /* it cannot go back, and stays */
    ck_assert_int_eq(settled(feed, 0)->at, 3 * MC_S + 2 * MC_MS);
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_GO_TO, 60 * MC_S});
    ck_assert_int_eq(settled(feed, 10 * MC_S)->at, 10 * MC_S); /* and not beyond its end */
    ck_assert(playback.ended);
    finish(feed);
}
END_TEST

START_TEST(recorded_runs_go_back_after_the_end)
{
    struct tui_feed *feed = begin(&recorded, (struct tui_options){.speed = TUI_SPEED_MAX});
    settled(feed, 10 * MC_S);
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_PAUSE, 0});
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_GO_TO, 2 * MC_S});
    const struct sim_frame *frame;
    do frame = settled(feed, 0);
    while (frame->at == 10 * MC_S);
    ck_assert_int_eq(frame->at, 2 * MC_S);
    ck_assert(!playback.ended && playback.seekable);
    finish(feed);
}
END_TEST

START_TEST(commands_are_told_at_once)
{
    struct tui_feed *feed = begin(&live, (struct tui_options){.speed = 10, .paused = true});
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_SPEED, 100});
    tui_feed_do(feed, (struct tui_deed){TUI_DEED_PAUSE, 0});
    tui_feed_take(feed, &playback);
    ck_assert_uint_eq(playback.speed, 100);
    ck_assert(!playback.paused);
    finish(feed); /* in the middle of the run */
    ck_assert_int_lt(run.now, 10 * MC_S);
}
END_TEST

Suite *test_feed_suite(void)
{
    Suite *suite = suite_create("feed");
    TCase *tcase = tcase_create("feed");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, watching_changes_nothing);
    tcase_add_test(tcase, go_to_and_steps_of_a_live_run);
    tcase_add_test(tcase, recorded_runs_go_back_after_the_end);
    tcase_add_test(tcase, commands_are_told_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}

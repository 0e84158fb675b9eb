/* Who gets a place, against the rules as they were published, played by hand. */
#include "stage.h"

Suite *test_queue_suite(void);

static mc_ns took(mc_ns started)
{
    for (int i = 0; i < stage.call_count; i++)
        if (stage.calls[i].started == started) return stage.calls[i].ended - started;
    ck_abort_msg("nothing started at %ld", (long)started);
}

static uint16_t code_of(mc_ns started)
{
    for (int i = 0; i < stage.call_count; i++)
        if (stage.calls[i].started == started) return stage.calls[i].code;
    ck_abort_msg("nothing started at %ld", (long)started);
}

/* One place, 10 ms of work; requests at 0, 1 and 2 ms. */
static void three(enum sim_queue_policy policy)
{
    stage.load.executor = SIM_LOAD_CONSTANT_RATE;
    stage.load.rate_milli = 1000000;
    stage.load.duration = 3 * MC_MS;
    stage.versions[0].concurrency = 1;
    stage.versions[0].server.queue_policy = policy;
    stage_add(0, stage_wait(10 * MC_MS));
}

START_TEST(first_come_first_served)
{
    three(SIM_QUEUE_FIFO);
    stage_run(MC_S);
    ck_assert_int_eq(took(0), 10 * MC_MS);
    ck_assert_int_eq(took(MC_MS), 19 * MC_MS);
    ck_assert_int_eq(took(2 * MC_MS), 28 * MC_MS);
}
END_TEST

START_TEST(last_come_first_served)
{
    three(SIM_QUEUE_LIFO);
    stage_run(MC_S);
    ck_assert_int_eq(took(0), 10 * MC_MS);
    ck_assert_int_eq(took(MC_MS), 29 * MC_MS);
    ck_assert_int_eq(took(2 * MC_MS), 18 * MC_MS);
}
END_TEST

START_TEST(waiting_has_its_limit)
{
    three(SIM_QUEUE_FIFO);
    stage.versions[0].server.queue_timeout = 15 * MC_MS;
    stage.versions[0].server.overload_status = 429;
    stage_run(MC_S);
    ck_assert_uint_eq(code_of(MC_MS), 200);
    ck_assert_uint_eq(code_of(2 * MC_MS), 429);
    ck_assert_int_eq(took(2 * MC_MS), 15 * MC_MS);
}
END_TEST

START_TEST(those_turned_away_get_the_status_asked_for)
{
    three(SIM_QUEUE_FIFO);
    stage.versions[0].queue = 1;
    stage.versions[0].server.overload_status = 429;
    stage_run(MC_S);
    ck_assert_uint_eq(code_of(2 * MC_MS), 429);
    ck_assert_int_eq(took(2 * MC_MS), 0);
    ck_assert_uint_eq(stage.counts.failed, 0); /* 429 is no failure of the server */
}
END_TEST

/* ---- Fail at Scale: "if the queue has not been empty for the last N ms, the timeout is M ms, else N" ---- */

enum { ASKED = 400, SERVICE_US = 16307, GAP_US = 8000, N_US = 100000, M_US = 5000 };

struct waiting { int64_t until; int number; };

/* Plays the rule: requests every GAP, one server; the figures are such that no two things happen at once. out[i]: when it was answered, negative if it was given up. */
static void by_hand(bool lifo, int64_t out[ASKED])
{
    struct waiting queue[ASKED];
    int count = 0, next = 0;
    int64_t free_at = 0, empty_at = 0;
    while (next < ASKED || count) {
        int64_t arrival = next < ASKED ? (int64_t)next * GAP_US : INT64_MAX, given_up = INT64_MAX;
        int first = 0;
        for (int i = 0; i < count; i++)
            if (queue[i].until < given_up) given_up = queue[i].until, first = i;
        int64_t served = count ? free_at : INT64_MAX;
        int64_t now = arrival < served ? arrival : served;
        if (given_up < now) {
            out[queue[first].number] = -given_up;
            for (int i = first + 1; i < count; i++) queue[i - 1] = queue[i];
            count--;
        } else if (now == served) {
            bool stands = served - empty_at > N_US;
            int taken = lifo && stands ? count - 1 : 0;
            out[queue[taken].number] = free_at = served + SERVICE_US;
            for (int i = taken + 1; i < count; i++) queue[i - 1] = queue[i];
            count--;
        } else if (arrival >= free_at) {
            out[next++] = free_at = arrival + SERVICE_US;
        } else {
            if (!count) empty_at = arrival;
            queue[count++] = (struct waiting){arrival + (arrival - empty_at > N_US ? M_US : N_US), next++};
        }
    }
}

static void controlled(enum sim_queue_policy policy)
{
    int64_t expected[ASKED];
    int turned_away = 0;
    stage.load.executor = SIM_LOAD_CONSTANT_RATE;
    stage.load.rate_milli = 125000;
    stage.load.duration = ASKED * GAP_US * MC_US;
    stage.versions[0].concurrency = 1;
    stage.versions[0].server.queue_policy = policy;
    stage_add(0, stage_wait(SERVICE_US * MC_US));
    stage_run(10 * MC_S);
    by_hand(policy == SIM_QUEUE_ADAPTIVE_LIFO, expected);
    ck_assert_int_eq(stage.call_count, ASKED);
    for (int i = 0; i < ASKED; i++) {
        mc_ns started = i * GAP_US * MC_US;
        bool served = expected[i] > 0;
        turned_away += !served;
        ck_assert_msg(code_of(started) == (served ? 200 : 503), "%d: %u", i, code_of(started));
        ck_assert_msg(took(started) == (served ? expected[i] : -expected[i]) * MC_US - started, "%d: %ld", i, (long)took(started));
    }
    ck_assert_int_gt(turned_away, ASKED / 3); /* twice what it can do comes in */
}

START_TEST(controlled_delay_is_the_article_s)
{
    controlled(SIM_QUEUE_CODEL);
}
END_TEST

START_TEST(adaptive_lifo_is_the_article_s)
{
    controlled(SIM_QUEUE_ADAPTIVE_LIFO);
}
END_TEST

Suite *test_queue_suite(void)
{
    Suite *suite = suite_create("queue");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_checked_fixture(tc, stage_set_up, NULL);
    tcase_add_test(tc, first_come_first_served);
    tcase_add_test(tc, last_come_first_served);
    tcase_add_test(tc, waiting_has_its_limit);
    tcase_add_test(tc, those_turned_away_get_the_status_asked_for);
    tcase_add_test(tc, controlled_delay_is_the_article_s);
    tcase_add_test(tc, adaptive_lifo_is_the_article_s);
    suite_add_tcase(suite, tc);
    return suite;
}

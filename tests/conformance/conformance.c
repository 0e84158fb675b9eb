/* Each test casts two roles and plays them; what every event must be like is checked in actor.c, what
 * must have come to pass is checked here. */
#include "base/limits.h"
#include "conformance/actor.h"

enum { HOSTS_MAX = 4 };

static const struct conformance_host_type *hosts[HOSTS_MAX];
static int host_count;

static uint32_t piece; /* of the test that is playing */

#define ROLE_HANDLER(name) \
    static void name(struct actor *actor, struct talk *talk, const struct mc_event *event)
#define IGNORE_UNUSED (void)actor, (void)talk, (void)event

ROLE_HANDLER(listen_0)
{
    IGNORE_UNUSED;
    actor_listen(actor, 0);
}

ROLE_HANDLER(open_0)
{
    IGNORE_UNUSED;
    actor_open(actor, 0);
}

ROLE_HANDLER(leave_when_done)
{
    IGNORE_UNUSED;
    if (actor_is_done(actor)) actor_leave(actor);
}

ROLE_HANDLER(leave)
{
    IGNORE_UNUSED;
    actor_leave(actor);
}

ROLE_HANDLER(finish)
{
    IGNORE_UNUSED;
    if (!talk->finished) actor_finish(actor, talk);
}

/* ---- bytes ---- */

ROLE_HANDLER(echo_data)
{
    (void)event;
    actor_send(actor, talk, (uint32_t)(talk->received - talk->sent));
}

static const struct role echo = {
    .on = {[MC_EVENT_START] = listen_0,
           [MC_EVENT_DATA] = echo_data,
           [MC_EVENT_END] = finish,
           [MC_EVENT_CLOSED] = leave_when_done},
};

static uint32_t echo_bytes(void)
{
    return piece == 1 ? 3000 : 300000;
}

/* Odd sizes, so that pieces of the host's and ours never agree for long. */
ROLE_HANDLER(send_all)
{
    (void)event;
    uint32_t left = echo_bytes();
    for (uint32_t size = 1; left; size = size * 3 % 20011 + 1) {
        uint32_t part = size < left ? size : left;
        actor_send(actor, talk, part);
        left -= part;
    }
    actor_finish(actor, talk);
}

static void all_came_back(struct stage *stage)
{
    struct talk *near = &stage->actors[0].talks[0], *far = &stage->actors[1].talks[0];
    ck_assert_uint_eq(near->received, echo_bytes());
    ck_assert_uint_eq(far->received, echo_bytes());
    ck_assert_int_eq(near->last, MC_EVENT_CLOSED);
    ck_assert_int_eq(far->last, MC_EVENT_CLOSED);
}

static const struct role sender = {
    .on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPENED] = send_all, [MC_EVENT_CLOSED] = leave_when_done},
};

static const uint32_t pieces[] = {0, 1, 7, 4096};

#define HOST(i) hosts[(i) % HOSTS_MAX]
#define CASE(i) ((i) / HOSTS_MAX)

START_TEST(bytes_come_intact_however_they_are_cut)
{
    piece = pieces[CASE(_i)];
    stage_play(HOST(_i), &sender, &echo, piece, all_came_back);
}
END_TEST

/* What was delivered stays as it is for as long as a reference is held. */
ROLE_HANDLER(keep_data)
{
    (void)talk;
    actor_keep(actor, event->data);
}

static void kept_is_unchanged(struct stage *stage)
{
    struct actor *far = &stage->actors[1];
    uint64_t position = 0;
    for (int i = 0; i < far->kept_count; i++) {
        struct mc_str bytes = mc_slice_str(far->kept[i]);
        for (size_t k = 0; k < bytes.n; k++) ck_assert_int_eq(bytes.p[k], pattern_at(position + k));
        position += bytes.n;
    }
    ck_assert_uint_eq(position, far->talks[0].received);
    ck_assert_uint_eq(position, echo_bytes());
}

START_TEST(slices_are_immutable)
{
    static const struct role keeper = {
        .on = {[MC_EVENT_START] = listen_0,
               [MC_EVENT_DATA] = keep_data,
               [MC_EVENT_END] = finish,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    piece = 0;
    stage_play(HOST(_i), &sender, &keeper, 0, kept_is_unchanged);
}
END_TEST

/* ---- many streams ---- */

enum { MANY = 32 };

ROLE_HANDLER(open_many)
{
    IGNORE_UNUSED;
    for (int i = 0; i < MANY; i++) actor_open(actor, 0);
}

ROLE_HANDLER(leave_after_many)
{
    IGNORE_UNUSED;
    if (actor->talk_count == MANY && actor_is_done(actor)) actor_leave(actor);
}

ROLE_HANDLER(send_some)
{
    (void)event;
    actor_send(actor, talk, 1000);
    actor_finish(actor, talk);
}

static void many_are_distinct(struct stage *stage)
{
    for (int i = 0; i < CONFORMANCE_GUESTS; i++) {
        ck_assert_int_eq(stage->actors[i].talk_count, MANY);
        for (int k = 0; k < MANY; k++) ck_assert_uint_eq(stage->actors[i].talks[k].received, 1000);
    }
}

START_TEST(streams_do_not_mix)
{
    static const struct role many = {
        .on = {[MC_EVENT_START] = open_many,
               [MC_EVENT_OPENED] = send_some,
               [MC_EVENT_CLOSED] = leave_after_many},
    };
    static const struct role many_echo = {
        .on = {[MC_EVENT_START] = listen_0,
               [MC_EVENT_DATA] = echo_data,
               [MC_EVENT_END] = finish,
               [MC_EVENT_CLOSED] = leave_after_many},
    };
    stage_play(HOST(_i), &many, &many_echo, 0, many_are_distinct);
}
END_TEST

ROLE_HANDLER(open_next)
{
    IGNORE_UNUSED;
    if (actor->talk_count < MANY)
        actor_open(actor, 0);
    else
        actor_leave(actor);
}

START_TEST(ids_are_not_used_again)
{
    static const struct role one_by_one = {
        .on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPENED] = send_some, [MC_EVENT_CLOSED] = open_next},
    };
    static const struct role many_echo = {
        .on = {[MC_EVENT_START] = listen_0,
               [MC_EVENT_DATA] = echo_data,
               [MC_EVENT_END] = finish,
               [MC_EVENT_CLOSED] = leave_after_many},
    };
    stage_play(HOST(_i), &one_by_one, &many_echo, 0, many_are_distinct);
}
END_TEST

/* ---- finishing ---- */

static void both_closed(struct stage *stage)
{
    for (int i = 0; i < CONFORMANCE_GUESTS; i++)
        ck_assert_int_eq(stage->actors[i].talks[0].last, MC_EVENT_CLOSED);
}

ROLE_HANDLER(answer_then_finish)
{
    (void)event;
    actor_send(actor, talk, 5000);
    actor_finish(actor, talk);
}

static void answer_came_after_end(struct stage *stage)
{
    both_closed(stage);
    ck_assert_uint_eq(stage->actors[0].talks[0].received, 5000);
    ck_assert_uint_eq(stage->actors[1].talks[0].received, 1000);
}

START_TEST(the_opener_may_finish_first)
{
    static const struct role first = {
        .on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPENED] = send_some, [MC_EVENT_CLOSED] = leave_when_done},
    };
    static const struct role second = {
        .on = {[MC_EVENT_START] = listen_0,
               [MC_EVENT_END] = answer_then_finish,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    stage_play(HOST(_i), &first, &second, 0, answer_came_after_end);
}
END_TEST

START_TEST(the_accepter_may_finish_first)
{
    static const struct role second = {
        .on = {[MC_EVENT_START] = open_0, [MC_EVENT_END] = send_some, [MC_EVENT_CLOSED] = leave_when_done},
    };
    static const struct role first = {
        .on = {[MC_EVENT_START] = listen_0,
               [MC_EVENT_ACCEPTED] = answer_then_finish,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    stage_play(HOST(_i), &second, &first, 0, answer_came_after_end);
}
END_TEST

START_TEST(both_may_finish_at_once)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPENED] = finish, [MC_EVENT_CLOSED] = leave_when_done},
    };
    static const struct role far = {
        .on =
            {[MC_EVENT_START] = listen_0, [MC_EVENT_ACCEPTED] = finish, [MC_EVENT_CLOSED] = leave_when_done},
    };
    stage_play(HOST(_i), &near, &far, 0, both_closed);
}
END_TEST

/* ---- credit ---- */

enum { GRANT = 10, GRANTS = 5 };

/* Reads nothing beyond the first credit; then small grants, one per wake. */
ROLE_HANDLER(wake_soon)
{
    IGNORE_UNUSED;
    actor_wake_in(actor, 20 * MC_MS);
}

ROLE_HANDLER(grant_a_little)
{
    IGNORE_UNUSED;
    struct talk *only = &actor->talks[0];
    uint64_t granted = MC_STREAM_CREDIT + (actor->wakes - 1) * GRANT;
    ck_assert_uint_eq(only->received, granted); /* all that was granted has come by now, and no more */
    if (actor->wakes > GRANTS) {
        actor_cut(actor, only);
        actor_leave(actor);
        return;
    }
    actor_grant(actor, only, GRANT);
    actor_wake_in(actor, 20 * MC_MS);
}

ROLE_HANDLER(send_too_much)
{
    (void)event;
    for (int i = 0; i < 16; i++) actor_send(actor, talk, 10000);
}

START_TEST(credit_is_never_exceeded)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0,
               [MC_EVENT_OPENED] = send_too_much,
               [MC_EVENT_RESET] = leave_when_done},
    };
    static const struct role far = {
        .keeps_credit = true,
        .on =
            {[MC_EVENT_START] = listen_0, [MC_EVENT_ACCEPTED] = wake_soon, [MC_EVENT_WAKE] = grant_a_little},
    };
    stage_play(HOST(_i), &near, &far, 0, NULL);
}
END_TEST

/* ---- back-pressure ---- */

enum { FLOOD = 64 * 1024 * 1024, FLOOD_STEP = 256 * 1024 };

/* A guest that is not told CLOGGED goes on producing; it wakes itself at once for the next piece. */
ROLE_HANDLER(flood)
{
    IGNORE_UNUSED;
    struct talk *only = &actor->talks[0];
    if (only->was_drained) {
        if (!only->finished) actor_finish(actor, only);
        return;
    }
    if (only->clogged) return;
    ck_assert_uint_lt(only->sent, FLOOD);
    actor_send(actor, only, FLOOD_STEP);
    actor_wake_in(actor, 0);
}

ROLE_HANDLER(read_all_from_now)
{
    IGNORE_UNUSED;
    actor_grant(actor, &actor->talks[0], FLOOD);
}

ROLE_HANDLER(wake_late)
{
    IGNORE_UNUSED;
    actor_wake_in(actor, 300 * MC_MS);
}

static void flood_arrived(struct stage *stage)
{
    both_closed(stage);
    ck_assert(stage->actors[0].talks[0].was_clogged);
    ck_assert(stage->actors[0].talks[0].was_drained);
    ck_assert_uint_eq(stage->actors[0].talks[0].sent, stage->actors[1].talks[0].received);
}

START_TEST(clogged_and_drained_frame_a_slow_reader)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0,
               [MC_EVENT_OPENED] = flood,
               [MC_EVENT_WAKE] = flood,
               [MC_EVENT_CLOGGED] = flood,
               [MC_EVENT_DRAINED] = flood,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    static const struct role far = {
        .keeps_credit = true,
        .on = {[MC_EVENT_START] = listen_0,
               [MC_EVENT_ACCEPTED] = wake_late,
               [MC_EVENT_WAKE] = read_all_from_now,
               [MC_EVENT_END] = finish,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    stage_play(HOST(_i), &near, &far, 0, flood_arrived);
}
END_TEST

/* ---- opening ---- */

static void was_refused(struct stage *stage)
{
    ck_assert_int_eq(stage->actors[0].talks[0].last, MC_EVENT_OPEN_FAILED);
    ck_assert_int_eq(stage->actors[0].talks[0].reason, MC_REASON_REFUSED);
}

START_TEST(nobody_listening_refuses)
{
    static const struct role near = {.on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPEN_FAILED] = leave}};
    static const struct role far = {.on = {[MC_EVENT_START] = leave}};
    stage_play(HOST(_i), &near, &far, 0, was_refused);
}
END_TEST

ROLE_HANDLER(unlisten_0)
{
    IGNORE_UNUSED;
    actor_unlisten(actor, 0);
    actor_send(actor, talk, 100);
}

ROLE_HANDLER(open_again)
{
    (void)event;
    if (talk == &actor->talks[0]) actor_open(actor, 0);
}

ROLE_HANDLER(finish_first)
{
    IGNORE_UNUSED;
    actor_finish(actor, &actor->talks[0]);
}

static void second_was_refused(struct stage *stage)
{
    both_closed(stage);
    ck_assert_int_eq(stage->actors[0].talk_count, 2);
    ck_assert_int_eq(stage->actors[0].talks[1].reason, MC_REASON_REFUSED);
    ck_assert_int_eq(stage->actors[1].talk_count, 1);
}

START_TEST(unlisten_leaves_open_streams_alone)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0,
               [MC_EVENT_DATA] = open_again,
               [MC_EVENT_OPEN_FAILED] = finish_first,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    static const struct role far = {
        .on = {[MC_EVENT_START] = listen_0,
               [MC_EVENT_ACCEPTED] = unlisten_0,
               [MC_EVENT_END] = finish,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    stage_play(HOST(_i), &near, &far, 0, second_was_refused);
}
END_TEST

static void addresses_agree(struct stage *stage)
{
    struct talk *near = &stage->actors[0].talks[0], *far = &stage->actors[1].talks[0];
    ck_assert(mc_addr_eq(near->peer, far->local));
    ck_assert(mc_addr_eq(near->local, far->peer));
}

START_TEST(both_ends_know_the_same_addresses)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPENED] = finish, [MC_EVENT_CLOSED] = leave_when_done},
    };
    stage_play(HOST(_i), &near, &echo, 0, addresses_agree);
}
END_TEST

ROLE_HANDLER(listen_to_all)
{
    IGNORE_UNUSED;
    for (int i = 0; i < CONFORMANCE_PORTS; i++) actor_listen(actor, i);
}

ROLE_HANDLER(open_all)
{
    IGNORE_UNUSED;
    for (int i = 0; i < CONFORMANCE_PORTS; i++) actor_open(actor, i);
}

ROLE_HANDLER(check_listener)
{
    struct conformance_world *world = actor->stage->world;
    struct mc_addr addr = world->type->addr(world, actor->self, (int)event->accepted.listener - 1);
    ck_assert(mc_addr_eq(event->accepted.local, addr));
    ck_assert(mc_addr_eq(event->accepted.original, addr));
    (void)talk;
}

ROLE_HANDLER(leave_after_all_ports)
{
    IGNORE_UNUSED;
    if (actor->talk_count == CONFORMANCE_PORTS && actor_is_done(actor)) actor_leave(actor);
}

START_TEST(accepted_names_its_listener)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_all,
               [MC_EVENT_OPENED] = finish,
               [MC_EVENT_CLOSED] = leave_after_all_ports},
    };
    static const struct role far = {
        .on = {[MC_EVENT_START] = listen_to_all,
               [MC_EVENT_ACCEPTED] = check_listener,
               [MC_EVENT_END] = finish,
               [MC_EVENT_CLOSED] = leave_after_all_ports},
    };
    stage_play(HOST(_i), &near, &far, 0, NULL);
}
END_TEST

/* ---- resets: the side that cuts waits a while, so that a late event would be seen ---- */

ROLE_HANDLER(cut)
{
    (void)event;
    actor_cut(actor, talk);
    actor_wake_in(actor, 50 * MC_MS);
}

ROLE_HANDLER(send_and_cut)
{
    actor_send(actor, talk, 100000);
    cut(actor, talk, event);
}

ROLE_HANDLER(open_and_cut)
{
    IGNORE_UNUSED;
    cut(actor, actor_open(actor, 0), event);
}

ROLE_HANDLER(finish_and_cut)
{
    actor_finish(actor, talk);
    cut(actor, talk, event);
}

static void far_was_reset(struct stage *stage)
{
    struct talk *far = &stage->actors[1].talks[0];
    ck_assert_int_eq(far->last, MC_EVENT_RESET);
    ck_assert_int_eq(far->reason, MC_REASON_PEER_RESET);
}

static const struct role victim = {
    .on = {[MC_EVENT_START] = listen_0, [MC_EVENT_RESET] = leave_when_done},
};

START_TEST(a_reset_reaches_the_peer_once)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPENED] = cut, [MC_EVENT_WAKE] = leave},
    };
    stage_play(HOST(_i), &near, &victim, 0, far_was_reset);
}
END_TEST

START_TEST(a_reset_may_overtake_what_was_sent)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0, [MC_EVENT_OPENED] = send_and_cut, [MC_EVENT_WAKE] = leave},
    };
    stage_play(HOST(_i), &near, &victim, 0, far_was_reset);
}
END_TEST

/* The cut may overtake the news that the stream is open: then it never was. */
static void near_was_reset(struct stage *stage)
{
    enum mc_event_kind last = stage->actors[0].talks[0].last;
    ck_assert(last == MC_EVENT_RESET || last == MC_EVENT_OPEN_FAILED);
    ck_assert_int_eq(stage->actors[0].talks[0].reason, MC_REASON_PEER_RESET);
}

START_TEST(an_accepted_stream_may_be_cut_at_once)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0,
               [MC_EVENT_RESET] = leave_when_done,
               [MC_EVENT_OPEN_FAILED] = leave_when_done},
    };
    static const struct role far = {
        .on = {[MC_EVENT_START] = listen_0, [MC_EVENT_ACCEPTED] = cut, [MC_EVENT_WAKE] = leave},
    };
    stage_play(HOST(_i), &near, &far, 0, near_was_reset);
}
END_TEST

START_TEST(no_closed_follows_a_reset)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0,
               [MC_EVENT_OPENED] = finish,
               [MC_EVENT_RESET] = leave_when_done,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    static const struct role far = {
        .on = {[MC_EVENT_START] = listen_0, [MC_EVENT_END] = finish_and_cut, [MC_EVENT_WAKE] = leave},
    };
    stage_play(HOST(_i), &near, &far, 0, NULL);
}
END_TEST

START_TEST(an_open_may_be_taken_back)
{
    static const struct role near = {.on = {[MC_EVENT_START] = open_and_cut, [MC_EVENT_WAKE] = leave}};
    static const struct role far = {.on = {[MC_EVENT_START] = wake_late, [MC_EVENT_WAKE] = leave}};
    stage_play(HOST(_i), &near, &far, 0, NULL);
}
END_TEST

ROLE_HANDLER(end_or_reset)
{
    IGNORE_UNUSED;
    if (event->kind == MC_EVENT_END)
        actor_finish(actor, talk);
    else
        actor_leave(actor);
}

START_TEST(a_guest_that_exits_leaves_its_peer_an_end)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_0,
               [MC_EVENT_END] = end_or_reset,
               [MC_EVENT_RESET] = end_or_reset,
               [MC_EVENT_CLOSED] = end_or_reset},
    };
    static const struct role far = {.on = {[MC_EVENT_START] = listen_0, [MC_EVENT_ACCEPTED] = leave}};
    stage_play(HOST(_i), &near, &far, 0, NULL);
}
END_TEST

/* ---- time ---- */

/* That a WAKE before its time does not count is in actor.c; here: each one comes, and none too early. */
ROLE_HANDLER(wake_again)
{
    IGNORE_UNUSED;
    static const mc_ns delays[] = {1, MC_US, 900 * MC_US, MC_MS, 1100 * MC_US, 7 * MC_MS, 30 * MC_MS};
    if (actor->wakes == MC_COUNT_OF(delays))
        actor_leave(actor);
    else
        actor_wake_in(actor, delays[actor->wakes]);
}

START_TEST(deadlines_are_kept_and_never_early)
{
    static const struct role near = {.on = {[MC_EVENT_START] = wake_again, [MC_EVENT_WAKE] = wake_again}};
    stage_play(HOST(_i), &near, &near, 0, NULL);
}
END_TEST

/* A deadline far away, brought near while other things happen. */
ROLE_HANDLER(open_and_wait_long)
{
    open_0(actor, talk, event);
    actor_wake_in(actor, MC_HOUR);
}

ROLE_HANDLER(wait_short)
{
    (void)talk, (void)event;
    actor_wake_in(actor, 5 * MC_MS);
}

ROLE_HANDLER(finish_all)
{
    IGNORE_UNUSED;
    actor_finish(actor, &actor->talks[0]);
}

START_TEST(a_deadline_may_be_brought_forward)
{
    static const struct role near = {
        .on = {[MC_EVENT_START] = open_and_wait_long,
               [MC_EVENT_OPENED] = wait_short,
               [MC_EVENT_WAKE] = finish_all,
               [MC_EVENT_CLOSED] = leave_when_done},
    };
    stage_play(HOST(_i), &near, &echo, 0, both_closed);
}
END_TEST

/* ---- stop ---- */

ROLE_HANDLER(stop_the_other)
{
    IGNORE_UNUSED;
    struct conformance_world *world = actor->stage->world;
    world->type->stop(world, !actor->self, 3 * MC_S);
    actor_leave(actor);
}

ROLE_HANDLER(leave_on_stop)
{
    (void)talk;
    ck_assert_int_eq(event->grace, 3 * MC_S);
    actor_leave(actor);
}

START_TEST(stop_is_told_with_its_grace)
{
    static const struct role near = {.on = {[MC_EVENT_START] = wake_soon, [MC_EVENT_WAKE] = stop_the_other}};
    static const struct role far = {.on = {[MC_EVENT_STOP] = leave_on_stop}};
    stage_play(HOST(_i), &near, &far, 0, NULL);
}
END_TEST

/* ---- suite ---- */

Suite *conformance_suite(const struct conformance_host_type *type)
{
    static const TTest *const *const tests[] = {
        &slices_are_immutable,
        &streams_do_not_mix,
        &ids_are_not_used_again,
        &the_opener_may_finish_first,
        &the_accepter_may_finish_first,
        &both_may_finish_at_once,
        &credit_is_never_exceeded,
        &clogged_and_drained_frame_a_slow_reader,
        &nobody_listening_refuses,
        &unlisten_leaves_open_streams_alone,
        &both_ends_know_the_same_addresses,
        &accepted_names_its_listener,
        &a_reset_reaches_the_peer_once,
        &a_reset_may_overtake_what_was_sent,
        &an_accepted_stream_may_be_cut_at_once,
        &no_closed_follows_a_reset,
        &an_open_may_be_taken_back,
        &a_guest_that_exits_leaves_its_peer_an_end,
        &deadlines_are_kept_and_never_early,
        &a_deadline_may_be_brought_forward,
        &stop_is_told_with_its_grace,
    };
    mc_assert(host_count < HOSTS_MAX);
    int host = host_count++;
    hosts[host] = type;
    Suite *suite = suite_create(type->name);
    TCase *cut = tcase_create("pieces");
    tcase_set_timeout(cut, 60);
    for (int i = 0; i < (int)MC_COUNT_OF(pieces); i++)
        tcase_add_loop_test(cut, bytes_come_intact_however_they_are_cut, i * HOSTS_MAX + host,
                            i * HOSTS_MAX + host + 1);
    suite_add_tcase(suite, cut);
    TCase *lines = tcase_create("lines");
    tcase_set_timeout(lines, 60);
    for (size_t i = 0; i < MC_COUNT_OF(tests); i++) tcase_add_loop_test(lines, *tests[i], host, host + 1);
    suite_add_tcase(suite, lines);
    return suite;
}

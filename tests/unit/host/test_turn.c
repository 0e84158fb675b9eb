/* Timers against a plain list of times, the turn, the outbox and the trace catalogue. */
#include "base/chunk.h"
#include "host/turn.h"
#include "support/memory.h"
#include <check.h>
#include <ctype.h>

Suite *test_turn_suite(void);

/* ---- timers ---- */

enum { TIMERS = 40 };

struct clockwork {
    struct mc_timer timer;
    mc_ns due; /* MC_NEVER: not armed */
    int fired;
};

static struct mc_timers timers;
static struct clockwork works[TIMERS];
static mc_ns now, last_due;

static uint64_t draw(uint64_t n)
{
    static uint64_t luck;
    return mc_below(mc_mix(++luck), n);
}

static void set(struct clockwork *w, mc_ns at)
{
    w->due = at;
    mc_timer_arm(&timers, &w->timer, at);
}

/* Times are told in order, never early; some arm others, some arm themselves again, some disarm. */
static void fire(struct mc_timer *timer)
{
    struct clockwork *w = mc_container(timer, struct clockwork, timer), *other = &works[draw(TIMERS)];
    ck_assert_int_le(w->due, now);
    ck_assert(!timer->armed);
    last_due = w->due;
    w->due = MC_NEVER;
    w->fired++;
    if (draw(4) == 0) set(w, now + (mc_ns)draw(50));
    if (draw(6) == 0) set(other, now + 1 + (mc_ns)draw(50));
    if (draw(8) == 0) {
        mc_timer_disarm(&timers, &other->timer);
        other->due = MC_NEVER;
    }
}

static mc_ns next_due(void)
{
    mc_ns at = MC_NEVER;
    for (int i = 0; i < TIMERS; i++) at = mc_ns_min(at, works[i].due);
    return at;
}

START_TEST(timers_fire_when_due_and_only_then)
{
    timers = (struct mc_timers){0};
    now = 0;
    for (int i = 0; i < TIMERS; i++) {
        works[i] = (struct clockwork){.due = MC_NEVER};
        mc_timer_init(&works[i].timer, fire);
    }
    for (int i = 0; i < 50000; i++) {
        struct clockwork *w = &works[draw(TIMERS)];
        switch (draw(5)) {
        case 0: set(w, now + (mc_ns)draw(100)); break;
        case 1: set(w, w->due == MC_NEVER ? now + 30 : w->due + (mc_ns)draw(60)); break; /* pushed back */
        case 2: mc_timer_disarm(&timers, &w->timer), w->due = MC_NEVER; break;
        default:
            now += (mc_ns)draw(20);
            for (int turns = 0; next_due() <= now; turns++) { /* what is armed for now waits for the next turn */
                ck_assert_int_lt(turns, 50);
                mc_timers_run(&timers, now);
                if (mc_timers_deadline(&timers) > now) ck_assert_int_gt(next_due(), now);
            }
            mc_timers_run(&timers, now);
        }
        for (int k = 0; k < TIMERS; k++) ck_assert_int_eq(works[k].timer.armed, works[k].due != MC_NEVER);
        ck_assert_int_le(mc_timers_deadline(&timers), next_due());
    }
}
END_TEST

static int order[8], order_count;

static void note(struct mc_timer *timer)
{
    order[order_count++] = (int)(mc_container(timer, struct clockwork, timer) - works);
}

START_TEST(equal_times_fire_in_arming_order)
{
    timers = (struct mc_timers){0};
    order_count = 0;
    static const int sequence[] = {3, 0, 2, 1};
    for (int i = 0; i < 4; i++) mc_timer_init(&works[i].timer, note);
    for (int i = 0; i < 4; i++) mc_timer_arm(&timers, &works[sequence[i]].timer, 10);
    mc_timers_run(&timers, 9);
    ck_assert_int_eq(order_count, 0);
    mc_timers_run(&timers, 10);
    for (int i = 0; i < 4; i++) ck_assert_int_eq(order[i], sequence[i]);
    ck_assert_int_eq(mc_timers_deadline(&timers), MC_NEVER);
}
END_TEST

/* An idle timeout pushed back a thousand times costs one place in the heap and one spurious wake. */
START_TEST(timer_pushed_back_is_put_right_when_it_comes_up)
{
    timers = (struct mc_timers){0};
    order_count = 0;
    mc_timer_init(&works[0].timer, note);
    for (mc_ns at = 100; at <= 1100; at++) mc_timer_arm(&timers, &works[0].timer, at);
    ck_assert_int_le(mc_timers_deadline(&timers), 1100);
    mc_timers_run(&timers, 1099);
    ck_assert_int_eq(order_count, 0);
    ck_assert_int_eq(mc_timers_deadline(&timers), 1100);
    mc_timer_arm(&timers, &works[0].timer, MC_NEVER);
    mc_timers_run(&timers, 2000);
    ck_assert_int_eq(order_count, 0);
}
END_TEST

/* ---- turn and outbox ---- */

struct dying {
    struct mc_grave grave, other;
    struct mc_turn *turn;
    int *buried;
};

static void bury_other(struct mc_grave *grave)
{
    ++*mc_container(grave, struct dying, other)->buried;
}

static void bury(struct mc_grave *grave)
{
    struct dying *dying = mc_container(grave, struct dying, grave);
    ++*dying->buried;
    mc_turn_bury(dying->turn, &dying->other, bury_other); /* the dead may take others along */
}

START_TEST(step_collects_actions_in_order_and_buries_at_its_end)
{
    struct test_memory memory = {0};
    struct mc_realm realm;
    struct mc_turn turn;
    struct mc_outbox outbox;
    int buried = 0;
    mc_realm_init(&realm, test_alloc(&memory), 5);
    mc_outbox_init(&outbox, test_alloc(&memory));
    mc_turn_init(&turn, &realm, 3);
    struct dying dying = {.turn = &turn, .buried = &buried};
    mc_turn_begin(&turn, &(struct mc_event){.kind = MC_EVENT_START, .now = 7, .wall = 100}, &outbox);
    mc_turn_bury(&turn, &dying.grave, bury);
    mc_stream first = mc_turn_open(&turn, mc_addr_v4(1, 1)), second = mc_turn_open(&turn, mc_addr_v4(1, 1));
    mc_turn_send(&turn, first, mc_slice_copy(&realm.pool, MC_STR("x")));
    mc_turn_send(&turn, first, mc_slice_none()); /* nothing is not sent */
    mc_turn_work(&turn, MC_WORK_REQUEST, 2);
    mc_turn_exit(&turn, 4);
    ck_assert_int_eq(buried, 0);
    mc_turn_end(&turn);
    ck_assert_int_eq(buried, 2);
    ck_assert(mc_stream_by_guest(first) && first != second);
    ck_assert_uint_eq(outbox.count, 4);
    static const enum mc_action_kind kinds[] = {MC_ACTION_OPEN, MC_ACTION_OPEN, MC_ACTION_SEND, MC_ACTION_EXIT};
    for (int i = 0; i < 4; i++) ck_assert_int_eq(outbox.actions[i].kind, kinds[i]);
    ck_assert_uint_eq(outbox.actions[3].id, 4);
    ck_assert_uint_eq(outbox.work[MC_WORK_REQUEST], 2);
    mc_outbox_fini(&outbox); /* drops the slice that was not carried out */
    ck_assert_uint_eq(realm.pool.live_blocks, 0);
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(node_draws_are_its_own)
{
    struct mc_realm realm = {.seed = 9};
    struct mc_turn a, b;
    mc_turn_init(&a, &realm, 1), mc_turn_init(&b, &realm, 2);
    uint64_t first = mc_turn_draw(&a, MC_FOR_BALANCE);
    ck_assert_uint_eq(first, mc_draw(9, MC_FOR_BALANCE, 1, 0));
    mc_turn_draw(&a, MC_FOR_BACKOFF);
    ck_assert_uint_eq(mc_turn_draw(&b, MC_FOR_BALANCE), mc_draw(9, MC_FOR_BALANCE, 2, 0));
    ck_assert_uint_eq(mc_turn_draw(&a, MC_FOR_BALANCE), mc_draw(9, MC_FOR_BALANCE, 1, 1));
}
END_TEST

/* ---- trace ---- */

static struct mc_trace_record last;

static void record(void *self, mc_ns at, const struct mc_trace_record *told)
{
    (void)self, (void)at;
    last = *told;
}

START_TEST(catalogue_names_every_kind_and_value)
{
    static const char *const types[] = {"u", "ns", "a", "f", "addr4"};
    for (unsigned kind = 0; kind < MC_TRACE_KINDS; kind++) {
        const char *name = mc_trace_name((enum mc_trace_kind)kind), *values = mc_trace_values((enum mc_trace_kind)kind);
        ck_assert_ptr_nonnull(strchr(name, '.'));
        for (unsigned other = 0; other < kind; other++) ck_assert_str_ne(name, mc_trace_name((enum mc_trace_kind)other));
        struct mc_str rest = mc_str_c(values);
        int count = 0;
        while (rest.n) {
            struct mc_str type, field = mc_str_cut(rest, ' ', &rest);
            struct mc_str label = mc_str_cut(field, ':', &type);
            bool known = false;
            for (size_t i = 0; i < 5; i++) known |= mc_str_eq(type, mc_str_c(types[i]));
            ck_assert_msg(known && label.n, "%s: %s", name, values);
            for (size_t i = 0; i < label.n; i++) ck_assert(islower(label.p[i]) || isdigit(label.p[i]) || label.p[i] == '_');
            count++;
        }
        ck_assert_int_le(count, 6);
    }
    struct mc_realm realm = {.trace = {.record = record}};
    struct mc_turn turn;
    mc_turn_init(&turn, &realm, 8);
    mc_trace(&turn, REFUSED, 77, 400, 3);
    ck_assert_uint_eq(last.kind, MC_TRACE_REFUSED);
    ck_assert_uint_eq(last.stream, 77);
    ck_assert_uint_eq(last.node, 8);
    ck_assert_uint_eq(last.v[0], 400);
    ck_assert_uint_eq(last.v[2], 0);
    ck_assert_uint_eq(mc_trace_addr(mc_addr_v4(0x01020304, 80)), UINT64_C(0x010203040050));
}
END_TEST

Suite *test_turn_suite(void)
{
    Suite *suite = suite_create("turn");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, timers_fire_when_due_and_only_then);
    tcase_add_test(tc, equal_times_fire_in_arming_order);
    tcase_add_test(tc, timer_pushed_back_is_put_right_when_it_comes_up);
    tcase_add_test(tc, step_collects_actions_in_order_and_buries_at_its_end);
    tcase_add_test(tc, node_draws_are_its_own);
    tcase_add_test(tc, catalogue_names_every_kind_and_value);
    suite_add_tcase(suite, tc);
    return suite;
}

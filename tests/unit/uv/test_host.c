/* What the host does beyond the contract that tests/conformance holds it to: names, signals, work from
 * other threads, listeners that cannot be had, peers that break off. */
#include "support/memory.h"
#include "uv/host.h"
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

Suite *test_host_suite(void);

static struct test_memory memory;
static struct mc_realm realm;
static struct mc_uv_loop *loop;

/* A guest that notes what it is told and does what the test says. */
struct probe {
    struct mc_outbox *out;
    void (*on)(struct probe *probe, const struct mc_event *event);
    int seen[MC_EVENT_KINDS];
    mc_ns grace;
    uint32_t command;
    struct mc_addr found;
    enum mc_stream_reason reason;
    mc_stream stream;
    uint64_t received;
};

static void step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct probe *probe = self;
    probe->seen[event->kind]++;
    probe->out = out;
    if (event->stream) probe->stream = event->stream;
    if (event->kind == MC_EVENT_STOP) probe->grace = event->grace;
    if (event->kind == MC_EVENT_COMMAND) probe->command = event->command->kind;
    if (event->kind == MC_EVENT_RESET || event->kind == MC_EVENT_OPEN_FAILED) probe->reason = event->reason;
    if (event->kind == MC_EVENT_DATA) probe->received += event->data.length;
    if (probe->on) probe->on(probe, event);
    if (event->kind == MC_EVENT_DATA) mc_slice_unref(event->data);
}

static mc_ns deadline(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static const struct mc_guest_type probe_type = {.name = "probe", .step = step, .deadline = deadline};

static void set_up(void)
{
    memory = (struct test_memory){0};
    mc_realm_init(&realm, test_alloc(&memory), 1);
    loop = mc_uv_loop_new(&(struct mc_uv_loop_options){.realm = &realm, .stop_on_signals = true, .grace = MC_S});
    ck_assert_ptr_nonnull(loop);
}

static void tear_down(void)
{
    mc_uv_loop_free(loop);
    ck_assert_uint_eq(realm.pool.live_blocks, 0);
    mc_realm_fini(&realm);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

static struct mc_uv_host *host_of(struct probe *probe, struct mc_uv_operator *operator)
{
    struct mc_uv_host *host = mc_uv_host_new(loop, (struct mc_guest){&probe_type, probe}, operator);
    ck_assert_ptr_nonnull(host);
    return host;
}

static void leave(struct probe *probe, uint32_t status)
{
    mc_outbox_add(probe->out, MC_ACTION_EXIT)->id = status;
}

static int listening_socket(struct mc_addr *addr, bool listens)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert(fd >= 0 && !bind(fd, (struct sockaddr *)&own, length));
    if (listens) ck_assert(!listen(fd, 8));
    ck_assert(!getsockname(fd, (struct sockaddr *)&own, &length));
    *addr = mc_addr_v4(INADDR_LOOPBACK, ntohs(own.sin_port));
    return fd;
}

/* ---- names ---- */

static void look_up(struct probe *probe, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_START) {
        struct mc_action *action = mc_outbox_add(probe->out, MC_ACTION_RESOLVE);
        action->id = 7;
        action->name = MC_STR("localhost");
    }
    if (event->kind != MC_EVENT_RESOLVED) return;
    ck_assert_uint_eq(event->resolved.query, 7);
    ck_assert_int_eq(event->resolved.reason, MC_REASON_NONE);
    ck_assert_uint_ge(event->resolved.count, 1);
    ck_assert_int_gt(event->resolved.ttl, 0);
    probe->found = event->resolved.addrs[0];
    leave(probe, 3);
}

START_TEST(names_are_resolved)
{
    struct probe probe = {.on = look_up};
    struct mc_uv_host *host = host_of(&probe, NULL);
    uint32_t status;
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    ck_assert(mc_addr_is_loopback(probe.found));
    ck_assert_uint_eq(probe.found.port, 0);
    ck_assert(mc_uv_host_exited(host, &status));
    ck_assert_uint_eq(status, 3);
}
END_TEST

static void look_up_nonsense(struct probe *probe, const struct mc_event *event)
{
    static char endless[300];
    memset(endless, 'a', sizeof endless);
    if (event->kind == MC_EVENT_START)
        mc_outbox_add(probe->out, MC_ACTION_RESOLVE)->name = mc_str(endless, sizeof endless);
    if (event->kind != MC_EVENT_RESOLVED) return;
    ck_assert_int_ne(event->resolved.reason, MC_REASON_NONE);
    leave(probe, 0);
}

START_TEST(a_name_too_long_is_answered)
{
    struct probe probe = {.on = look_up_nonsense};
    host_of(&probe, NULL);
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
}
END_TEST

static void look_up_and_leave(struct probe *probe, const struct mc_event *event)
{
    look_up(probe, event);
    if (event->kind == MC_EVENT_START) leave(probe, 0);
}

START_TEST(a_guest_may_leave_while_a_name_is_looked_up)
{
    struct probe probe = {.on = look_up_and_leave};
    host_of(&probe, NULL);
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    ck_assert_int_eq(probe.seen[MC_EVENT_RESOLVED], 0);
}
END_TEST

/* ---- signals ---- */

static void leave_on_second_stop(struct probe *probe, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_START) kill(getpid(), SIGTERM);
    if (event->kind != MC_EVENT_STOP) return;
    ck_assert_int_eq(event->grace, probe->seen[MC_EVENT_STOP] == 1 ? MC_S : 0);
    if (probe->seen[MC_EVENT_STOP] == 1)
        kill(getpid(), SIGINT);
    else
        leave(probe, 0);
}

START_TEST(signals_become_stop_and_the_second_has_no_grace)
{
    struct probe probe = {.on = leave_on_second_stop};
    host_of(&probe, NULL);
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    ck_assert_int_eq(probe.seen[MC_EVENT_STOP], 2);
}
END_TEST

struct hangup {
    struct mc_uv_signal signal;
    struct mc_uv_host *host;
    int heard;
};

static void hear(struct mc_uv_signal *signal)
{
    static const struct mc_command command = {.kind = 42};
    struct hangup *hangup = mc_container(signal, struct hangup, signal);
    hangup->heard++;
    mc_uv_host_command(hangup->host, &command);
}

static void hang_up(struct probe *probe, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_START) kill(getpid(), SIGHUP);
    if (event->kind == MC_EVENT_COMMAND) leave(probe, 0);
}

START_TEST(other_signals_are_heard)
{
    struct probe probe = {.on = hang_up};
    struct hangup hangup = {.signal = {.number = SIGHUP, .heard = hear}, .host = host_of(&probe, NULL)};
    ck_assert(mc_uv_loop_listen_signal(loop, &hangup.signal));
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    ck_assert_int_eq(hangup.heard, 1);
    ck_assert_uint_eq(probe.command, 42);
}
END_TEST

/* ---- work from other threads ---- */

enum { POSTS = 100 };

struct errand {
    struct mc_uv_post post;
    int number;
    int *next;
    struct mc_uv_host *host;
};

static void run_errand(struct mc_uv_post *post, struct mc_uv_loop *where)
{
    struct errand *errand = mc_container(post, struct errand, post);
    ck_assert_ptr_eq(where, loop);
    ck_assert_int_eq(errand->number, (*errand->next)++); /* in the order of posting */
    struct mc_command command = {.kind = (uint32_t)errand->number};
    mc_uv_host_command(errand->host, &command);
}

static void *post_all(void *errands)
{
    struct errand *each = errands;
    for (int i = 0; i < POSTS; i++) mc_uv_loop_post(loop, &each[i].post);
    return NULL;
}

static void leave_after_posts(struct probe *probe, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_COMMAND && probe->seen[MC_EVENT_COMMAND] == POSTS) leave(probe, 0);
}

START_TEST(posts_run_on_the_loops_thread_in_order)
{
    static struct errand errands[POSTS];
    int next = 0;
    struct probe probe = {.on = leave_after_posts};
    struct mc_uv_host *host = host_of(&probe, NULL);
    for (int i = 0; i < POSTS; i++)
        errands[i] = (struct errand){.post = {.run = run_errand}, .number = i, .next = &next, .host = host};
    pthread_t thread;
    ck_assert(!pthread_create(&thread, NULL, post_all, errands));
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    pthread_join(thread, NULL);
    ck_assert_int_eq(next, POSTS);
}
END_TEST

/* ---- listeners ---- */

static struct mc_addr wanted;

struct told {
    struct mc_uv_operator operator;
    struct mc_uv_host *host;
    int failures;
};

static void note_failure(struct mc_uv_operator *operator, uint32_t listener, struct mc_addr addr, const char *why)
{
    struct told *told = mc_container(operator, struct told, operator);
    ck_assert_uint_eq(listener, 5);
    ck_assert(mc_addr_eq(addr, wanted));
    ck_assert_ptr_nonnull(strstr(why, "in use"));
    told->failures++;
    mc_uv_host_stop(told->host, 0);
}

static void listen_and_wait(struct probe *probe, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_START) {
        struct mc_action *action = mc_outbox_add(probe->out, MC_ACTION_LISTEN);
        action->id = 5;
        action->addr = wanted;
    }
    if (event->kind == MC_EVENT_STOP) leave(probe, 0);
}

START_TEST(a_listener_that_cannot_be_had_is_told)
{
    struct told told = {.operator = {.listen_failed = note_failure}};
    struct probe probe = {.on = listen_and_wait};
    int taken = listening_socket(&wanted, true);
    told.host = host_of(&probe, &told.operator);
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    ck_assert_int_eq(told.failures, 1);
    close(taken);
}
END_TEST

/* ---- peers that break off ---- */

static void open_wanted(struct probe *probe, const struct mc_event *event)
{
    if (event->kind == MC_EVENT_START) {
        struct mc_action *action = mc_outbox_add(probe->out, MC_ACTION_OPEN);
        action->stream = MC_STREAM_GUEST_BIT | 1;
        action->addr = wanted;
    }
    if (event->kind == MC_EVENT_RESET || event->kind == MC_EVENT_OPEN_FAILED || event->kind == MC_EVENT_CLOSED)
        leave(probe, 0);
}

struct broken_peer {
    int listener;
    size_t answer;
};

/* Takes a connection, answers, and closes with bytes unread: the kernel sends RST after the answer. */
static void *answer_and_break(void *given)
{
    struct broken_peer *peer = given;
    static char answer[100000];
    char first[1];
    int fd = accept(peer->listener, NULL, NULL);
    ck_assert_int_eq(recv(fd, first, 1, 0), 1);
    ck_assert_int_eq(send(fd, answer, peer->answer, 0), (ssize_t)peer->answer);
    close(fd);
    return NULL;
}

static void send_much(struct probe *probe, const struct mc_event *event)
{
    open_wanted(probe, event);
    if (event->kind != MC_EVENT_OPENED) return;
    for (int i = 0; i < 400; i++) {
        struct mc_chunk *chunk = mc_chunk_take(&realm.pool, 10000);
        memset(chunk->bytes, 'x', 10000);
        chunk->used = 10000;
        struct mc_action *action = mc_outbox_add(probe->out, MC_ACTION_SEND);
        action->stream = event->stream;
        action->slice = mc_slice_of(chunk);
    }
}

START_TEST(an_early_answer_survives_a_broken_write)
{
    struct probe probe = {.on = send_much};
    struct broken_peer peer = {.answer = 20000};
    pthread_t thread;
    peer.listener = listening_socket(&wanted, true);
    ck_assert(!pthread_create(&thread, NULL, answer_and_break, &peer));
    host_of(&probe, NULL);
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    pthread_join(thread, NULL);
    ck_assert_int_eq(probe.reason, MC_REASON_PEER_RESET);
    ck_assert_int_eq(probe.seen[MC_EVENT_RESET], 1);
    ck_assert_uint_le(probe.received, peer.answer);
    close(peer.listener);
}
END_TEST

START_TEST(nobody_there_is_refused)
{
    struct probe probe = {.on = open_wanted};
    int fd = listening_socket(&wanted, false);
    close(fd);
    host_of(&probe, NULL);
    ck_assert(mc_uv_loop_run(loop, 10 * MC_S));
    ck_assert_int_eq(probe.reason, MC_REASON_REFUSED);
}
END_TEST

Suite *test_host_suite(void)
{
    Suite *suite = suite_create("uv host");
    TCase *tcase = tcase_create("host");
    tcase_set_timeout(tcase, 30);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, names_are_resolved);
    tcase_add_test(tcase, a_name_too_long_is_answered);
    tcase_add_test(tcase, a_guest_may_leave_while_a_name_is_looked_up);
    tcase_add_test(tcase, signals_become_stop_and_the_second_has_no_grace);
    tcase_add_test(tcase, other_signals_are_heard);
    tcase_add_test(tcase, posts_run_on_the_loops_thread_in_order);
    tcase_add_test(tcase, a_listener_that_cannot_be_had_is_told);
    tcase_add_test(tcase, an_early_answer_survives_a_broken_write);
    tcase_add_test(tcase, nobody_there_is_refused);
    suite_add_tcase(suite, tcase);
    return suite;
}

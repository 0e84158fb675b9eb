#include "uv/parts.h"
#include <signal.h>
#include <time.h>

/* ---- clock ---- */

static mc_ns read_clock(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (mc_ns)time.tv_sec * MC_S + time.tv_nsec;
}

void mc_uv_loop_read_clock(struct mc_uv_loop *loop)
{
    if (loop->clock_read) return;
    loop->now = read_clock(CLOCK_MONOTONIC) - loop->origin;
    loop->wall = read_clock(CLOCK_REALTIME);
    loop->clock_read = true;
}

mc_ns mc_uv_loop_now(struct mc_uv_loop *loop)
{
    mc_uv_loop_read_clock(loop);
    return loop->now;
}

/* ---- timer ---- */

static void on_timer(uv_timer_t *timer)
{
    struct mc_uv_loop *loop = mc_container(timer, struct mc_uv_loop, timer);
    loop->armed = MC_NEVER;
    loop->clock_read = false; /* libuv's clock has gone on since the turn's reading */
    mc_uv_loop_read_clock(loop);
    mc_list_each(link, &loop->hosts) {
        struct mc_uv_host *host = mc_container(link, struct mc_uv_host, link);
        if (host->state == MC_UV_HOST_RUNNING && mc_guest_deadline(host->guest) <= loop->now)
            mc_uv_host_step(host, &(struct mc_event){.kind = MC_EVENT_WAKE});
    }
}

static mc_ns next_deadline(struct mc_uv_loop *loop)
{
    mc_ns next = loop->limit;
    mc_list_each(link, &loop->hosts) {
        struct mc_uv_host *host = mc_container(link, struct mc_uv_host, link);
        if (host->state == MC_UV_HOST_RUNNING) next = mc_ns_min(next, mc_guest_deadline(host->guest));
    }
    return next;
}

/* A timer that is set too early finds nothing to do and is set again: moving a deadline back, which
 * happens with every byte, costs nothing. Rounded up, as libuv counts whole milliseconds. */
static void set_timer(struct mc_uv_loop *loop)
{
    mc_ns next = next_deadline(loop);
    if (next >= loop->armed || next == MC_NEVER) return;
    uint64_t wait = next > loop->now ? (uint64_t)((next - loop->now + MC_MS - 1) / MC_MS) : 0;
    uv_timer_start(&loop->timer, on_timer, wait, 0);
    loop->armed = next;
}

/* ---- turn ---- */

static void flush_streams(struct mc_uv_loop *loop)
{
    struct mc_link *link;
    while ((link = mc_list_pop_front(&loop->dirty)))
        mc_uv_stream_flush(mc_container(link, struct mc_uv_stream, dirty));
}

static void tell_due(struct mc_uv_loop *loop)
{
    struct mc_link *link;
    while ((link = mc_list_pop_front(&loop->due)))
        mc_uv_stream_tell_due(mc_container(link, struct mc_uv_stream, due_link));
}

/* Before each poll: what the steps since the last one have left. Telling an event may send again. */
static void on_turn(uv_prepare_t *turn)
{
    struct mc_uv_loop *loop = mc_container(turn, struct mc_uv_loop, turn);
    mc_uv_loop_read_clock(loop);
    mc_list_each(link, &loop->hosts) mc_uv_host_turn(mc_container(link, struct mc_uv_host, link));
    while (!mc_list_empty(&loop->dirty) || !mc_list_empty(&loop->due)) {
        flush_streams(loop);
        tell_due(loop);
    }
    mc_list_each(link, &loop->hosts) {
        struct mc_uv_host *host = mc_container(link, struct mc_uv_host, link);
        if (host->state == MC_UV_HOST_EXITING) mc_uv_host_shut(host);
    }
    if (!loop->live_hosts || loop->now >= loop->limit)
        uv_stop(&loop->uv);
    else
        set_timer(loop);
    loop->clock_read = false;
}

bool mc_uv_loop_run(struct mc_uv_loop *loop, mc_ns limit)
{
    loop->clock_read = false;
    mc_uv_loop_read_clock(loop);
    loop->limit = mc_ns_add(loop->now, limit);
    if (loop->live_hosts) uv_run(&loop->uv, UV_RUN_DEFAULT);
    return !loop->live_hosts;
}

void mc_uv_loop_stop(struct mc_uv_loop *loop, mc_ns grace)
{
    mc_list_each(link, &loop->hosts) mc_uv_host_stop(mc_container(link, struct mc_uv_host, link), grace);
}

/* ---- signals and posts ---- */

struct mc_uv_hearing {
    uv_signal_t signal;
    struct mc_link link;
    struct mc_uv_loop *loop;
    struct mc_uv_signal *heard; /* NULL: stop */
};

static void on_signal(uv_signal_t *signal, int number)
{
    struct mc_uv_hearing *hearing = mc_container(signal, struct mc_uv_hearing, signal);
    struct mc_uv_loop *loop = hearing->loop;
    (void)number;
    if (hearing->heard) {
        hearing->heard->heard(hearing->heard);
        return;
    }
    mc_uv_loop_stop(loop, loop->stopping ? 0 : loop->grace);
    loop->stopping = true;
}

static void on_hearing_closed(uv_handle_t *handle)
{
    struct mc_uv_hearing *hearing = mc_container(handle, struct mc_uv_hearing, signal);
    mc_pool_give(&hearing->loop->realm->pool, hearing, sizeof *hearing);
}

static bool hear(struct mc_uv_loop *loop, int number, struct mc_uv_signal *heard)
{
    struct mc_uv_hearing *hearing = mc_pool_take_zero(&loop->realm->pool, sizeof *hearing);
    if (!hearing) return false;
    hearing->loop = loop;
    hearing->heard = heard;
    uv_signal_init(&loop->uv, &hearing->signal);
    mc_list_push_back(&loop->signals, &hearing->link);
    return uv_signal_start(&hearing->signal, on_signal, number) == 0;
}

bool mc_uv_loop_listen_signal(struct mc_uv_loop *loop, struct mc_uv_signal *signal)
{
    return hear(loop, signal->number, signal);
}

void mc_uv_loop_post(struct mc_uv_loop *loop, struct mc_uv_post *post)
{
    uv_mutex_lock(&loop->lock);
    post->next = loop->posts;
    loop->posts = post;
    uv_mutex_unlock(&loop->lock);
    uv_async_send(&loop->async);
}

static struct mc_uv_post *take_posts(struct mc_uv_loop *loop)
{
    struct mc_uv_post *first = NULL;
    uv_mutex_lock(&loop->lock);
    for (struct mc_uv_post *post = loop->posts, *next; post; post = next) {
        next = post->next;
        post->next = first;
        first = post;
    }
    loop->posts = NULL;
    uv_mutex_unlock(&loop->lock);
    return first;
}

static void run_posts(struct mc_uv_loop *loop)
{
    for (struct mc_uv_post *post = take_posts(loop), *next; post; post = next) {
        next = post->next;
        post->run(post, loop);
    }
}

static void on_async(uv_async_t *async)
{
    run_posts(mc_container(async, struct mc_uv_loop, async));
}

/* ---- life ---- */

static bool hear_stops(struct mc_uv_loop *loop)
{
    return !loop->stop_on_signals || (hear(loop, SIGTERM, NULL) && hear(loop, SIGINT, NULL));
}

static void init_record(struct mc_uv_loop *loop, const struct mc_uv_loop_options *options)
{
    *loop = (struct mc_uv_loop){
        .realm = options->realm,
        .stop_on_signals = options->stop_on_signals,
        .grace = options->grace,
        .read_max = options->read_max,
        .origin = read_clock(CLOCK_MONOTONIC),
        .armed = MC_NEVER,
        .limit = MC_NEVER,
    };
    mc_list_init(&loop->signals);
    mc_list_init(&loop->hosts);
    mc_list_init(&loop->dirty);
    mc_list_init(&loop->due);
}

struct mc_uv_loop *mc_uv_loop_new(const struct mc_uv_loop_options *options)
{
    struct mc_uv_loop *loop = mc_pool_take(&options->realm->pool, sizeof *loop);
    if (!loop) return NULL;
    init_record(loop, options);
    if (uv_loop_init(&loop->uv)) {
        mc_pool_give(&options->realm->pool, loop, sizeof *loop);
        return NULL;
    }
    uv_prepare_init(&loop->uv, &loop->turn);
    uv_prepare_start(&loop->turn, on_turn);
    uv_timer_init(&loop->uv, &loop->timer);
    uv_mutex_init(&loop->lock);
    uv_async_init(&loop->uv, &loop->async, on_async);
    if (hear_stops(loop)) return loop;
    mc_uv_loop_free(loop);
    return NULL;
}

static void close_handles(struct mc_uv_loop *loop)
{
    uv_close((uv_handle_t *)&loop->turn, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_close((uv_handle_t *)&loop->async, NULL);
    mc_list_each(link, &loop->signals)
        uv_close((uv_handle_t *)&mc_container(link, struct mc_uv_hearing, link)->signal, on_hearing_closed);
}

void mc_uv_loop_free(struct mc_uv_loop *loop)
{
    struct mc_pool *pool = &loop->realm->pool;
    struct mc_link *link;
    mc_list_each(each, &loop->hosts) mc_uv_host_shut(mc_container(each, struct mc_uv_host, link));
    run_posts(loop);
    close_handles(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    while ((link = mc_list_pop_front(&loop->hosts)))
        mc_pool_give(pool, mc_container(link, struct mc_uv_host, link), sizeof(struct mc_uv_host));
    mc_chunk_unref(loop->fill);
    int busy = uv_loop_close(&loop->uv);
    mc_assert(!busy);
    uv_mutex_destroy(&loop->lock);
    mc_pool_give(pool, loop, sizeof *loop);
}

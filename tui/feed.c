#include "tui/feed.h"
#include "base/assert.h"
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SLICE_EVENTS = 1024,
    FRESH = 4,       /* bit of `middle`: the screen has not taken it */
    COMMANDS = 64,   /* more at once than a hand can type: the rest is dropped */
    TICK = 10,       /* ms between two looks at the clock when the run is ahead of it */
    LAG = 250,       /* ms: a run that falls behind its pace by more does not catch up */
};

struct tui_feed {
    struct tui_source *source;
    int wake_fd;
    pthread_t thread;

    struct sim_frame *frames[3];
    atomic_uint middle; /* index, FRESH */
    unsigned back, front;
    bool taken;         /* the front frame holds a picture */
    atomic_bool wanted, pending /* commands, or the end */;

    pthread_mutex_t lock; /* for what follows, up to the blank line */
    pthread_cond_t changed;
    struct tui_deed commands[COMMANDS];
    size_t command_count;
    bool stop;
    struct tui_playback playback;

    /* of the thread alone */
    bool paused, ended;
    uint32_t speed;
    mc_ns run_to;             /* as fast as possible up to here, paused or not; -1: nowhere */
    mc_ns pace_sim, pace_wall; /* where the pace began */
    mc_ns rate_sim, rate_wall;
    uint32_t rate;
    locale_t locale;
};

static mc_ns wall(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (mc_ns)now.tv_sec * MC_S + now.tv_nsec;
}

static const struct tui_source_type *type(const struct tui_feed *feed)
{
    return feed->source->type;
}

static mc_ns now_of(struct tui_feed *feed)
{
    return type(feed)->now(feed->source);
}

static void begin_pace(struct tui_feed *feed)
{
    feed->pace_sim = feed->rate_sim = now_of(feed);
    feed->pace_wall = feed->rate_wall = wall();
}

/* ---- pictures ---- */

static void measure_rate(struct tui_feed *feed)
{
    mc_ns sim = now_of(feed), at = wall();
    if (at - feed->rate_wall < MC_S / 2) return;
    mc_ns rate = (sim - feed->rate_sim) / (at - feed->rate_wall);
    feed->rate = rate < 0 ? 0 : rate > 999999 ? 999999 : (uint32_t)rate;
    feed->rate_sim = sim;
    feed->rate_wall = at;
}

static void tell_playback(struct tui_feed *feed)
{
    const char *message = feed->ended && type(feed)->message ? type(feed)->message(feed->source) : NULL;
    pthread_mutex_lock(&feed->lock);
    feed->playback.ended = feed->ended;
    feed->playback.rate = feed->rate;
    if (feed->command_count == 0) feed->playback.paused = feed->paused, feed->playback.speed = feed->speed;
    snprintf(feed->playback.message, sizeof feed->playback.message, "%s", message ? message : "");
    pthread_mutex_unlock(&feed->lock);
}

static void publish(struct tui_feed *feed)
{
    measure_rate(feed);
    type(feed)->frame(feed->source, feed->frames[feed->back]);
    if (feed->frames[feed->back]->state != SIM_FRAME_RUNNING) feed->ended = true; /* as after a seek to the end */
    tell_playback(feed);
    feed->back = atomic_exchange(&feed->middle, feed->back | FRESH) & ~(unsigned)FRESH;
    ssize_t written = write(feed->wake_fd, "f", 1); /* a full pipe wakes as well */
    (void)written;
}

/* ---- commands ---- */

static void seek(struct tui_feed *feed, mc_ns at)
{
    if (type(feed)->seek && type(feed)->seek(feed->source, at)) feed->ended = false;
    else if (at > now_of(feed)) feed->run_to = at;
    begin_pace(feed);
}

static void advance(struct tui_feed *feed, mc_ns until, uint64_t events)
{
    feed->ended = type(feed)->advance(feed->source, until, events) == TUI_ENDED;
    if (feed->ended) atomic_store(&feed->wanted, true);
}

static void step(struct tui_feed *feed)
{
    feed->paused = true;
    if (!feed->ended) advance(feed, MC_NEVER, 1);
}

static void obey(struct tui_feed *feed, struct tui_deed deed)
{
    if (deed.kind == TUI_DEED_PAUSE) feed->paused = !feed->paused, feed->run_to = -1;
    if (deed.kind == TUI_DEED_SPEED) feed->speed = (uint32_t)deed.value;
    if (deed.kind == TUI_DEED_GO_TO) seek(feed, deed.value);
    if (deed.kind == TUI_DEED_STEP) step(feed);
    begin_pace(feed);
    atomic_store(&feed->wanted, true);
}

/* False: the session is over. */
static bool take_commands(struct tui_feed *feed)
{
    struct tui_deed commands[COMMANDS];
    pthread_mutex_lock(&feed->lock);
    size_t count = feed->command_count;
    memcpy(commands, feed->commands, count * sizeof *commands);
    feed->command_count = 0;
    bool stop = feed->stop;
    atomic_store(&feed->pending, false);
    pthread_mutex_unlock(&feed->lock);
    for (size_t i = 0; i < count && !stop; i++) obey(feed, commands[i]);
    return !stop;
}

/* ---- time ---- */

/* How far the run may go now; below its own time: it has to wait. */
static mc_ns limit(struct tui_feed *feed)
{
    mc_ns now = now_of(feed), at = wall(), due;
    if (feed->ended) return -1;
    if (feed->run_to > now) return feed->run_to;
    if (feed->run_to >= 0) feed->run_to = -1, begin_pace(feed), atomic_store(&feed->wanted, true);
    if (feed->paused) return -1;
    if (feed->speed == TUI_SPEED_MAX) return MC_NEVER;
    mc_ns passed = at - feed->pace_wall;
    if (__builtin_mul_overflow(passed, (mc_ns)feed->speed, &due)) return MC_NEVER;
    due = mc_ns_add(feed->pace_sim, due);
    if (due - now > (mc_ns)feed->speed * LAG * MC_MS) {
        feed->pace_sim = now;
        feed->pace_wall = at - LAG * MC_MS;
        due = now + (mc_ns)feed->speed * LAG * MC_MS;
    }
    return due;
}

static void rest(struct tui_feed *feed, bool until_told)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK * MC_MS;
    if (until.tv_nsec >= MC_S) until.tv_sec++, until.tv_nsec -= MC_S;
    pthread_mutex_lock(&feed->lock);
    while (!atomic_load(&feed->pending) && !atomic_load(&feed->wanted))
        if (until_told) pthread_cond_wait(&feed->changed, &feed->lock);
        else if (pthread_cond_timedwait(&feed->changed, &feed->lock, &until)) break;
    pthread_mutex_unlock(&feed->lock);
}

static void turn(struct tui_feed *feed)
{
    mc_ns until = limit(feed);
    bool still = until < 0;
    if (atomic_exchange(&feed->wanted, false)) publish(feed);
    if (still || until <= now_of(feed)) rest(feed, still);
    else advance(feed, until, SLICE_EVENTS);
}

static void *body(void *argument)
{
    struct tui_feed *feed = argument;
    uselocale(feed->locale); /* the screen's locale must not reach the run: isalpha is part of Lua's patterns */
    begin_pace(feed);
    while (take_commands(feed)) turn(feed);
    return NULL;
}

/* ---- life ---- */

static bool begin_thread(struct tui_feed *feed)
{
    sigset_t all, before;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&feed->lock, NULL);
    pthread_cond_init(&feed->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigfillset(&all);
    /* What the run itself does wrong is delivered to it whatever the mask; blocked, it would end at once. */
    const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
    for (size_t i = 0; i < MC_COUNT_OF(faults); i++) sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool begun = pthread_create(&feed->thread, NULL, body, feed) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return begun;
}

static void release(struct tui_feed *feed)
{
    for (int i = 0; i < 3; i++) free(feed->frames[i]);
    if (feed->locale) freelocale(feed->locale);
    free(feed);
}

struct tui_feed *tui_feed_new(struct tui_source *source, const struct tui_options *options, int wake_fd)
{
    struct tui_feed *feed = calloc(1, sizeof *feed);
    if (!feed) return NULL;
    feed->source = source;
    feed->wake_fd = wake_fd;
    feed->front = 1;
    feed->middle = 2;
    feed->wanted = true;
    feed->paused = options->paused;
    feed->speed = options->speed;
    feed->run_to = -1;
    feed->locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    feed->playback = (struct tui_playback){.session = true, .paused = options->paused, .speed = options->speed,
                                            .seekable = source->type->seek != NULL};
    bool whole = feed->locale != (locale_t)0;
    for (int i = 0; i < 3; i++) whole &= (feed->frames[i] = calloc(1, sizeof **feed->frames)) != NULL;
    if (options->go_to > 0) {
        feed->commands[feed->command_count++] = (struct tui_deed){TUI_DEED_GO_TO, options->go_to};
        feed->pending = true;
    }
    if (whole && begin_thread(feed)) return feed;
    release(feed);
    return NULL;
}

static void poke(struct tui_feed *feed)
{
    atomic_store(&feed->pending, true);
    pthread_cond_signal(&feed->changed);
}

/* What was asked for is told as if it were done, so that two quick keys are two steps. */
void tui_feed_do(struct tui_feed *feed, struct tui_deed deed)
{
    pthread_mutex_lock(&feed->lock);
    if (feed->command_count < COMMANDS) {
        feed->commands[feed->command_count++] = deed;
        if (deed.kind == TUI_DEED_SPEED) feed->playback.speed = (uint32_t)deed.value;
        if (deed.kind == TUI_DEED_PAUSE) feed->playback.paused = !feed->playback.paused;
        if (deed.kind == TUI_DEED_STEP) feed->playback.paused = true;
    }
    poke(feed);
    pthread_mutex_unlock(&feed->lock);
}

void tui_feed_want(struct tui_feed *feed)
{
    atomic_store(&feed->wanted, true);
    pthread_mutex_lock(&feed->lock);
    pthread_cond_signal(&feed->changed);
    pthread_mutex_unlock(&feed->lock);
}

const struct sim_frame *tui_feed_take(struct tui_feed *feed, struct tui_playback *playback)
{
    if (atomic_load(&feed->middle) & FRESH) {
        feed->front = atomic_exchange(&feed->middle, feed->front) & ~(unsigned)FRESH;
        feed->taken = true;
    }
    pthread_mutex_lock(&feed->lock);
    *playback = feed->playback;
    pthread_mutex_unlock(&feed->lock);
    return feed->taken ? feed->frames[feed->front] : NULL;
}

void tui_feed_free(struct tui_feed *feed)
{
    pthread_mutex_lock(&feed->lock);
    feed->stop = true;
    poke(feed);
    pthread_mutex_unlock(&feed->lock);
    pthread_join(feed->thread, NULL);
    pthread_cond_destroy(&feed->changed);
    pthread_mutex_destroy(&feed->lock);
    release(feed);
}

/* tui_run: the loop between keys, pictures and signals. */
#include "tui/feed.h"
#include "tui/keys.h"
#include "tui/locale.h"
#include "tui/screen.h"
#include "base/assert.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- signals ---- */

enum { SIGNALS_FAULT = 6, SIGNALS = 12 };

static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGWINCH, SIGCONT, /* then those of a crash */
                              SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
mc_static_assert(MC_COUNT_OF(signals) == SIGNALS, "as many as are saved");

static struct {
    volatile sig_atomic_t ending, suspend, resized;
    int wake[2];
    struct sigaction before[SIGNALS];
} told;

static void on_signal(int number)
{
    int error = errno;
    if (number == SIGTSTP) told.suspend = 1;
    else if (number == SIGWINCH || number == SIGCONT) told.resized = 1;
    else told.ending = number;
    ssize_t written = write(told.wake[1], "s", 1);
    (void)written;
    errno = error;
}

/* The message of the crash comes from whoever was there before, on a terminal that can show it. */
static void on_crash(int number)
{
    tui_abandon();
    for (size_t i = SIGNALS_FAULT; i < SIGNALS; i++)
        if (signals[i] == number) sigaction(number, &told.before[i], NULL);
    raise(number);
}

static bool catch_signals(void)
{
    told.ending = told.suspend = told.resized = 0;
    if (pipe2(told.wake, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    for (size_t i = 0; i < SIGNALS; i++) {
        struct sigaction action = {.sa_handler = i < SIGNALS_FAULT ? on_signal : on_crash};
        sigemptyset(&action.sa_mask);
        if (i >= SIGNALS_FAULT) action.sa_flags = SA_NODEFER | SA_ONSTACK;
        sigaction(signals[i], &action, &told.before[i]);
    }
    return true;
}

static void release_signals(void)
{
    for (size_t i = 0; i < SIGNALS; i++) sigaction(signals[i], &told.before[i], NULL);
    close(told.wake[0]);
    close(told.wake[1]);
}

/* ---- the session ---- */

struct session {
    struct tui_feed *feed;
    struct tui_view view;
    struct tui_playback playback;
    struct tui_canvas canvas;
    struct sim_frame *nothing; /* until the first picture */
    const struct sim_frame *frame;
    int frame_ms;
    bool over, keep_picture, dirty, anew, ascii;
};

static struct tui_scene scene_of(struct session *session)
{
    return (struct tui_scene){&session->view, session->frame, &session->playback};
}

/* Keeps the old canvas if there is no memory for the new one. */
static void fit_canvas(struct session *session)
{
    uint32_t width, height;
    struct tui_canvas canvas;
    tui_screen_size(&width, &height);
    bool ascii = session->view.ascii;
    bool same = session->canvas.cells && session->canvas.width == (int)width && session->canvas.height == (int)height &&
                session->canvas.ascii == ascii;
    if (same || !tui_canvas_init(&canvas, width, height, ascii)) return;
    tui_canvas_fini(&session->canvas);
    session->canvas = canvas;
    session->anew = true;
}

static void draw(struct session *session)
{
    struct tui_scene scene = scene_of(session);
    fit_canvas(session);
    if (!session->canvas.cells) return;
    tui_view_draw(&scene, &session->canvas);
    tui_screen_show(&session->canvas, session->anew);
    session->dirty = session->anew = false;
}

static void suspend(struct session *session)
{
    struct sigaction stop = {.sa_handler = SIG_DFL}, ours;
    sigemptyset(&stop.sa_mask);
    told.suspend = 0;
    tui_screen_suspend();
    sigaction(SIGTSTP, &stop, &ours);
    raise(SIGTSTP);
    sigaction(SIGTSTP, &ours, NULL);
    session->dirty = session->anew = true;
}

static void take_frame(struct session *session)
{
    const struct sim_frame *frame = tui_feed_take(session->feed, &session->playback);
    if (!frame) return;
    session->frame = frame;
    session->dirty = true;
}

static void leave(struct session *session, bool keep_picture)
{
    session->over = true;
    session->keep_picture = keep_picture;
}

static void perform(struct session *session, struct tui_deed deed)
{
    switch (deed.kind) {
    case TUI_DEED_NONE: break;
    case TUI_DEED_LEAVE: leave(session, false); break;
    case TUI_DEED_LEAVE_SHOWN: leave(session, true); break;
    case TUI_DEED_REPAINT: session->anew = true; break;
    case TUI_DEED_SUSPEND: suspend(session); break;
    case TUI_DEED_PAUSE:
    case TUI_DEED_STEP:
    case TUI_DEED_GO_TO:
    case TUI_DEED_SPEED:
        tui_feed_do(session->feed, deed);
        take_frame(session);
        break;
    }
}

static bool is_for_view(const struct session *session, uint32_t key)
{
    if (tui_screen_is_pasting() && session->view.mode == TUI_MODE_KEYS) return false;
    if (!tui_view_too_small((uint32_t)session->canvas.width, (uint32_t)session->canvas.height)) return true;
    return key == 'q' || key == TUI_KEY_F10 || key == TUI_CTRL('c');
}

static void read_keys(struct session *session)
{
    uint32_t key;
    for (int i = 0; i < 64 && !session->over && (key = tui_screen_key()); i++) {
        struct tui_scene scene = scene_of(session);
        if (is_for_view(session, key)) perform(session, tui_view_key(&scene, key));
        session->dirty = true;
    }
}

static void read_signals(struct session *session)
{
    char bytes[64];
    while (read(told.wake[0], bytes, sizeof bytes) == (ssize_t)sizeof bytes) continue;
    if (told.ending) session->over = true;
    if (told.suspend) suspend(session);
    if (told.resized) told.resized = 0, session->dirty = session->anew = true;
}

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void loop(struct session *session)
{
    struct pollfd files[] = {{STDIN_FILENO, POLLIN, 0}, {told.wake[0], POLLIN, 0}};
    int64_t next = 0;
    while (!session->over) {
        int64_t now = milliseconds();
        if (now >= next) tui_feed_want(session->feed), next = now + session->frame_ms;
        if (poll(files, 2, (int)(next - now > 0 ? next - now : 0)) < 0 && errno != EINTR) break;
        read_signals(session);
        if (files[0].revents & (POLLHUP | POLLERR | POLLNVAL)) break;
        take_frame(session);
        read_keys(session);
        if (session->dirty && !session->over) draw(session);
    }
}

static bool begin(struct session *session, struct tui_source *source, const struct tui_options *options)
{
    tui_view_init(&session->view);
    session->view.tab = options->tab;
    session->view.unsaved = options->unsaved;
    session->view.ascii = tui_wants_ascii(options->glyphs, getenv("TERM"));
    if (options->filter) snprintf(session->view.filter[options->tab], TUI_FILTER_TEXT, "%s", options->filter);
    session->playback = (struct tui_playback){.session = true, .speed = options->speed, .paused = options->paused};
    session->frame_ms = options->fps ? (int)(1000 / (options->fps > 1000 ? 1000 : options->fps)) : 66;
    session->frame = session->nothing = calloc(1, sizeof *session->nothing);
    if (session->nothing) session->feed = tui_feed_new(source, options, told.wake[1]);
    return session->feed != NULL;
}

static void end(struct session *session)
{
    if (session->feed) tui_feed_free(session->feed);
    tui_canvas_fini(&session->canvas);
    free(session->nothing);
}

static struct tui_outcome show(struct tui_source *source, const struct tui_options *options)
{
    struct tui_outcome outcome = {.end = TUI_NO_TERMINAL};
    struct session session = {0};
    if (!tui_screen_open(options->colour, outcome.text, sizeof outcome.text)) return outcome;
    bool begun = begin(&session, source, options);
    snprintf(session.view.note, sizeof session.view.note, "%s", outcome.text);
    if (begun) draw(&session), loop(&session);
    tui_screen_close();
    if (begun && session.keep_picture) tui_canvas_write(&session.canvas, stdout);
    outcome.end = !begun ? TUI_NO_MEMORY : told.ending && told.ending != SIGINT ? TUI_SIGNALLED : TUI_LEFT;
    if (!begun) snprintf(outcome.text, sizeof outcome.text, "not enough memory for the screen");
    outcome.signal = told.ending;
    outcome.ended = session.playback.ended;
    end(&session);
    return outcome;
}

struct tui_outcome tui_run(struct tui_source *source, const struct tui_options *options)
{
    struct tui_outcome outcome = {.end = TUI_NO_MEMORY, .text = "no pipe can be had for the screen"};
    if (!catch_signals()) return outcome;
    outcome = show(source, options);
    release_signals();
    return outcome;
}

/* The terminal screen: the door. What the command line needs, and nothing of curses.
 *
 *     tui_print    draws one picture of a run as text: `squall ui --print overview --size 80x24`
 *     tui_run      shows a run while it goes on, until the user leaves
 *     tui_abandon  gives the terminal back, from anywhere, also from a signal handler
 *
 * The run goes on in a thread of its own, which tui_run starts and joins: every function of a source is
 * called on that thread only, and only between tui_run's start and its return. Curses stays on the
 * caller's thread. Pictures cross in a triple buffer, when the screen asks for one; asking never changes
 * the run. One screen at a time.
 */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include "sim/check/frame.h"
#include <stdio.h>

/* ---- screens ---- */

enum tui_tab { TUI_OVERVIEW, TUI_TIMELINE, TUI_TABS };

/* By name ("overview", any letter case) or by key ("1"). False: no such screen; say TUI_TAB_NAMES then. */
bool tui_tab_find(const char *name, enum tui_tab *tab);
const char *tui_tab_name(enum tui_tab tab);
#define TUI_TAB_NAMES "overview, timeline"

/* "120x36": columns x rows, each 1 … 500. False: not such a text. */
bool tui_size_parse(const char *text, uint32_t *width, uint32_t *height);

enum tui_glyphs {
    TUI_GLYPHS_AUTO,    /* UNICODE if the locale's encoding is UTF-8 and TERM is not "linux" */
    TUI_GLYPHS_UNICODE,
    TUI_GLYPHS_ASCII,   /* --ascii */
};

enum tui_colour {
    TUI_COLOUR_AUTO,   /* none if NO_COLOR is set and not empty, or the terminal has none */
    TUI_COLOUR_ALWAYS, /* as far as the terminal can */
    TUI_COLOUR_NEVER,
};

/* ---- one picture as text ---- */

struct tui_print_options {
    enum tui_tab tab;
    uint32_t width, height; /* 0: 106 x 30 */
    enum tui_glyphs glyphs; /* AUTO looks at the locale only */
    const char *filter;     /* NULL: all */
    const char *sort;       /* a column's name; NULL: the plan's order */
    bool reverse;
};

/* HEIGHT lines, each ended by a line feed, without blanks at their ends, without escapes. False: the
 * stream refused, or memory ran out. */
bool tui_print(const struct sim_frame *frame, const struct tui_print_options *options, FILE *out);

/* ---- a run, live or recorded ---- */

enum tui_progress {
    TUI_GOING, /* there is more */
    TUI_ENDED, /* nothing more will happen (unless `seek` goes back); the source is asked for one last
                * frame, whose `state` says how it went */
};

struct tui_source; /* embedded by its owner, first member or found with mc_container */

struct tui_source_type {
    /* Goes on up to and including UNTIL (MC_NEVER: as far as there is), but stops after MAX_EVENTS
     * events (never 0) if they come first. Once it has said ENDED it is not called again unless seek
     * succeeded. A script's errors are the source's to keep: it says ENDED. */
    enum tui_progress (*advance)(struct tui_source *source, mc_ns until, uint64_t max_events);
    mc_ns (*now)(struct tui_source *source);
    /* Fills all of it. A `state` other than RUNNING says ENDED, too. */
    void (*frame)(struct tui_source *source, struct sim_frame *frame);
    /* Goes to AT, back or forth. NULL: a live run, which cannot go back. False: it could not. */
    bool (*seek)(struct tui_source *source, mc_ns at);
    /* One sentence to show with the last frame ("canary.lua:58: attempt to index nil"). May be NULL, and
     * may return NULL. Valid until the next call. */
    const char *(*message)(struct tui_source *source);
};

struct tui_source {
    const struct tui_source_type *type;
};

enum { TUI_SPEED_MAX = 0 };

struct tui_options {
    enum tui_tab tab;
    enum tui_glyphs glyphs;
    enum tui_colour colour;
    uint32_t fps;       /* pictures per second at most; 0: 15 */
    uint32_t speed;     /* simulated seconds per second: 1, 10, 100, 1000; TUI_SPEED_MAX: as fast as it goes */
    bool paused;        /* begin so */
    bool unsaved;       /* nothing records the run: leaving before its end asks first */
    mc_ns go_to;        /* begin there (--goto), by `seek`, or by running so far at full speed; 0: the start */
    const char *filter; /* NULL: all */
};

enum tui_end {
    TUI_LEFT,        /* q, Q, Ctrl-C: see `ended` */
    TUI_SIGNALLED,   /* SIGTERM, SIGHUP: the caller ends with 128 + signal */
    TUI_NO_TERMINAL, /* nothing was shown and nothing advanced: `text` says why and what to do */
    TUI_NO_MEMORY,   /* the same */
};

struct tui_outcome {
    enum tui_end end;
    int signal;
    bool ended;     /* the source had said ENDED: else the run was left in the middle */
    char text[200]; /* NO_TERMINAL, NO_MEMORY: one sentence; else a hint about the terminal, or empty */
};

/* Blocks until the user leaves. The terminal is as before when it returns. Input is standard input, output
 * is standard output: both must be terminals. Nothing else may write to them, or to a standard error that
 * is a terminal, until it returns. SIGTERM, SIGHUP, SIGINT, SIGTSTP, SIGWINCH are its own meanwhile. */
struct tui_outcome tui_run(struct tui_source *source, const struct tui_options *options);

/* Gives the terminal back at once and does nothing else; nothing if no screen is up. Safe in a signal
 * handler and on any thread. SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT during tui_run do it by themselves;
 * whatever prints a message and exits (mc_assert_fail) calls it first. */
void tui_abandon(void);

#endif

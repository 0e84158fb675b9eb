/* The state of the screen, and the picture that follows from it: a pure function of frame, view, playback
 * and size (but for scroll positions, which drawing brings into bounds). */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include "tui/canvas.h"
#include "tui/figure.h"
#include "tui/filter.h"
#include "tui/tui.h"

enum tui_panel { TUI_PANEL_ALL, TUI_PANEL_SERVICES, TUI_PANEL_STATE, TUI_PANEL_EVENTS, TUI_PANELS };
enum tui_mode { TUI_MODE_KEYS, TUI_MODE_FILTER, TUI_MODE_COMMAND, TUI_MODE_ASK };

enum { TUI_NOTE = 200, TUI_ALWAYS_NOW = -1, TUI_SMALL_WIDTH = 80, TUI_SMALL_HEIGHT = 24, TUI_LEAST_WIDTH = 40, TUI_LEAST_HEIGHT = 10 };

struct tui_playback { /* how time passes; all zero for a picture without a session */
    bool session, paused, ended, seekable;
    uint32_t speed;        /* wanted; TUI_SPEED_MAX */
    uint32_t rate;         /* reached over the last second */
    char message[TUI_NOTE];
};

struct tui_view {
    enum tui_tab tab, last_tab;
    enum tui_panel panel;
    enum tui_mode mode;
    bool help, unsaved, ascii;
    uint32_t help_top;
    char filter[TUI_TABS][TUI_FILTER_TEXT];
    char input[TUI_FILTER_TEXT]; /* being typed */
    char note[TUI_NOTE];         /* one line, until the next key */

    int sort;     /* column of the service table; -1: the plan's order */
    bool reverse;
    char selected[SIM_FRAME_NAME]; /* service; empty: the first */
    uint32_t top, page;            /* first row shown, rows shown */

    mc_ns cursor;      /* of the timeline; ALWAYS_NOW: follows the run */
    uint32_t cursor_nth; /* of the events at this instant; counted from the last */
    bool faults_only;
    uint32_t zoom;     /* 0: the whole run; each step halves */
};

enum tui_deed_kind {
    TUI_DEED_NONE,
    TUI_DEED_LEAVE,
    TUI_DEED_LEAVE_SHOWN, /* and leave the picture in the scrollback */
    TUI_DEED_PAUSE,       /* pause or go on */
    TUI_DEED_STEP,        /* one event, then pause */
    TUI_DEED_GO_TO,       /* an instant */
    TUI_DEED_SPEED,       /* value: TUI_SPEED_MAX, 1, 10, … */
    TUI_DEED_REPAINT,
    TUI_DEED_SUSPEND,
};

struct tui_deed { /* what a key asks of the session */
    enum tui_deed_kind kind;
    int64_t value;
};

struct tui_scene { /* what a key or a drawing looks at */
    struct tui_view *view;
    const struct sim_frame *frame;
    const struct tui_playback *playback;
};

void tui_view_init(struct tui_view *view);

/* KEY: a character, or TUI_KEY_… of keys.h. */
struct tui_deed tui_view_key(const struct tui_scene *scene, uint32_t key);

/* Nothing but the needed size is shown then, and keys other than q and Ctrl-C are not for the view. */
bool tui_view_too_small(uint32_t width, uint32_t height);

void tui_view_draw(const struct tui_scene *scene, struct tui_canvas *canvas);

#endif

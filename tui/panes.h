/* The parts of which screens are made. Each draws into a box and clips; what a part needs is in the scene. */
#ifndef TUI_PANES_H
#define TUI_PANES_H

#include "tui/view.h"

struct tui_box {
    int x, y, width, height;
};

struct tui_health_sign {
    const char *word;
    enum tui_glyph glyph;
    enum tui_style style;
};

const struct tui_health_sign *tui_health_sign(enum sim_health health);

/* ---- services.c ---- */

struct tui_pick { /* rows of the table, in the order in which they are shown */
    uint32_t count, index[SIM_FRAME_SERVICES];
};

void tui_services_pick(const struct tui_scene *scene, struct tui_pick *pick);
uint32_t tui_services_selected(const struct tui_scene *scene, const struct tui_pick *pick); /* row of pick; 0 if none */
void tui_services_draw(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box); /* with heading */

int tui_column_find(const char *name);     /* -1: none */
const char *tui_column_name(int column);   /* NULL past the last */

/* ---- state.c: faults, rollouts, control plane, checks ---- */

int tui_state_height(const struct sim_frame *frame); /* lines that it would like */
void tui_state_draw(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box);

/* ---- events.c ---- */

struct tui_events { /* those that pass, oldest first */
    uint32_t count, index[SIM_FRAME_EVENTS];
};

void tui_events_pick(const struct tui_scene *scene, struct tui_events *events);
uint32_t tui_events_selected(const struct tui_scene *scene, const struct tui_events *events); /* row; 0 if none */
void tui_events_select(const struct tui_scene *scene, const struct tui_events *events, uint32_t row); /* moves the cursor there */
void tui_events_draw_tail(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box);  /* the latest */
void tui_events_draw_table(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box); /* with heading */

/* ---- screens ---- */

void tui_overview_draw(const struct tui_scene *scene, struct tui_canvas *canvas);
void tui_timeline_draw(const struct tui_scene *scene, struct tui_canvas *canvas);
void tui_help_draw(const struct tui_scene *scene, struct tui_canvas *canvas);

mc_ns tui_timeline_column(const struct tui_scene *scene); /* how much time one column of the plot is, about */

/* ---- chrome.c ---- */

struct tui_box tui_chrome_draw(const struct tui_scene *scene, struct tui_canvas *canvas); /* returns the inside */
void tui_rule_draw(struct tui_canvas *canvas, int y);
bool tui_is_small(const struct tui_canvas *canvas);

#endif

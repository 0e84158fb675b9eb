/* What is going on: faults, rollouts, control plane, checks, thresholds. A heading and lines beside it. */
#include "tui/panes.h"
#include "tui/width.h"
#include "base/assert.h"
#include "sim/check/verdict.h"
#include <string.h>

enum { HEAD = 17, FAULT_LINES = 3, ROLLOUT_LINES = 2 };

struct pen { /* goes down line by line until the box is full */
    struct tui_canvas *canvas;
    struct tui_box box;
    int y, x;
};

static int room(const struct pen *pen)
{
    return pen->box.x + pen->box.width - 1 - pen->x;
}

static void head(struct pen *pen, const char *title)
{
    pen->x = pen->box.x + 1;
    tui_draw(pen->canvas, pen->x, pen->y, room(pen), TUI_HEADING, title);
    pen->x += pen->box.width < 60 ? 2 + (int)strlen(title) : HEAD;
    if (!title[0] && pen->box.width < 60) pen->x = pen->box.x + 3;
}

static void say(struct pen *pen, unsigned style, const char *text)
{
    pen->x += tui_draw(pen->canvas, pen->x, pen->y, room(pen), style, text);
}

static bool full(const struct pen *pen)
{
    return pen->y >= pen->box.y + pen->box.height;
}

enum { ROOMY = 98 }; /* columns: below, texts are shorter */

static void touched(const struct sim_frame_fault *fault, bool roomy, char *out, size_t size)
{
    char a[TUI_FIGURE];
    const char *lead = roomy ? "touched " : "";
    if (fault->packets) snprintf(out, size, "%s%s pkts", lead, tui_count(fault->packets, a));
    else if (fault->requests) snprintf(out, size, "%s%s requests", lead, tui_count(fault->requests, a));
    else if (fault->connections) snprintf(out, size, "%s%s connections", lead, tui_count(fault->connections, a));
    else snprintf(out, size, "touched nothing");
}

static void fault_times(const struct sim_frame_fault *fault, mc_ns now, bool roomy, char *out, size_t size)
{
    char since[TUI_FIGURE], left[TUI_FIGURE];
    tui_clock(fault->since, since);
    if (fault->until == MC_NEVER) snprintf(out, size, "since %s", since);
    else if (!roomy) snprintf(out, size, "%s left", tui_clock(fault->until > now ? fault->until - now : 0, left));
    else snprintf(out, size, "since %s, %s left", since, tui_clock(fault->until > now ? fault->until - now : 0, left));
}

static void fault_line(struct pen *pen, const struct sim_frame_fault *fault, mc_ns now)
{
    char times[160], effect[96];
    bool roomy = pen->box.width >= ROOMY;
    touched(fault, roomy, effect, sizeof effect);
    fault_times(fault, now, roomy, times, sizeof times);
    int name = (int)tui_text_width(fault->text), rest = (int)(strlen(times) + strlen(effect)) + (roomy ? 6 : 4);
    int most = room(pen) - rest;
    pen->x += tui_draw(pen->canvas, pen->x, pen->y, most < 16 ? room(pen) : most < name ? most : name, TUI_WARN, fault->text);
    if (most < 16) return;
    say(pen, TUI_PLAIN, roomy ? "   " : "  ");
    say(pen, TUI_DIM, times);
    say(pen, TUI_PLAIN, roomy ? "   " : "  ");
    say(pen, fault->packets + fault->requests + fault->connections ? TUI_PLAIN : TUI_WARN, effect);
}

static void faults(struct pen *pen, const struct sim_frame *frame)
{
    head(pen, "ACTIVE FAULTS");
    if (frame->fault_count == 0) say(pen, TUI_DIM, "none");
    for (uint32_t i = 0; i < frame->fault_count && !full(pen); i++) {
        if (i) head(pen, "");
        if (i == FAULT_LINES - 1 && frame->fault_count > FAULT_LINES) {
            char text[48];
            snprintf(text, sizeof text, "and %u more", frame->fault_count - i);
            say(pen, TUI_WARN, text);
            i = frame->fault_count;
        } else {
            fault_line(pen, &frame->faults[i], frame->at);
        }
        pen->y++;
    }
    if (frame->fault_count == 0) pen->y++;
}

static void rollouts(struct pen *pen, const struct sim_frame *frame)
{
    for (uint32_t i = 0; i < frame->rollout_count && i < ROLLOUT_LINES && !full(pen); i++, pen->y++) {
        const struct sim_frame_rollout *r = &frame->rollouts[i];
        char text[4 * SIM_FRAME_NAME + 64];
        head(pen, i ? "" : "ROLLOUT");
        snprintf(text, sizeof text, "%s %s->%s  ", r->target, r->from, r->to);
        say(pen, TUI_PLAIN, text);
        snprintf(text, sizeof text, "weight %u%%  ", r->weight);
        say(pen, TUI_ACCENT, text);
        snprintf(text, sizeof text, "%s%s  ", pen->box.width >= ROOMY ? "phase " : "", r->phase);
        say(pen, TUI_PLAIN, text);
        snprintf(text, sizeof text, "failed %s%u of %u", pen->box.width >= ROOMY ? "checks " : "", r->failed_checks, r->threshold);
        say(pen, r->failed_checks ? TUI_WARN : TUI_DIM, text);
        if (i == ROLLOUT_LINES - 1 && frame->rollout_count > ROLLOUT_LINES) say(pen, TUI_DIM, "  and more");
    }
}

static void push_text(const struct sim_frame *frame, bool roomy, char *out, size_t size)
{
    char at[TUI_FIGURE], took[TUI_FIGURE];
    if (frame->push_at == MC_NEVER) snprintf(out, size, "   no push yet");
    else if (frame->push_took == MC_NEVER) snprintf(out, size, "   last push %s (on its way)", tui_clock(frame->push_at, at));
    else if (!roomy) snprintf(out, size, "   push %s", tui_clock(frame->push_at, at));
    else snprintf(out, size, "   last push %s (%s to all)", tui_clock(frame->push_at, at), tui_latency(frame->push_took, took));
}

static void certs(struct pen *pen, const struct sim_frame *frame)
{
    char text[96];
    if (!frame->has_ca) return;
    say(pen, TUI_PLAIN, "   ");
    say(pen, frame->ca_up ? TUI_GOOD : TUI_BAD, frame->ca_up ? "CA up" : "CA DOWN");
    snprintf(text, sizeof text, ", %u certs valid", frame->certs_valid);
    say(pen, TUI_PLAIN, text);
    if (!frame->certs_expired) return;
    snprintf(text, sizeof text, ", %u EXPIRED", frame->certs_expired);
    say(pen, TUI_BAD, text);
}

static void control(struct pen *pen, const struct sim_frame *frame)
{
    char text[192];
    if (!frame->has_control && !frame->has_ca) return;
    head(pen, "CONTROL PLANE");
    if (frame->has_control) {
        snprintf(text, sizeof text, "xDS %u/%u in sync", frame->proxies_in_sync, frame->proxies);
        say(pen, frame->proxies_in_sync < frame->proxies ? TUI_WARN : TUI_PLAIN, text);
        push_text(frame, pen->box.width >= ROOMY, text, sizeof text);
        say(pen, TUI_DIM, text);
    }
    certs(pen, frame);
    pen->y++;
}

static void checks(struct pen *pen, const struct sim_frame *frame)
{
    char text[64];
    head(pen, "CHECKS");
    snprintf(text, sizeof text, "%u passed  ", frame->checks_passed);
    say(pen, frame->checks_passed ? TUI_GOOD : TUI_DIM, text);
    snprintf(text, sizeof text, "%u failed  ", frame->checks_failed);
    say(pen, frame->checks_failed ? TUI_BAD : TUI_DIM, text);
    snprintf(text, sizeof text, "%u inconclusive", frame->checks_inconclusive);
    say(pen, frame->checks_inconclusive ? TUI_WARN : TUI_DIM, text);
    pen->y++;
}

static const struct {
    enum tui_glyph glyph;
    enum tui_style style;
} marks[] = {[SIM_PASS] = {TUI_G_PASS, TUI_GOOD}, [SIM_FAIL] = {TUI_G_FAIL, TUI_BAD}, [SIM_INCONCLUSIVE] = {TUI_G_UNSURE, TUI_WARN}};

enum { MORE = 14 }; /* columns for "and 99 more" */

/* True: it had room. The first is shown in any case, its name cut: the worst stands there. */
static bool threshold(struct pen *pen, const struct sim_frame_threshold *t, bool first, bool last)
{
    mc_assert(t->status < MC_COUNT_OF(marks));
    int name = (int)tui_text_width(t->name), rest = (int)tui_text_width(t->observed) + 4;
    int most = room(pen) - rest - (last ? 0 : MORE);
    if (name > most && !first) return false;
    pen->x += 1 + tui_draw_glyph(pen->canvas, pen->x, pen->y, marks[t->status].style, marks[t->status].glyph);
    pen->x += 2 + tui_draw(pen->canvas, pen->x, pen->y, most < name ? most : name, TUI_DIM, t->name);
    say(pen, marks[t->status].style, t->observed);
    pen->x += 3;
    return true;
}

static void thresholds(struct pen *pen, const struct sim_frame *frame)
{
    static const enum sim_status order[] = {SIM_FAIL, SIM_INCONCLUSIVE, SIM_PASS};
    uint32_t shown = 0;
    if (frame->threshold_count == 0) return;
    head(pen, "THRESHOLDS");
    for (size_t s = 0; s < MC_COUNT_OF(order); s++)
        for (uint32_t i = 0; i < frame->threshold_count; i++) {
            if (frame->thresholds[i].status != order[s]) continue;
            if (threshold(pen, &frame->thresholds[i], shown == 0, shown + 1 == frame->threshold_count)) shown++;
        }
    char text[48];
    snprintf(text, sizeof text, "and %u more", frame->threshold_count - shown);
    if (shown < frame->threshold_count) say(pen, TUI_DIM, text);
    pen->y++;
}

static int at_most(uint32_t count, int most)
{
    return count < (uint32_t)most ? (int)count : most;
}

int tui_state_height(const struct sim_frame *frame)
{
    int lines = frame->fault_count ? at_most(frame->fault_count, FAULT_LINES) : 1;
    lines += at_most(frame->rollout_count, ROLLOUT_LINES);
    lines += (frame->has_control || frame->has_ca) + 1 + (frame->threshold_count > 0);
    return lines;
}

void tui_state_draw(const struct tui_scene *scene, struct tui_canvas *canvas, struct tui_box box)
{
    static void (*const parts[])(struct pen *, const struct sim_frame *) = {faults, rollouts, control, checks, thresholds};
    struct pen pen = {.canvas = canvas, .box = box, .y = box.y};
    for (size_t i = 0; i < MC_COUNT_OF(parts) && !full(&pen); i++) parts[i](&pen, scene->frame);
}

/* A run without a simulator: an event every millisecond, pictures from the unit tests' fixture.
 *
 *     tui-demo [--recorded] [--crash] [--unsaved] [--speed N] [--paused]
 *
 * Says at the end how it was left, and exits as squall would. */
#include "frames.h"
#include "tui/tui.h"
#include <stdlib.h>
#include <string.h>

struct demo {
    struct tui_source source;
    mc_ns now, duration;
    bool crash;
};

static enum tui_progress demo_advance(struct tui_source *source, mc_ns until, uint64_t max_events)
{
    struct demo *demo = (struct demo *)source;
    mc_ns to = mc_ns_min(until, demo->now / MC_MS * MC_MS + (mc_ns)max_events * MC_MS);
    demo->now = mc_ns_min(to, demo->duration);
    if (demo->crash && demo->now > 100 * MC_S) abort();
    return demo->now >= demo->duration ? TUI_ENDED : TUI_GOING;
}

static mc_ns demo_now(struct tui_source *source)
{
    return ((struct demo *)source)->now;
}

static void demo_frame(struct tui_source *source, struct sim_frame *frame)
{
    struct demo *demo = (struct demo *)source;
    frame_canary_at(frame, demo->now);
    if (demo->now >= demo->duration) frame->state = SIM_FRAME_FAILED;
}

static bool demo_seek(struct tui_source *source, mc_ns at)
{
    struct demo *demo = (struct demo *)source;
    demo->now = mc_ns_min(at, demo->duration);
    return true;
}

static const struct tui_source_type live = {demo_advance, demo_now, demo_frame, NULL, NULL};
static const struct tui_source_type recorded = {demo_advance, demo_now, demo_frame, demo_seek, NULL};

int main(int argc, char **argv)
{
    struct demo demo = {.source = {&live}, .duration = 480 * MC_S};
    struct tui_options options = {.speed = 10};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--recorded") == 0) demo.source.type = &recorded;
        if (strcmp(argv[i], "--crash") == 0) demo.crash = true;
        if (strcmp(argv[i], "--unsaved") == 0) options.unsaved = true;
        if (strcmp(argv[i], "--paused") == 0) options.paused = true;
        if (strcmp(argv[i], "--speed") == 0 && i + 1 < argc) options.speed = (uint32_t)atoi(argv[++i]);
    }
    struct tui_outcome outcome = tui_run(&demo.source, &options);
    static const char *const ends[] = {"left", "signalled", "no terminal", "no memory"};
    printf("demo: %s, %s%s%s\n", ends[outcome.end], outcome.ended ? "ended" : "not ended", outcome.text[0] ? ": " : "", outcome.text);
    return outcome.end == TUI_SIGNALLED ? 128 + outcome.signal : outcome.end != TUI_LEFT;
}

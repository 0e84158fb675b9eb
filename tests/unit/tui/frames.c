#include "frames.h"
#include "sim/check/sink.h"
#include "sim/check/verdict.h"
#include <stdio.h>
#include <string.h>

#define TEXT(field, ...) snprintf(field, sizeof(field), __VA_ARGS__)

static const struct sim_frame_service services[] = {
    {"frontend", 4, 4, 999200, 200100, 200, 11 * MC_MS, 48 * MC_MS, 1000, 24, {0}, SIM_HEALTH_OK},
    {"catalog", 3, 3, 1000000, 200000, 0, 2 * MC_MS, 4 * MC_MS, 1000, 18, {0}, SIM_HEALTH_OK},
    {"checkout/v1", 3, 3, 999900, 160200, 0, 9 * MC_MS, 31 * MC_MS, 1000, 18, {0}, SIM_HEALTH_OK},
    {"checkout/v2", 1, 1, 714000, 39800, 11400, MC_S, 2100 * MC_MS, 1310, 6, {0}, SIM_HEALTH_FAILING},
    {"payments", 2, 2, 1000000, 188400, 0, 5 * MC_MS, 9 * MC_MS, 1000, 12, {0}, SIM_HEALTH_OK},
};

static const struct {
    mc_ns at;
    uint8_t severity;
    const char *kind, *text;
    uint32_t times;
} events[] = {
    {60 * MC_S, SIM_INFO, "CANARY", "checkout v1 -> v2 starts, step 10%, max 50%, every 10s, threshold 3", 1},
    {70 * MC_S, SIM_INFO, "CANARY", "checkout weight 10%", 1},
    {110 * MC_S, SIM_INFO, "PUSH", "RDS to 11 proxies, acknowledged in 3.1 ms", 1},
    {121 * MC_S, SIM_NOTICE, "FAULT", "partition checkout/v2 <-> payments (both directions)", 1},
    {122104 * MC_MS, SIM_ERROR_SEVERITY, "503 UF", "checkout/v2 -> payments  upstream connect failure", 118},
    {130 * MC_S, SIM_WARNING, "CANARY", "analysis 1: success-rate 97.8% < 99%  -> hold at 20%", 1},
    {140 * MC_S, SIM_WARNING, "CANARY", "analysis 2: success-rate 97.1% < 99%  -> hold at 20%", 1},
};

static void fill_events(struct sim_frame *frame)
{
    for (size_t i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i].at > frame->at) break;
        struct sim_frame_event *event = &frame->recent[frame->event_count++];
        event->at = events[i].at;
        event->severity = events[i].severity;
        event->times = events[i].times;
        TEXT(event->kind, "%s", events[i].kind);
        TEXT(event->text, "%s", events[i].text);
    }
}

static struct sim_frame_lane *lane(struct sim_frame *frame, const char *name, enum sim_lane_kind kind, const char *top)
{
    struct sim_frame_lane *lane = &frame->lanes[frame->lane_count++];
    TEXT(lane->name, "%s", name);
    TEXT(lane->top, "%s", top);
    lane->kind = kind;
    memset(lane->cells, UINT8_MAX, sizeof lane->cells);
    return lane;
}

/* Columns of 2.4 s: the fault from 2m01s is column 50 on, the canary begins in column 25. */
static void fill_lanes(struct sim_frame *frame)
{
    struct sim_frame_lane *fault = lane(frame, "partition", SIM_LANE_FAULT, "");
    struct sim_frame_lane *weight = lane(frame, "checkout v2 %", SIM_LANE_WEIGHT, "50%");
    struct sim_frame_lane *success = lane(frame, "success", SIM_LANE_SUCCESS, "100%");
    struct sim_frame_lane *rps = lane(frame, "rps", SIM_LANE_LEVEL, "201/s");
    struct sim_frame_lane *p99 = lane(frame, "p99", SIM_LANE_LEVEL, "412ms");
    struct sim_frame_lane *pushes = lane(frame, "pushes", SIM_LANE_MARKS, "");
    for (mc_ns i = 0; i < SIM_FRAME_COLUMNS && i * frame->duration / SIM_FRAME_COLUMNS <= frame->at; i++) {
        fault->cells[i] = i >= 50 && i < 125;
        weight->cells[i] = (uint8_t)(i < 25 ? 0 : i < 50 ? 10 : 20);
        success->cells[i] = (uint8_t)(i < 50 ? 0 : i == 50 ? 8 : i < 54 ? 5 : 2);
        rps->cells[i] = (uint8_t)(i < 4 ? i * 2 : 8);
        p99->cells[i] = (uint8_t)(i < 50 ? 1 : i < 53 ? 8 : 6);
        pushes->cells[i] = i % 25 == 0 ? 1 : 0;
    }
}

static void fill_spark(struct sim_frame_service *service, mc_ns at, uint32_t salt)
{
    for (int i = 0; i < SIM_FRAME_SPARK; i++) {
        mc_ns second = at / MC_S - (SIM_FRAME_SPARK - 1 - i);
        if (second < 0) continue;
        int level = salt == 3 ? (int)(second < 70 ? 0 : second < 110 ? 2 : 4 + second % 3) : (int)(3 + (second * 7 + salt) % 3);
        service->spark[i] = (uint8_t)level;
    }
}

static void fill_state(struct sim_frame *frame)
{
    mc_ns at = frame->at;
    frame->has_control = frame->has_ca = frame->ca_up = true;
    frame->proxies = frame->proxies_in_sync = frame->certs_valid = 11;
    frame->push_at = at < 110 * MC_S ? MC_NEVER : 110 * MC_S;
    frame->push_took = 3100 * MC_US;
    frame->checks_passed = 12;
    frame->checks_inconclusive = 3;
    frame->threshold_count = 2;
    TEXT(frame->thresholds[0].name, "request_failed rate < 0.5%%");
    TEXT(frame->thresholds[0].observed, "0.31%%");
    TEXT(frame->thresholds[1].name, "request_duration{src:user} p(99) < 250ms");
    TEXT(frame->thresholds[1].observed, "412ms");
    frame->thresholds[1].status = SIM_FAIL;
    if (at >= 121 * MC_S) {
        frame->fault_count = 1;
        frame->faults[0] = (struct sim_frame_fault){"partition checkout/v2 <-> payments", 121 * MC_S, 301 * MC_S, 8412, 0, 0};
    }
    if (at < 60 * MC_S) return;
    frame->rollout_count = 1;
    frame->rollouts[0] = (struct sim_frame_rollout){"checkout", "v1", "v2", "progressing", 20, 2, 3};
}

void frame_canary_at(struct sim_frame *frame, mc_ns at)
{
    memset(frame, 0, sizeof *frame);
    frame->at = at;
    frame->duration = 480 * MC_S;
    TEXT(frame->scenario, "canary_partition.lua");
    TEXT(frame->file, "canary_partition.lua");
    TEXT(frame->profile, "istio-sidecar");
    TEXT(frame->phase, "method");
    frame->seed = 7;
    frame->service_count = sizeof services / sizeof *services;
    for (uint32_t i = 0; i < frame->service_count; i++) {
        frame->services[i] = services[i];
        fill_spark(&frame->services[i], at, i);
    }
    fill_state(frame);
    fill_events(frame);
    fill_lanes(frame);
}

void frame_canary(struct sim_frame *frame)
{
    frame_canary_at(frame, 144 * MC_S);
}

void frame_large(struct sim_frame *frame, uint32_t count)
{
    frame_canary(frame);
    frame->service_count = count;
    for (uint32_t i = 0; i < count; i++) {
        frame->services[i] = services[i % 5];
        TEXT(frame->services[i].name, "svc-%04u", i);
        frame->services[i].rps_milli = (uint64_t)((i * 7919u) % count) * 1000u;
        fill_spark(&frame->services[i], frame->at, i);
    }
}

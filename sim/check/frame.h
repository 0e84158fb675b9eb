/* A picture of a run at one instant: all that a screen draws, and nothing else. Plain data without
 * pointers, so that it can be copied and handed to another thread; texts are cut to fit. */
#ifndef SIM_CHECK_FRAME_H
#define SIM_CHECK_FRAME_H

#include "base/time.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    SIM_FRAME_NAME = 48,
    SIM_FRAME_TEXT = 120,
    SIM_FRAME_SPARK = 60,    /* cells, one per second, the last one is now */
    SIM_FRAME_SERVICES = 1200,
    SIM_FRAME_FAULTS = 16,
    SIM_FRAME_ROLLOUTS = 8,
    SIM_FRAME_EVENTS = 256,  /* the latest, oldest first */
    SIM_FRAME_THRESHOLDS = 16,
    SIM_FRAME_LANES = 12,
    SIM_FRAME_COLUMNS = 200, /* of a lane, over the whole duration of the run */
};

static const uint32_t SIM_FRAME_UNKNOWN = UINT32_MAX;

enum sim_run_state_word { SIM_FRAME_RUNNING, SIM_FRAME_PASSED, SIM_FRAME_FAILED, SIM_FRAME_INCONCLUSIVE, SIM_FRAME_STOPPED };

enum sim_health { SIM_HEALTH_IDLE, SIM_HEALTH_OK, SIM_HEALTH_DEGRADED /* success < 99.9 % or p99 over three times the run's usual */, SIM_HEALTH_FAILING /* success < 95 % */ };

struct sim_frame_service { /* over the last 10 s, at the server unless it says otherwise */
    char name[SIM_FRAME_NAME]; /* "checkout/v2" */
    uint32_t meshed, replicas; /* pods with a sidecar, and that are alive */
    uint32_t success_ppm;      /* of calls to it, as their callers saw them; 1 000 000 without any */
    uint64_t rps_milli, errors_milli;
    mc_ns p50, p99;
    uint32_t retry_permille;   /* arrivals ÷ logical calls × 1000 */
    uint32_t connections;      /* to it; SIM_FRAME_UNKNOWN: a load's, or of one version of several */
    uint8_t spark[SIM_FRAME_SPARK]; /* rps per second, 0…8 of the most in view */
    enum sim_health health;
};

struct sim_frame_fault {
    char text[SIM_FRAME_TEXT]; /* "partition checkout/v2 <-> payments" */
    mc_ns since, until;        /* MC_NEVER: until it is cleared */
    uint64_t packets, requests, connections;
};

struct sim_frame_rollout {
    char target[SIM_FRAME_NAME], from[SIM_FRAME_NAME], to[SIM_FRAME_NAME];
    char phase[SIM_FRAME_NAME];
    uint32_t weight, failed_checks, threshold;
};

struct sim_frame_threshold {
    char name[SIM_FRAME_TEXT]; /* "request_failed rate < 0.5%" */
    char observed[24];         /* "0.31%"; "-" without samples */
    uint8_t status;            /* enum sim_status, as it stands */
};

struct sim_frame_event {
    mc_ns at;
    uint8_t severity; /* enum sim_severity */
    char kind[16];    /* "FAULT", "CANARY", "503 UF", "CERT", "PUSH", "PHASE", "CHECK", "NOTE", "POD" */
    char text[SIM_FRAME_TEXT];
    uint32_t times;   /* equal ones in a row are one, with a count */
};

/* One line of the timeline: a cell per column, column i covers [i, i+1) × duration / columns. */
enum sim_lane_kind { SIM_LANE_FAULT /* 0 off, 1 on */, SIM_LANE_WEIGHT /* percent */, SIM_LANE_SUCCESS /* 0…8 of 100 % … 95 %: 0 is 100 %, 8 is 95 % or less */, SIM_LANE_LEVEL /* 0…8 of the maximum */, SIM_LANE_MARKS /* 1: something */ };

struct sim_frame_lane {
    char name[SIM_FRAME_NAME]; /* "partition", "checkout v2 %", "success", "rps", "p99", "certs", "pushes" */
    enum sim_lane_kind kind;
    char top[16];              /* what 8 of 8 stands for: "201/s", "412ms" */
    uint8_t cells[SIM_FRAME_COLUMNS]; /* UINT8_MAX: not reached yet, or nothing to say */
};

struct sim_frame {
    mc_ns at, duration;
    char scenario[SIM_FRAME_TEXT], file[SIM_FRAME_TEXT], profile[SIM_FRAME_NAME];
    uint64_t seed, events;
    enum sim_run_state_word state;
    bool has_control, has_ca, ca_up;
    uint32_t proxies, proxies_in_sync; /* have acknowledged the newest push */
    mc_ns push_at, push_took;          /* the last push; took MC_NEVER: not acknowledged by all yet; at MC_NEVER: none */
    uint32_t certs_valid, certs_expired;
    uint32_t checks_passed, checks_failed, checks_inconclusive;
    char phase[SIM_FRAME_NAME];
    uint32_t service_count, fault_count, rollout_count, threshold_count, event_count, lane_count;
    uint32_t services_left_out; /* that did not fit */
    struct sim_frame_service services[SIM_FRAME_SERVICES]; /* in the plan's order, load clients last */
    struct sim_frame_fault faults[SIM_FRAME_FAULTS];       /* active */
    struct sim_frame_rollout rollouts[SIM_FRAME_ROLLOUTS];
    struct sim_frame_threshold thresholds[SIM_FRAME_THRESHOLDS];
    struct sim_frame_event recent[SIM_FRAME_EVENTS];
    struct sim_frame_lane lanes[SIM_FRAME_LANES];
};

#endif

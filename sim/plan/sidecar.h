/* How sidecars start and stop beside their application. Values and sources: topologies/profiles/<mesh>.lua. */
#ifndef SIM_PLAN_SIDECAR_H
#define SIM_PLAN_SIDECAR_H

#include "base/time.h"
#include <stdbool.h>

struct sim_sidecar {
    bool native;             /* an init container with restartPolicy Always: starts first, stops last */
    bool hold_application;   /* classic: starts first, and the application waits until it is ready */
    bool rewrite_probes;     /* HTTP probes go to its agent, which asks the application; they do not pass the proxy */
    bool graceful_drain;     /* while it drains it still accepts, and answers inbound requests with Connection: close */
    bool exit_on_zero;       /* EXIT_ON_ZERO_ACTIVE_CONNECTIONS */
    mc_ns ready_period;      /* how often it is asked whether it is ready, before the application starts; 0: 1 s */
    mc_ns drain_duration;    /* over so long the share of answers that announce the end grows; 0: all of them from the start */
    mc_ns termination_drain; /* after SIGTERM it exits, whatever is under way; 0: see shutdown_grace */
    mc_ns min_drain;         /* exit_on_zero: not before */
    mc_ns shutdown_grace;    /* without termination_drain: stops accepting, exits when nothing is under way, at the latest after; 0: the pod's grace */
    mc_ns wait_before_exit;  /* sleep in its preStop hook */
};

#endif

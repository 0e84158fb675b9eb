/* A load client as a guest: it stands outside the mesh and sends what its specification says.
 *
 * Open-loop executors start iterations when they are due, whatever the system does, and measure from
 * the intended start; when max_vus are under way already, an iteration is dropped and counted. The
 * closed loop has a fixed number of users who wait for each answer and think.
 */
#ifndef SIM_LOAD_CLIENT_H
#define SIM_LOAD_CLIENT_H

#include "host/host.h"
#include "sim/load/arrival.h"
#include "sim/load/observer.h"
#include "sim/load/program.h"

struct sim_client;

struct sim_client_options {
    struct mc_realm *realm;
    const struct sim_load_spec *spec; /* borrowed for life, as callee and call */
    const struct sim_callee *callee;
    const struct sim_call_spec *call;
    struct sim_observer *observer;
    uint32_t party;   /* sim_call_record.from */
    uint32_t node;    /* number in the realm */
    uint64_t entity;  /* of its draws: the same load has the same luck in every run */
};

struct sim_client_counts {
    uint64_t started, finished, failed, dropped;
    uint32_t under_way;
};

struct sim_client *sim_client_new(const struct sim_client_options *options); /* NULL refuses */
void sim_client_free(struct sim_client *client);
struct mc_guest sim_client_guest(struct sim_client *client);

struct sim_client_counts sim_client_counts(const struct sim_client *client);
/* No new iterations, from the next step on. */
void sim_client_stop(struct sim_client *client);

#endif

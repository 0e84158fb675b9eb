/* The host-conformance suite: the contract of host/host.h, line by line, run on any host.
 *
 * A host is given as a record of four functions. In tests/conformance/test_host_<name>.c:
 *
 *     static const struct conformance_host_type type = {.name = "sim", .open = …, };
 *     Suite *test_host_sim_suite(void) { return conformance_suite(&type); }
 *
 * The host's own world embeds struct conformance_world as its first member. Each test opens a world
 * with two guests, runs it until both have sent EXIT, and closes it; then no block of the realm's pool
 * may be left that was not there before. The guests themselves judge what they are told.
 */
#ifndef CONFORMANCE_CONFORMANCE_H
#define CONFORMANCE_CONFORMANCE_H

#include "host/host.h"
#include "host/realm.h"
#include <check.h>

enum { CONFORMANCE_GUESTS = 2, CONFORMANCE_PORTS = 4 };

struct conformance_options {
    struct mc_realm *realm;                     /* outlives the world */
    struct mc_guest guests[CONFORMANCE_GUESTS]; /* outlive the world */
    uint32_t piece;   /* deliver at most so many bytes in one DATA; 0: as the host likes */
    bool spurious;    /* step a WAKE before its time now and then, if the host can */
};

struct conformance_host_type;

struct conformance_world {
    const struct conformance_host_type *type;
};

struct conformance_host_type {
    const char *name;
    /* A world with both guests in it, on the same clock. No step is taken before run. */
    struct conformance_world *(*open)(const struct conformance_options *options);
    /* An address where GUEST can LISTEN and the other guest can OPEN; one for each of
     * PORT 0 … CONFORMANCE_PORTS - 1. Nobody listens there until told to: an OPEN is refused. Called by
     * guests during steps and by tests. */
    struct mc_addr (*addr)(struct conformance_world *world, int guest, int port);
    /* Runs until both guests have sent EXIT (true), or for LIMIT of the guests' time (false). */
    bool (*run)(struct conformance_world *world, mc_ns limit);
    /* Sends STOP to GUEST as an operator would; may only note it if the world is running. */
    void (*stop)(struct conformance_world *world, int guest, mc_ns grace);
    void (*close)(struct conformance_world *world); /* gives everything back, open streams included */
};

Suite *conformance_suite(const struct conformance_host_type *type);

#endif

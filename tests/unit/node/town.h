/* A small mesh on a wire: pods with an address each, an application and a sidecar in most of them, and
 * the redirection that a pod's iptables would do. Applications and clients speak literal HTTP/1.1. */
#ifndef NODE_TOWN_H
#define NODE_TOWN_H

#include "node/node.h"
#include "support/pki.h"
#include "support/wire.h"

enum { TOWN_GUESTS = 8, TOWN_OPENS = 64, TOWN_CALLS = 64 };

enum town_kind { TOWN_SIDECAR, TOWN_APP, TOWN_CLIENT, TOWN_CONTROL };

struct town;

/* What stands between a guest and the wire. */
struct town_guest {
    struct town *town;
    enum town_kind kind;
    uint32_t ip;
    struct mc_guest inner;
    int end;
    mc_ns skew; /* of its calendar clock */
};

struct town_open { /* on its way to a listener */
    bool used;
    int end;
    mc_stream stream;
    struct mc_addr to, original, from;
};

struct town_app {
    const char *response;     /* head and body */
    uint32_t requests;
    struct mc_turn turn;
};

struct town_call {
    mc_stream stream;
    char text[4096];
    size_t used;
    bool over;
};

struct town_client {
    struct mc_turn turn;
    struct town_call calls[TOWN_CALLS];
    int call_count;
};

struct town {
    struct pki pki;
    struct wire wire;
    struct mc_registry *registry;
    struct mc_ca_options ca;
    struct mc_identity_policy policy;
    struct town_guest guests[TOWN_GUESTS];
    int guest_count;
    struct town_open opens[TOWN_OPENS];
    struct mc_node *control, *reviews1, *reviews2, *user;
    int control_end, user_end, client_end;
    struct town_app app1, app2;
    struct town_client client;
    bool control_cut;
    uint32_t traces[MC_TRACE_KINDS];
    struct mc_trace_record last[MC_TRACE_KINDS];
};

#define TOWN_CONTROL_ADDR mc_addr_v4(0x0a000064, 15010)
#define TOWN_VIP mc_addr_v4(0x0a600001, 8080)

/* reviews v1 and v2 with one pod each, a client of them, a control plane; a second has passed. */
struct town *town_new(enum mc_mtls_mode mode);
void town_free(struct town *town);
mc_atom town_atom(struct town *town, const char *text);
void town_run(struct town *town, mc_ns duration);
struct mc_result town_command(struct town *town, struct mc_node *node, const struct mc_command *command);

/* One GET to reviews on a connection of its own, answered within a second. The status; 0: none. *body: the last characters. */
int town_get(struct town *town, char body[static 3]);

#endif

/* The data plane of one node: listeners, routes, clusters, pools, and what they count.
 *
 *     listener -> filter chain -> downstream (HTTP connection manager) -> filters -> router
 *              -> cluster -> balancer -> pool -> upstream
 *
 * It is driven by its owner's turn and net: whoever composes a node embeds one struct mc_turn and one
 * struct mc_net, begins the turn, hands stream events to mc_net_event and due timers to mc_timers_run,
 * and the proxy is called through the acceptors, connections and timers it has put there. There is no
 * event entry point of its own. Semantics are Envoy's (1.36); breakers, balancers, outliers and pools
 * are this node's alone, as every Envoy process has its own.
 *
 * All calls below but the queries are made within a turn.
 */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "base/hist.h"
#include "model/snapshot.h"
#include "net/net.h"
#include "net/tls.h"

struct mc_proxy;

/* Everything is borrowed for the proxy's life. */
struct mc_proxy_options {
    struct mc_turn *turn;
    struct mc_net *net;
    mc_atom name;              /* instance: "reviews-v1-0" */
    mc_atom workload;          /* "reviews/v1": service and version, for telemetry */
    mc_atom zone;
    struct mc_tls_engine *tls; /* NULL: plaintext only; endpoints that want mTLS fail with UF */
    mc_ns leeway;              /* clock error that is forgiven to peers' certificates */
    bool is_sidecar;           /* Istio's metrics; x-envoy-attempt-count on every attempt; clusters made on first use */
};

struct mc_proxy *mc_proxy_new(const struct mc_proxy_options *options); /* NULL refuses */

/* Cuts every connection and gives everything back (the record itself when the turn ends). A node that
 * is to vanish silently makes this its last turn and drops the outbox. NULL is allowed. Afterwards no
 * connection of the proxy's is left in the net. */
void mc_proxy_free(struct mc_proxy *proxy);

/* From the end of this step on requests see SNAPSHOT (a reference is taken). It must have passed
 * mc_snapshot_check. A second one in the same step replaces the first.
 *
 *   listeners   unchanged (the same resource): nothing happens; changed: new connections get the new one,
 *               old ones are drained (they finish what is under way); gone: not listened to, drained
 *   routes      the next request on any connection sees them
 *   clusters    unchanged: kept with pools, breakers and outlier state; changed: connections are drained,
 *               counters go on; gone: drained, and a route to it answers NC
 *   endpoints   by address: those that stay keep their state, new ones begin, those gone are drained
 */
void mc_proxy_apply(struct mc_proxy *proxy, struct mc_snapshot *snapshot);
const struct mc_snapshot *mc_proxy_snapshot(const struct mc_proxy *proxy); /* in use; NULL before the first */

/* RESOLVED: of a name that an endpoint has. */
void mc_proxy_resolved(struct mc_proxy *proxy, const struct mc_event *event);

/* What new handshakes use; references are taken. NULL: none. Connections stay as they are. */
void mc_proxy_identity(struct mc_proxy *proxy, struct mc_svid *svid, struct mc_bundle *trust);

/* No listener takes connections any more; idle ones are closed, others after the exchange under way
 * (whose answer says `connection: close`). For good. */
void mc_proxy_drain(struct mc_proxy *proxy);
/* Inbound listeners go on, and answers announce the end: see MC_NODE_WIND_DOWN (node/node.h). */
void mc_proxy_wind_down(struct mc_proxy *proxy, mc_ns over);
bool mc_proxy_is_idle(const struct mc_proxy *proxy); /* no downstream connection is left */

/* ---- statistics ---- */

enum mc_stat_kind { MC_STAT_COUNTER, MC_STAT_GAUGE, MC_STAT_HISTOGRAM /* milliseconds */ };

enum { MC_STAT_LABELS = 12 };

struct mc_stat_label {
    const char *name;
    struct mc_str value;
};

/* One series. Series of one family come in a row, so that a text format can group them. */
struct mc_stat {
    const char *family; /* "envoy_cluster_upstream_rq_total" */
    const char *help;
    enum mc_stat_kind kind;
    struct mc_stat_label labels[MC_STAT_LABELS];
    uint32_t label_count;
    uint64_t value;              /* COUNTER, GAUGE */
    const struct mc_hist *hist;  /* HISTOGRAM; nanoseconds */
};

struct mc_stat_visitor {
    void (*visit)(struct mc_stat_visitor *visitor, const struct mc_stat *stat);
};

/* Families and labels are Envoy's Prometheus ones: envoy_cluster_…{envoy_cluster_name},
 * envoy_http_…{envoy_http_conn_manager_prefix}, envoy_listener_…{envoy_listener_address},
 * envoy_server_….
 *
 * A sidecar also has Istio's istio_requests_total (counter) and istio_request_duration_milliseconds
 * (histogram), one series per combination of
 *     reporter                  "source" (outbound) or "destination" (inbound)
 *     source_workload, source_version         "productpage-v1", "v1"; "unknown" inbound
 *     source_principal          SPIFFE ID without its scheme; "unknown" in plaintext
 *     destination_service       host of the cluster's name (outbound|PORT|SUBSET|HOST), else the authority's
 *     destination_service_name  "reviews"
 *     destination_workload, destination_version  "reviews-v1", "v1": of the endpoint that answered; if none
 *                               was reached, "unknown" and the cluster's subset ("unknown" without one)
 *     request_protocol          "http"
 *     response_code             "200"; "0" if the client left before there was one
 *     response_flags            "-", "UF,URX", …
 *     connection_security_policy  inbound "mutual_tls" or "none"; outbound "unknown"
 * Durations are those of the whole exchange. */
void mc_proxy_stats(const struct mc_proxy *proxy, struct mc_stat_visitor *visitor);

/* What the admin filter serves: GET / /ready /stats /stats/prometheus /config_dump /server_info /clusters
 * /listeners; anything else is 404. */

#endif

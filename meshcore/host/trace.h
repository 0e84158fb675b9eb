/* Trace records: everything that happened and is worth telling, as data. A log line is a rendering of
 * one. The core formats nothing and holds none back; a sink may not call back into the guest.
 *
 * The catalogue below names each kind and its values: `u` unsigned, `ns` duration, `a` atom, `f`
 * response flags, `addr4` an IPv4 address and port packed as ip<<16|port. Append only within a release.
 */
#ifndef HOST_TRACE_H
#define HOST_TRACE_H

#include "base/time.h"
#include <stdbool.h>
#include <stdint.h>

#define MC_TRACES(X) \
    X(NODE_STARTED, "node.started", "") \
    X(NODE_DRAINING, "node.draining", "grace:ns") \
    X(NODE_EXIT, "node.exit", "status:u") \
    X(LISTENER_UP, "listener.up", "name:a port:u") \
    X(LISTENER_DOWN, "listener.down", "name:a port:u") \
    X(CX_ACCEPTED, "downstream.accepted", "listener:a peer:addr4 original:addr4") \
    X(CX_CLOSED, "downstream.closed", "reason:u bytes_in:u bytes_out:u") \
    X(CX_NO_CHAIN, "downstream.no_filter_chain", "listener:a original:addr4") \
    X(UPSTREAM_OPENED, "upstream.opened", "cluster:a endpoint:addr4 wait:ns") \
    X(UPSTREAM_FAILED, "upstream.failed", "cluster:a endpoint:addr4 reason:u") \
    X(UPSTREAM_CLOSED, "upstream.closed", "cluster:a endpoint:addr4 reason:u") \
    X(REFUSED, "http.refused", "status:u why:u") \
    X(ACCESS, "http.access", "status_flags:f cluster:a endpoint:addr4 duration:ns span:u attempts:u") \
    X(RETRY, "http.retry", "cluster:a attempt:u backoff:ns why:u") \
    X(BREAKER, "breaker.overflow", "cluster:a which:u limit:u") \
    X(TLS_DONE, "tls.handshake", "result:u peer:a own:a alpn:a serial:u server:u") \
    X(CERT_INSTALLED, "cert.installed", "identity:a serial:u not_before:ns not_after:ns") \
    X(CERT_RENEWAL, "cert.renewal", "identity:a attempt:u result:u next:ns") \
    X(CERT_ISSUED, "ca.issued", "identity:a serial:u not_before:ns not_after:ns") \
    X(CERT_REFUSED, "ca.refused", "identity:a why:u") \
    X(SNAPSHOT_PUSHED, "control.push", "proxy:a version:u bytes:u") \
    X(SNAPSHOT_ACKED, "control.ack", "proxy:a version:u wait:ns") \
    X(SNAPSHOT_NACKED, "control.nack", "proxy:a version:u why:u") \
    X(SNAPSHOT_APPLIED, "config.applied", "version:u") \
    X(CONTROL_UP, "control.connected", "") \
    X(CONTROL_DOWN, "control.disconnected", "reason:u next:ns") \
    X(ROLLOUT, "rollout.phase", "target:a phase:u weight:u failed:u") \
    X(ROLLOUT_CHECK, "rollout.check", "target:a metric:u observed:u bound:u samples:u verdict:u") \
    X(SPAN, "http.span", "trace_hi:u trace_lo:u span:u parent:u listener:a routes:a")

enum mc_trace_kind {
#define X(name, text, values) MC_TRACE_##name,
    MC_TRACES(X)
#undef X
    MC_TRACE_KINDS
};

struct mc_trace_record {
    uint16_t kind;
    uint32_t node;   /* the node's number in its realm */
    uint64_t stream; /* 0 if none */
    uint64_t v[6];   /* as the catalogue says, in its order */
};

struct mc_trace_sink {
    void *self;
    void (*record)(void *self, mc_ns now, const struct mc_trace_record *record);
    bool spans; /* SPAN, too: each right before the ACCESS record of the same request */
};

/* Why a response was not simply the upstream's, in Envoy's short forms (envoy.data.accesslog.v3
 * ResponseFlags). Append only. */
#define MC_RESPONSE_FLAGS(X) \
    X(UF, "upstream connection failure") \
    X(UO, "upstream overflow: a circuit breaker is open") \
    X(UH, "no healthy upstream") \
    X(URX, "retry or connect attempts exhausted") \
    X(NR, "no route") \
    X(UT, "upstream request timeout") \
    X(DC, "downstream connection terminated") \
    X(UC, "upstream connection terminated") \
    X(NC, "no such cluster") \
    X(UR, "upstream remote reset") \
    X(LR, "local reset") \
    X(SI, "stream idle timeout") \
    X(DPE, "downstream protocol error") \
    X(UPE, "upstream protocol error") \
    X(FI, "abort injected") \
    X(DI, "delay injected")

enum mc_response_flag {
#define X(name, text) MC_FLAG_BIT_##name,
    MC_RESPONSE_FLAGS(X)
#undef X
    MC_RESPONSE_FLAG_COUNT
};
#define MC_FLAG(name) (1u << MC_FLAG_BIT_##name)

/* ACCESS's first value. Its span is the one that the caller gave in traceparent, so that whoever watches
 * can join the record with the call; 0 if there was none. */
static inline uint64_t mc_trace_status_flags(uint16_t status, uint32_t flags)
{
    return (uint64_t)flags << 16 | status;
}

const char *mc_trace_name(enum mc_trace_kind kind);
const char *mc_trace_values(enum mc_trace_kind kind); /* "status:u why:u" */

#endif

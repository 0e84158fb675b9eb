/* The boundary: how a host drives a guest.
 *
 * A guest is one single-threaded piece of protocol behaviour: a proxy, a control-plane replica, a
 * simulated application, a test echo. It opens no socket, reads no clock, draws no entropy. A host is
 * libuv (meshcore/uv) or the simulator (sim/host). There is one call in and one list out:
 *
 *     step(guest, event, outbox)     the event says what happened, the outbox collects what to do
 *     deadline(guest)                when the guest wants to be woken, or MC_NEVER
 *
 * The contract; tests/conformance holds both hosts to every line:
 *
 *  - Time is only in events: `now` never decreases for one guest (asserted by the guest); `wall` is the
 *    machine's calendar clock and may jump. The host steps WAKE at or after the deadline, never before;
 *    a spurious WAKE is allowed.
 *  - No re-entry: the host carries actions out after step has returned, in order.
 *  - A stream is one bidirectional byte stream. Its id is chosen by the side that creates it: the host
 *    for ACCEPTED, the guest for OPEN (mc_stream_by_guest). Ids are not used again within a run.
 *  - Every stream ends in exactly one terminal event for the guest: OPEN_FAILED, RESET, or the CLOSED
 *    that follows when both directions have finished. After the guest has sent RESET no further event
 *    for that stream arrives, CLOSED included.
 *  - Credit: a stream starts with MC_STREAM_CREDIT bytes in each direction that the guest reads. The
 *    host delivers no DATA beyond what CREDIT has granted; guests grant again after half is used.
 *  - SEND never fails. When the host's queue for a stream crosses its high mark it says CLOGGED, and
 *    DRAINED once it has fallen under the low mark; a guest that is told CLOGGED stops producing, the
 *    overshoot being one step's output.
 *  - Bytes are a stream: any split or merge is legal. Slices move their reference with the event and
 *    with the action.
 *  - A guest that runs out of memory refuses (resets the stream, answers 503); it never fails a step.
 *
 * The shape follows the step form of cowsql/raft v1 and the sans-I/O practice of ngtcp2.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include "base/chunk.h"
#include "base/time.h"
#include "host/addr.h"

typedef uint64_t mc_stream; /* 0: none */

#define MC_STREAM_GUEST_BIT (UINT64_C(1) << 63)

static inline bool mc_stream_by_guest(mc_stream stream)
{
    return (stream & MC_STREAM_GUEST_BIT) != 0;
}

/* Why a stream could not be opened, or was cut. */
#define MC_STREAM_REASONS(X) \
    X(NONE, "none") \
    X(REFUSED, "connection refused") \
    X(TIMEOUT, "timed out") \
    X(UNREACHABLE, "unreachable") \
    X(PEER_RESET, "reset by peer") \
    X(LOCAL_RESET, "reset locally") \
    X(PORTS_EXHAUSTED, "no free port") \
    X(LIMIT, "limit reached") \
    X(GONE, "machine or process gone")

enum mc_stream_reason {
#define X(name, text) MC_REASON_##name,
    MC_STREAM_REASONS(X)
#undef X
};

const char *mc_stream_reason_text(enum mc_stream_reason reason);

/* ---- in ---- */

enum mc_event_kind {
    MC_EVENT_START,       /* once, first */
    MC_EVENT_WAKE,        /* the deadline has come */
    MC_EVENT_ACCEPTED,    /* a peer connected to a listener */
    MC_EVENT_OPENED,      /* an OPEN succeeded */
    MC_EVENT_OPEN_FAILED, /* an OPEN failed (terminal) */
    MC_EVENT_DATA,        /* bytes arrived; the slice's reference is the guest's now */
    MC_EVENT_END,         /* the peer has finished sending (FIN) */
    MC_EVENT_CLOGGED,     /* the host's queue for this stream is over its high mark */
    MC_EVENT_DRAINED,     /* … and has fallen under its low mark again */
    MC_EVENT_RESET,       /* the stream was cut (terminal) */
    MC_EVENT_CLOSED,      /* both directions have finished (terminal) */
    MC_EVENT_RESOLVED,    /* the answer to a RESOLVE */
    MC_EVENT_COMMAND,     /* an operator asks something: a record that the guest's own header defines */
    MC_EVENT_STOP,        /* begin to drain; EXIT when done, at the latest after `grace` */
    MC_EVENT_KINDS
};

/* The first member of the record that a guest defines for a command. Borrowed during the step. */
struct mc_command {
    uint32_t kind;
};

struct mc_event {
    enum mc_event_kind kind;
    mc_ns now;
    mc_ns wall; /* nanoseconds since 1970-01-01T00:00:00Z, on this machine's clock */
    mc_stream stream;
    union {
        struct {
            uint32_t listener;       /* the id given in LISTEN */
            struct mc_addr peer;     /* who connects */
            struct mc_addr local;    /* where the listener stands */
            struct mc_addr original; /* where the peer wanted to go, before redirection; else local */
        } accepted;
        struct {
            struct mc_addr local;
        } opened;
        enum mc_stream_reason reason; /* OPEN_FAILED, RESET */
        struct mc_slice data;
        struct {
            uint32_t query; /* the id given in RESOLVE */
            enum mc_stream_reason reason;
            const struct mc_addr *addrs; /* borrowed during the step; port 0 */
            uint32_t count;
            mc_ns ttl;
        } resolved;
        const struct mc_command *command;
        mc_ns grace;
    };
};

/* ---- out ---- */

enum mc_action_kind {
    MC_ACTION_LISTEN,   /* accept streams at an address */
    MC_ACTION_UNLISTEN, /* stop accepting; open streams stay */
    MC_ACTION_OPEN,     /* connect */
    MC_ACTION_SEND,     /* the slice's reference is the host's now */
    MC_ACTION_FINISH,   /* no more SEND on this stream (FIN after what is queued) */
    MC_ACTION_RESET,    /* cut the stream now; queued bytes may be lost */
    MC_ACTION_CREDIT,   /* this many more bytes may be delivered */
    MC_ACTION_RESOLVE,  /* look a name up */
    MC_ACTION_EXIT,     /* the guest is done; nothing follows */
    MC_ACTION_KINDS
};

struct mc_action {
    enum mc_action_kind kind;
    uint32_t id; /* LISTEN, UNLISTEN: the guest's listener id · RESOLVE: query id · EXIT: status */
    mc_stream stream;
    union {
        struct mc_addr addr;   /* LISTEN, OPEN */
        struct mc_slice slice; /* SEND */
        uint64_t bytes;        /* CREDIT */
        struct mc_str name;    /* RESOLVE: borrowed from the guest until RESOLVED */
    };
};

/* What a step has cost, in units that a profile prices; the core only counts. */
#define MC_WORK_UNITS(X) \
    X(CONNECTION, "connection opened or accepted") \
    X(REQUEST, "request parsed and routed") \
    X(RESPONSE, "response parsed and relayed") \
    X(BODY_BYTE, "body byte relayed") \
    X(TLS_BYTE, "byte sealed or opened") \
    X(HANDSHAKE, "TLS handshake, one end") \
    X(RESOURCE, "configuration resource decoded") \
    X(SIGNATURE, "certificate signed or key made") \
    X(APP_NS, "nanosecond of application CPU")

enum mc_work_unit {
#define X(name, text) MC_WORK_##name,
    MC_WORK_UNITS(X)
#undef X
    MC_WORK_COUNT
};

/* Caller-owned, valid until the next step. Growth is the host's promise: it never refuses. */
struct mc_outbox {
    struct mc_alloc alloc;
    struct mc_action *actions;
    uint32_t count, capacity;
    uint64_t work[MC_WORK_COUNT];
};

void mc_outbox_init(struct mc_outbox *outbox, struct mc_alloc alloc);
void mc_outbox_fini(struct mc_outbox *outbox);  /* drops what was not carried out */
void mc_outbox_clear(struct mc_outbox *outbox); /* forgets the actions (carried out) and the work */
struct mc_action *mc_outbox_add(struct mc_outbox *outbox, enum mc_action_kind kind); /* zeroed */

/* ---- guests ---- */

struct mc_guest_memory { /* bytes, of the process that a guest stands for */
    uint64_t held;      /* beyond what it has at its start */
    uint64_t allocated; /* since its start, in all */
};

struct mc_guest_type {
    const char *name;
    void (*step)(void *self, const struct mc_event *event, struct mc_outbox *outbox);
    mc_ns (*deadline)(const void *self);
    void (*memory)(const void *self, struct mc_guest_memory *memory); /* NULL: it does not say */
};

struct mc_guest {
    const struct mc_guest_type *type;
    void *self;
};

static inline void mc_guest_step(struct mc_guest guest, const struct mc_event *event, struct mc_outbox *outbox)
{
    guest.type->step(guest.self, event, outbox);
}

static inline mc_ns mc_guest_deadline(struct mc_guest guest)
{
    return guest.type->deadline(guest.self);
}

#endif

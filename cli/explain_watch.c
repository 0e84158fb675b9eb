#include "cli/explain_parts.h"
#include "base/assert.h"
#include <stdlib.h>

struct names { /* of workloads and edges, by number */
    uint32_t src, dst;
    char service[64];
};

struct explain_watch {
    struct sim_sink sink;
    struct explain_seen *seen;
    const struct explain_request *like;
    mc_ns slow;
    bool late;  /* what is kept came after the first fault: nothing better will come */
    struct names *workloads, *edges;
    uint32_t workload_count, edge_count;
};

static struct explain_watch *watch_of(struct sim_sink *sink)
{
    return mc_container(sink, struct explain_watch, sink);
}

static void keep(char *out, size_t size, struct mc_str text)
{
    snprintf(out, size, "%.*s", MC_STR_ARG(text));
}

/* LIST becomes long enough for number ID; NULL: no memory. */
static struct names *grow(struct names **list, uint32_t *count, uint32_t id)
{
    if (id >= *count) {
        uint32_t room = id * 2 + 64;
        struct names *longer = realloc(*list, room * sizeof *longer);
        if (!longer) return NULL;
        memset(longer + *count, 0, (room - *count) * sizeof *longer);
        *list = longer;
        *count = room;
    }
    return &(*list)[id];
}

static void on_workload(struct sim_sink *sink, const struct sim_sink_workload *workload)
{
    struct explain_watch *watch = watch_of(sink);
    struct names *names = grow(&watch->workloads, &watch->workload_count, workload->id);
    if (names) keep(names->service, sizeof names->service, workload->service);
}

static void on_edge(struct sim_sink *sink, const struct sim_sink_edge *edge)
{
    struct explain_watch *watch = watch_of(sink);
    struct names *names = grow(&watch->edges, &watch->edge_count, edge->id);
    if (names) names->src = edge->src, names->dst = edge->dst;
}

static void on_fault(struct sim_sink *sink, const struct sim_sink_fault *fault)
{
    struct explain_seen *seen = watch_of(sink)->seen;
    uint32_t at = 0;
    while (at < seen->fault_count && seen->faults[at].number != fault->id) at++;
    if (at == EXPLAIN_SEEN) return;
    if (at == seen->fault_count) seen->fault_count++;
    struct explain_fault *kept = &seen->faults[at];
    *kept = (struct explain_fault){.number = fault->id, .start = fault->start, .end = fault->end,
                                   .touched = fault->packets + fault->requests + fault->connections};
    snprintf(kept->text, sizeof kept->text, "%s%s%.*s", fault->kind, fault->selector.n ? " " : "", MC_STR_ARG(fault->selector));
}

/* ---- one request ---- */

static const char *service(const struct explain_watch *watch, uint32_t workload)
{
    return workload < watch->workload_count ? watch->workloads[workload].service : "";
}

static struct names edge_of(const struct explain_watch *watch, uint32_t edge)
{
    return edge < watch->edge_count ? watch->edges[edge] : (struct names){.src = 0};
}

static bool is_like(const struct explain_watch *watch, const struct sim_sink_request *request)
{
    const struct explain_request *like = watch->like;
    if (request->trace_hi != like->trace_hi || request->trace_lo != like->trace_lo) return false;
    struct names edge = edge_of(watch, request->edge);
    return !strcmp(service(watch, edge.src), like->src) && !strcmp(service(watch, edge.dst), like->dst);
}

static bool is_wanted(const struct explain_watch *watch, const struct sim_sink_request *request)
{
    if (watch->like) return is_like(watch, request);
    return request->code == 0 || request->code >= 500 || (watch->slow && request->duration > watch->slow);
}

static void on_request(struct sim_sink *sink, const struct sim_sink_request *request)
{
    struct explain_watch *watch = watch_of(sink);
    struct explain_request *kept = &watch->seen->request;
    bool late = watch->seen->fault_count && mc_ns_add(request->at, request->duration) >= watch->seen->faults[0].start;
    if (watch->late || !is_wanted(watch, request) || (kept->known && !late)) return;
    struct names edge = edge_of(watch, request->edge);
    *kept = (struct explain_request){.known = true, .at = request->at, .took = request->duration, .code = request->code, .flags = request->flags,
                                     .attempts = request->attempts, .trace_hi = request->trace_hi, .trace_lo = request->trace_lo};
    keep(kept->src, sizeof kept->src, mc_str_c(service(watch, edge.src)));
    keep(kept->dst, sizeof kept->dst, mc_str_c(service(watch, edge.dst)));
    watch->late = late || watch->like;
}

static void on_hop(struct sim_sink *sink, const struct sim_sink_hop *hop)
{
    struct explain_seen *seen = watch_of(sink)->seen;
    if (seen->hop_count == EXPLAIN_HOPS) {
        seen->hops_lost++;
        return;
    }
    struct explain_hop *kept = &seen->hops[seen->hop_count++];
    *kept = (struct explain_hop){.kind = hop->kind, .began = hop->began, .ended = hop->ended, .inbound = hop->inbound, .abandoned = hop->abandoned,
                                 .code = hop->code, .flags = hop->flags, .attempts = hop->attempts, .span = hop->span, .parent = hop->parent, .above = -1};
    keep(kept->where, sizeof kept->where, hop->where);
    keep(kept->to, sizeof kept->to, hop->to);
    keep(kept->listener, sizeof kept->listener, hop->listener);
    keep(kept->routes, sizeof kept->routes, hop->routes);
    keep(kept->cluster, sizeof kept->cluster, hop->cluster);
    keep(kept->endpoint, sizeof kept->endpoint, hop->endpoint);
    keep(kept->failure, sizeof kept->failure, mc_str_c(hop->failure ? hop->failure : ""));
}

static const struct sim_sink_type type = {.workload = on_workload, .edge = on_edge, .fault = on_fault, .request = on_request, .hop = on_hop};

struct sim_sink *explain_watch_new(struct explain_seen *seen, const struct explain_request *like, mc_ns slow)
{
    struct explain_watch *watch = calloc(1, sizeof *watch);
    if (!watch) return NULL;
    watch->sink = (struct sim_sink){.type = &type, .sample_ppm = 1000000};
    watch->seen = seen;
    watch->like = like;
    watch->slow = slow;
    return &watch->sink;
}

void explain_watch_free(struct sim_sink *sink)
{
    if (!sink) return;
    struct explain_watch *watch = watch_of(sink);
    free(watch->workloads);
    free(watch->edges);
    free(watch);
}

/* ---- hops in order ---- */

/* What names a hop to those below it. A server makes calls in the span that it was reached with. */
static uint64_t own_span(const struct explain_hop *hop)
{
    return hop->kind == SIM_HOP_SERVER ? hop->parent : hop->span;
}

static bool is_below(const struct explain_hop *hop, const struct explain_hop *above)
{
    if (hop == above || !hop->parent || above->began > hop->began || own_span(above) != hop->parent) return false;
    return hop->kind == SIM_HOP_CALL ? above->kind != SIM_HOP_CALL : above->kind != SIM_HOP_SERVER;
}

/* An earlier try of an application has a span that its call does not tell: who called is known by place and time. */
static bool may_be_below(const struct explain_hop *hop, const struct explain_hop *above)
{
    return hop->kind == SIM_HOP_PROXY && !hop->inbound && above->kind == SIM_HOP_CALL && !strcmp(hop->where, above->where) &&
           above->began <= hop->began && hop->began <= above->ended;
}

/* The latest that fits; of a sidecar and the server behind it, the server. */
static int find_above(const struct explain_seen *seen, const struct explain_hop *hop, bool (*fits)(const struct explain_hop *, const struct explain_hop *))
{
    int found = -1;
    for (uint32_t i = 0; i < seen->hop_count; i++) {
        const struct explain_hop *above = &seen->hops[i];
        if (!fits(hop, above)) continue;
        if (found < 0 || above->began > seen->hops[found].began || (above->kind == SIM_HOP_SERVER && seen->hops[found].kind != SIM_HOP_SERVER))
            found = (int)i;
    }
    return found;
}

struct walk {
    struct explain_seen *seen;
    uint32_t *order, count;
    bool done[EXPLAIN_HOPS];
};

static void put_below(struct walk *walk, int above, uint32_t depth)
{
    for (;;) {
        int next = -1;
        for (uint32_t i = 0; i < walk->seen->hop_count; i++) {
            const struct explain_hop *hop = &walk->seen->hops[i];
            if (walk->done[i] || hop->above != above) continue;
            if (next < 0 || hop->began < walk->seen->hops[next].began) next = (int)i;
        }
        if (next < 0) return;
        walk->done[next] = true;
        walk->seen->hops[next].depth = depth;
        walk->order[walk->count++] = (uint32_t)next;
        put_below(walk, next, depth + 1); /* as deep as there are hops */
    }
}

void explain_arrange(struct explain_seen *seen, uint32_t order[static EXPLAIN_HOPS])
{
    struct walk walk = {.seen = seen, .order = order};
    for (uint32_t i = 0; i < seen->hop_count; i++) {
        struct explain_hop *hop = &seen->hops[i];
        hop->above = find_above(seen, hop, is_below);
        if (hop->above < 0) hop->above = find_above(seen, hop, may_be_below);
    }
    put_below(&walk, -1, 0);
    for (uint32_t i = 0; i < seen->hop_count; i++) /* none is lost, were two to name each other */
        if (!walk.done[i]) order[walk.count++] = i;
}

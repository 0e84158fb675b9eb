/* Connections, handshakes, certificates, CSRs, retries, pushes, events: counted one by one. */
#include "sim/check/check_parts.h"

static const struct sim_mark *mark_at(const struct sim_check *check, uint32_t index)
{
    return &check->marks[(check->mark_first + index) % check->mark_count];
}

static const char *result_name(const struct sim_check *check, const struct sim_mark *mark)
{
    static const char *const csr[] = {"issued", "refused"}, *const xds[] = {"push", "ack", "nack"};
    if (mark->kind == SIM_MARK_CSR) return csr[mark->result];
    if (mark->kind == SIM_MARK_XDS) return xds[mark->result];
    if (mark->kind == SIM_MARK_HANDSHAKE && mark->result < check->handshake_count) return check->handshakes[mark->result];
    return "";
}

static bool mark_kind_of(enum sim_counted what, enum sim_mark_kind *kind)
{
    switch (what) {
    case SIM_COUNT_CONNECTIONS: *kind = SIM_MARK_CONNECTION; return true;
    case SIM_COUNT_HANDSHAKES: *kind = SIM_MARK_HANDSHAKE; return true;
    case SIM_COUNT_CSRS: *kind = SIM_MARK_CSR; return true;
    case SIM_COUNT_RETRIES: *kind = SIM_MARK_RETRY; return true;
    case SIM_COUNT_ABANDONED: *kind = SIM_MARK_ABANDONED; return true;
    case SIM_COUNT_XDS: *kind = SIM_MARK_XDS; return true;
    case SIM_COUNT_CERTS:
    case SIM_COUNT_EVENTS: return false;
    }
    mc_unreachable();
}

static bool mark_matches(const struct sim_check *check, const struct sim_filter *filter, const struct sim_query *query,
                         const struct sim_mark *mark)
{
    if (!sim_filter_instant(check, filter, mark->at)) return false;
    if (!sim_filter_src(filter, mark->src) || !sim_filter_dst(filter, mark->dst)) return false;
    if (query->opened_before && mark->at >= query->opened_before) return false;
    return sim_words_have(query->result, mc_str_c(result_name(check, mark)));
}

static bool event_matches(const struct sim_check *check, const struct sim_filter *filter, const struct sim_query *query,
                          const struct sim_happening *event)
{
    return sim_filter_instant(check, filter, event->at) && sim_words_have(query->kind, mc_str_c(event->kind)) &&
           sim_words_have(query->subject, event->subject);
}

/* ---- one pass over all that match, in order ---- */

struct pass {
    struct sim_check *check;
    const struct sim_query *query;
    struct sim_filter filter;
    enum sim_mark_kind kind;
    bool events;
    uint32_t at;
};

/* False at the end. *times: how often it happened there. */
static bool pass_next(struct pass *pass, mc_ns *at, uint32_t *times)
{
    const struct sim_check *check = pass->check;
    while (pass->events && pass->at < check->event_count) {
        const struct sim_happening *event = sim_check_event_back(check, check->event_count - 1 - pass->at++);
        if (!event_matches(check, &pass->filter, pass->query, event)) continue;
        *at = event->at;
        *times = event->times;
        return true;
    }
    while (!pass->events && pass->at < check->mark_count) {
        const struct sim_mark *mark = mark_at(check, pass->at++);
        if (mark->kind != pass->kind || !mark_matches(check, &pass->filter, pass->query, mark)) continue;
        *at = mark->at;
        *times = 1;
        return true;
    }
    return false;
}

static bool pass_begin(struct pass *pass, struct sim_check *check, enum sim_counted what, const struct sim_query *query)
{
    *pass = (struct pass){.check = check, .query = query};
    pass->events = !mark_kind_of(what, &pass->kind);
    if (sim_filter_make(&pass->filter, check, query)) return true;
    check->refused = true;
    return false;
}

/* ---- answers ---- */

static uint64_t count_alive(struct sim_check *check, const struct sim_query *query)
{
    struct sim_filter filter;
    uint64_t count = 0;
    uint32_t at = 0;
    if (!sim_filter_make(&filter, check, query)) return 0;
    for (struct mc_map_entry *entry; (entry = mc_map_next(&check->connections, &at));) {
        const struct sim_connection *connection = entry->value;
        if (query->opened_before && connection->opened >= query->opened_before) continue;
        if (connection->opened < filter.since || connection->opened >= filter.until) continue;
        count += sim_filter_src(&filter, connection->src) && sim_filter_dst(&filter, connection->dst);
    }
    sim_filter_fini(&filter);
    return count;
}

static const char *cert_state(const struct sim_check *check, const struct sim_pod_cert *cert)
{
    mc_ns wall = check->epoch + check->now;
    if (wall < cert->not_before) return "not_yet_valid";
    return wall <= cert->not_after ? "valid" : "expired"; /* RFC 5280 §4.1.2.5: inclusive */
}

static uint64_t count_certs(const struct sim_check *check, struct mc_str state)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < check->cert_count; i++) {
        const struct sim_pod_cert *cert = &check->certs[i];
        if (cert->alive && cert->serial) count += sim_words_have(state, mc_str_c(cert_state(check, cert)));
    }
    return count;
}

uint64_t sim_count(struct sim_check *check, enum sim_counted what, const struct sim_query *query)
{
    struct pass pass;
    uint64_t count = 0;
    uint32_t times;
    mc_ns at;
    if (what == SIM_COUNT_CERTS) return count_certs(check, query->state);
    if (what == SIM_COUNT_CONNECTIONS && query->alive) return count_alive(check, query);
    if (!pass_begin(&pass, check, what, query)) return 0;
    while (pass_next(&pass, &at, &times)) count += times;
    sim_filter_fini(&pass.filter);
    return count;
}

mc_ns sim_count_wasted(struct sim_check *check, const struct sim_query *query)
{
    struct pass pass;
    mc_ns at, wasted = 0;
    uint32_t times;
    if (!pass_begin(&pass, check, SIM_COUNT_ABANDONED, query)) return 0;
    while (pass_next(&pass, &at, &times)) wasted += mark_at(check, pass.at - 1)->amount * MC_US;
    sim_filter_fini(&pass.filter);
    return wasted;
}

/* Two passes over the same things, the second one WINDOW behind the first. */
uint64_t sim_count_peak_rps(struct sim_check *check, enum sim_counted what, const struct sim_query *query, mc_ns window)
{
    struct pass front, back;
    uint64_t inside = 0, most = 0;
    uint32_t times, leaving = 0;
    mc_ns at, oldest = 0;
    window = mc_ns_max(window, MC_MS);
    if (what == SIM_COUNT_CERTS || !pass_begin(&front, check, what, query)) return 0;
    if (!pass_begin(&back, check, what, query)) {
        sim_filter_fini(&front.filter);
        return 0;
    }
    bool more = pass_next(&back, &oldest, &leaving);
    while (pass_next(&front, &at, &times)) {
        inside += times;
        while (more && oldest <= at - window) {
            inside -= leaving;
            more = pass_next(&back, &oldest, &leaving);
        }
        if (inside > most) most = inside;
    }
    sim_filter_fini(&front.filter);
    sim_filter_fini(&back.filter);
    return (uint64_t)((unsigned __int128)most * 1000 * MC_S / (uint64_t)window);
}

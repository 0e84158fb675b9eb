#include "config/translate.h"

/* ---- filters ---- */

static const struct mc_envoy_http_filter *fault_filter(const struct mc_envoy_http_manager *from)
{
    for (uint32_t i = 0; i < from->http_filters_count; i++)
        if (from->http_filters[i].typed_config.type == &mc_envoy_fault_message) return &from->http_filters[i];
    return NULL;
}

static void http_filters(struct mc_translation *t, const struct mc_envoy_http_manager *from,
                         struct mc_filter_chain *to)
{
    for (uint32_t i = 0; i < from->http_filters_count; i++) {
        const struct mc_envoy_http_filter *filter = &from->http_filters[i];
        bool is_router = filter->typed_config.type == &mc_envoy_router_message;
        bool is_last = i + 1 == from->http_filters_count;
        if (!filter->typed_config.type) continue; /* noted */
        if (is_router != is_last)
            mc_config_fail(t->errors, filter->at,
                           is_router ? "the router must be the last HTTP filter"
                                     : "the last HTTP filter must be the router");
        if (to->filter_count == MC_COUNT_OF(to->filters)) {
            mc_config_fail(t->errors, filter->at, "more than %zu HTTP filters", MC_COUNT_OF(to->filters));
            return;
        }
        to->filters[to->filter_count++] = is_router ? MC_HTTP_FILTER_ROUTER : MC_HTTP_FILTER_FAULT;
    }
}

/* ---- chains ---- */

static void chain_match(struct mc_translation *t, const struct mc_envoy_chain_match *from,
                        struct mc_filter_chain *to)
{
    if (!from) return;
    if (from->destination_port > 65535)
        mc_config_fail(t->errors, from->at, "destination_port is more than 65535");
    to->destination_port = (uint16_t)from->destination_port;
    if (!from->prefix_ranges_count) return;
    const struct mc_envoy_cidr *range = &from->prefix_ranges[0];
    bool parsed = mc_addr_parse_ip(range->address_prefix, 0, &to->destination);
    uint32_t whole = mc_addr_is_v4(to->destination) ? 32 : 128;
    if (from->prefix_ranges_count > 1 || !parsed || range->prefix_len != whole)
        mc_config_fail(t->errors, range->at, "only one whole address (/32 or /128) is supported");
}

static void http_manager(struct mc_translation *t, const struct mc_envoy_listener *listener,
                         const struct mc_envoy_http_manager *from, struct mc_filter_chain *to)
{
    const struct mc_envoy_common_http *common = from->common_http_protocol_options;
    to->stat_prefix = mc_translate_atom(t, from->stat_prefix);
    to->server_name = from->server_name;
    if (from->server_header_transformation == MC_ENVOY_SERVER_PASS_THROUGH) to->server_name = MC_STR("");
    to->idle_timeout = common ? common->idle_timeout : MC_HOUR;
    if (common && common->max_requests_per_connection)
        mc_config_fail(t->errors, common->at, "max_requests_per_connection is not supported downstream");
    to->stream_idle_timeout = from->stream_idle_timeout;
    to->request_headers_timeout = from->request_headers_timeout;
    to->keep_request_id = from->preserve_external_request_id;
    http_filters(t, from, to);
    if (from->route_config)
        to->route_config = mc_translate_routes(t, from->route_config, listener->name, fault_filter(from));
    else
        mc_config_fail(t->errors, from->at, "route_config is missing");
}

static void chain(struct mc_translation *t, const struct mc_envoy_listener *listener,
                  const struct mc_envoy_filter_chain *from, struct mc_filter_chain *to)
{
    to->name = mc_translate_atom(t, from->name);
    to->is_outbound = listener->traffic_direction == MC_ENVOY_OUTBOUND;
    chain_match(t, from->filter_chain_match, to);
    if (from->filters_count > 1) {
        mc_config_fail(t->errors, from->filters[1].at, "only one network filter is supported");
    } else if (from->filters_count && from->filters[0].typed_config.type) {
        const struct mc_envoy_http_manager *manager = from->filters[0].typed_config.record;
        http_manager(t, listener, manager, to);
    }
}

/* ---- listeners ---- */

/* Envoy gives a nameless listener a random name; its address is a better one. */
static struct mc_str listener_name(struct mc_translation *t, const struct mc_envoy_listener *from,
                                   struct mc_addr addr)
{
    char text[MC_ADDR_TEXT_MAX];
    if (from->name.n) return from->name;
    struct mc_str name = mc_arena_copy(t->arena, mc_str(text, mc_addr_text(addr, text)));
    if (!name.p) t->refused = true;
    return name;
}

void mc_translate_listener(struct mc_translation *t, const struct mc_envoy_listener *from)
{
    struct mc_listener to = {.mode = MC_LISTEN_DIRECT, .chain_count = from->filter_chains_count};
    bool placed = mc_translate_address(t, from->address, &to.addr);
    struct mc_envoy_listener named = *from;
    named.name = listener_name(t, from, to.addr);
    to.name = mc_translate_atom(t, named.name);
    struct mc_filter_chain *chains = mc_translate_room(t, from->filter_chains_count, sizeof *chains);
    if (t->refused) return;
    for (uint32_t i = 0; i < from->filter_chains_count; i++)
        chain(t, &named, &from->filter_chains[i], &chains[i]);
    to.chains = chains;
    if (placed)
        mc_translate_added(t, mc_snapshot_add_listener(t->builder, &to), MC_RESOURCE_LISTENER, to.name,
                           from->at);
}

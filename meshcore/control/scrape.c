#include "control/scrape.h"
#include "http/codec.h"

struct call {
    struct mc_link link;
    struct mc_grave grave;
    struct mc_scrape *scrape;
    struct mc_scrape_target *target; /* NULL: it has had its result */
    struct mc_http_owner_type owner; /* how the connection is found again */
    struct mc_http_conn *http;
    struct mc_handler handler;
    struct mc_prom_parser parser;
};

static struct call *of_http(struct mc_http_conn *http)
{
    return mc_container(http->owner, struct call, owner);
}

static struct call *of_handler(struct mc_handler *handler)
{
    return mc_container(handler, struct call, handler);
}

static struct mc_pool *pool_of(struct mc_scrape *scrape)
{
    return &scrape->net->turn->realm->pool;
}

/* ---- a round ---- */

static void ask_more(struct mc_scrape *scrape);

static void finish(struct mc_scrape *scrape)
{
    scrape->running = false;
    mc_timer_disarm(&scrape->net->turn->timers, &scrape->timer);
    scrape->done(scrape);
}

static void conclude(struct call *call, bool answered)
{
    struct mc_scrape_target *target = call->target;
    if (!target) return;
    call->target = NULL;
    target->answered = answered;
    call->scrape->waiting--;
    if (call->scrape->running) ask_more(call->scrape);
}

/* ---- one response ---- */

static void take_sample(struct mc_prom_parser *parser, const struct mc_prom_sample *sample)
{
    struct call *call = mc_container(parser, struct call, parser);
    if (call->target) mc_tally_add(&call->target->tally, &call->scrape->filter, sample);
}

static void complete(struct call *call)
{
    mc_prom_end(&call->parser);
    conclude(call, true);
}

static void on_head(struct mc_handler *handler, struct mc_head *head, bool end)
{
    struct call *call = of_handler(handler);
    if (head->status != 200) conclude(call, false);
    else if (end) complete(call);
}

static void on_body(struct mc_handler *handler, struct mc_slice slice, bool end)
{
    struct call *call = of_handler(handler);
    if (slice.chunk && !slice.chunk->modelled) mc_prom_feed(&call->parser, mc_slice_str(slice));
    mc_exchange_consumed(handler->exchange, slice.length);
    mc_slice_unref(slice);
    if (end) complete(call);
}

static void on_trailers(struct mc_handler *handler, struct mc_headers *trailers)
{
    (void)trailers;
    complete(of_handler(handler));
}

static void on_clogged(struct mc_handler *handler, bool clogged)
{
    (void)handler, (void)clogged; /* the request has no body */
}

static void on_ended(struct mc_handler *handler, enum mc_exchange_end end)
{
    struct call *call = of_handler(handler);
    (void)end; /* complete has come before, if it was */
    conclude(call, false);
    mc_http_drain(call->http);
}

static const struct mc_handler_type handler_type = {
    .head = on_head, .body = on_body, .trailers = on_trailers, .clogged = on_clogged, .ended = on_ended,
};

/* ---- one connection ---- */

static void on_ready(struct mc_http_conn *http)
{
    struct call *call = of_http(http);
    char authority[MC_ADDR_TEXT_MAX];
    struct mc_exchange *exchange = mc_http_open(http, &call->handler);
    if (!exchange) {
        mc_http_reset(http);
        return;
    }
    struct mc_head head = {
        .arena = &exchange->arena,
        .minor = 1,
        .method = MC_METHOD_GET,
        .method_text = MC_STR("GET"),
        .scheme = MC_STR("http"),
        .path = MC_STR("/stats/prometheus"),
        .content_length = 0,
    };
    head.authority = mc_str(authority, mc_addr_text(http->conn->peer, authority));
    if (call->target) head.authority = mc_str(authority, mc_addr_text(call->target->addr, authority));
    mc_exchange_send_head(exchange, &head, true);
}

static void nothing(struct mc_http_conn *http)
{
    (void)http;
}

static void bury(struct mc_grave *grave)
{
    struct call *call = mc_container(grave, struct call, grave);
    mc_pool_give(pool_of(call->scrape), call, sizeof *call);
}

static void on_closed(struct mc_http_conn *http, enum mc_stream_reason reason)
{
    struct call *call = of_http(http);
    (void)reason;
    mc_list_remove(&call->link);
    mc_http_free(http);
    mc_turn_bury(call->scrape->net->turn, &call->grave, bury);
    conclude(call, false);
}

static const struct mc_http_owner_type owner_type = {
    .ready = on_ready, .idle = nothing, .draining = nothing, .closed = on_closed,
};

static bool call_target(struct mc_scrape *scrape, struct mc_scrape_target *target)
{
    struct call *call = mc_pool_take(pool_of(scrape), sizeof *call);
    if (!call) return false;
    call->scrape = scrape;
    call->target = target;
    call->owner = owner_type;
    call->handler = (struct mc_handler){.type = &handler_type};
    mc_prom_init(&call->parser, take_sample);
    call->http = mc_h1_client(scrape->net, &call->owner, &(struct mc_http_options){0});
    if (call->http && mc_conn_open(call->http->conn, target->addr)) {
        mc_list_push_back(&scrape->calls, &call->link);
        return true;
    }
    mc_http_free(call->http);
    mc_pool_give(pool_of(scrape), call, sizeof *call);
    return false;
}

static void ask_more(struct mc_scrape *scrape)
{
    while (scrape->waiting < MC_SCRAPE_AT_ONCE && scrape->next < scrape->target_count)
        if (call_target(scrape, &scrape->targets[scrape->next++])) scrape->waiting++;
    if (!scrape->waiting && scrape->next == scrape->target_count) finish(scrape);
}

/* ---- life ---- */

static void cut_calls(struct mc_scrape *scrape)
{
    while (!mc_list_empty(&scrape->calls))
        mc_http_reset(mc_container(mc_list_first(&scrape->calls), struct call, link)->http);
}

static void timer_fired(struct mc_timer *timer)
{
    struct mc_scrape *scrape = mc_container(timer, struct mc_scrape, timer);
    scrape->next = scrape->target_count;
    scrape->running = false;
    cut_calls(scrape);
    scrape->done(scrape);
}

void mc_scrape_init(struct mc_scrape *scrape, struct mc_net *net, void (*done)(struct mc_scrape *scrape))
{
    *scrape = (struct mc_scrape){.net = net, .done = done};
    mc_list_init(&scrape->calls);
    mc_timer_init(&scrape->timer, timer_fired);
}

static void forget(struct mc_scrape *scrape)
{
    mc_pool_give(pool_of(scrape), scrape->targets, scrape->target_count * sizeof *scrape->targets);
    scrape->targets = NULL;
    scrape->target_count = 0;
}

void mc_scrape_start(struct mc_scrape *scrape, struct mc_scrape_target *targets, uint32_t count, mc_ns timeout)
{
    struct mc_turn *turn = scrape->net->turn;
    mc_assert(!scrape->running && !scrape->waiting);
    forget(scrape);
    scrape->targets = targets;
    scrape->target_count = count;
    scrape->next = 0;
    scrape->running = true;
    mc_timer_arm(&turn->timers, &scrape->timer, mc_ns_add(turn->now, timeout));
    ask_more(scrape);
}

void mc_scrape_stop(struct mc_scrape *scrape)
{
    scrape->running = false;
    scrape->next = scrape->target_count;
    mc_timer_disarm(&scrape->net->turn->timers, &scrape->timer);
    cut_calls(scrape);
    forget(scrape);
}

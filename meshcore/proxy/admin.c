/* The admin filter: what an operator and Prometheus ask a proxy, at the end of an ordinary chain. */
#include "proxy/parts.h"

struct answer {
    struct px_writer *writer;
    const struct mc_proxy *proxy;
    uint16_t status;
};

static void serve_ready(struct answer *answer)
{
    if (answer->proxy->draining) answer->status = 503;
    px_write_c(answer->writer, answer->proxy->draining ? "DRAINING\n" : "LIVE\n");
}

static void serve_stats(struct answer *answer)
{
    px_write_stats(answer->writer, answer->proxy);
}

static void serve_prometheus(struct answer *answer)
{
    px_write_prometheus(answer->writer, answer->proxy);
}

static void serve_config(struct answer *answer)
{
    px_write_config(answer->writer, answer->proxy);
}

static void serve_clusters(struct answer *answer)
{
    px_write_clusters(answer->writer, answer->proxy);
}

static void serve_listeners(struct answer *answer)
{
    for (const struct mc_link *link = answer->proxy->listeners.next; link != &answer->proxy->listeners; link = link->next) {
        const struct mc_listener *listener = mc_container(link, struct px_listener, link)->resource->body;
        char text[MC_ADDR_TEXT_MAX];
        px_write(answer->writer, px_text_of(answer->proxy, listener->name));
        px_write_c(answer->writer, "::");
        px_write(answer->writer, mc_str(text, mc_addr_text(listener->addr, text)));
        px_write_c(answer->writer, "\n");
    }
}

static void serve_info(struct answer *answer)
{
    px_write_c(answer->writer, "{\"version\": \"squall\", \"state\": ");
    px_write_c(answer->writer, answer->proxy->draining ? "\"DRAINING\"" : "\"LIVE\"");
    px_write_c(answer->writer, ", \"node\": {\"id\": ");
    px_write_json(answer->writer, px_text_of(answer->proxy, answer->proxy->options.name));
    px_write_c(answer->writer, ", \"cluster\": ");
    px_write_json(answer->writer, px_text_of(answer->proxy, answer->proxy->options.workload));
    px_write_c(answer->writer, "}}\n");
}

static void serve_index(struct answer *answer);

static const struct page {
    struct mc_str path;
    const char *type, *help;
    void (*serve)(struct answer *answer);
} pages[] = {
    {MC_STR("/"), "text/plain; charset=UTF-8", "this page", serve_index},
    {MC_STR("/ready"), "text/plain; charset=UTF-8", "200 while it takes connections", serve_ready},
    {MC_STR("/stats"), "text/plain; charset=UTF-8", "statistics", serve_stats},
    {MC_STR("/stats/prometheus"), "text/plain; version=0.0.4; charset=utf-8", "statistics for Prometheus", serve_prometheus},
    {MC_STR("/config_dump"), "application/json", "configuration in use", serve_config},
    {MC_STR("/clusters"), "text/plain; charset=UTF-8", "endpoints and their state", serve_clusters},
    {MC_STR("/listeners"), "text/plain; charset=UTF-8", "listeners and their addresses", serve_listeners},
    {MC_STR("/server_info"), "application/json", "who this is", serve_info},
};

static void serve_index(struct answer *answer)
{
    for (size_t i = 0; i < MC_COUNT_OF(pages); i++) {
        px_write(answer->writer, pages[i].path);
        px_write_c(answer->writer, ": ");
        px_write_c(answer->writer, pages[i].help);
        px_write_c(answer->writer, "\n");
    }
}

static const struct page *page_at(struct mc_str path, struct mc_str query)
{
    if (mc_str_eq(path, MC_STR("/stats")) && mc_str_eq(query, MC_STR("format=prometheus"))) path = MC_STR("/stats/prometheus");
    for (size_t i = 0; i < MC_COUNT_OF(pages); i++)
        if (mc_str_eq(pages[i].path, path)) return &pages[i];
    return NULL;
}

static void serve(struct px_request *request, const struct page *page)
{
    struct mc_slices body;
    struct px_writer writer;
    struct mc_head head = {.arena = request->arena, .is_response = true};
    px_writer_init(&writer, request->proxy->pool, &body);
    struct answer answer = {.writer = &writer, .proxy = request->proxy, .status = 200};
    page->serve(&answer);
    head.status = answer.status;
    bool whole = px_writer_fini(&writer);
    if (whole && mc_ok(mc_headers_add_known(&head.headers, request->arena, MC_HEADER_CONTENT_TYPE, mc_str_c(page->type)))) {
        px_request_answer(request, &head, &body);
        return;
    }
    mc_slices_fini(&body);
    px_request_reply(request, 503, MC_FLAG(LR), MC_STR(""));
}

static enum px_verdict on_request(struct px_request *request)
{
    struct mc_str query, path = mc_head_path(&request->head, &query);
    const struct page *page = page_at(path, query);
    bool reads = request->head.method == MC_METHOD_GET || request->head.method == MC_METHOD_HEAD;
    if (!page) px_request_reply(request, 404, 0, MC_STR("no such page; / lists them\n"));
    else if (!reads) px_request_reply(request, 405, 0, MC_STR("only GET\n"));
    else serve(request, page);
    return PX_ANSWERED;
}

const struct px_filter px_admin_filter = {.name = "squall.filters.http.admin", .request = on_request};

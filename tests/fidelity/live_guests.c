#include "fidelity/live.h"
#include "base/assert.h"
#include "base/rand.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static mc_ns drawn(const struct play *play, bool is_drawn, mc_ns mean, enum mc_purpose purpose, uint64_t entity, uint64_t ordinal)
{
    if (!is_drawn) return mean;
    double share = ((double)(mc_draw(play->seed, purpose, entity, ordinal) >> 11) + 0.5) / 9007199254740992.0;
    return (mc_ns)(-log(share) * (double)mean);
}

static void send_text(struct mc_realm *realm, struct mc_outbox *out, mc_stream stream, const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    struct mc_chunk *chunk = mc_chunk_take(&realm->pool, length);
    mc_assert(chunk);
    memcpy(chunk->bytes, text, length);
    chunk->used = length;
    struct mc_action *action = mc_outbox_add(out, MC_ACTION_SEND);
    action->stream = stream;
    action->slice = mc_slice_of(chunk);
}

/* Keeps the bytes, and grants as many again. */
static void hear(struct talk *talk, const struct mc_event *event, struct mc_outbox *out)
{
    struct mc_action *action = mc_outbox_add(out, MC_ACTION_CREDIT);
    uint32_t length = event->data.length;
    action->stream = event->stream;
    action->bytes = length;
    mc_assert(talk->used + length < sizeof talk->text);
    memcpy(talk->text + talk->used, event->data.chunk->bytes + event->data.offset, length);
    talk->used += length;
    talk->text[talk->used] = 0;
    mc_slice_unref(event->data);
}

static struct talk *talk_of(struct talk *talks, uint32_t count, mc_stream id)
{
    for (uint32_t i = 0; i < count; i++)
        if (talks[i].id == id) return &talks[i];
    return NULL;
}

static struct talk *talk_new(struct talk *talks, uint32_t *count, mc_stream id)
{
    struct talk *talk = talk_of(talks, *count, 0);
    mc_assert(talk || *count < LIVE_STREAMS);
    if (!talk) talk = &talks[(*count)++];
    *talk = (struct talk){.id = id};
    return talk;
}

/* ---- the client ---- */

static void ask(struct client *client, struct talk *talk, struct mc_outbox *out)
{
    char text[128];
    snprintf(text, sizeof text, "GET /%u HTTP/1.1\r\nHost: a\r\n\r\n", talk->request);
    talk->used = 0;
    send_text(client->realm, out, talk->id, text);
}

static struct talk *idle_talk(struct client *client)
{
    for (uint32_t i = 0; i < client->talk_count; i++)
        if (client->talks[i].id && client->talks[i].open && !client->talks[i].busy) return &client->talks[i];
    return NULL;
}

static void arrive(struct client *client, mc_ns now, struct mc_outbox *out)
{
    struct talk *talk = idle_talk(client);
    uint32_t request = client->begun++;
    if (!talk) {
        talk = talk_new(client->talks, &client->talk_count, MC_STREAM_GUEST_BIT | ++client->last_stream);
        struct mc_action *action = mc_outbox_add(out, MC_ACTION_OPEN);
        action->stream = talk->id;
        action->addr = client->proxy;
    }
    talk->busy = true;
    talk->request = request;
    client->sent[request] = now;
    if (talk->open) ask(client, talk, out);
    client->next += drawn(client->play, client->play->arrivals_drawn, client->play->every, MC_FOR_ARRIVAL, 1, request);
}

static void answered(struct client *client, struct talk *talk, uint16_t status, mc_ns now)
{
    struct record *record = client->record;
    record->latency[talk->request] = now - client->sent[talk->request];
    record->status[talk->request] = status;
    record->answered++;
    talk->busy = false;
}

static bool is_whole(const struct talk *talk)
{
    const char *end = strstr(talk->text, "\r\n\r\n"), *length = strcasestr(talk->text, "\r\ncontent-length: ");
    if (!end) return false;
    uint32_t head = (uint32_t)(end - talk->text) + 4, body = length && length < end ? (uint32_t)atoi(length + 18) : 0;
    return talk->used >= head + body;
}

static void client_heard(struct client *client, struct talk *talk, const struct mc_event *event, struct mc_outbox *out)
{
    if (event->kind == MC_EVENT_OPENED) {
        talk->open = true;
        ask(client, talk, out);
    } else if (event->kind == MC_EVENT_DATA) {
        hear(talk, event, out);
        if (talk->busy && is_whole(talk)) answered(client, talk, (uint16_t)atoi(talk->text + 9), event->now);
    } else if (event->kind == MC_EVENT_END) {
        mc_outbox_add(out, MC_ACTION_FINISH)->stream = event->stream;
    } else if (event->kind == MC_EVENT_CLOSED || event->kind == MC_EVENT_RESET || event->kind == MC_EVENT_OPEN_FAILED) {
        if (talk->busy) answered(client, talk, 0, event->now);
        talk->id = 0;
    }
}

static void client_step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct client *client = self;
    struct talk *talk = event->stream ? talk_of(client->talks, client->talk_count, event->stream) : NULL;
    if (event->kind == MC_EVENT_START) {
        client->next = event->now + 200 * MC_MS;
        client->limit = event->now + 300 * MC_S;
    }
    while (event->kind == MC_EVENT_WAKE && client->begun < client->play->requests && client->next <= event->now) arrive(client, event->now, out);
    if (talk) client_heard(client, talk, event, out);
    if (client->gone || (client->record->answered < client->play->requests && event->now < client->limit)) return;
    client->gone = true;
    mc_outbox_add(out, MC_ACTION_EXIT);
}

static mc_ns client_deadline(const void *self)
{
    const struct client *client = self;
    return client->begun < client->play->requests ? client->next : client->limit;
}

/* ---- a server ---- */

static void take_on(struct server *server, struct talk *talk, mc_ns now)
{
    const struct play *play = server->play;
    const char *slash = strchr(talk->text, '/');
    uint32_t request = slash ? (uint32_t)atoi(slash + 1) : 0;
    mc_assert(request < LIVE_REQUESTS && server->count < LIVE_REQUESTS);
    uint32_t visit = __atomic_fetch_add(&server->record->visits[request], 1, __ATOMIC_RELAXED);
    if (!visit) server->record->first_server[request] = (uint8_t)(server->number + 1);
    server->record->attempts[server->number]++;
    mc_ns service = drawn(play, play->service_drawn, play->service, MC_FOR_SERVICE, request, visit);
    server->free_at = mc_ns_max(now, server->free_at) + service;
    server->jobs[(server->first + server->count++) % LIVE_REQUESTS] =
        (struct job){.done = server->free_at, .stream = talk->id, .request = request, .visit = visit};
    talk->used = 0;
}

static void finish_due(struct server *server, mc_ns now, struct mc_outbox *out)
{
    const struct play *play = server->play;
    while (server->count && server->jobs[server->first].done <= now) {
        const struct job *job = &server->jobs[server->first];
        bool fails = mc_chance(mc_draw(play->seed, MC_FOR_FAULT_FILTER, job->request, job->visit), play->fails_ppm, 1000000);
        if (talk_of(server->talks, server->talk_count, job->stream))
            send_text(server->realm, out, job->stream,
                      fails ? "HTTP/1.1 503 Told\r\nContent-Length: 2\r\n\r\nx\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx\n");
        out->work[MC_WORK_APP_NS] += (uint64_t)server->price;
        server->first = (server->first + 1) % LIVE_REQUESTS;
        server->count--;
    }
}

static void server_step(void *self, const struct mc_event *event, struct mc_outbox *out)
{
    struct server *server = self;
    struct talk *talk = event->stream ? talk_of(server->talks, server->talk_count, event->stream) : NULL;
    if (event->kind == MC_EVENT_START) {
        struct mc_action *action = mc_outbox_add(out, MC_ACTION_LISTEN);
        action->id = 1;
        action->addr = server->addr;
    } else if (event->kind == MC_EVENT_STOP) {
        mc_outbox_add(out, MC_ACTION_EXIT);
    } else if (event->kind == MC_EVENT_ACCEPTED) {
        talk_new(server->talks, &server->talk_count, event->stream)->open = true;
    } else if (talk && event->kind == MC_EVENT_DATA) {
        hear(talk, event, out);
        if (strstr(talk->text, "\r\n\r\n")) take_on(server, talk, event->now);
    } else if (talk && event->kind == MC_EVENT_END) {
        mc_outbox_add(out, MC_ACTION_FINISH)->stream = event->stream;
    } else if (talk && (event->kind == MC_EVENT_CLOSED || event->kind == MC_EVENT_RESET)) {
        talk->id = 0;
    }
    finish_due(server, event->now, out);
}

static mc_ns server_deadline(const void *self)
{
    const struct server *server = self;
    return server->count ? server->jobs[server->first].done : MC_NEVER;
}

static const struct mc_guest_type client_type = {.name = "client", .step = client_step, .deadline = client_deadline};
static const struct mc_guest_type server_type = {.name = "server", .step = server_step, .deadline = server_deadline};

struct mc_guest live_client(struct client *client)
{
    return (struct mc_guest){&client_type, client};
}

struct mc_guest live_server(struct server *server)
{
    return (struct mc_guest){&server_type, server};
}

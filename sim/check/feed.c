#include "sim/check/check_parts.h"

/* Every word of plan and scripts that is looked up by name goes through service and version. */

bool sim_check_grow(struct sim_check *check, void *array, uint32_t used, uint32_t *capacity, size_t size)
{
    void **list = array;
    if (used < *capacity) return true;
    uint32_t larger = *capacity ? *capacity * 2 : 16;
    void *fresh = mc_alloc_take(&check->alloc, larger * size);
    if (!fresh) {
        check->refused = true;
        return false;
    }
    if (used) memcpy(fresh, *list, used * size);
    mc_alloc_give(&check->alloc, *list, *capacity * size);
    *list = fresh;
    *capacity = larger;
    return true;
}

static mc_ns edge_after(const struct sim_check *check, mc_ns instant)
{
    mc_ns next = MC_NEVER;
    for (uint32_t i = 0; i < check->phase_count; i++) {
        const struct sim_phase *phase = &check->phases[i];
        if (phase->from > instant) next = mc_ns_min(next, phase->from);
        if (phase->to > instant) next = mc_ns_min(next, phase->to);
    }
    return next;
}

static void cut(struct sim_check *check, mc_ns at, bool hard)
{
    sim_cells_cut(&check->calls, at, hard);
    sim_cells_cut(&check->arrivals, at, hard);
}

/* Time is NOW at least; phases that begin or end on the way cut the counts. */
static void move_on(struct sim_check *check, mc_ns now)
{
    check->now = mc_ns_max(check->now, now);
    while (check->next_edge <= check->now) {
        cut(check, check->next_edge, true);
        check->next_edge = edge_after(check, check->next_edge);
    }
}

void sim_check_at(struct sim_check *check, mc_ns now)
{
    move_on(check, now);
}

/* ---- who ---- */

static uint32_t add_workload(struct sim_check *check, struct sim_workload workload)
{
    if (!sim_check_grow(check, &check->workloads, check->workload_count, &check->workload_capacity, sizeof *check->workloads))
        return UINT32_MAX;
    check->workloads[check->workload_count] = workload;
    return check->workload_count++;
}

/* "a", or "a,b"; the first zone if the version names none. */
static struct mc_str zones_of(struct sim_check *check, const struct sim_version *version)
{
    const struct sim_topology *topology = &check->plan->topology;
    if (!version->zone_count) return topology->zone_count ? topology->zones[0] : MC_STR("a");
    if (version->zone_count == 1) return version->zones[0];
    size_t n = 0;
    for (uint32_t i = 0; i < version->zone_count; i++) n += version->zones[i].n + 1;
    char *text = mc_arena_take(&check->arena, n);
    if (!text) return version->zones[0];
    n = 0;
    for (uint32_t i = 0; i < version->zone_count; i++) {
        if (i) text[n++] = ',';
        memcpy(text + n, version->zones[i].p, version->zones[i].n);
        n += version->zones[i].n;
    }
    return mc_str(text, n);
}

static bool add_services(struct sim_check *check)
{
    const struct sim_topology *topology = &check->plan->topology;
    check->first_of = mc_alloc_take(&check->alloc, topology->service_count * sizeof *check->first_of + 1);
    if (!check->first_of) return false;
    for (uint32_t s = 0; s < topology->service_count; s++) {
        const struct sim_service *service = &topology->services[s];
        check->first_of[s] = add_workload(check, (struct sim_workload){.service = service->name, .number = s});
        for (uint32_t v = 0; v < service->version_count; v++) {
            const struct sim_version *version = &service->versions[v];
            add_workload(check, (struct sim_workload){
                                    .service = service->name, .version = version->name, .zone = zones_of(check, version), .number = s});
        }
    }
    return !check->refused;
}

struct sim_check *sim_check_new(const struct sim_plan *plan, mc_ns epoch, struct mc_alloc alloc)
{
    struct sim_check *check = mc_alloc_take(&alloc, sizeof *check);
    if (!check) return NULL;
    memset(check, 0, sizeof *check);
    mc_pool_init(&check->pool, alloc);
    mc_arena_init(&check->arena, &check->pool, 0);
    check->alloc = mc_pool_as_alloc(&check->pool);
    check->plan = plan;
    check->epoch = epoch;
    check->next_edge = MC_NEVER;
    mc_map_init(&check->connections, check->alloc);
    sim_cells_init(&check->calls, check->alloc);
    sim_cells_init(&check->arrivals, check->alloc);
    if (add_services(check) && !check->calls.refused && !check->arrivals.refused) return check;
    sim_check_free(check);
    return NULL;
}

#define GIVE(check, list, count) mc_alloc_give(&(check)->alloc, (check)->list, (count) * sizeof *(check)->list)

static void free_events(struct sim_check *check)
{
    for (uint32_t i = 0; i < check->event_count; i++) {
        struct sim_happening *event = &check->events[i];
        mc_alloc_give(&check->alloc, (void *)(uintptr_t)event->subject.p, event->subject.n + event->message.n + 1);
    }
    GIVE(check, events, check->event_capacity);
}

/* Small blocks go with the pool's slabs; large ones do not. */
void sim_check_free(struct sim_check *check)
{
    if (!check) return;
    struct mc_alloc alloc = check->pool.alloc;
    sim_cells_fini(&check->calls);
    sim_cells_fini(&check->arrivals);
    free_events(check);
    mc_map_fini(&check->connections);
    GIVE(check, workloads, check->workload_capacity);
    GIVE(check, containers, check->container_capacity);
    if (check->first_of) mc_alloc_give(&check->alloc, check->first_of, check->plan->topology.service_count * sizeof *check->first_of + 1);
    GIVE(check, connections_to, check->connections_to_count);
    GIVE(check, paths, check->path_capacity);
    GIVE(check, phases, check->phase_capacity);
    GIVE(check, certs, check->cert_capacity);
    GIVE(check, records, check->record_capacity);
    GIVE(check, marks, check->mark_capacity);
    mc_arena_fini(&check->arena);
    mc_pool_fini(&check->pool);
    mc_alloc_give(&alloc, check, sizeof *check);
}

uint32_t sim_check_workload(const struct sim_check *check, uint32_t service, uint32_t version)
{
    mc_assert(service < check->plan->topology.service_count);
    return check->first_of[service] + (version == UINT32_MAX ? 0 : 1 + version);
}

uint32_t sim_check_add_load(struct sim_check *check, struct mc_str name)
{
    return add_workload(check, (struct sim_workload){.service = name, .number = UINT32_MAX, .is_load = true});
}

uint32_t sim_check_workload_count(const struct sim_check *check)
{
    return check->workload_count;
}

const struct sim_workload *sim_check_workload_at(const struct sim_check *check, uint32_t workload)
{
    mc_assert(workload < check->workload_count);
    return &check->workloads[workload];
}

/* ---- requests ---- */

uint16_t sim_check_path(struct sim_check *check, struct mc_str text)
{
    for (uint32_t i = 0; i < check->path_count; i++)
        if (mc_str_eq(check->paths[i], text)) return (uint16_t)i;
    if (check->path_count == SIM_PATHS_MAX) return SIM_PATHS_MAX - 1;
    struct mc_str copy = mc_arena_copy(&check->arena, check->path_count == SIM_PATHS_MAX - 1 ? MC_STR("(others)") : text);
    if (!copy.p || !sim_check_grow(check, &check->paths, check->path_count, &check->path_capacity, sizeof *check->paths)) {
        check->refused = true;
        return 0;
    }
    check->paths[check->path_count] = copy;
    return (uint16_t)check->path_count++;
}

static void saw(struct sim_check *check, struct sim_cells *cells, mc_ns now, const struct sim_seen *seen)
{
    struct sim_kind kind = {.src = seen->src, .dst = seen->dst, .flags = seen->flags, .path = seen->path, .code = seen->code};
    move_on(check, now);
    sim_cells_add(cells, now, &kind, seen->duration);
}

void sim_check_call(struct sim_check *check, mc_ns now, const struct sim_seen *call)
{
    saw(check, &check->calls, now, call);
}

void sim_check_arrival(struct sim_check *check, mc_ns now, const struct sim_seen *arrival)
{
    saw(check, &check->arrivals, now, arrival);
}

void sim_check_cut(struct sim_check *check, mc_ns now, bool hard)
{
    move_on(check, now);
    cut(check, now, hard);
}

bool sim_check_phase(struct sim_check *check, struct mc_str name, mc_ns from, mc_ns to)
{
    struct mc_str copy = mc_arena_copy(&check->arena, name);
    if (!copy.p || !sim_check_grow(check, &check->phases, check->phase_count, &check->phase_capacity, sizeof *check->phases))
        return false;
    check->phases[check->phase_count++] = (struct sim_phase){.name = copy, .from = from, .to = to};
    if (from == check->now) cut(check, from, true);
    check->next_edge = edge_after(check, check->now);
    return true;
}

struct mc_str sim_check_phase_at(const struct sim_check *check, mc_ns instant)
{
    const struct sim_phase *latest = NULL;
    for (uint32_t i = 0; i < check->phase_count; i++) {
        const struct sim_phase *phase = &check->phases[i];
        if (phase->from <= instant && instant < phase->to && (!latest || phase->from >= latest->from)) latest = phase;
    }
    return latest ? latest->name : MC_STR("");
}

/* ---- connections ---- */

static uint32_t *connections_to(struct sim_check *check, uint32_t dst)
{
    if (!check->connections_to) {
        check->connections_to = mc_alloc_take(&check->alloc, check->workload_count * sizeof *check->connections_to);
        if (!check->connections_to) return NULL;
        check->connections_to_count = check->workload_count;
        memset(check->connections_to, 0, check->workload_count * sizeof *check->connections_to);
    }
    mc_assert(!check->workloads[dst].is_load);
    return &check->connections_to[dst];
}

void sim_check_opened(struct sim_check *check, mc_ns now, uint64_t key, uint32_t src, uint32_t dst)
{
    struct sim_connection *connection = mc_pool_take(&check->pool, sizeof *connection);
    uint32_t *to = connections_to(check, dst);
    sim_check_closed(check, now, key); /* one that was never told closed */
    if (!connection || !to || !mc_map_put(&check->connections, key, connection)) {
        mc_pool_give(&check->pool, connection, sizeof *connection);
        check->refused = true;
        return;
    }
    *connection = (struct sim_connection){.src = src, .dst = dst, .opened = now};
    ++*to;
    sim_check_mark(check, now, SIM_MARK_CONNECTION, 0, src, dst);
}

void sim_check_closed(struct sim_check *check, mc_ns now, uint64_t key)
{
    struct sim_connection *connection = mc_map_remove(&check->connections, key);
    move_on(check, now);
    if (!connection) return;
    check->connections_to[connection->dst]--;
    mc_pool_give(&check->pool, connection, sizeof *connection);
}

uint32_t sim_check_open_connections(const struct sim_check *check, uint32_t dst)
{
    if (!check->connections_to || check->workloads[dst].is_load) return 0;
    return check->connections_to[dst];
}

/* ---- certificates ---- */

static struct sim_pod_cert *cert_of(struct sim_check *check, uint32_t pod)
{
    while (check->cert_count <= pod) {
        if (!sim_check_grow(check, &check->certs, check->cert_count, &check->cert_capacity, sizeof *check->certs)) return NULL;
        check->certs[check->cert_count++] = (struct sim_pod_cert){.alive = true};
    }
    return &check->certs[pod];
}

mc_ns sim_check_healing(const struct sim_check *check, const struct sim_pod_cert *cert)
{
    mc_ns ran_out = cert->not_after - check->epoch;
    if (!cert->alive || !cert->serial || ran_out >= check->now || check->ca_down) return -1;
    return check->now - mc_ns_max(ran_out, check->ca_back);
}

void sim_check_ca(struct sim_check *check, mc_ns now, bool up)
{
    move_on(check, now);
    if (up && check->ca_down) check->ca_back = now;
    check->ca_down = !up;
}

void sim_check_record(struct sim_check *check, struct mc_str metric, struct mc_str tag, int64_t value, struct mc_str unit)
{
    struct sim_record record = {.metric = mc_arena_copy(&check->arena, metric),
                                .tag = mc_arena_copy(&check->arena, tag),
                                .unit = mc_arena_copy(&check->arena, unit),
                                .value = value};
    bool kept = record.metric.p && record.tag.p && record.unit.p;
    if (!kept || !sim_check_grow(check, &check->records, check->record_count, &check->record_capacity, sizeof record)) {
        check->refused = true;
        return;
    }
    check->records[check->record_count++] = record;
}

void sim_check_cert(struct sim_check *check, uint32_t pod, uint64_t serial, mc_ns not_before, mc_ns not_after)
{
    struct sim_pod_cert *cert = cert_of(check, pod);
    if (!cert) return;
    mc_ns healing = sim_check_healing(check, cert);
    if (healing >= 0) sim_check_record(check, MC_STR("cert_heal_time"), MC_STR(""), healing, MC_STR("ns"));
    cert->serial = serial;
    cert->not_before = not_before;
    cert->not_after = not_after;
}

void sim_check_pod(struct sim_check *check, uint32_t pod, bool alive)
{
    struct sim_pod_cert *cert = cert_of(check, pod);
    if (!cert) return;
    cert->alive = alive;
    if (!alive) cert->serial = 0; /* a new process asks for one of its own */
}

/* ---- counted things and events ---- */

static void add_mark(struct sim_check *check, const struct sim_mark *mark)
{
    move_on(check, mark->at);
    if (check->mark_count == SIM_MARKS_MAX) {
        check->marks[check->mark_first] = *mark;
        check->mark_first = (check->mark_first + 1) % SIM_MARKS_MAX;
        return;
    }
    if (sim_check_grow(check, &check->marks, check->mark_count, &check->mark_capacity, sizeof *mark))
        check->marks[check->mark_count++] = *mark;
}

void sim_check_mark(struct sim_check *check, mc_ns now, enum sim_mark_kind kind, uint32_t result, uint32_t src, uint32_t dst)
{
    add_mark(check, &(struct sim_mark){.at = now, .src = src, .dst = dst, .result = (uint16_t)result, .kind = (uint8_t)kind});
}

void sim_check_abandoned(struct sim_check *check, mc_ns now, uint32_t dst, mc_ns cpu)
{
    mc_ns micros = mc_ns_min(cpu / MC_US, UINT32_MAX);
    add_mark(check, &(struct sim_mark){.at = now, .src = UINT32_MAX, .dst = dst, .amount = (uint32_t)micros, .kind = SIM_MARK_ABANDONED});
}

void sim_check_handshake_names(struct sim_check *check, const char *const *names, uint32_t count)
{
    check->handshakes = names;
    check->handshake_count = count;
}

static struct sim_happening *next_event(struct sim_check *check)
{
    if (check->event_count < SIM_EVENTS_KEPT) {
        if (!sim_check_grow(check, &check->events, check->event_count, &check->event_capacity, sizeof *check->events)) return NULL;
        return &check->events[check->event_count++];
    }
    struct sim_happening *oldest = &check->events[check->event_first];
    check->event_first = (check->event_first + 1) % SIM_EVENTS_KEPT;
    mc_alloc_give(&check->alloc, (void *)(uintptr_t)oldest->subject.p, oldest->subject.n + oldest->message.n + 1);
    return oldest;
}

static bool repeats(const struct sim_check *check, const struct sim_sink_event *event)
{
    const struct sim_happening *last = sim_check_event_back(check, 0);
    return last && !strcmp(last->kind, event->kind) && mc_str_eq(last->subject, event->subject) &&
           mc_str_eq(last->message, event->message) && event->at - last->at < MC_S;
}

void sim_check_event(struct sim_check *check, const struct sim_sink_event *event)
{
    move_on(check, event->at);
    if (repeats(check, event)) {
        uint32_t last = (check->event_first + check->event_count - 1) % check->event_count;
        check->events[last].times++;
        return;
    }
    char *text = mc_alloc_take(&check->alloc, event->subject.n + event->message.n + 1);
    struct sim_happening *happening = text ? next_event(check) : NULL;
    if (!happening) {
        mc_alloc_give(&check->alloc, text, event->subject.n + event->message.n + 1);
        check->refused = true;
        return;
    }
    if (event->subject.n) memcpy(text, event->subject.p, event->subject.n);
    if (event->message.n) memcpy(text + event->subject.n, event->message.p, event->message.n);
    *happening = (struct sim_happening){.at = event->at,
                                        .kind = event->kind,
                                        .severity = event->severity,
                                        .subject = mc_str(text, event->subject.n),
                                        .message = mc_str(text + event->subject.n, event->message.n),
                                        .times = 1};
}

const struct sim_happening *sim_check_event_back(const struct sim_check *check, uint32_t index)
{
    if (index >= check->event_count) return NULL;
    return &check->events[(check->event_first + check->event_count - 1 - index) % check->event_count];
}

bool sim_check_refused(const struct sim_check *check)
{
    return check->refused || check->calls.refused || check->arrivals.refused;
}

#include "sim/check/picture.h"
#include "sim/check/check_parts.h"
#include "sim/check/flags.h"
#include "sim/plan/units.h"
#include <stdio.h>

#define RECENT (10 * MC_S)

/* ---- life ---- */

void sim_picture_init(struct sim_picture *picture, struct sim_check *check, mc_ns duration)
{
    memset(picture, 0, sizeof *picture);
    picture->check = check;
    picture->duration = mc_ns_max(duration, 1);
}

void sim_picture_fini(struct sim_picture *picture)
{
    const struct mc_alloc *alloc = &picture->check->alloc;
    for (uint32_t i = 0; i < SIM_FRAME_COLUMNS; i++) mc_hist_clear(&picture->columns[i].duration, alloc);
    for (uint32_t i = 0; i < picture->usual_count; i++) mc_hist_clear(&picture->usual[i], alloc);
    mc_alloc_give(alloc, picture->usual, picture->usual_count * sizeof *picture->usual);
}

uint32_t sim_picture_column_at(mc_ns instant, mc_ns duration)
{
    uint64_t column = (uint64_t)((unsigned __int128)(uint64_t)mc_ns_max(instant, 0) * SIM_FRAME_COLUMNS / (uint64_t)mc_ns_max(duration, 1));
    return column < SIM_FRAME_COLUMNS ? (uint32_t)column : SIM_FRAME_COLUMNS - 1;
}

uint32_t sim_picture_row(const struct sim_check *check, uint32_t workload)
{
    const struct sim_workload *who = &check->workloads[workload];
    if (!who->is_load && !who->version.n && check->first_of[who->number] == workload) return UINT32_MAX;
    /* Every service before it has one workload without a row. */
    uint32_t services = who->is_load ? check->plan->topology.service_count : who->number + 1;
    uint32_t row = workload - services;
    return row < SIM_FRAME_SERVICES ? row : UINT32_MAX;
}

/* ---- what is over, once ---- */

static bool make_room(struct sim_picture *picture)
{
    struct sim_check *check = picture->check;
    if (picture->usual_count == check->workload_count) return true;
    struct mc_hist *usual = mc_alloc_take(&check->alloc, check->workload_count * sizeof *usual);
    if (!usual) return false;
    memset(usual, 0, check->workload_count * sizeof *usual);
    if (picture->usual_count) memcpy(usual, picture->usual, picture->usual_count * sizeof *usual);
    mc_alloc_give(&check->alloc, picture->usual, picture->usual_count * sizeof *usual);
    picture->usual = usual;
    picture->usual_count = check->workload_count;
    return true;
}

static bool is_failure(const struct sim_kind *kind)
{
    return !kind->code || kind->code >= 500;
}

static void add_column(struct sim_picture *picture, struct sim_picture_column *column, const struct sim_slice *slice)
{
    const struct sim_check *check = picture->check;
    for (uint32_t i = 0; i < slice->count; i++) {
        const struct sim_kind *kind = &check->calls.kinds[slice->cells[i].kind];
        struct sim_tally tally = {.alloc = &check->alloc, .duration = column->duration};
        if (!check->workloads[kind->src].is_load) continue;
        if (!sim_cell_into(&slice->cells[i], &tally)) picture->refused = true;
        column->duration = tally.duration;
        column->count += slice->cells[i].count;
        if (is_failure(kind)) column->failed += slice->cells[i].count;
    }
}

/* A slice counts where it begins; columns shorter than a slice all show it. */
static void add_columns(struct sim_picture *picture, const struct sim_slice *slice)
{
    uint32_t first = sim_picture_column_at(slice->from, picture->duration), last = first;
    if (picture->duration < SIM_FRAME_COLUMNS * SIM_CELLS_WIDTH) last = sim_picture_column_at(slice->to - 1, picture->duration);
    for (uint32_t i = first; i <= last; i++) add_column(picture, &picture->columns[i], slice);
}

/* The p99 of each workload in one slice is one value of what is usual for it. */
static void add_usual(struct sim_picture *picture, const struct sim_slice *slice)
{
    struct sim_check *check = picture->check;
    for (uint32_t i = 0; i < slice->count; i++) {
        uint32_t dst = check->arrivals.kinds[slice->cells[i].kind].dst;
        struct sim_tally tally = {.alloc = &check->alloc};
        if (!sim_cell_into(&slice->cells[i], &tally) ||
            !mc_hist_add(&picture->usual[dst], &check->alloc, mc_hist_quantile(&tally.duration, 990000)))
            picture->refused = true;
        sim_tally_fini(&tally);
    }
}

/* Slices that have ended by NOW and were not counted yet. */
static void count_ended(struct sim_picture *picture, const struct sim_cells *cells, mc_ns now, bool calls)
{
    for (uint32_t at = sim_cells_slice_at(cells, picture->counted); at < cells->slice_count; at++) {
        const struct sim_slice *slice = &cells->slices[at];
        if (slice->to > now) break;
        if (slice->to <= picture->counted) continue;
        if (calls) add_columns(picture, slice);
        else add_usual(picture, slice);
    }
}

static void keep_up(struct sim_picture *picture, mc_ns now)
{
    mc_ns whole = now / SIM_CELLS_WIDTH * SIM_CELLS_WIDTH; /* slices never reach over a second's end */
    if (whole <= picture->counted) return;
    count_ended(picture, &picture->check->calls, whole, true);
    count_ended(picture, &picture->check->arrivals, whole, false);
    picture->counted = whole;
}

/* ---- the table ---- */

struct row {
    uint64_t calls, answered, failed; /* by callers; answered: with a version known */
    uint64_t arrivals, errors;
    uint32_t seconds[SIM_FRAME_SPARK];
    struct mc_hist duration;
};

struct table {
    struct sim_picture *picture;
    struct row *rows; /* per workload */
    mc_ns now;
};

static void spark(const struct table *table, struct row *row, mc_ns at, uint32_t count)
{
    mc_ns back = table->now / MC_S - at / MC_S;
    if (back >= 0 && back < SIM_FRAME_SPARK) row->seconds[SIM_FRAME_SPARK - 1 - back] += count;
}

static void add_duration(const struct table *table, struct row *row, const struct sim_cell *cell)
{
    struct sim_tally tally = {.alloc = &table->picture->check->alloc, .duration = row->duration};
    if (!sim_cell_into(cell, &tally)) table->picture->refused = true;
    row->duration = tally.duration;
}

/* Calls that nobody answered count for every version of the service. */
static void add_call(const struct table *table, const struct sim_slice *slice, const struct sim_cell *cell)
{
    const struct sim_check *check = table->picture->check;
    const struct sim_kind *kind = &check->calls.kinds[cell->kind];
    bool is_load = check->workloads[kind->src].is_load, recent = slice->to > table->now - RECENT;
    struct row *src = &table->rows[kind->src], *dst = &table->rows[kind->dst];
    if (is_load) spark(table, src, slice->from, cell->count);
    if (!recent) return;
    dst->calls += cell->count;
    if (is_failure(kind)) dst->failed += cell->count;
    if (!is_load) return;
    src->arrivals += cell->count;
    src->answered += cell->count;
    if (is_failure(kind)) src->errors += cell->count;
    add_duration(table, src, cell);
}

static void add_arrival(const struct table *table, const struct sim_slice *slice, const struct sim_cell *cell)
{
    const struct sim_kind *kind = &table->picture->check->arrivals.kinds[cell->kind];
    struct row *dst = &table->rows[kind->dst];
    spark(table, dst, slice->from, cell->count);
    if (slice->to <= table->now - RECENT) return;
    dst->arrivals += cell->count;
    if (is_failure(kind)) dst->errors += cell->count;
    add_duration(table, dst, cell);
}

static void walk(const struct table *table, const struct sim_cells *cells, void (*add)(const struct table *, const struct sim_slice *, const struct sim_cell *))
{
    mc_ns since = mc_ns_max(0, table->now - SIM_FRAME_SPARK * MC_S);
    for (uint32_t at = sim_cells_slice_at(cells, since); at < cells->slice_count; at++)
        for (uint32_t i = 0; i < cells->slices[at].count; i++) add(table, &cells->slices[at], &cells->slices[at].cells[i]);
}

/* Loads: what they see. Others: calls to this version and to the service as a whole. */
static uint32_t success_of(const struct table *table, uint32_t workload)
{
    const struct sim_check *check = table->picture->check;
    const struct sim_workload *who = &check->workloads[workload];
    const struct row *row = &table->rows[workload];
    uint64_t calls = row->calls, failed = row->failed;
    if (who->is_load) {
        calls = row->arrivals;
        failed = row->errors;
    } else {
        calls += table->rows[check->first_of[who->number]].calls;
        failed += table->rows[check->first_of[who->number]].failed;
    }
    return calls ? (uint32_t)((calls - failed) * SIM_PPM / calls) : SIM_PPM;
}

static enum sim_health health_of(const struct table *table, const struct sim_frame_service *service, uint32_t workload)
{
    const struct row *row = &table->rows[workload];
    const struct mc_hist *usual = &table->picture->usual[workload];
    if (!row->arrivals && !row->calls && service->success_ppm == SIM_PPM) return SIM_HEALTH_IDLE;
    if (service->success_ppm < 950000) return SIM_HEALTH_FAILING;
    bool slow = usual->count && (uint64_t)service->p99 > 3 * mc_hist_quantile(usual, 500000);
    return service->success_ppm < 999000 || slow ? SIM_HEALTH_DEGRADED : SIM_HEALTH_OK;
}

static void fill_spark(struct sim_frame_service *service, const uint32_t *seconds)
{
    uint32_t most = 1;
    for (uint32_t i = 0; i < SIM_FRAME_SPARK; i++)
        if (seconds[i] > most) most = seconds[i];
    for (uint32_t i = 0; i < SIM_FRAME_SPARK; i++) service->spark[i] = (uint8_t)(((uint64_t)seconds[i] * 8 + most - 1) / most);
}

/* Who connects knows the service that it asks for, not the version that it gets. */
static bool has_siblings(const struct sim_check *check, const struct sim_workload *who)
{
    uint32_t versions = 0;
    for (uint32_t i = 0; i < check->workload_count; i++)
        versions += check->workloads[i].version.n && mc_str_eq(check->workloads[i].service, who->service);
    return who->version.n && versions > 1;
}

static void fill_service(const struct table *table, uint32_t workload, struct sim_frame_service *service)
{
    const struct sim_check *check = table->picture->check;
    const struct sim_workload *who = &check->workloads[workload];
    const struct row *row = &table->rows[workload];
    uint64_t covered = (uint64_t)mc_ns_min(RECENT, mc_ns_max(table->now, MC_S));
    snprintf(service->name, sizeof service->name, "%.*s%s%.*s", MC_STR_ARG(who->service), who->version.n ? "/" : "", MC_STR_ARG(who->version));
    service->rps_milli = (uint64_t)((unsigned __int128)row->arrivals * 1000 * MC_S / covered);
    service->errors_milli = (uint64_t)((unsigned __int128)row->errors * 1000 * MC_S / covered);
    service->p50 = (mc_ns)mc_hist_quantile(&row->duration, 500000);
    service->p99 = (mc_ns)mc_hist_quantile(&row->duration, 990000);
    service->success_ppm = success_of(table, workload);
    uint64_t logical = who->is_load ? row->answered : row->calls;
    service->retry_permille = logical ? (uint32_t)(row->arrivals * 1000 / logical) : 1000;
    service->connections = who->is_load || has_siblings(check, who) ? SIM_FRAME_UNKNOWN : sim_check_open_connections(check, workload);
    fill_spark(service, row->seconds);
    service->health = health_of(table, service, workload);
}

static void fill_services(struct sim_picture *picture, struct sim_frame *frame, mc_ns now)
{
    struct sim_check *check = picture->check;
    struct table table = {.picture = picture, .now = now};
    size_t size = check->workload_count * sizeof *table.rows;
    table.rows = mc_alloc_take(&check->alloc, size);
    if (!table.rows || !make_room(picture)) {
        picture->refused = true;
        mc_alloc_give(&check->alloc, table.rows, size);
        return;
    }
    memset(table.rows, 0, size);
    keep_up(picture, now);
    walk(&table, &check->calls, add_call);
    walk(&table, &check->arrivals, add_arrival);
    for (uint32_t i = 0; i < check->workload_count; i++) {
        uint32_t row = sim_picture_row(check, i);
        bool whole = !check->workloads[i].is_load && i == check->first_of[check->workloads[i].number];
        if (row != UINT32_MAX) fill_service(&table, i, &frame->services[frame->service_count++]);
        else frame->services_left_out += !whole;
        mc_hist_clear(&table.rows[i].duration, &check->alloc);
    }
    mc_alloc_give(&check->alloc, table.rows, size);
}

/* ---- events, phase, certificates ---- */

/* What the screen calls the kinds of events. */
static const struct {
    const char *kind, *name;
} event_names[] = {
    {"fault.start", "FAULT"}, {"fault.end", "FAULT"}, {"phase", "PHASE"}, {"rollout", "CANARY"}, {"cert", "CERT"},
    {"push", "PUSH"},         {"pod", "POD"},         {"note", "NOTE"},   {"log", "LOG"},        {"check", "CHECK"},
    {"load", "LOAD"},         {"control", "CONTROL"}, {"abort", "ABORT"},
};

enum { KIND_ROOM = 9 }; /* columns that a screen has for it */

static void fill_event(struct sim_frame_event *out, const struct sim_happening *event)
{
    const char *name = event->kind;
    struct mc_str subject = event->subject;
    for (size_t i = 0; i < MC_COUNT_OF(event_names); i++)
        if (!strcmp(event->kind, event_names[i].kind)) name = event_names[i].name;
    out->at = event->at;
    out->severity = (uint8_t)event->severity;
    out->times = event->times;
    snprintf(out->kind, sizeof out->kind, "%.15s", name);
    if (!strcmp(event->kind, "errors")) { /* the subject says which: "503 UF", or 503 with what it has no room for */
        struct mc_str rest = MC_STR(""), first = subject.n > KIND_ROOM ? mc_str_cut(subject, ' ', &rest) : subject;
        snprintf(out->kind, sizeof out->kind, "%.*s", (int)(first.n < 15 ? first.n : 15), first.p);
        subject = rest;
    }
    const char *between = !strcmp(event->kind, "check") ? ": " : " ";
    snprintf(out->text, sizeof out->text, "%.*s%s%.*s", MC_STR_ARG(subject), subject.n && event->message.n ? between : "",
             MC_STR_ARG(event->message));
}

static void fill_events(const struct sim_check *check, struct sim_frame *frame)
{
    uint32_t count = check->event_count < SIM_FRAME_EVENTS ? check->event_count : SIM_FRAME_EVENTS;
    for (uint32_t i = 0; i < count; i++) fill_event(&frame->recent[i], sim_check_event_back(check, count - 1 - i));
    frame->event_count = count;
}

static void fill_certs(struct sim_check *check, struct sim_frame *frame)
{
    frame->certs_valid = (uint32_t)sim_count(check, SIM_COUNT_CERTS, &(struct sim_query){.state = MC_STR("valid")});
    frame->certs_expired = (uint32_t)sim_count(check, SIM_COUNT_CERTS, &(struct sim_query){.state = MC_STR("expired")});
}

/* ---- lanes ---- */

static struct sim_frame_lane *add_lane(struct sim_frame *frame, const char *name, enum sim_lane_kind kind)
{
    if (frame->lane_count == SIM_FRAME_LANES) return NULL;
    struct sim_frame_lane *lane = &frame->lanes[frame->lane_count++];
    memset(lane, 0, sizeof *lane);
    memset(lane->cells, UINT8_MAX, sizeof lane->cells);
    snprintf(lane->name, sizeof lane->name, "%s", name);
    lane->kind = kind;
    return lane;
}

/* 100 % is 8, 95 % and less 0. */
static void fill_success(const struct sim_picture *picture, struct sim_frame *frame)
{
    struct sim_frame_lane *lane = add_lane(frame, "success", SIM_LANE_SUCCESS);
    if (!lane) return;
    snprintf(lane->top, sizeof lane->top, "100%%");
    for (uint32_t i = 0; i < SIM_FRAME_COLUMNS; i++) {
        const struct sim_picture_column *column = &picture->columns[i];
        if (!column->count) continue;
        uint64_t lost = (column->failed * SIM_PPM + column->count - 1) / column->count;
        lane->cells[i] = lost >= 50000 ? 8 : (uint8_t)((lost * 8 + 49999) / 50000);
    }
}

static void fill_level(const struct sim_picture *picture, struct sim_frame_lane *lane, const uint64_t values[SIM_FRAME_COLUMNS], uint64_t most)
{
    for (uint32_t i = 0; i < SIM_FRAME_COLUMNS && lane; i++)
        if (picture->columns[i].count) lane->cells[i] = (uint8_t)((values[i] * 8 + most - 1) / (most ? most : 1));
}

/* How much of a column's time is over: a column may be longer than what was counted, or shorter than a second. */
static uint64_t column_time(const struct sim_picture *picture, uint32_t column)
{
    mc_ns width = mc_ns_max(picture->duration / SIM_FRAME_COLUMNS, 1), from = column * width;
    return (uint64_t)mc_ns_max(MC_S, mc_ns_min(width, picture->counted - from));
}

static void fill_lanes(const struct sim_picture *picture, struct sim_frame *frame)
{
    uint64_t rps[SIM_FRAME_COLUMNS], p99[SIM_FRAME_COLUMNS], most_rps = 1, most_p99 = 1;
    char text[SIM_UNITS_TEXT];
    for (uint32_t i = 0; i < SIM_FRAME_COLUMNS; i++) {
        rps[i] = (uint64_t)((unsigned __int128)picture->columns[i].count * MC_S / column_time(picture, i));
        p99[i] = mc_hist_quantile(&picture->columns[i].duration, 990000);
        if (rps[i] > most_rps) most_rps = rps[i];
        if (p99[i] > most_p99) most_p99 = p99[i];
    }
    fill_success(picture, frame);
    struct sim_frame_lane *lane = add_lane(frame, "rps", SIM_LANE_LEVEL);
    if (lane) snprintf(lane->top, sizeof lane->top, "%llu/s", (unsigned long long)most_rps);
    fill_level(picture, lane, rps, most_rps);
    lane = add_lane(frame, "p99", SIM_LANE_LEVEL);
    if (lane) snprintf(lane->top, sizeof lane->top, "%.15s", sim_print_duration((mc_ns)most_p99, text));
    fill_level(picture, lane, p99, most_p99);
}

void sim_picture_fill(struct sim_picture *picture, struct sim_frame *frame, mc_ns now)
{
    struct mc_str phase = sim_check_phase_at(picture->check, now);
    frame->at = now;
    frame->duration = picture->duration;
    snprintf(frame->phase, sizeof frame->phase, "%.*s", MC_STR_ARG(phase));
    fill_services(picture, frame, now);
    fill_events(picture->check, frame);
    fill_certs(picture->check, frame);
    fill_lanes(picture, frame);
}

#include "sim/check/cells.h"
#include "base/rand.h"

enum { BUCKET_SHIFT = 20, BUCKET_MOST = (1 << BUCKET_SHIFT) - 1 };

/* ---- memory ---- */

/* Grows ARRAY of *capacity things to hold at least WANTED. NULL: refused, the array stays. */
static void *grown(const struct mc_alloc *alloc, void *array, uint32_t used, uint32_t *capacity, uint32_t wanted, size_t size)
{
    uint32_t larger = *capacity ? *capacity * 2 : 4;
    while (larger < wanted) larger *= 2;
    void *fresh = mc_alloc_take(alloc, larger * size);
    if (!fresh) return NULL;
    if (used) memcpy(fresh, array, used * size);
    if (array) mc_alloc_give(alloc, array, *capacity * size);
    *capacity = larger;
    return fresh;
}

/* ---- kinds ---- */

static uint64_t kind_hash(const struct sim_kind *kind)
{
    uint64_t a = (uint64_t)kind->src << 32 | kind->dst;
    uint64_t b = (uint64_t)kind->flags << 32 | (uint32_t)kind->path << 16 | kind->code;
    return mc_mix(a ^ mc_mix(b));
}

static bool kind_same(const struct sim_kind *a, const struct sim_kind *b)
{
    return a->src == b->src && a->dst == b->dst && a->flags == b->flags && a->path == b->path && a->code == b->code;
}

static bool widen(struct sim_cells *cells)
{
    uint32_t size = cells->table_size ? cells->table_size * 2 : 64;
    uint32_t *table = mc_alloc_take(&cells->alloc, size * sizeof *table);
    uint32_t *open = mc_alloc_take(&cells->alloc, size / 2 * sizeof *open);
    if (!table || !open) {
        mc_alloc_give(&cells->alloc, table, size * sizeof *table);
        mc_alloc_give(&cells->alloc, open, size / 2 * sizeof *open);
        return false;
    }
    memset(table, 0, size * sizeof *table);
    memset(open, 0, size / 2 * sizeof *open);
    for (uint32_t i = 0; i < cells->kind_count; i++) {
        uint64_t at = kind_hash(&cells->kinds[i]) & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = i + 1;
    }
    if (cells->kind_count) memcpy(open, cells->open_cell, cells->kind_count * sizeof *open);
    mc_alloc_give(&cells->alloc, cells->table, cells->table_size * sizeof *table);
    mc_alloc_give(&cells->alloc, cells->open_cell, cells->table_size / 2 * sizeof *open);
    cells->table = table;
    cells->open_cell = open;
    cells->table_size = size;
    return true;
}

/* The number of KIND, a new one if it has not occurred. UINT32_MAX: no memory. */
static uint32_t kind_number(struct sim_cells *cells, const struct sim_kind *kind)
{
    if (cells->kind_count >= cells->table_size / 2 && cells->kind_count < SIM_KINDS_MAX && !widen(cells)) return UINT32_MAX;
    uint64_t at = kind_hash(kind) & (cells->table_size - 1);
    for (; cells->table[at]; at = (at + 1) & (cells->table_size - 1))
        if (kind_same(&cells->kinds[cells->table[at] - 1], kind)) return cells->table[at] - 1;
    if (cells->kind_count == SIM_KINDS_MAX) return SIM_KINDS_MAX - 1;
    if (cells->kind_count == cells->kind_capacity) {
        void *more = grown(&cells->alloc, cells->kinds, cells->kind_count, &cells->kind_capacity, cells->kind_count + 1,
                           sizeof *cells->kinds);
        if (!more) return UINT32_MAX;
        cells->kinds = more;
    }
    cells->kinds[cells->kind_count] = *kind;
    cells->table[at] = cells->kind_count + 1;
    cells->open_cell[cells->kind_count] = 0;
    return cells->kind_count++;
}

/* ---- one cell ---- */

static bool cell_grow(struct sim_cells *cells, struct sim_cell *cell)
{
    if (cell->bucket_count < cell->bucket_capacity) return true;
    void *more = grown(&cells->alloc, cell->buckets, cell->bucket_count, &cell->bucket_capacity, cell->bucket_count + 1,
                       sizeof *cell->buckets);
    if (more) cell->buckets = more;
    return more != NULL;
}

/* Where BUCKET stands or belongs: the last entry of it that has room, else a place for a new one. */
static uint32_t cell_place(const struct sim_cell *cell, uint32_t bucket)
{
    uint32_t low = 0, high = cell->bucket_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (cell->buckets[middle] >> BUCKET_SHIFT < bucket) low = middle + 1;
        else high = middle;
    }
    while (low < cell->bucket_count && cell->buckets[low] >> BUCKET_SHIFT == bucket &&
           (cell->buckets[low] & BUCKET_MOST) == BUCKET_MOST)
        low++;
    return low;
}

static bool cell_count(struct sim_cells *cells, struct sim_cell *cell, uint32_t bucket, uint32_t times)
{
    while (times) {
        uint32_t at = cell_place(cell, bucket);
        if (at == cell->bucket_count || cell->buckets[at] >> BUCKET_SHIFT != bucket) {
            if (!cell_grow(cells, cell)) return false;
            memmove(cell->buckets + at + 1, cell->buckets + at, (cell->bucket_count - at) * sizeof *cell->buckets);
            cell->buckets[at] = bucket << BUCKET_SHIFT;
            cell->bucket_count++;
        }
        uint32_t room = BUCKET_MOST - (cell->buckets[at] & BUCKET_MOST);
        uint32_t now = times < room ? times : room;
        cell->buckets[at] += now;
        times -= now;
    }
    return true;
}

static bool cell_merge(struct sim_cells *cells, struct sim_cell *into, const struct sim_cell *from)
{
    for (uint32_t i = 0; i < from->bucket_count; i++)
        if (!cell_count(cells, into, from->buckets[i] >> BUCKET_SHIFT, from->buckets[i] & BUCKET_MOST)) return false;
    if (!into->count || from->min < into->min) into->min = from->min;
    if (from->max > into->max) into->max = from->max;
    into->count += from->count;
    into->sum += from->sum;
    return true;
}

bool sim_cell_into(const struct sim_cell *cell, struct sim_tally *tally)
{
    struct mc_hist *hist = &tally->duration;
    uint64_t min = hist->count && hist->min < cell->min ? hist->min : cell->min;
    uint64_t max = hist->count && hist->max > cell->max ? hist->max : cell->max;
    uint64_t sum;
    if (__builtin_add_overflow(hist->sum, cell->sum, &sum)) sum = UINT64_MAX;
    bool whole = true;
    for (uint32_t i = 0; i < cell->bucket_count; i++)
        if (!mc_hist_add_many(hist, tally->alloc, mc_hist_bound(cell->buckets[i] >> BUCKET_SHIFT), cell->buckets[i] & BUCKET_MOST))
            whole = false;
    hist->min = min; /* exact, where the buckets are not */
    hist->sum = sum;
    hist->max = max;
    tally->count += cell->count;
    tally->duration_sum += cell->sum;
    return whole;
}

/* ---- slices ---- */

static struct sim_slice *open_slice(const struct sim_cells *cells)
{
    return &cells->slices[cells->slice_count - 1];
}

static mc_ns next_second(mc_ns instant)
{
    return (instant / SIM_CELLS_WIDTH + 1) * SIM_CELLS_WIDTH;
}

static void drop_cells(struct sim_cells *cells, struct sim_slice *slice)
{
    for (uint32_t i = 0; i < slice->count; i++)
        mc_alloc_give(&cells->alloc, slice->cells[i].buckets, slice->cells[i].bucket_capacity * sizeof *slice->cells[i].buckets);
    mc_alloc_give(&cells->alloc, slice->cells, slice->capacity * sizeof *slice->cells);
}

/* Gives back what a closed array does not need. */
static void *trimmed(const struct mc_alloc *alloc, void *array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (*capacity == count) return array;
    void *exact = count ? mc_alloc_take(alloc, count * size) : NULL;
    if (count && !exact) return array;
    if (count) memcpy(exact, array, count * size);
    mc_alloc_give(alloc, array, *capacity * size);
    *capacity = count;
    return exact;
}

static void close_slice(struct sim_cells *cells, mc_ns at)
{
    struct sim_slice *slice = open_slice(cells);
    slice->to = at;
    for (uint32_t i = 0; i < slice->count; i++) {
        struct sim_cell *cell = &slice->cells[i];
        cells->open_cell[cell->kind] = 0;
        cell->buckets = trimmed(&cells->alloc, cell->buckets, cell->bucket_count, &cell->bucket_capacity, sizeof *cell->buckets);
    }
    slice->cells = trimmed(&cells->alloc, slice->cells, slice->count, &slice->capacity, sizeof *slice->cells);
}

static bool add_slice(struct sim_cells *cells, mc_ns from, bool hard)
{
    if (cells->slice_count == cells->slice_capacity) {
        void *more = grown(&cells->alloc, cells->slices, cells->slice_count, &cells->slice_capacity, cells->slice_count + 1,
                           sizeof *cells->slices);
        if (!more) return false;
        cells->slices = more;
    }
    cells->slices[cells->slice_count++] = (struct sim_slice){.from = from, .to = next_second(from), .hard = hard};
    return true;
}

/* ---- merging what is old ---- */

static bool merge_slice(struct sim_cells *cells, struct sim_slice *into, struct sim_slice *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        uint32_t j = 0;
        while (j < into->count && into->cells[j].kind != from->cells[i].kind) j++;
        if (j == into->count) {
            if (into->count == into->capacity) {
                void *more = grown(&cells->alloc, into->cells, into->count, &into->capacity, into->count + 1, sizeof *into->cells);
                if (!more) return false;
                into->cells = more;
            }
            into->cells[into->count++] = (struct sim_cell){.kind = from->cells[i].kind};
        }
        if (!cell_merge(cells, &into->cells[j], &from->cells[i])) return false;
    }
    into->to = from->to;
    drop_cells(cells, from);
    return true;
}

static bool belong_together(const struct sim_slice *a, const struct sim_slice *b)
{
    return !b->hard && a->from / SIM_CELLS_COARSE == b->from / SIM_CELLS_COARSE;
}

static void merge_old(struct sim_cells *cells, mc_ns now)
{
    uint32_t read = cells->merged, write = cells->merged;
    while (read + 1 < cells->slice_count && cells->slices[read].to + SIM_CELLS_FINE <= now) {
        if (write > cells->merged && belong_together(&cells->slices[write - 1], &cells->slices[read]) &&
            merge_slice(cells, &cells->slices[write - 1], &cells->slices[read])) {
            read++;
            continue;
        }
        cells->slices[write++] = cells->slices[read++];
    }
    uint32_t merged = write;
    while (read < cells->slice_count) cells->slices[write++] = cells->slices[read++];
    cells->slice_count = write;
    cells->merged = merged;
}

/* Once a minute is often enough, and then a minute's worth at a time. */
static void maybe_merge(struct sim_cells *cells, mc_ns now)
{
    const struct sim_slice *oldest = &cells->slices[cells->merged];
    if (now - oldest->from >= SIM_CELLS_FINE + MC_MIN) merge_old(cells, now / SIM_CELLS_COARSE * SIM_CELLS_COARSE);
}

/* ---- the door ---- */

void sim_cells_init(struct sim_cells *cells, struct mc_alloc alloc)
{
    *cells = (struct sim_cells){.alloc = alloc};
    cells->refused = !add_slice(cells, 0, true);
}

void sim_cells_fini(struct sim_cells *cells)
{
    for (uint32_t i = 0; i < cells->slice_count; i++) drop_cells(cells, &cells->slices[i]);
    mc_alloc_give(&cells->alloc, cells->slices, cells->slice_capacity * sizeof *cells->slices);
    mc_alloc_give(&cells->alloc, cells->kinds, cells->kind_capacity * sizeof *cells->kinds);
    mc_alloc_give(&cells->alloc, cells->table, cells->table_size * sizeof *cells->table);
    mc_alloc_give(&cells->alloc, cells->open_cell, cells->table_size / 2 * sizeof *cells->open_cell);
    *cells = (struct sim_cells){.alloc = cells->alloc};
}

/* The open slice ends at END, and one that begins at FROM follows. */
static void begin_slice(struct sim_cells *cells, mc_ns end, mc_ns from, bool hard)
{
    if (hard && cells->hard_cuts++ >= SIM_HARD_CUTS_MAX) hard = false;
    close_slice(cells, end);
    if (add_slice(cells, from, hard)) maybe_merge(cells, from);
    else cells->refused = true;
}

void sim_cells_advance(struct sim_cells *cells, mc_ns now)
{
    if (!cells->slice_count || cells->refused) return;
    struct sim_slice *open = open_slice(cells);
    if (now < open->to) return;
    mc_ns second = now / SIM_CELLS_WIDTH * SIM_CELLS_WIDTH;
    if (open->count || open->hard) {
        begin_slice(cells, open->to, second, false);
        return;
    }
    open->from = second;
    open->to = next_second(second);
}

void sim_cells_cut(struct sim_cells *cells, mc_ns now, bool hard)
{
    sim_cells_advance(cells, now);
    if (!cells->slice_count) return;
    struct sim_slice *open = open_slice(cells);
    if (now < open->from) return;
    bool empty = !open->count && !open->hard;
    if (empty) open->from = now;
    if (open->from != now) begin_slice(cells, now, now, hard);
    else if (hard && !open->hard) open->hard = cells->hard_cuts++ < SIM_HARD_CUTS_MAX;
}

void sim_cells_add(struct sim_cells *cells, mc_ns now, const struct sim_kind *kind, mc_ns duration)
{
    sim_cells_advance(cells, now);
    uint32_t number = cells->refused ? UINT32_MAX : kind_number(cells, kind);
    if (number == UINT32_MAX) {
        cells->refused = true;
        return;
    }
    struct sim_slice *slice = open_slice(cells);
    if (!cells->open_cell[number]) {
        if (slice->count == slice->capacity) {
            void *more = grown(&cells->alloc, slice->cells, slice->count, &slice->capacity, slice->count + 1, sizeof *slice->cells);
            if (!more) {
                cells->refused = true;
                return;
            }
            slice->cells = more;
        }
        slice->cells[slice->count++] = (struct sim_cell){.kind = number, .min = UINT64_MAX};
        cells->open_cell[number] = slice->count;
    }
    struct sim_cell *cell = &slice->cells[cells->open_cell[number] - 1];
    uint64_t value = duration > 0 ? (uint64_t)duration : 0;
    if (!cell_count(cells, cell, mc_hist_index(value), 1)) {
        cells->refused = true;
        return;
    }
    cell->count++;
    cell->sum += value;
    if (value < cell->min) cell->min = value;
    if (value > cell->max) cell->max = value;
}

uint32_t sim_cells_slice_at(const struct sim_cells *cells, mc_ns instant)
{
    uint32_t low = 0, high = cells->slice_count;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (cells->slices[middle].from <= instant) low = middle;
        else high = middle;
    }
    return low;
}

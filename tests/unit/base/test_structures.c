/* Containers against naive ones under random operations, and memory that is refused. */
#include "base/arena.h"
#include "base/atoms.h"
#include "base/chunk.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rand.h"
#include "support/memory.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

Suite *test_structures_suite(void);

static uint64_t luck;

static uint64_t draw(uint64_t n)
{
    return mc_below(mc_mix(++luck * UINT64_C(0x9e3779b97f4a7c15)), n);
}

/* ---- heap ---- */

enum { NODES = 300 };

struct kept {
    struct mc_heap_node node;
    bool in;
};

static struct kept *least(struct kept *nodes)
{
    struct kept *best = NULL;
    for (int i = 0; i < NODES; i++) {
        struct kept *k = &nodes[i];
        if (!k->in) continue;
        if (!best || k->node.key < best->node.key || (k->node.key == best->node.key && k->node.order < best->node.order)) best = k;
    }
    return best;
}

START_TEST(heap_is_a_sorted_list)
{
    static struct kept nodes[NODES];
    struct mc_heap heap = {0};
    memset(nodes, 0, sizeof nodes);
    for (int i = 0; i < 20000; i++) {
        struct kept *k = &nodes[draw(NODES)];
        if (k->in) {
            if (draw(3) == 0) k = least(nodes);
            mc_heap_remove(&heap, &k->node);
        } else {
            k->node.key = (int64_t)draw(50) - 25;
            k->node.order = (uint64_t)i;
            mc_heap_insert(&heap, &k->node);
        }
        k->in = !k->in;
        struct kept *want = least(nodes);
        ck_assert_ptr_eq(mc_heap_first(&heap), want ? &want->node : NULL);
    }
}
END_TEST

/* ---- map ---- */

START_TEST(map_is_an_ordered_list_of_pairs)
{
    enum { KEYS = 64, MOST = 20000 };
    struct test_memory memory = {0};
    struct mc_map map;
    uint64_t *order = calloc(MOST, sizeof *order); /* keys as inserted; 0 marks a removed one */
    int values[KEYS + 1] = {0}, present[KEYS + 1] = {0}, count = 0, filled = 0;
    mc_map_init(&map, test_alloc(&memory));
    for (int i = 0; i < 8000; i++) {
        uint64_t key = 1 + draw(KEYS);
        uint64_t spread = key << 32; /* keys that differ in high bits only must do as well */
        ck_assert_ptr_eq(mc_map_get(&map, spread), present[key] ? &values[key] : NULL);
        if (draw(2)) {
            ck_assert(mc_map_put(&map, spread, &values[key]));
            if (!present[key]) order[filled++] = key, count++;
            present[key] = 1;
        } else {
            ck_assert_ptr_eq(mc_map_remove(&map, spread), present[key] ? &values[key] : NULL);
            for (int k = filled - 1; present[key] && k >= 0; k--)
                if (order[k] == key) { order[k] = 0; break; }
            count -= present[key];
            present[key] = 0;
        }
        ck_assert_uint_eq(map.count, (unsigned)count);
        if (i % 200) continue;
        uint32_t at = 0;
        for (int k = 0; k < filled; k++) {
            if (!order[k]) continue;
            struct mc_map_entry *entry = mc_map_next(&map, &at);
            ck_assert_ptr_nonnull(entry);
            ck_assert_uint_eq(entry->key, order[k] << 32);
        }
        ck_assert_ptr_null(mc_map_next(&map, &at));
        ck_assert_uint_le(map.capacity, 1024); /* holes are reused: churn alone does not grow it */
    }
    mc_map_fini(&map);
    free(order);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(map_can_be_emptied_while_it_is_walked)
{
    struct test_memory memory = {0};
    struct mc_map map;
    int value = 0, seen = 0;
    mc_map_init(&map, test_alloc(&memory));
    for (uint64_t key = 0; key < 1000; key++) ck_assert(mc_map_put(&map, key, &value));
    struct mc_map_entry *entry;
    for (uint32_t at = 0; (entry = mc_map_next(&map, &at)); seen++) {
        ck_assert_uint_eq(entry->key, (uint64_t)seen);
        mc_map_remove(&map, entry->key);
    }
    ck_assert_int_eq(seen, 1000);
    ck_assert_uint_eq(map.count, 0);
    mc_map_fini(&map);
}
END_TEST

/* The n-th request for memory is refused: the map stays as it was and works again afterwards. */
START_TEST(map_survives_refusals)
{
    for (size_t n = 1; n < 16; n++) {
        struct test_memory memory = {.refuse_at = n};
        struct mc_map map;
        int value = 0, refused = 0;
        mc_map_init(&map, test_alloc(&memory));
        for (uint64_t key = 0; key < 300; key++) {
            if (!mc_map_put(&map, key, &value)) {
                refused++;
                ck_assert_ptr_null(mc_map_get(&map, key));
                ck_assert(mc_map_put(&map, key, &value));
            }
        }
        ck_assert_int_le(refused, 1);
        for (uint64_t key = 0; key < 300; key++) ck_assert_ptr_eq(mc_map_get(&map, key), &value);
        mc_map_fini(&map);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* ---- list ---- */

struct item {
    struct mc_link link;
    int number;
};

START_TEST(list_keeps_order_and_splices)
{
    struct mc_link a, b;
    struct item items[6];
    mc_list_init(&a), mc_list_init(&b);
    for (int i = 0; i < 6; i++) {
        items[i].number = i;
        mc_list_push_back(i < 3 ? &a : &b, &items[i].link);
    }
    mc_list_remove(&items[1].link);
    mc_list_remove(&items[1].link); /* twice does no harm */
    mc_list_push_front(&b, &items[1].link);
    mc_list_splice(&a, &b);
    ck_assert(mc_list_empty(&b));
    static const int want[] = {0, 2, 1, 3, 4, 5};
    int n = 0;
    mc_list_each(link, &a) {
        ck_assert_int_eq(mc_container(link, struct item, link)->number, want[n++]);
        mc_list_remove(link);
    }
    ck_assert_int_eq(n, 6);
    ck_assert_ptr_null(mc_list_pop_front(&a));
}
END_TEST

/* ---- pool and arena ---- */

START_TEST(pool_hands_out_distinct_aligned_blocks)
{
    enum { BLOCKS = 400 };
    struct test_memory memory = {0};
    struct mc_pool pool;
    struct { unsigned char *p; size_t size; unsigned char mark; } blocks[BLOCKS] = {{0}};
    mc_pool_init(&pool, test_alloc(&memory));
    for (int i = 0; i < 20000; i++) {
        size_t k = draw(BLOCKS);
        if (blocks[k].p) {
            size_t intact = 0;
            while (intact < blocks[k].size && blocks[k].p[intact] == blocks[k].mark) intact++;
            ck_assert_uint_eq(intact, blocks[k].size);
            mc_pool_give(&pool, blocks[k].p, blocks[k].size);
            blocks[k].p = NULL;
            continue;
        }
        blocks[k].size = draw(20) ? draw(600) : draw(2 * MC_POOL_BLOCK_MAX);
        blocks[k].mark = (unsigned char)draw(256);
        blocks[k].p = mc_pool_take(&pool, blocks[k].size);
        ck_assert_ptr_nonnull(blocks[k].p);
        ck_assert_uint_eq((uintptr_t)blocks[k].p % 16, 0);
        memset(blocks[k].p, blocks[k].mark, blocks[k].size);
    }
    for (int k = 0; k < BLOCKS; k++)
        if (blocks[k].p) mc_pool_give(&pool, blocks[k].p, blocks[k].size);
    ck_assert_uint_eq(pool.live_blocks, 0);
    ck_assert_uint_eq(pool.live_bytes, 0);
    mc_pool_fini(&pool);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(pool_refuses_at_its_limit_and_fills)
{
    struct test_memory memory = {0};
    struct mc_pool pool;
    void *blocks[1000];
    int n = 0;
    mc_pool_init(&pool, test_alloc(&memory));
    pool.limit_bytes = 200 * 1024;
    pool.fill = 0xa5;
    while (n < 1000 && (blocks[n] = mc_pool_take(&pool, 1000))) {
        ck_assert_uint_eq(((unsigned char *)blocks[n])[999], 0xa5);
        n++;
    }
    ck_assert_int_gt(n, 100);
    ck_assert_int_lt(n, 205);
    ck_assert_uint_le(pool.held_bytes, pool.limit_bytes);
    mc_pool_give(&pool, blocks[--n], 1000);
    ck_assert_ptr_eq(mc_pool_take(&pool, 1000), blocks[n]); /* last in, first out */
    unsigned char *zero = mc_pool_take_zero(&pool, 900);
    ck_assert_ptr_null(zero);
    mc_pool_give(&pool, NULL, 7);
    mc_pool_fini(&pool);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(arena_takes_within_its_limit)
{
    struct test_memory memory = {0};
    struct mc_pool pool;
    struct mc_arena arena;
    mc_pool_init(&pool, test_alloc(&memory));
    mc_arena_init(&arena, &pool, 100000);
    char *last = NULL;
    size_t total = 0;
    for (int i = 0;; i++) {
        size_t size = 1 + draw(i % 50 ? 64 : 9000), rounded = (size + 15) & ~(size_t)15;
        char *p = mc_arena_take(&arena, size);
        if (!p) {
            ck_assert_uint_gt(total + rounded, 100000);
            break;
        }
        total += rounded;
        ck_assert_uint_eq((uintptr_t)p % 16, 0);
        memset(p, 0x11, size);
        if (last) ck_assert_int_eq(*last, 0x11);
        last = p;
    }
    mc_arena_fini(&arena);
    mc_arena_fini(&arena);
    struct mc_str copy = mc_arena_copy(&arena, MC_STR("abc"));
    ck_assert_str_eq(copy.p, "abc");
    mc_arena_fini(&arena);
    ck_assert_uint_eq(pool.live_blocks, 0);
    mc_pool_fini(&pool);
}
END_TEST

/* ---- slices ---- */

/* A queue of slices is a string: pieces pushed, popped at any cut and put back spell the same bytes. */
START_TEST(slices_are_a_byte_queue)
{
    struct test_memory memory = {0};
    struct mc_pool pool;
    struct mc_slices queue;
    char *pushed = malloc(1 << 20);
    size_t in = 0, out = 0;
    mc_pool_init(&pool, test_alloc(&memory));
    mc_slices_init(&queue, &pool);
    for (int i = 0; i < 20000; i++) {
        if (draw(2)) {
            char text[40];
            size_t n = draw(sizeof text);
            for (size_t k = 0; k < n; k++) pushed[in++] = text[k] = (char)('a' + draw(26));
            ck_assert(mc_slices_push(&queue, mc_slice_copy(&pool, mc_str(text, n))));
        } else {
            uint32_t most = (uint32_t)draw(60);
            struct mc_slice slice = mc_slices_pop(&queue, most);
            ck_assert_uint_le(slice.length, most);
            ck_assert(slice.length || !most || in == out);
            ck_assert_int_eq(memcmp(mc_slice_str(slice).p, pushed + out, slice.length), 0);
            if (slice.length && draw(3) == 0) {
                ck_assert(mc_slices_unpop(&queue, slice));
            } else {
                out += slice.length;
                mc_slice_unref(slice);
            }
        }
        ck_assert_uint_eq(queue.bytes, in - out);
    }
    mc_slices_fini(&queue);
    mc_slices_fini(&queue);
    ck_assert_uint_eq(pool.live_blocks, 0);
    mc_pool_fini(&pool);
    free(pushed);
}
END_TEST

static int released;

static void count_release(struct mc_record *record)
{
    (void)record;
    released++;
}

START_TEST(modelled_chunk_gives_its_record_to_the_last_byte)
{
    struct test_memory memory = {0};
    struct mc_pool pool;
    struct mc_record record = {.kind = 7, .release = count_release};
    released = 0;
    mc_pool_init(&pool, test_alloc(&memory));
    struct mc_slice whole = mc_slice_of(mc_chunk_take_modelled(&pool, 1000, &record));
    ck_assert_uint_eq(whole.length, 1000);
    struct mc_slice front = mc_slice_view(whole, 0, 999), back = mc_slice_view(whole, 999, 1);
    ck_assert_ptr_null(mc_slice_record(front));
    ck_assert_ptr_eq(mc_slice_record(back), &record);
    mc_slice_unref(whole), mc_slice_unref(back);
    ck_assert_int_eq(released, 0);
    mc_slice_unref(front);
    ck_assert_int_eq(released, 1);
    pool.limit_bytes = 1;
    for (int i = 0; i < 100000 && mc_pool_take(&pool, sizeof(struct mc_chunk)); i++) {}
    ck_assert_ptr_null(mc_chunk_take_modelled(&pool, 1, &record)); /* taken over all the same */
    ck_assert_int_eq(released, 2);
    mc_pool_fini(&pool);
}
END_TEST

/* ---- atoms ---- */

START_TEST(atoms_are_equal_when_texts_are)
{
    enum { TEXTS = 3000 };
    struct test_memory memory = {0};
    struct mc_atoms atoms;
    static mc_atom number[TEXTS];
    mc_atoms_init(&atoms, test_alloc(&memory));
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < TEXTS; i++) {
            char text[32];
            struct mc_str s = mc_str(text, (size_t)snprintf(text, sizeof text, "name-%d%c", i, i % 3 ? '\0' : 'x'));
            if (!round) ck_assert_uint_eq(mc_atoms_find(&atoms, s), 0);
            mc_atom atom = mc_atoms_intern(&atoms, s);
            if (!round) number[i] = atom;
            ck_assert_uint_ne(atom, 0);
            ck_assert_uint_eq(atom, number[i]);
            ck_assert(mc_str_eq(mc_atoms_text(&atoms, atom), s));
            ck_assert_int_eq(mc_atoms_text(&atoms, atom).p[s.n], '\0');
        }
    ck_assert_uint_eq(atoms.count, TEXTS);
    ck_assert_uint_eq(mc_atoms_intern(&atoms, MC_STR("")), 0);
    mc_atoms_fini(&atoms);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(atoms_survive_refusals)
{
    for (size_t n = 1; n < 120; n++) {
        struct test_memory memory = {.refuse_at = n};
        struct mc_atoms atoms;
        int refused = 0;
        mc_atoms_init(&atoms, test_alloc(&memory));
        for (int i = 0; i < 100; i++) {
            char text[16];
            struct mc_str s = mc_str(text, (size_t)snprintf(text, sizeof text, "%d", i));
            if (!mc_atoms_intern(&atoms, s)) {
                refused++;
                ck_assert_uint_eq(mc_atoms_find(&atoms, s), 0);
            }
            ck_assert_uint_ne(mc_atoms_intern(&atoms, s), 0);
        }
        ck_assert_int_le(refused, 1);
        ck_assert_uint_eq(atoms.count, 100);
        mc_atoms_fini(&atoms);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

Suite *test_structures_suite(void)
{
    Suite *suite = suite_create("structures");
    TCase *tc = tcase_create("all");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, heap_is_a_sorted_list);
    tcase_add_test(tc, map_is_an_ordered_list_of_pairs);
    tcase_add_test(tc, map_can_be_emptied_while_it_is_walked);
    tcase_add_test(tc, map_survives_refusals);
    tcase_add_test(tc, list_keeps_order_and_splices);
    tcase_add_test(tc, pool_hands_out_distinct_aligned_blocks);
    tcase_add_test(tc, pool_refuses_at_its_limit_and_fills);
    tcase_add_test(tc, arena_takes_within_its_limit);
    tcase_add_test(tc, slices_are_a_byte_queue);
    tcase_add_test(tc, modelled_chunk_gives_its_record_to_the_last_byte);
    tcase_add_test(tc, atoms_are_equal_when_texts_are);
    tcase_add_test(tc, atoms_survive_refusals);
    suite_add_tcase(suite, tc);
    return suite;
}

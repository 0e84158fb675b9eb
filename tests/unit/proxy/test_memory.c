/* Memory that runs out at any moment: no request may hang, nothing may be lost, and afterwards all is as
 * before (bed_fini asserts that every block came back). */
#include "bed.h"
#include "support/starve.h"

static struct bed bed;

static void start(void)
{
    bed_init(&bed, 3);
    struct mc_route *route = bed_route(&bed, "/");
    route->retry = (struct mc_retry_policy){.on = MC_RETRY_ON(5XX), .retries = 1};
    route->timeout = 2 * MC_S;
    bed_start(&bed);
}

static void traffic(void)
{
    int flow = bed_open(&bed, 80);
    if (!bed.client.flows[flow].open) return;
    bed_send(&bed, flow, "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab");
    if (bed.client.flows[flow].open && !bed.client.flows[flow].ended) bed_send(&bed, flow, "cd");
    bed_pass(&bed, 3 * MC_S);
    if (bed.client.flows[flow].open && !bed.client.flows[flow].ended) bed_finish(&bed, flow);
}

/* The n-th block that the pool wants from the allocator is refused, and all that follow for a while. */
START_TEST(nth_allocation_fails)
{
    start();
    bed.memory.refuse_at = bed.memory.takes + (size_t)_i + 1;
    traffic();
    bed.memory.refuse_at = 0;
    ck_assert_int_eq(bed_status(&bed, "/"), 200);
    bed_fini(&bed);
}
END_TEST

/* A few blocks of each size are left, then one, then none: at each step something else fails first. */
START_TEST(nearly_nothing_is_left)
{
    start();
    bed_get(&bed, "/");
    int flow = bed_open(&bed, 80);
    struct starved starved = starve(&bed.realm.pool, (size_t)_i % 8);
    if (_i >= 8) flow = bed_open(&bed, 80);
    if (bed.client.flows[flow].open) bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    feed_again(&starved);
    bed_pass(&bed, 3 * MC_S);
    ck_assert_int_eq(bed_status(&bed, "/"), 200);
    bed_fini(&bed);
}
END_TEST

/* In the steady state nothing is taken from the allocator. */
START_TEST(steady_state_takes_nothing)
{
    start();
    int flow = bed_open(&bed, 80);
    for (int i = 0; i < 20; i++) bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    size_t takes = bed.memory.takes;
    for (int i = 0; i < 200; i++) bed_send(&bed, flow, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    ck_assert_uint_eq(bed.memory.takes, takes);
    ck_assert_int_eq(bed.origins[0].requests, 220);
    bed_fini(&bed);
}
END_TEST

/* A snapshot that finds no memory for its parts leaves a proxy that still answers. */
START_TEST(snapshot_without_memory)
{
    start();
    bed_get(&bed, "/");
    bed.endpoint_count = 3;
    bed.memory.refuse_at = bed.memory.takes + (size_t)_i + 8;
    bed_apply(&bed);
    bed.memory.refuse_at = 0;
    int status = bed_status(&bed, "/");
    ck_assert(status == 200 || status == 503);
    bed_fini(&bed);
}
END_TEST

Suite *test_memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_loop_test(tests, nth_allocation_fails, 0, 24);
    tcase_add_loop_test(tests, nearly_nothing_is_left, 0, 16);
    tcase_add_test(tests, steady_state_takes_nothing);
    tcase_add_loop_test(tests, snapshot_without_memory, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}

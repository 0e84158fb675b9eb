/* How applications behave: what the words of a service become in the plan, and what is said of mistakes. */
#include "stage.h"
#include <string.h>

Suite *test_applications_suite(void);

static struct sim_script *script;
static struct sim_script_run *planned;
static struct test_memory memory;

/* The service `a` of a topology with SERVICES in it, which must have `a` and `b`. */
static const struct sim_service *service(const char *services, const char *load)
{
    char text[2000];
    struct sim_error error = {0};
    struct sim_script_options options = stage_options(&memory);
    snprintf(text, sizeof text, "local w = topology { services = { %s } }\nscenario('s', { topology = w, duration = '1s' }, function(s) s:load { to = 'a', rate = 1 %s } end)", services, load);
    script = sim_script_load_text("t.lua", mc_str_c(text), &options, &error);
    ck_assert_msg(script != NULL, "%s", error.text);
    planned = sim_script_run_new(script, 0, &error);
    ck_assert_msg(planned != NULL, "%s", error.text);
    return &sim_script_run_plan(planned)->topology.services[0];
}

static void set_up(void)
{
    memory = (struct test_memory){0};
}

static void tear_down(void)
{
    sim_script_run_free(planned);
    sim_script_free(script);
    planned = NULL, script = NULL;
}

/* Node: keepAliveTimeout 5 s, one thread, agents keep 256 idle for 5 s. */
START_TEST(a_framework_s_figures_are_the_documented_ones)
{
    const struct sim_version *node = service("a = { framework = 'node' }", "")->versions;
    ck_assert_int_eq(node->keep_alive, 5 * MC_S);
    ck_assert_uint_eq(node->resources.threads, 1);
    ck_assert_uint_eq(node->concurrency, 0);
    ck_assert_uint_eq(node->server.pool.max_idle, 256);
    ck_assert_int_eq(node->server.pool.idle_timeout, 5 * MC_S);
}
END_TEST

START_TEST(what_a_service_says_goes_over_its_framework)
{
    const struct sim_service *a = service("a = { keep_alive = '61s', framework = 'tomcat', server = { pool = { max_connections = 20 } },"
                                          " versions = { v1 = {}, v2 = { framework = 'go', concurrency = 7 } } }", "");
    ck_assert_int_eq(a->versions[0].keep_alive, 61 * MC_S);
    ck_assert_uint_eq(a->versions[0].concurrency, 200);
    ck_assert_uint_eq(a->versions[0].server.connection_requests, 100);
    ck_assert_uint_eq(a->versions[0].server.pool.max_connections, 20);
    ck_assert_int_eq(a->versions[1].keep_alive, 0);
    ck_assert_uint_eq(a->versions[1].concurrency, 7);
    ck_assert_uint_eq(a->versions[1].server.pool.max_idle, 2);
}
END_TEST

START_TEST(every_framework_can_be_read)
{
    static const char *const names[] = {"apache-httpd", "go", "gunicorn", "gunicorn-gthread", "jetty", "kestrel",
                                        "nginx", "node", "puma", "reactor-netty", "tomcat", "uvicorn"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[100];
        snprintf(text, sizeof text, "a = { framework = '%s' }", names[i]);
        service(text, "");
        tear_down();
    }
}
END_TEST

START_TEST(nothing_is_on_by_default)
{
    const struct sim_version *a = service("a = {}", "")->versions;
    static const struct sim_server_plan nothing;
    ck_assert_int_eq(memcmp(&a->server, &nothing, sizeof nothing), 0);
}
END_TEST

START_TEST(servers_are_as_written)
{
    const struct sim_server_plan *server = &service("a = { server = { deadlines = true, requests_per_connection = 9,"
        " queue = { policy = 'adaptive-lifo', target = '7ms', interval = '90ms', status = 429 },"
        " slow_spells = { every = '1m', lasts = '5s', factor = 20, together = 'pod' }, warm_up = { requests = 100, factor = 2.5 },"
        " pool = { max_connections = 3, max_waiting = 4, wait_timeout = '1s', reuse = false, order = 'fifo', connect_timeout = '2s', lifetime = '3s' } } }", "")->versions->server;
    ck_assert(server->deadlines && server->spells.each && server->pool.oldest_first);
    ck_assert_uint_eq(server->connection_requests, 9);
    ck_assert_int_eq(server->queue_policy, SIM_QUEUE_ADAPTIVE_LIFO);
    ck_assert_int_eq(server->queue_target, 7 * MC_MS);
    ck_assert_int_eq(server->queue_interval, 90 * MC_MS);
    ck_assert_uint_eq(server->overload_status, 429);
    ck_assert_uint_eq(server->spells.factor_permille, 20000);
    ck_assert_uint_eq(server->warm_up.factor_permille, 2500);
    ck_assert_uint_eq(server->pool.uses, 1);
    ck_assert_uint_eq(server->pool.max_waiting, 4);
    ck_assert_int_eq(server->pool.connect_timeout, 2 * MC_S);
    ck_assert_int_eq(server->pool.lifetime, 3 * MC_S);
}
END_TEST

START_TEST(a_cache_covers_its_steps)
{
    const struct sim_version *a = service("a = { steps = { work '1ms', cached { '10s', keys = 50, zipf = 1.5, jitter = '10%', stale = '2s', store = 'c',"
                                          " parallel { call 'b', call 'c' }, work '3ms' }, work '2ms' } }, b = {}, c = {}", "")->versions;
    static const enum sim_step_kind kinds[] = {SIM_STEP_WORK, SIM_STEP_CALL, SIM_STEP_CACHED, SIM_STEP_CALL, SIM_STEP_CALL, SIM_STEP_WORK, SIM_STEP_WORK};
    ck_assert_uint_eq(a->step_count, 7);
    for (int i = 0; i < 7; i++) ck_assert_int_eq(a->steps[i].kind, kinds[i]);
    const struct sim_step *step = &a->steps[2];
    ck_assert_uint_eq(step->span, 3);
    ck_assert(step->after_store && step->cache.shared && a->steps[1].optional);
    ck_assert_str_eq(a->steps[1].service.p, "c");
    ck_assert_int_eq(step->cache.ttl, 10 * MC_S);
    ck_assert_int_eq(step->cache.stale, 2 * MC_S);
    ck_assert_uint_eq(step->cache.zipf_milli, 1500);
    ck_assert_uint_eq(step->cache.jitter_ppm, 100000);
    ck_assert(a->steps[3].parallel && a->steps[4].parallel);
}
END_TEST

START_TEST(times_with_tails_are_as_written)
{
    const struct sim_step *steps = service("a = { steps = { work { dist = 'pareto', alpha = 1.2, min = '1ms', max = '9s' },"
        " work { quantiles = { { 50, '5ms' }, { 99.9, '80ms' } } }, work { mix = { { 99, '5ms' }, { 1, { mean = '1s', dist = 'exponential' } } }, cpu = '1ms' } } }", "")->versions->steps;
    ck_assert_int_eq(steps[0].wait.kind, SIM_DIST_PARETO);
    ck_assert_uint_eq(steps[0].wait.alpha_milli, 1200);
    ck_assert_int_eq(steps[0].wait.p50, MC_MS);
    ck_assert_int_eq(steps[0].wait.p99, 9 * MC_S);
    ck_assert_uint_eq(steps[1].wait.points[1].ppm, 999000);
    ck_assert_int_eq(steps[1].wait.points[1].value, 80 * MC_MS);
    ck_assert_uint_eq(steps[2].wait.parts[0].weight, 99);
    ck_assert_int_eq(steps[2].wait.parts[1].dist.kind, SIM_DIST_EXPONENTIAL);
    ck_assert_int_eq(steps[2].cpu.mean, MC_MS);
}
END_TEST

START_TEST(loads_retry_and_have_pools)
{
    service("a = {}", ", tries = 2, deadline = '3s', tells_deadline = true, reuse = false, pool = { connect_timeout = '1s' }, retry = { attempts = 3, backoff = { base = '10ms', jitter = 'none' } }");
    const struct sim_load_spec *load = &sim_script_run_plan(planned)->loads[0];
    ck_assert_uint_eq(load->tries, 2);
    ck_assert_uint_eq(load->retry.attempts, 3);
    ck_assert(load->retry.steady && load->tells_deadline);
    ck_assert_int_eq(load->deadline, 3 * MC_S);
    ck_assert_uint_eq(load->pool.uses, 1);
    ck_assert_int_eq(load->pool.connect_timeout, MC_S);
}
END_TEST

START_TEST(what_is_done_at_the_start_is_as_written)
{
    const struct sim_service *a = service("a = { on_start = { call { 'b', timeout = '1s', tries = 3 }, work '200ms' }, steps = { work '1ms' },"
                                          " versions = { v1 = {}, v2 = { on_start = {} } } }, b = {}", "");
    const struct sim_version *v1 = &a->versions[0];
    ck_assert_uint_eq(v1->step_count, 1);
    ck_assert_uint_eq(v1->start_step_count, 2);
    ck_assert_int_eq(v1->start_steps[0].kind, SIM_STEP_CALL);
    ck_assert(mc_str_eq(v1->start_steps[0].service, MC_STR("b")));
    ck_assert_int_eq(v1->start_steps[0].timeout, MC_S);
    ck_assert_uint_eq(v1->start_steps[0].tries, 3);
    ck_assert_int_eq(v1->start_steps[1].wait.mean, 200 * MC_MS);
    ck_assert_uint_eq(a->versions[1].start_step_count, 0);
}
END_TEST

#define A(words) "topology { services = { a = { " words " } } }"

static const struct { const char *text, *says; } mistakes[] = {
    {A("framework = 'nod'"), "\"nod\" is not known: did you mean \"node\"?"},
    {A("framework = 'rails'"), "there are apache-httpd, go, "},
    {A("server = { queue = { policy = 'codle' } }"), "did you mean \"codel\"?"},
    {A("server = { queue = { policy = 'codel', timeout = '1s' } }"), "\"codel\" takes 'target' and 'interval'"},
    {A("server = { queue = { target = '1s' } }"), "\"fifo\" takes 'timeout'"},
    {A("server = { queue = { status = 200 } }"), "200 is not between 400 and 599"},
    {A("server = { pool = { max_conections = 2 } }"), "did you mean 'max_connections'?"},
    {A("server = { pool = { wait_timeout = '1s' } }"), "nothing waits without 'max_connections'"},
    {A("server = { pool = { reuse = false, requests_per_connection = 5 } }"), "one request per connection, not 5"},
    {A("server = { warm_up = { factor = 3 } }"), "give 'requests' or 'time'"},
    {A("server = { warm_up = { factor = 0.5, time = '1s' } }"), "is not between 1 and"},
    {A("server = { slow_spells = { every = '1s', lasts = '1s', factor = 3 } }"), "is not over 0 and under 'every'"},
    {A("steps = { work { dist = 'pareto', alpha = 1, min = '1ms' } }"), "there is no mean: give 'max'"},
    {A("steps = { work { alpha = 1, mean = '1ms' } }"), "'alpha' is for dist \"pareto\""},
    {A("steps = { work { quantiles = { { 50, '5ms' }, { 40, '6ms' } } } }"), "item 2 is not above the one before it"},
    {A("steps = { work { quantiles = { { 50, '5ms' } } } }"), "from 2 to 64"},
    {A("steps = { work { mix = { { 1.5, '5ms' }, { 1, '1s' } } } }"), "the weight 1.5 is no integer"},
    {A("steps = { cached { call 'a' } }"), "how long an entry lives is missing"},
    {A("steps = { cached { '10s' } }"), "the steps are missing"},
    {A("steps = { cached { '10s', keys = 0, work '1ms' } }"), "0 is not between 1 and 100000"},
    {A("steps = { cached { '10s', cached { '1s', work '1ms' } } }"), "only work and calls can stand in a cache"},
    {A("steps = { cached { '10s', respond(200) } }"), "only work and calls can stand in a cache"},
    {A("steps = { cached { '10s', single_flght = true, work '1ms' } }"), "did you mean 'single_flight'?"},
    {A("steps = { cached { '10s', single_flight = true, store = 'a', work '1ms' } }"), "not with a 'store'"},
    {A("on_start = { respond(200) }"), "'on_start': nobody has asked yet"},
    {A("on_start = { cached { '1s', call 'b' } }"), "'on_start': only work and calls"},
    {A("on_start = { 'config' }"), "'on_start': item 1 is a string"},
    {A("on_start = 'config'"), "'on_start': a list of steps is expected"},
    {A("on_strat = {}"), "did you mean 'on_start'?"},
    {A("policy = { retry = { attempts = 1, backoff = { jitter = 'none' } } }"), "is for applications"},
};

START_TEST(mistakes_are_named)
{
    struct stage_result result = stage_play(mistakes[_i].text, false, NULL);
    ck_assert_msg(!strncmp(result.message, "t.lua:1: ", 9) && strstr(result.message, mistakes[_i].says), "%s\n%s", mistakes[_i].text, result.message);
}
END_TEST

Suite *test_applications_suite(void)
{
    Suite *suite = suite_create("applications");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_test(tc, a_framework_s_figures_are_the_documented_ones);
    tcase_add_test(tc, what_a_service_says_goes_over_its_framework);
    tcase_add_test(tc, every_framework_can_be_read);
    tcase_add_test(tc, nothing_is_on_by_default);
    tcase_add_test(tc, servers_are_as_written);
    tcase_add_test(tc, a_cache_covers_its_steps);
    tcase_add_test(tc, times_with_tails_are_as_written);
    tcase_add_test(tc, loads_retry_and_have_pools);
    tcase_add_test(tc, what_is_done_at_the_start_is_as_written);
    tcase_add_loop_test(tc, mistakes_are_named, 0, sizeof mistakes / sizeof *mistakes);
    suite_add_tcase(suite, tc);
    return suite;
}

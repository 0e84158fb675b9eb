/* The rung "live": `squall proxy` on real sockets against the simulator, one play each (live.h), with the
 * prices of this machine, measured first.
 *
 * The load of a play: arrivals and service times are exponential and the same on both sides (they are keyed by
 * the seed); three servers with one place each, so that waiting is most of what is measured and the machine's
 * noise little. Loads and seeds stand below. Bounds, written before the first run: the first server of each
 * request the same, but for where the rotation starts; p50 within 5 %, p99 within 10 %, of the same requests;
 * attempts per request within 1 %.
 *
 * Calibration: 200 requests at a light load. The proxy's CPU time for each goes to its prices, half to the
 * request, half to the answer; what else a request takes longer than simulated without prices, at the median
 * (kernel, wake-ups, and libuv's timers, which count milliseconds), goes to the servers as CPU. A play whose
 * times miss their bound is held again, at most twice: what other processes have done to it passes.
 */
#include "fidelity/live.h"
#include "fidelity/tun.h"
#include "base/assert.h"
#include "config/bootstrap.h"
#include "node/node.h"
#include "sim/host/world.h"
#include "uv/host.h"
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROXY_PORT = 10000, SERVER_PORT = 9001, CONFIG = 8192 };
#define ROUND_TRIP (4 * MC_MS) /* between proxy and servers */

static struct record *live, simulated;
static struct tun_world *tun;
static mc_ns price, overhead; /* measured: CPU of the proxy for a request; all else */

static void *plain_take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void plain_give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

static struct mc_realm *realm_new(uint64_t seed)
{
    struct mc_realm *realm = calloc(1, sizeof *realm);
    mc_realm_init(realm, (struct mc_alloc){NULL, plain_take, plain_give}, seed);
    return realm;
}

/* ---- the configuration, for both ---- */

static void configure(const struct play *play, uint32_t listen, uint16_t port, const struct mc_addr *servers, char *text)
{
    char addr[MC_ADDR_TEXT_MAX], endpoints[1024] = "";
    for (int i = 0; i < LIVE_SERVERS; i++) {
        size_t used = strlen(endpoints);
        mc_addr_ip_text(servers[i], addr);
        snprintf(endpoints + used, sizeof endpoints - used,
                 "        - {endpoint: {address: {socket_address: {address: %s, port_value: %u}}}, load_balancing_weight: %u}\n", addr,
                 servers[i].port, play->weights[i] ? play->weights[i] : 1);
    }
    mc_addr_ip_text(mc_addr_v4(listen, 0), addr);
    snprintf(text, CONFIG,
             "static_resources:\n  listeners:\n  - name: in\n    address: {socket_address: {address: %s, port_value: %u}}\n"
             "    filter_chains:\n    - filters:\n      - name: envoy.filters.network.http_connection_manager\n        typed_config:\n"
             "          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager\n"
             "          stat_prefix: in\n          route_config:\n            name: routes\n            virtual_hosts:\n"
             "            - name: all\n              domains: [\"*\"]\n              routes: [{match: {prefix: /}, route: {cluster: all, timeout: 60s,"
             " retry_policy: {retry_on: 5xx, num_retries: %u, retry_back_off: {base_interval: 0.001s}}}}]\n"
             "          http_filters:\n          - name: envoy.filters.http.router\n"
             "            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}\n"
             "  clusters:\n  - name: all\n    connect_timeout: 5s\n    circuit_breakers: {thresholds: [{max_retries: 10000}]}\n"
             "    load_assignment:\n      cluster_name: all\n      endpoints:\n      - lb_endpoints:\n%s",
             addr, port, play->retries, endpoints);
}

/* ---- live ---- */

static void serve(const struct play *play, const struct mc_addr *addrs, pid_t parent) /* a process; does not return */
{
    static struct server servers[LIVE_SERVERS];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    tun_world_enter(tun, TUN_B);
    tun_hurry(5);
    struct mc_realm *realm = realm_new(1);
    struct mc_uv_loop *loop = mc_uv_loop_new(&(struct mc_uv_loop_options){.realm = realm});
    for (uint32_t i = 0; i < LIVE_SERVERS; i++) {
        servers[i] = (struct server){.play = play, .record = live, .realm = realm, .addr = addrs[i], .number = i};
        mc_uv_host_new(loop, live_server(&servers[i]), NULL);
    }
    mc_uv_loop_run(loop, MC_NEVER);
    _exit(0);
}

static pid_t start_proxy(const char *file, pid_t parent)
{
    pid_t child = fork();
    if (child) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
    const char *squall = getenv("SQUALL");
    tun_hurry(5);
    execl(squall, squall, "proxy", "--config", file, (char *)NULL);
    _exit(127);
}

static bool is_up(uint16_t port, pid_t child)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 500; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), status;
        bool up = connect(fd, (struct sockaddr *)&to, sizeof to) == 0;
        close(fd);
        if (up) return true;
        if (waitpid(child, &status, WNOHANG) == child) return false;
        usleep(10000);
    }
    return false;
}

/* What the scheduler has given to a process, all threads. */
static mc_ns cpu_of(pid_t process)
{
    char path[64];
    unsigned long long ran = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)process);
    FILE *file = fopen(path, "r");
    if (file && fscanf(file, "%llu", &ran) != 1) ran = 0;
    if (file) fclose(file);
    return (mc_ns)ran;
}

static bool play_live(const struct play *play)
{
    char text[CONFIG], file[] = "/tmp/squall-live-XXXXXX.yaml";
    struct mc_addr servers[LIVE_SERVERS];
    pid_t self = getpid();
    memset(live, 0, sizeof *live);
    for (uint16_t i = 0; i < LIVE_SERVERS; i++) servers[i] = mc_addr_v4(tun_addr(TUN_B), (uint16_t)(SERVER_PORT + i));
    configure(play, INADDR_LOOPBACK, PROXY_PORT, servers, text);
    int fd = mkstemps(file, 5);
    mc_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    fflush(stdout);
    pid_t behind = fork();
    if (!behind) serve(play, servers, self);
    pid_t proxy = start_proxy(file, self);
    bool up = is_up(PROXY_PORT, proxy);
    if (up) {
        struct client *client = calloc(1, sizeof *client);
        struct mc_realm *realm = realm_new(1);
        struct mc_uv_loop *loop = mc_uv_loop_new(&(struct mc_uv_loop_options){.realm = realm});
        *client = (struct client){.play = play, .record = live, .realm = realm, .proxy = mc_addr_v4(INADDR_LOOPBACK, PROXY_PORT)};
        mc_ns before = cpu_of(proxy);
        mc_uv_host_new(loop, live_client(client), NULL);
        mc_uv_loop_run(loop, MC_NEVER);
        live->cpu = cpu_of(proxy) - before;
        mc_uv_loop_free(loop);
        mc_realm_fini(realm);
        free(realm);
        free(client);
    }
    kill(proxy, SIGKILL);
    kill(behind, SIGKILL);
    waitpid(proxy, NULL, 0);
    waitpid(behind, NULL, 0);
    unlink(file);
    return up;
}

/* ---- simulated ---- */

struct scene {
    struct mc_realm *realm;
    struct sim_world *world;
    uint32_t machine;
};

static uint32_t put(struct scene *scene, const char *name, bool new_machine, struct sim_price prices, uint32_t *container)
{
    uint32_t pod;
    if (new_machine) mc_assert(sim_world_add_machine(scene->world, &(struct sim_machine_spec){0}, &scene->machine));
    mc_assert(sim_world_add_pod(scene->world, &(struct sim_pod_spec){.machine = scene->machine, .name = mc_str_c(name)}, &pod));
    mc_assert(sim_world_add_container(scene->world, &(struct sim_container_spec){.pod = pod, .price = prices}, container));
    return pod;
}

static struct mc_node *node_of(struct mc_realm *realm, const char *text)
{
    struct mc_config_errors errors;
    struct mc_bootstrap bootstrap;
    mc_assert(mc_ok(mc_bootstrap_read(realm, MC_STR("live.yaml"), mc_str_c(text), &bootstrap, &errors)));
    mc_atom name = mc_atoms_intern(&realm->atoms, MC_STR("proxy"));
    struct mc_node *node = mc_node_new(&(struct mc_node_options){
        .realm = realm, .name = name, .workload = name, .role = MC_NODE_PROXY, .snapshot = bootstrap.snapshot});
    mc_assert(node);
    mc_snapshot_unref(bootstrap.snapshot);
    return node;
}

static void play_simulated(const struct play *play)
{
    static struct server servers[LIVE_SERVERS];
    static struct client client;
    char text[CONFIG], name[2] = "a";
    struct sim_topology paths = {.same_zone.latency = ROUND_TRIP / 2};
    struct scene scene = {.realm = realm_new(play->seed)};
    uint32_t containers[LIVE_SERVERS], near, middle;
    struct mc_addr addrs[LIVE_SERVERS];
    memset(&simulated, 0, sizeof simulated);
    scene.world = sim_world_new(&(struct sim_world_options){.realm = scene.realm, .epoch = 1704067200 * MC_S, .paths = &paths});
    for (uint32_t i = 0; i < LIVE_SERVERS; i++, name[0]++) {
        uint32_t pod = put(&scene, name, true, (struct sim_price){0}, &containers[i]);
        addrs[i] = sim_net_addr(sim_world_net(scene.world), pod, (uint16_t)(SERVER_PORT + i));
        servers[i] = (struct server){.play = play, .record = &simulated, .realm = scene.realm, .number = i, .price = overhead,
                                     .addr.port = (uint16_t)(SERVER_PORT + i)};
    }
    uint32_t pod = put(&scene, "proxy", true, (struct sim_price){.request = price / 2, .response = price - price / 2}, &middle);
    put(&scene, "client", false, (struct sim_price){0}, &near);
    struct mc_addr listen = sim_net_addr(sim_world_net(scene.world), pod, PROXY_PORT);
    configure(play, mc_addr_v4_of(listen), PROXY_PORT, addrs, text);
    struct mc_node *node = node_of(scene.realm, text);
    client = (struct client){.play = play, .record = &simulated, .realm = scene.realm, .proxy = listen};
    for (uint32_t i = 0; i < LIVE_SERVERS; i++) sim_container_start(scene.world, containers[i], live_server(&servers[i]));
    sim_container_start(scene.world, middle, mc_node_guest(node));
    sim_world_run(scene.world, 0, 0);
    sim_container_start(scene.world, near, live_client(&client));
    for (mc_ns at = 0; simulated.answered < play->requests && at < 300 * MC_S;) sim_world_run(scene.world, at += MC_S, 0);
    sim_world_free(scene.world);
    mc_node_free(node);
    mc_realm_fini(scene.realm);
    free(scene.realm);
}

/* ---- comparing ---- */

static int by_time(const void *a, const void *b)
{
    mc_ns x = *(const mc_ns *)a, y = *(const mc_ns *)b;
    return (x > y) - (x < y);
}

static mc_ns quantile(const struct record *record, uint32_t count, double share)
{
    static mc_ns sorted[LIVE_REQUESTS];
    memcpy(sorted, record->latency, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_time);
    return sorted[(uint32_t)(share * (count - 1) + 0.5)];
}

static uint32_t attempts_of(const struct record *record)
{
    return record->attempts[0] + record->attempts[1] + record->attempts[2];
}

static uint32_t successes_of(const struct record *record, uint32_t count)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < count; i++) good += record->status[i] == 200;
    return good;
}

struct measure {
    const char *name;
    double error, bound;
};

static void row(const char *play, const struct measure *measure, uint32_t count)
{
    printf("rung\tlive:%s:%s\t%u\t%+.1f%%\t%g%%\t%s\n", play, measure->name, count, 100 * measure->error, 100 * measure->bound,
           fabs(measure->error) <= measure->bound ? "ok" : "FAILED");
    fflush(stdout);
}

/* Requests whose first server is another one, after the best turn of the rotation. */
static uint32_t strays(const struct play *play)
{
    uint32_t least = play->requests, period = 0;
    for (int i = 0; i < LIVE_SERVERS; i++) period += play->weights[i] ? play->weights[i] : 1;
    for (uint32_t shift = 0; shift < period; shift++) {
        uint32_t off = 0;
        for (uint32_t i = 0; i + period < play->requests; i++) off += live->first_server[i] != simulated.first_server[i + shift];
        if (off < least) least = off;
    }
    return least;
}

static bool both(const struct play *play, const char *name)
{
    if (!play_live(play)) {
        printf("rung\tlive:%s\t0\t-\t-\tFAILED (squall proxy does not start)\n", name);
        return false;
    }
    play_simulated(play);
    fprintf(stderr, "%s: live p50 %.2f p99 %.2f ms, %u attempts (%u %u %u), %u of %u good, %.1f us of CPU each; simulated p50 %.2f p99 %.2f ms, %u attempts (%u %u %u), %u good\n",
            name, (double)quantile(live, play->requests, 0.5) / 1e6, (double)quantile(live, play->requests, 0.99) / 1e6, attempts_of(live),
            live->attempts[0], live->attempts[1], live->attempts[2], successes_of(live, play->requests), play->requests,
            (double)live->cpu / play->requests / 1e3, (double)quantile(&simulated, play->requests, 0.5) / 1e6,
            (double)quantile(&simulated, play->requests, 0.99) / 1e6, attempts_of(&simulated), simulated.attempts[0], simulated.attempts[1],
            simulated.attempts[2], successes_of(&simulated, play->requests));
    return true;
}

static bool calibrate(void)
{
    struct play play = {.requests = 200, .every = 20 * MC_MS, .service = 5 * MC_MS, .service_drawn = true, .seed = 99};
    if (!both(&play, "calibration")) return false;
    for (uint32_t i = 0; i < play.requests; i++) live->latency[i] -= simulated.latency[i];
    price = live->cpu / play.requests;
    overhead = mc_ns_max(0, quantile(live, play.requests, 0.5) - price);
    printf("rung\tlive:calibration\t%u\t%.0f us of CPU, %.0f us else\t2 ms\t%s\n", play.requests, (double)price / 1e3, (double)overhead / 1e3,
           price + overhead <= 2 * MC_MS ? "ok" : "skipped (the machine is too busy for what follows)");
    return true;
}

/* Fills in what is compared after a play; how many. */
typedef uint32_t comparison(const struct play *play, struct measure *measures);

static void hold(const struct play *play, const char *name, comparison *compare)
{
    struct measure measures[4];
    uint32_t count = 0;
    bool good = false;
    for (int held = 0; held < 3 && !good; held++) {
        if (!both(play, name)) return;
        count = compare(play, measures);
        good = true;
        for (uint32_t i = 0; i < count; i++) good = good && fabs(measures[i].error) <= measures[i].bound;
    }
    for (uint32_t i = 0; i < count; i++) row(name, &measures[i], play->requests);
}

static double quantile_error(const struct play *play, double share)
{
    return (double)quantile(&simulated, play->requests, share) / (double)quantile(live, play->requests, share) - 1;
}

static uint32_t compare_routing(const struct play *play, struct measure *measures)
{
    measures[0] = (struct measure){"first-servers", (double)strays(play) / play->requests, 0};
    return 1;
}

static uint32_t compare_retries(const struct play *play, struct measure *measures)
{
    uint32_t count = play->requests;
    measures[0] = (struct measure){"attempts", (double)attempts_of(&simulated) / attempts_of(live) - 1, 0.01};
    measures[1] = (struct measure){"successes", (double)successes_of(&simulated, count) / successes_of(live, count) - 1, 0.01};
    measures[2] = (struct measure){"p50", quantile_error(play, 0.5), 0.05};
    return 3;
}

static uint32_t compare_times(const struct play *play, struct measure *measures)
{
    measures[0] = (struct measure){"p50", quantile_error(play, 0.5), 0.05};
    measures[1] = (struct measure){"p99", quantile_error(play, 0.99), 0.10};
    return 2;
}

/* So far apart that requests reach the proxy one by one also when this process has to wait. */
static void routing(const char *name, uint32_t requests, const uint32_t weights[LIVE_SERVERS])
{
    struct play play = {.requests = requests, .every = 20 * MC_MS, .service = 2 * MC_MS, .seed = 1};
    memcpy(play.weights, weights, sizeof play.weights);
    hold(&play, name, compare_routing);
}

static void amplification(uint32_t requests)
{
    struct play play = {.requests = requests, .every = 10 * MC_MS, .service = 5 * MC_MS, .service_drawn = true,
                        .fails_ppm = 300000, .retries = 2, .seed = 3};
    hold(&play, "retries", compare_retries);
}

static void loaded(uint32_t percent, uint64_t seed, uint32_t requests)
{
    char name[32];
    struct play play = {.requests = requests, .service = 20 * MC_MS, .arrivals_drawn = true, .service_drawn = true, .seed = seed};
    play.every = play.service * 100 / (LIVE_SERVERS * percent);
    snprintf(name, sizeof name, "load-%u%%:seed-%llu", percent, (unsigned long long)seed);
    hold(&play, name, compare_times);
}

static void play_all(bool quick)
{
    routing("rotation", quick ? 100 : 400, (uint32_t[]){1, 1, 1});
    if (!quick) routing("weights-5-2-1", 400, (uint32_t[]){5, 2, 1});
    amplification(quick ? 200 : 1000);
    if (quick) {
        loaded(70, 1, 400);
        return;
    }
    for (uint64_t seed = 1; seed <= 3; seed++) {
        loaded(50, seed, 1000);
        loaded(80, seed, 1500);
    }
}

int main(int count, char **arguments)
{
    const char *why, *wanted = getenv("QUICK"), *squall = getenv("SQUALL");
    bool quick = (wanted && *wanted == '1') || (count > 1 && !strcmp(arguments[1], "--quick"));
    if (!squall || access(squall, X_OK)) {
        printf("rung\tlive\t0\t-\t-\tskipped (SQUALL is not the binary)\n");
        return 0;
    }
    tun = tun_world_open(&why);
    if (!tun) {
        printf("rung\tlive\t0\t-\t-\tskipped (%s)\n", why);
        return 0;
    }
    live = mmap(NULL, sizeof *live, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mc_assert(live != MAP_FAILED);
    tun_world_link(tun, &(struct sim_path_terms){.latency = ROUND_TRIP / 2}, NULL, 1);
    tun_hurry(5);
    if (calibrate()) play_all(quick);
    tun_world_close(tun);
    return 0;
}

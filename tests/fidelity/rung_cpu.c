/* The rung "cpu": two workers under a CPU quota, by this machine's kernel in a cgroup and in the simulator.
 *
 * Requests come at instants that are drawn before (the same for both), wait for a free worker first come first
 * served, and burn the same CPU (in the simulator what a request took in all, so that what the kernel adds to it is
 * no error of the quota's). A period's phase is chance in Linux: several cgroups one after the other, and the
 * simulator with as many phases, are pooled.
 *
 * Bounds, written before the first run: throttled time per second within 10 %, the 99th percentile of the time from
 * arrival to the end within 20 %. A machine on which requests without a quota take 5 ms (a tick and what follows) longer
 * at the 99th percentile than on idle cores cannot be compared with anything: skipped. With QUICK there are few phases,
 * and both bounds are twice as wide. */
#include "base/assert.h"
#include "host/realm.h"
#include "sim/host/world.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THROTTLED_BOUND 0.10
#define TAIL_BOUND 0.20
#define NOISE_BOUND (5 * MC_MS)

enum { WORKERS = 2, REQUESTS = 4096, PHASES = 40, PATH = 200 };

struct trial {
    const char *name;
    uint32_t cpu_millis; /* 0: no quota */
    double per_second;
    mc_ns cost;
    bool even;           /* arrivals keep their distance; else Poisson */
};

struct requests {
    uint32_t count;
    mc_ns cost, span;
    mc_ns at[REQUESTS], took[REQUESTS];
    _Atomic uint32_t next;
    mc_ns start; /* real: CLOCK_MONOTONIC of time 0 */
};

struct outcome {
    double throttled; /* seconds per second, over all CPUs */
    mc_ns tail;
    mc_ns cost;       /* CPU of a request, with what the kernel adds to it */
};

static uint32_t rounds, seconds;
static bool quick;

static void draw_arrivals(struct requests *requests, const struct trial *trial, uint32_t seed)
{
    uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    double at = 0;
    requests->cost = trial->cost;
    requests->span = seconds * MC_S;
    for (requests->count = 0; requests->count < REQUESTS; requests->at[requests->count++] = (mc_ns)(at * 1e9)) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        double even = ((double)(state >> 11) + 0.5) / 9007199254740992.0;
        at += (trial->even ? 1 : -log(even)) / trial->per_second;
        if (at >= seconds) break;
    }
}

static int by_time(const void *a, const void *b)
{
    mc_ns x = *(const mc_ns *)a, y = *(const mc_ns *)b;
    return (x > y) - (x < y);
}

static mc_ns tail_of(mc_ns *took, uint32_t count)
{
    qsort(took, count, sizeof *took, by_time);
    return took[(uint64_t)count * 99 / 100];
}

/* ---- the kernel ---- */

static mc_ns read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * MC_S + now.tv_nsec;
}

static void *work(void *self)
{
    struct requests *requests = self;
    for (uint32_t i; (i = atomic_fetch_add(&requests->next, 1)) < requests->count;) {
        mc_ns at = requests->start + requests->at[i];
        struct timespec until = {at / MC_S, at % MC_S};
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        mc_ns begun = read_clock(CLOCK_THREAD_CPUTIME_ID);
        while (read_clock(CLOCK_THREAD_CPUTIME_ID) - begun < requests->cost) {}
        requests->took[i] = read_clock(CLOCK_MONOTONIC) - at;
    }
    return NULL;
}

static void serve(struct requests *requests)
{
    pthread_t workers[WORKERS];
    requests->start = read_clock(CLOCK_MONOTONIC) + 20 * MC_MS;
    for (int i = 0; i < WORKERS; i++) {
        cpu_set_t own; /* else the scheduler may put both on one while something else has the other */
        CPU_ZERO(&own);
        CPU_SET(i, &own);
        mc_assert(pthread_create(&workers[i], NULL, work, requests) == 0);
        pthread_setaffinity_np(workers[i], sizeof own, &own);
    }
    for (int i = 0; i < WORKERS; i++) pthread_join(workers[i], NULL);
}

struct cgroup {
    bool is_v2;
    char path[PATH];
};

static bool write_file(const struct cgroup *group, const char *name, const char *text)
{
    char path[PATH + 40];
    snprintf(path, sizeof path, "%s/%s", group->path, name);
    int file = open(path, O_WRONLY);
    if (file < 0) return false;
    ssize_t n = write(file, text, strlen(text));
    close(file);
    return n == (ssize_t)strlen(text);
}

/* As cpu.stat has it; 0 if it has not. */
static uint64_t read_stat(const struct cgroup *group, const char *name)
{
    char path[PATH + 40], key[64];
    unsigned long long value, found = 0;
    snprintf(path, sizeof path, "%s/cpu.stat", group->path);
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%63s %llu", key, &value) == 2)
        if (!strcmp(key, name)) found = value;
    if (file) fclose(file);
    return found;
}

static bool make_group(struct cgroup *group, uint32_t number)
{
    static const char *const v1[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
    struct stat found;
    for (int i = 0; i < 2; i++) {
        *group = (struct cgroup){0};
        snprintf(group->path, PATH, "%s/squall-fidelity-%d-%u", v1[i], (int)getpid(), number);
        if (stat(v1[i], &found) == 0 && mkdir(group->path, 0755) == 0) return true;
    }
    *group = (struct cgroup){.is_v2 = true, .path = "/sys/fs/cgroup"};
    write_file(group, "cgroup.subtree_control", "+cpu");
    snprintf(group->path, PATH, "/sys/fs/cgroup/squall-fidelity-%d-%u", (int)getpid(), number);
    if (mkdir(group->path, 0755) != 0) return false;
    if (write_file(group, "cpu.max", "max 100000")) return true;
    rmdir(group->path);
    return false;
}

/* Everything else on the machine stands back: what is compared is the quota. */
static bool limit(const struct cgroup *group, uint32_t cpu_millis)
{
    char text[60];
    write_file(group, group->is_v2 ? "cpu.weight" : "cpu.shares", group->is_v2 ? "10000" : "262144");
    if (!cpu_millis) return true;
    if (group->is_v2) snprintf(text, sizeof text, "%u 100000", cpu_millis * 100);
    else snprintf(text, sizeof text, "%u", cpu_millis * 100);
    return write_file(group, group->is_v2 ? "cpu.max" : "cpu.cfs_quota_us", text);
}

/* The workers in a process of their own, so that its end empties the cgroup. */
static bool run_real(const struct cgroup *group, const struct trial *trial, struct requests *requests, mc_ns *throttled)
{
    char text[40];
    int status = 1;
    pid_t child = limit(group, trial->cpu_millis) ? fork() : -1;
    if (child < 0) return false;
    if (child == 0) {
        snprintf(text, sizeof text, "%d", (int)getpid());
        if (!write_file(group, "cgroup.procs", text)) _exit(1);
        serve(requests);
        _exit(0);
    }
    waitpid(child, &status, 0);
    *throttled = group->is_v2 ? (mc_ns)read_stat(group, "throttled_usec") * MC_US : (mc_ns)read_stat(group, "throttled_time");
    return status == 0;
}

static mc_ns cpu_of_children(void)
{
    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * MC_S + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * MC_US;
}

static const char *measure(const struct trial *trial, struct outcome *outcome)
{
    struct requests *requests = mmap(NULL, sizeof *requests, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mc_ns *took = calloc(REQUESTS * rounds, sizeof *took), sum = 0, cpu = cpu_of_children();
    uint32_t count = 0;
    const char *why = NULL;
    mc_assert(requests != MAP_FAILED && took);
    for (uint32_t i = 0; !why && i < rounds; i++) {
        struct cgroup group;
        mc_ns throttled = 0;
        if (!make_group(&group, i)) {
            why = "no cgroup with a CPU controller may be made here";
            break;
        }
        memset(requests, 0, sizeof *requests);
        draw_arrivals(requests, trial, i);
        if (!run_real(&group, trial, requests, &throttled)) why = "the cgroup takes no quota or no process";
        rmdir(group.path);
        memcpy(took + count, requests->took, requests->count * sizeof *took);
        count += requests->count;
        sum += throttled;
    }
    cpu = cpu_of_children() - cpu;
    if (!why) *outcome = (struct outcome){(double)sum / ((double)seconds * rounds * 1e9), tail_of(took, count), cpu / count};
    free(took);
    munmap(requests, sizeof *requests);
    return why;
}

/* ---- the simulator: a client that opens a connection at each instant, a server that burns and answers ---- */

struct client {
    struct mc_guest guest;
    struct requests *requests;
    struct mc_addr server;
    uint32_t next;
    mc_ns now;
};

static void client_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct client *client = self;
    struct requests *requests = client->requests;
    client->now = event->now;
    if (event->kind == MC_EVENT_DATA) {
        uint32_t i = (uint32_t)(event->stream & UINT32_MAX) - 1;
        requests->took[i] = event->now - requests->at[i];
        mc_slice_unref(event->data);
        return;
    }
    while (client->next < requests->count && requests->at[client->next] <= event->now) {
        struct mc_action *action = mc_outbox_add(outbox, MC_ACTION_OPEN);
        action->stream = MC_STREAM_GUEST_BIT | ++client->next;
        action->addr = client->server;
    }
}

static mc_ns client_deadline(const void *self)
{
    const struct client *client = self;
    return client->next < client->requests->count ? client->requests->at[client->next] : MC_NEVER;
}

struct server {
    struct mc_pool *pool;
    mc_ns cost;
};

static void server_step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct server *server = self;
    if (event->kind == MC_EVENT_START) {
        struct mc_action *listen = mc_outbox_add(outbox, MC_ACTION_LISTEN);
        listen->id = 1;
        listen->addr = (struct mc_addr){.port = 80};
    }
    if (event->kind != MC_EVENT_ACCEPTED) return;
    struct mc_action *answer = mc_outbox_add(outbox, MC_ACTION_SEND);
    answer->stream = event->stream;
    answer->slice = mc_slice_copy(server->pool, MC_STR("x"));
    outbox->work[MC_WORK_APP_NS] = (uint64_t)server->cost;
}

static mc_ns server_deadline(const void *self)
{
    (void)self;
    return MC_NEVER;
}

static const struct mc_guest_type client_type = {.name = "client", .step = client_step, .deadline = client_deadline};
static const struct mc_guest_type server_type = {.name = "server", .step = server_step, .deadline = server_deadline};

static void *take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

static uint32_t put(struct sim_world *world, const char *name, struct sim_container_spec spec, uint32_t cores)
{
    uint32_t machine, container;
    mc_assert(sim_world_add_machine(world, &(struct sim_machine_spec){.cores = cores}, &machine));
    mc_assert(sim_world_add_pod(world, &(struct sim_pod_spec){.machine = machine, .name = mc_str_c(name)}, &spec.pod));
    mc_assert(sim_world_add_container(world, &spec, &container));
    return container;
}

static mc_ns simulate_once(const struct trial *trial, struct requests *requests, mc_ns phase)
{
    struct mc_realm realm;
    mc_realm_init(&realm, (struct mc_alloc){.take = take, .give = give}, 1);
    struct sim_kernel kernel = {.hz = 250}; /* Debian's and Ubuntu's */
    struct sim_world *world = sim_world_new(&(struct sim_world_options){.realm = &realm, .kernel = &kernel});
    mc_assert(world);
    struct server server = {.pool = &realm.pool, .cost = requests->cost};
    struct sim_container_spec limited = {.cpu_millis = trial->cpu_millis, .threads = WORKERS, .quota_phase = phase};
    uint32_t serves = put(world, "server", limited, WORKERS), asks = put(world, "client", (struct sim_container_spec){0}, 0);
    struct client client = {.requests = requests, .server = sim_world_pod(world, sim_world_container(world, serves).pod).addr};
    client.server.port = 80;
    sim_container_start(world, serves, (struct mc_guest){&server_type, &server});
    sim_world_run(world, 0, 0);
    sim_container_start(world, asks, (struct mc_guest){&client_type, &client});
    sim_world_run(world, requests->span + 60 * MC_S, 0);
    mc_ns throttled = sim_world_container(world, serves).throttled;
    sim_world_free(world);
    mc_realm_fini(&realm);
    return throttled;
}

static struct outcome simulate(const struct trial *trial, mc_ns cost)
{
    static struct requests requests;
    mc_ns *took = calloc((size_t)REQUESTS * PHASES * rounds, sizeof *took), sum = 0;
    uint32_t count = 0, times = 0;
    mc_assert(took);
    for (uint32_t i = 0; i < rounds; i++)
        for (uint32_t phase = 0; phase < PHASES; phase++, times++) {
            memset(&requests, 0, sizeof requests);
            draw_arrivals(&requests, trial, i);
            requests.cost = cost;
            sum += simulate_once(trial, &requests, phase * SIM_QUOTA_PERIOD_MS * MC_MS / PHASES);
            memcpy(took + count, requests.took, requests.count * sizeof *took);
            count += requests.count;
        }
    struct outcome outcome = {(double)sum / ((double)seconds * times * 1e9), tail_of(took, count), cost};
    free(took);
    return outcome;
}

/* ---- the comparison ---- */

static void row(const struct trial *trial, const char *what, double error, double bound)
{
    bound *= quick ? 2 : 1;
    printf("rung\tcpu:%s:%s\t%u\t%+.1f%%\t%.0f%%\t%s\n", trial->name, what, rounds, error * 100, bound * 100, fabs(error) <= bound ? "ok" : "FAILED");
}

static void skip(const struct trial *trial, const char *why)
{
    printf("rung\tcpu:%s\t0\t-\t-\tskipped (%s)\n", trial->name, why);
}

static const struct trial quiet = {"quiet", 0, 20, 10 * MC_MS, false};

/* Half a core and two workers who could use two, and others. */
static const struct trial trials[] = {
    {"half-a-core", 500, 40, 10 * MC_MS, false},
    {"one-core", 1000, 40, 20 * MC_MS, false},
    {"paced", 300, 5.3, 50 * MC_MS, true},
    {"short-requests", 400, 185, 2 * MC_MS, false},
};

static const char *why_not(void)
{
    static char text[120];
    struct outcome real;
    const char *why = measure(&quiet, &real);
    if (why) return why;
    struct outcome simulated = simulate(&quiet, real.cost);
    mc_ns noise = real.tail - simulated.tail;
    printf("# without a quota: p99 %.2f ms, simulated %.2f ms\n", (double)real.tail / 1e6, (double)simulated.tail / 1e6);
    if (noise <= NOISE_BOUND) return NULL;
    snprintf(text, sizeof text, "the machine is busy: %.0f ms longer at p99 without a quota", (double)noise / 1e6);
    return text;
}

int main(void)
{
    const char *wish = getenv("QUICK"), *why = NULL;
    quick = wish && !strcmp(wish, "1");
    rounds = quick ? 4 : 8;
    seconds = quick ? 4 : 10;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (sysconf(_SC_NPROCESSORS_ONLN) < WORKERS) why = "fewer than two cores";
    if (!why) why = why_not();
    for (size_t i = 0; i < MC_COUNT_OF(trials); i++) {
        struct outcome real, simulated;
        if (!why) why = measure(&trials[i], &real);
        if (why) {
            skip(&trials[i], why);
            continue;
        }
        simulated = simulate(&trials[i], real.cost);
        printf("# %s: CPU of a request %.3f ms; throttled %.3f s/s, simulated %.3f; p99 %.1f ms, simulated %.1f\n", trials[i].name, (double)real.cost / 1e6, real.throttled, simulated.throttled,
               (double)real.tail / 1e6, (double)simulated.tail / 1e6);
        row(&trials[i], "throttled", simulated.throttled / real.throttled - 1, THROTTLED_BOUND);
        row(&trials[i], "p99", (double)simulated.tail / (double)real.tail - 1, TAIL_BOUND);
    }
    return 0;
}

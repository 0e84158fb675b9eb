#include "cli/proxy.h"
#include "config/bootstrap.h"
#include "node/node.h"
#include "uv/host.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

enum { EXIT_DATA = 65, EXIT_NO_INPUT = 66, EXIT_SOFTWARE = 70, EXIT_IO = 74 };

/* ---- the file ---- */

/* One reading of the file, shared by the workers that still have to load it. */
struct config_text {
    atomic_uint references;
    struct mc_str file_name, text;
    char bytes[];
};

static void text_unref(struct config_text *text)
{
    if (text && atomic_fetch_sub(&text->references, 1) == 1) free(text);
}

static struct config_text *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct config_text *text = NULL;
    if (file && fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        rewind(file);
        if (size >= 0) text = malloc(sizeof *text + (size_t)size + 1);
        if (text) {
            *text = (struct config_text){.references = 1, .file_name = mc_str_c(path)};
            text->text = mc_str(text->bytes, fread(text->bytes, 1, (size_t)size, file));
        }
    }
    if (file) fclose(file);
    return text;
}

static void print_errors(const struct mc_config_errors *errors)
{
    char line[1024];
    for (uint32_t i = 0; i < errors->count && i < MC_CONFIG_ERRORS; i++) {
        mc_config_error_line(errors, &errors->list[i], line, sizeof line);
        fprintf(stderr, "%s\n", line);
    }
    if (errors->count > MC_CONFIG_ERRORS)
        fprintf(stderr, "%.*s: %u more errors\n", MC_STR_ARG(errors->file), errors->count - MC_CONFIG_ERRORS);
    for (uint32_t i = 0; i < errors->note_count && i < MC_CONFIG_ERRORS; i++) {
        mc_config_error_line(errors, &errors->notes[i], line, sizeof line);
        fprintf(stderr, "note: %s\n", line);
    }
}

/* ---- memory ---- */

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

static void init_realm(struct mc_realm *realm)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) abort();
    mc_realm_init(realm, (struct mc_alloc){.take = take, .give = give}, seed);
}

/* Loads TEXT in a realm of its own, to see whether it is good; 0 or the exit status. */
static int try_text(const struct config_text *text)
{
    struct mc_realm realm;
    struct mc_config_errors errors;
    struct mc_snapshot *snapshot;
    init_realm(&realm);
    struct mc_result result = mc_bootstrap_load(&realm, text->file_name, text->text, &snapshot, &errors);
    if (mc_ok(result) && !snapshot->of[MC_RESOURCE_LISTENER].count) {
        mc_config_fail(&errors, NULL, "no listener: there is nothing to do");
        result = MC_RESULT(INVALID);
    }
    print_errors(&errors);
    mc_snapshot_unref(snapshot);
    mc_realm_fini(&realm);
    if (mc_ok(result)) return 0;
    if (result.code == MC_NO_MEMORY) fprintf(stderr, "squall: out of memory\n");
    return result.code == MC_NO_MEMORY ? EXIT_SOFTWARE : EXIT_DATA;
}

/* ---- workers ---- */

struct proxy;

/* Each has a thread of its own; the first has the main one. */
struct worker {
    struct mc_uv_operator operator;
    struct proxy *proxy;
    pthread_t thread;
    bool threaded;
    struct mc_realm realm;
    struct mc_uv_loop *loop; /* kept until all have ended: the others may post to it */
    struct mc_uv_host *host;
    struct mc_node *node;
    int status;
};

struct proxy {
    const struct cli_proxy_options *options;
    struct config_text *text; /* to begin with */
    struct mc_uv_signal hangup;
    pthread_barrier_t ready;  /* every worker has its loop, or has failed */
    struct worker workers[CLI_PROXY_WORKERS];
    bool running;             /* every listener was had: from now on a missing one is no reason to go */
};

static bool make_node(struct worker *worker, const struct config_text *text)
{
    struct mc_config_errors errors;
    struct mc_bootstrap bootstrap;
    if (!mc_ok(mc_bootstrap_read(&worker->realm, text->file_name, text->text, &bootstrap, &errors))) return false;
    mc_atom name = bootstrap.node_id ? bootstrap.node_id : mc_atoms_intern(&worker->realm.atoms, MC_STR("proxy"));
    worker->node = mc_node_new(&(struct mc_node_options){
        .realm = &worker->realm,
        .number = (uint32_t)(worker - worker->proxy->workers),
        .name = name,
        .workload = bootstrap.node_cluster ? bootstrap.node_cluster : name,
        .role = MC_NODE_PROXY,
        .snapshot = bootstrap.snapshot,
    });
    mc_snapshot_unref(bootstrap.snapshot);
    return worker->node;
}

/* Everything that a worker runs on; false: no memory, and close_worker takes away what there is. */
static bool open_worker(struct worker *worker)
{
    struct proxy *proxy = worker->proxy;
    init_realm(&worker->realm);
    worker->loop = mc_uv_loop_new(&(struct mc_uv_loop_options){
        .realm = &worker->realm,
        .stop_on_signals = true,
        .grace = proxy->options->drain_time,
    });
    if (!worker->loop || !make_node(worker, proxy->text)) return false;
    worker->host = mc_uv_host_new(worker->loop, mc_node_guest(worker->node), &worker->operator);
    return worker->host;
}

static void close_worker(struct worker *worker)
{
    if (worker->loop) mc_uv_loop_free(worker->loop);
    mc_node_free(worker->node);
    mc_realm_fini(&worker->realm);
}

/* ---- orders to other workers ---- */

struct order {
    struct mc_uv_post post;
    struct worker *worker;
    struct config_text *text; /* NULL: stop at once */
};

static void install(struct worker *worker, const struct config_text *text)
{
    struct mc_config_errors errors;
    struct mc_node_install order = {.base.kind = MC_NODE_INSTALL};
    struct mc_result result =
        mc_bootstrap_load(&worker->realm, text->file_name, text->text, &order.snapshot, &errors);
    if (mc_ok(result)) {
        mc_uv_host_command(worker->host, &order.base);
        result = mc_node_last_command(worker->node);
    }
    if (!mc_ok(result)) fprintf(stderr, "squall: the reload was refused: %s\n", mc_code_text(result.code));
    mc_snapshot_unref(order.snapshot);
}

static void carry_out(struct mc_uv_post *post, struct mc_uv_loop *loop)
{
    struct order *order = mc_container(post, struct order, post);
    struct worker *worker = order->worker;
    if (!order->text)
        mc_uv_loop_stop(loop, 0);
    else if (!mc_uv_host_exited(worker->host, NULL))
        install(worker, order->text);
    text_unref(order->text);
    free(order);
}

static void send_order(struct worker *worker, struct config_text *text)
{
    struct order *order = worker->host ? malloc(sizeof *order) : NULL;
    if (!order) return;
    if (text) atomic_fetch_add(&text->references, 1);
    *order = (struct order){.post.run = carry_out, .worker = worker, .text = text};
    mc_uv_loop_post(worker->loop, &order->post);
}

/* ---- what happens to a worker ---- */

static void on_listen_failed(struct mc_uv_operator *operator, uint32_t listener, struct mc_addr addr, const char *why)
{
    struct worker *worker = mc_container(operator, struct worker, operator);
    struct proxy *proxy = worker->proxy;
    char place[MC_ADDR_TEXT_MAX];
    (void)listener;
    mc_addr_text(addr, place);
    fprintf(stderr, "squall: cannot listen at %s: %s\n", place, why);
    if (proxy->running) return;
    worker->status = EXIT_IO;
    for (unsigned i = 0; i < proxy->options->workers; i++) send_order(&proxy->workers[i], NULL);
}

static void on_hangup(struct mc_uv_signal *signal)
{
    struct proxy *proxy = mc_container(signal, struct proxy, hangup);
    struct config_text *text = read_text(proxy->options->config);
    proxy->running = true;
    if (!text)
        fprintf(stderr, "squall: %s: cannot be read; nothing is changed\n", proxy->options->config);
    else if (try_text(text))
        fprintf(stderr, "squall: %s: nothing is changed\n", proxy->options->config);
    else
        for (unsigned i = 0; i < proxy->options->workers; i++) send_order(&proxy->workers[i], text);
    text_unref(text);
}

static void *run_worker(void *given)
{
    struct worker *worker = given;
    bool opened = open_worker(worker);
    if (!opened) {
        fprintf(stderr, "squall: out of memory\n");
        worker->status = EXIT_SOFTWARE;
        worker->host = NULL;
    }
    pthread_barrier_wait(&worker->proxy->ready);
    if (opened) mc_uv_loop_run(worker->loop, MC_NEVER);
    return NULL;
}

/* ---- all of them ---- */

static void start_threads(struct proxy *proxy)
{
    for (unsigned i = 1; i < proxy->options->workers; i++) {
        struct worker *worker = &proxy->workers[i];
        worker->threaded = !pthread_create(&worker->thread, NULL, run_worker, worker);
        if (!worker->threaded) abort(); /* the barrier would wait for it for ever */
    }
}

static int end_all(struct proxy *proxy)
{
    int status = 0;
    for (unsigned i = 0; i < proxy->options->workers; i++)
        if (proxy->workers[i].threaded) pthread_join(proxy->workers[i].thread, NULL);
    for (unsigned i = 0; i < proxy->options->workers; i++) {
        close_worker(&proxy->workers[i]);
        if (!status) status = proxy->workers[i].status;
    }
    return status;
}

static int run(struct proxy *proxy)
{
    struct worker *first = &proxy->workers[0];
    pthread_barrier_init(&proxy->ready, NULL, proxy->options->workers);
    for (unsigned i = 0; i < proxy->options->workers; i++) {
        proxy->workers[i].proxy = proxy;
        proxy->workers[i].operator.listen_failed = on_listen_failed;
    }
    start_threads(proxy);
    bool opened = open_worker(first) && mc_uv_loop_listen_signal(first->loop, &proxy->hangup);
    pthread_barrier_wait(&proxy->ready);
    if (opened) {
        mc_uv_loop_run(first->loop, MC_NEVER);
    } else {
        first->status = EXIT_SOFTWARE;
        for (unsigned i = 1; i < proxy->options->workers; i++) send_order(&proxy->workers[i], NULL);
    }
    int status = end_all(proxy);
    pthread_barrier_destroy(&proxy->ready);
    return status;
}

int cli_proxy_run(const struct cli_proxy_options *options)
{
    struct config_text *text = read_text(options->config);
    if (!text) {
        fprintf(stderr, "squall: %s: cannot be read\n", options->config);
        return EXIT_NO_INPUT;
    }
    int status = try_text(text);
    struct proxy *proxy = status ? NULL : calloc(1, sizeof *proxy);
    if (proxy) {
        proxy->options = options;
        proxy->text = text;
        proxy->hangup = (struct mc_uv_signal){.number = SIGHUP, .heard = on_hangup};
        status = run(proxy);
    }
    free(proxy);
    text_unref(text);
    return status;
}

#include "config/bootstrap.h"
#include "base/digest.h"
#include "config/translate.h"
#include "model/validate.h"

enum { WORKING_BYTES = 512 * 1024 * 1024 }; /* for the document and what is decoded from it */

static void note_clusters(struct mc_translation *t, const struct mc_envoy_static_resources *resources)
{
    for (uint32_t i = 0; i < resources->clusters_count; i++) {
        const struct mc_envoy_cluster *cluster = &resources->clusters[i];
        if (!mc_map_put(&t->clusters, mc_hash(cluster->name, 0), (void *)cluster)) t->refused = true;
    }
}

static void static_resources(struct mc_translation *t, const struct mc_envoy_static_resources *from)
{
    if (!from) return;
    note_clusters(t, from);
    for (uint32_t i = 0; i < from->clusters_count && !t->refused; i++)
        mc_translate_cluster(t, &from->clusters[i]);
    for (uint32_t i = 0; i < from->listeners_count && !t->refused; i++)
        mc_translate_listener(t, &from->listeners[i]);
}

static void admin(struct mc_translation *t, const struct mc_envoy_admin *from, struct mc_addr *addr)
{
    struct mc_listener to = {.chain_count = 1};
    if (!from || !from->address || !mc_translate_address(t, from->address, addr)) return;
    to.addr = *addr;
    to.name = mc_translate_atom(t, MC_STR("admin"));
    const struct mc_filter_chain chain = {
        .name = to.name,
        .stat_prefix = to.name,
        .server_name = MC_STR("envoy"),
        .filters = {MC_HTTP_FILTER_ADMIN},
        .filter_count = 1,
        .idle_timeout = MC_HOUR,
        .stream_idle_timeout = 5 * MC_MIN,
    };
    to.chains = &chain;
    mc_translate_added(t, mc_snapshot_add_listener(t->builder, &to), MC_RESOURCE_LISTENER, to.name, from->at);
}

/* The last word: what no single field shows. */
static bool check(struct mc_translation *t, const struct mc_snapshot *snapshot)
{
    struct mc_problem problem;
    if (mc_snapshot_check(snapshot, &problem)) return true;
    const struct mc_value *at = NULL;
    for (struct mc_origin *origin = t->origins; origin; origin = origin->before)
        if (origin->type == problem.type && origin->name == problem.name) at = origin->at;
    mc_config_fail(t->errors, at, "%.*s: %s", MC_STR_ARG(mc_atoms_text(&t->realm->atoms, problem.name)),
                   problem.text);
    return false;
}

static void bootstrap(struct mc_translation *t, const struct mc_envoy_bootstrap *from, struct mc_bootstrap *out)
{
    static_resources(t, from->static_resources);
    admin(t, from->admin, &out->admin);
    if (!from->node) return;
    out->node_id = mc_translate_atom(t, from->node->id);
    out->node_cluster = mc_translate_atom(t, from->node->cluster);
}

static struct mc_result seal(struct mc_translation *t, struct mc_snapshot **out)
{
    if (t->refused || t->errors->count) {
        mc_snapshot_drop(t->builder);
        return t->refused ? MC_RESULT(NO_MEMORY) : MC_RESULT(INVALID);
    }
    *out = mc_snapshot_seal(t->builder, 1);
    if (!*out) return MC_RESULT(NO_MEMORY);
    if (check(t, *out)) return MC_RESULT(OK);
    mc_snapshot_unref(*out);
    return MC_RESULT(INVALID);
}

static struct mc_result translate(struct mc_translation *t, const struct mc_message *type, const void *record,
                                  struct mc_bootstrap *out)
{
    t->builder = mc_snapshot_build(t->realm);
    if (!t->builder) return MC_RESULT(NO_MEMORY);
    if (type == &mc_envoy_bootstrap_message)
        bootstrap(t, record, out);
    else
        mc_translate_routes(t, record, MC_STR("routes"), NULL);
    return seal(t, &out->snapshot);
}

static struct mc_result read(struct mc_realm *realm, struct mc_arena *arena, const struct mc_message *type,
                             struct mc_str text, struct mc_bootstrap *out, struct mc_config_errors *errors)
{
    const struct mc_value *root;
    MC_TRY(mc_document_parse(arena, text, errors, &root));
    struct mc_decoder decoder = {.arena = arena, .errors = errors};
    const void *record = mc_decode(&decoder, type, root);
    if (decoder.refused) return MC_RESULT(NO_MEMORY);
    if (!record || errors->count) return MC_RESULT(INVALID); /* what follows from these would be noise */
    struct mc_translation translation = {.realm = realm, .arena = arena, .errors = errors};
    mc_map_init(&translation.clusters, mc_pool_as_alloc(&realm->pool));
    translation.no_clusters = type == &mc_envoy_route_config_message;
    struct mc_result result = translate(&translation, type, record, out);
    mc_map_fini(&translation.clusters);
    return result;
}

static struct mc_result read_file(struct mc_realm *realm, const struct mc_message *type, struct mc_str file_name,
                                  struct mc_str text, struct mc_bootstrap *out, struct mc_config_errors *errors)
{
    struct mc_arena arena;
    *errors = (struct mc_config_errors){.file = file_name};
    *out = (struct mc_bootstrap){0};
    mc_arena_init(&arena, &realm->pool, WORKING_BYTES);
    struct mc_result result = read(realm, &arena, type, text, out, errors);
    mc_arena_fini(&arena);
    mc_config_errors_sort(errors);
    if (!mc_ok(result)) out->snapshot = NULL;
    return result;
}

struct mc_result mc_bootstrap_read(struct mc_realm *realm, struct mc_str file_name, struct mc_str text,
                                   struct mc_bootstrap *out, struct mc_config_errors *errors)
{
    return read_file(realm, &mc_envoy_bootstrap_message, file_name, text, out, errors);
}

struct mc_result mc_routes_load(struct mc_realm *realm, struct mc_str file_name, struct mc_str text,
                                struct mc_snapshot **out, struct mc_config_errors *errors)
{
    struct mc_bootstrap bootstrap;
    struct mc_result result =
        read_file(realm, &mc_envoy_route_config_message, file_name, text, &bootstrap, errors);
    *out = bootstrap.snapshot;
    return result;
}

struct mc_result mc_bootstrap_load(struct mc_realm *realm, struct mc_str file_name, struct mc_str text,
                                   struct mc_snapshot **out, struct mc_config_errors *errors)
{
    struct mc_bootstrap bootstrap;
    struct mc_result result = mc_bootstrap_read(realm, file_name, text, &bootstrap, errors);
    *out = bootstrap.snapshot;
    return result;
}

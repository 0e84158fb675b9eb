#include "model/resource.h"
#include "base/digest.h"
#include "model/domains.h"

/* ---- what a resource derives from its content ---- */

static struct mc_result compile(struct mc_realm *realm, struct mc_str pattern, struct mc_regex **regex)
{
    const char *why;
    *regex = mc_regex_compile(&realm->pool, pattern, false, &why);
    return *regex ? MC_RESULT(OK) : MC_RESULT(INVALID);
}

/* The arrays are the resource's own copies, so writing to them is ours to do. */
static struct mc_result derive_matches(struct mc_realm *realm, const struct mc_header_match *matches,
                                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct mc_text_match *match = (struct mc_text_match *)&matches[i].match;
        if (match->kind == MC_TEXT_REGEX) MC_TRY(compile(realm, match->text, &match->regex));
    }
    return MC_RESULT(OK);
}

static struct mc_result derive_route(struct mc_realm *realm, struct mc_route *route)
{
    route->weight_total = 0;
    for (uint32_t i = 0; i < route->cluster_count; i++) route->weight_total += route->clusters[i].weight;
    if (route->action == MC_ROUTE_CLUSTERS && !route->weight_total) return MC_RESULT(INVALID);
    if (route->path_kind == MC_PATH_REGEX) MC_TRY(compile(realm, route->path, &route->regex));
    MC_TRY(derive_matches(realm, route->headers, route->header_count));
    return derive_matches(realm, route->queries, route->query_count);
}

static struct mc_result derive(struct mc_resource *resource)
{
    if (resource->type != MC_RESOURCE_ROUTES) return MC_RESULT(OK);
    const struct mc_route_config *config = resource->body;
    for (uint32_t i = 0; i < config->host_count; i++)
        for (uint32_t j = 0; j < config->hosts[i].route_count; j++)
            MC_TRY(derive_route(resource->realm, (struct mc_route *)&config->hosts[i].routes[j]));
    ((struct mc_route_config *)resource->body)->domains = mc_domains_make(config, &resource->arena);
    return config->domains ? MC_RESULT(OK) : MC_RESULT(NO_MEMORY);
}

static void release_matches(const struct mc_header_match *matches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) mc_regex_free(matches[i].match.regex);
}

static void release_derived(const struct mc_resource *resource)
{
    if (resource->type != MC_RESOURCE_ROUTES || !resource->body) return;
    const struct mc_route_config *config = resource->body;
    for (uint32_t i = 0; i < config->host_count; i++)
        for (uint32_t j = 0; j < config->hosts[i].route_count; j++) {
            const struct mc_route *route = &config->hosts[i].routes[j];
            mc_regex_free(route->regex);
            release_matches(route->headers, route->header_count);
            release_matches(route->queries, route->query_count);
        }
}

/* ---- the table of all resources of a realm ---- */

static bool has_content(const struct mc_resource *resource, enum mc_resource_type type, struct mc_str encoded)
{
    if (resource->type != type || resource->bytes != encoded.n) return false;
    struct mc_encoding own = {.pool = &resource->realm->pool};
    mc_shape_encode(mc_resource_shapes[type], resource->body, &resource->realm->atoms, &own);
    bool same = !own.refused && mc_str_eq(mc_str(own.bytes, own.used), encoded);
    mc_encoding_fini(&own);
    return same;
}

static bool enter(struct mc_resource *resource)
{
    struct mc_map *cons = &resource->realm->cons;
    resource->same_hash = mc_map_get(cons, resource->hash);
    return mc_map_put(cons, resource->hash, resource);
}

static void leave(struct mc_resource *resource)
{
    struct mc_map *cons = &resource->realm->cons;
    struct mc_resource *first = mc_map_get(cons, resource->hash);
    if (first == resource && !resource->same_hash) {
        mc_map_remove(cons, resource->hash);
        return;
    }
    if (first == resource) {
        bool replaced = mc_map_put(cons, resource->hash, resource->same_hash); /* in place: takes no memory */
        mc_assert(replaced);
        return;
    }
    while (first->same_hash != resource) first = first->same_hash;
    first->same_hash = resource->same_hash;
}

/* ---- life ---- */

static void destroy(struct mc_resource *resource)
{
    release_derived(resource);
    mc_arena_fini(&resource->arena);
    mc_pool_give(&resource->realm->pool, resource, sizeof *resource);
}

static struct mc_result fill(struct mc_resource *resource, const void *body)
{
    resource->body = mc_shape_copy(mc_resource_shapes[resource->type], body, &resource->arena);
    if (!resource->body) return MC_RESULT(NO_MEMORY);
    MC_TRY(derive(resource));
    return enter(resource) ? MC_RESULT(OK) : MC_RESULT(NO_MEMORY);
}

struct mc_result mc_resource_make(struct mc_realm *realm, enum mc_resource_type type, mc_atom name,
                                  const void *body, struct mc_encoding *scratch,
                                  struct mc_resource **resource)
{
    scratch->used = 0;
    mc_shape_encode(mc_resource_shapes[type], body, &realm->atoms, scratch);
    if (scratch->refused) return MC_RESULT(NO_MEMORY);
    struct mc_str encoded = mc_str(scratch->bytes, scratch->used);
    uint64_t hash = mc_hash(encoded, type);
    for (struct mc_resource *known = mc_map_get(&realm->cons, hash); known; known = known->same_hash)
        if (has_content(known, type, encoded)) {
            *resource = mc_resource_ref(known);
            return MC_RESULT(OK);
        }
    struct mc_resource *fresh = mc_pool_take_zero(&realm->pool, sizeof *fresh);
    if (!fresh) return MC_RESULT(NO_MEMORY);
    *fresh = (struct mc_resource){.references = 1,
                                  .type = type,
                                  .name = name,
                                  .hash = hash,
                                  .bytes = (uint32_t)encoded.n,
                                  .realm = realm};
    mc_arena_init(&fresh->arena, &realm->pool, 0);
    struct mc_result result = fill(fresh, body);
    if (mc_ok(result))
        *resource = fresh;
    else
        destroy(fresh);
    return result;
}

struct mc_resource *mc_resource_ref(struct mc_resource *resource)
{
    resource->references++;
    return resource;
}

void mc_resource_unref(struct mc_resource *resource)
{
    if (!resource || --resource->references) return;
    leave(resource);
    destroy(resource);
}

#include "base/limits.h"
#include "model/resource.h"

struct resource_list {
    struct mc_resource **list;
    uint32_t count, capacity;
};

struct mc_snapshot_builder {
    struct mc_realm *realm;
    struct resource_list of[MC_RESOURCE_TYPE_COUNT];
    struct mc_map names;         /* type and name, of what was added */
    struct mc_encoding encoding; /* scratch */
    bool refused;
};

/* ---- builder ---- */

struct mc_snapshot_builder *mc_snapshot_build(struct mc_realm *realm)
{
    struct mc_snapshot_builder *builder = mc_pool_take_zero(&realm->pool, sizeof *builder);
    if (!builder) return NULL;
    builder->realm = realm;
    builder->encoding.pool = &realm->pool;
    mc_map_init(&builder->names, mc_pool_as_alloc(&realm->pool));
    return builder;
}

static bool grow(struct mc_pool *pool, struct resource_list *of)
{
    uint32_t capacity = of->capacity ? of->capacity * 2 : 8;
    struct mc_resource **list = mc_pool_take(pool, capacity * sizeof *list);
    if (!list) return false;
    if (of->count) memcpy(list, of->list, of->count * sizeof *list);
    mc_pool_give(pool, of->list, of->capacity * sizeof *list);
    of->list = list;
    of->capacity = capacity;
    return true;
}

static uint64_t name_key(enum mc_resource_type type, mc_atom name)
{
    return (uint64_t)type << 32 | name;
}

/* Takes the reference over when it succeeds. */
static struct mc_result append(struct mc_snapshot_builder *builder, struct mc_resource *resource)
{
    struct resource_list *of = &builder->of[resource->type];
    uint64_t key = name_key(resource->type, resource->name);
    if (mc_map_get(&builder->names, key)) return MC_RESULT(EXISTS);
    if (of->count == MC_MAX_CLUSTERS) return MC_RESULT(LIMIT);
    if (of->count == of->capacity && !grow(&builder->realm->pool, of)) return MC_RESULT(NO_MEMORY);
    if (!mc_map_put(&builder->names, key, resource)) return MC_RESULT(NO_MEMORY);
    of->list[of->count++] = resource;
    return MC_RESULT(OK);
}

static struct mc_result note(struct mc_snapshot_builder *builder, struct mc_result result)
{
    if (!mc_ok(result)) builder->refused = true;
    return result;
}

static struct mc_result add(struct mc_snapshot_builder *builder, enum mc_resource_type type, mc_atom name,
                            const void *body)
{
    struct mc_resource *resource = NULL;
    struct mc_result result = mc_resource_make(builder->realm, type, name, body, &builder->encoding,
                                               &resource);
    if (mc_ok(result)) result = append(builder, resource);
    if (!mc_ok(result)) mc_resource_unref(resource);
    return note(builder, result);
}

struct mc_result mc_snapshot_add_listener(struct mc_snapshot_builder *builder,
                                          const struct mc_listener *listener)
{
    return add(builder, MC_RESOURCE_LISTENER, listener->name, listener);
}

struct mc_result mc_snapshot_add_routes(struct mc_snapshot_builder *builder,
                                        const struct mc_route_config *routes)
{
    return add(builder, MC_RESOURCE_ROUTES, routes->name, routes);
}

struct mc_result mc_snapshot_add_cluster(struct mc_snapshot_builder *builder,
                                         const struct mc_cluster *cluster)
{
    return add(builder, MC_RESOURCE_CLUSTER, cluster->name, cluster);
}

struct mc_result mc_snapshot_add_endpoints(struct mc_snapshot_builder *builder,
                                           const struct mc_endpoints *endpoints)
{
    return add(builder, MC_RESOURCE_ENDPOINTS, endpoints->cluster, endpoints);
}

struct mc_result mc_snapshot_add_resource(struct mc_snapshot_builder *builder, struct mc_resource *resource)
{
    mc_assert(resource->realm == builder->realm);
    struct mc_result result = append(builder, resource);
    if (mc_ok(result)) mc_resource_ref(resource);
    return note(builder, result);
}

void mc_snapshot_drop(struct mc_snapshot_builder *builder)
{
    struct mc_pool *pool = &builder->realm->pool;
    for (unsigned type = 0; type < MC_RESOURCE_TYPE_COUNT; type++) {
        struct resource_list *of = &builder->of[type];
        for (uint32_t i = 0; i < of->count; i++) mc_resource_unref(of->list[i]);
        mc_pool_give(pool, of->list, of->capacity * sizeof(struct mc_resource *));
    }
    mc_encoding_fini(&builder->encoding);
    mc_map_fini(&builder->names);
    mc_pool_give(pool, builder, sizeof *builder);
}

/* ---- order: by the names' texts ---- */

static int order(const struct mc_atoms *atoms, const struct mc_resource *a, const struct mc_resource *b)
{
    return mc_str_cmp(mc_atoms_text(atoms, a->name), mc_atoms_text(atoms, b->name));
}

static void sift_down(const struct mc_atoms *atoms, struct mc_resource **list, uint32_t at, uint32_t count)
{
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && order(atoms, list[child], list[child + 1]) < 0) child++;
        if (order(atoms, list[at], list[child]) >= 0) return;
        struct mc_resource *above = list[at];
        list[at] = list[child];
        list[child] = above;
    }
}

/* Heap sort: no memory, and names are unique, so stability does not matter. */
static void sort(const struct mc_atoms *atoms, struct mc_resource **list, uint32_t count)
{
    for (uint32_t at = count / 2; at-- > 0;) sift_down(atoms, list, at, count);
    for (uint32_t end = count; end-- > 1;) {
        struct mc_resource *largest = list[0];
        list[0] = list[end];
        list[end] = largest;
        sift_down(atoms, list, 0, end);
    }
}

/* ---- snapshot ---- */

static bool is_sorted(const struct mc_atoms *atoms, struct mc_resource *const *list, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (order(atoms, list[i - 1], list[i]) >= 0) return false;
    return true;
}

/* Moves the builder's references over, into a list of just the right size. */
static bool take_list(struct mc_snapshot *snapshot, enum mc_resource_type type, struct resource_list *of)
{
    if (!of->count) return true;
    struct mc_resource **list = mc_pool_take(&snapshot->realm->pool, of->count * sizeof *list);
    if (!list) return false;
    memcpy(list, of->list, of->count * sizeof *list);
    if (!is_sorted(&snapshot->realm->atoms, list, of->count)) sort(&snapshot->realm->atoms, list, of->count);
    snapshot->of[type].list = list;
    snapshot->of[type].count = of->count;
    for (uint32_t i = 0; i < of->count; i++) snapshot->bytes += list[i]->bytes;
    of->count = 0;
    return true;
}

struct mc_snapshot *mc_snapshot_seal(struct mc_snapshot_builder *builder, uint64_t version)
{
    struct mc_realm *realm = builder->realm;
    struct mc_snapshot *snapshot = builder->refused ? NULL
                                                    : mc_pool_take_zero(&realm->pool, sizeof *snapshot);
    if (snapshot) *snapshot = (struct mc_snapshot){.references = 1, .version = version, .realm = realm};
    bool taken = snapshot;
    for (unsigned type = 0; taken && type < MC_RESOURCE_TYPE_COUNT; type++)
        taken = take_list(snapshot, type, &builder->of[type]);
    mc_snapshot_drop(builder);
    if (taken) return snapshot;
    mc_snapshot_unref(snapshot);
    return NULL;
}

struct mc_snapshot *mc_snapshot_ref(struct mc_snapshot *snapshot)
{
    snapshot->references++;
    return snapshot;
}

void mc_snapshot_unref(struct mc_snapshot *snapshot)
{
    if (!snapshot || --snapshot->references) return;
    struct mc_pool *pool = &snapshot->realm->pool;
    for (unsigned type = 0; type < MC_RESOURCE_TYPE_COUNT; type++) {
        for (uint32_t i = 0; i < snapshot->of[type].count; i++) mc_resource_unref(snapshot->of[type].list[i]);
        mc_pool_give(pool, snapshot->of[type].list, snapshot->of[type].count * sizeof(struct mc_resource *));
    }
    mc_pool_give(pool, snapshot, sizeof *snapshot);
}

/* ---- lookup ---- */

const struct mc_resource *mc_snapshot_find(const struct mc_snapshot *snapshot, enum mc_resource_type type,
                                           mc_atom name)
{
    const struct mc_atoms *atoms = &snapshot->realm->atoms;
    struct mc_str text = mc_atoms_text(atoms, name);
    uint32_t low = 0, high = snapshot->of[type].count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct mc_resource *resource = snapshot->of[type].list[middle];
        if (resource->name == name) return resource;
        if (mc_str_cmp(mc_atoms_text(atoms, resource->name), text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const void *body_of(const struct mc_snapshot *snapshot, enum mc_resource_type type, mc_atom name)
{
    const struct mc_resource *resource = mc_snapshot_find(snapshot, type, name);
    return resource ? resource->body : NULL;
}

const struct mc_listener *mc_snapshot_listener(const struct mc_snapshot *snapshot, uint32_t index)
{
    mc_assert(index < snapshot->of[MC_RESOURCE_LISTENER].count);
    return snapshot->of[MC_RESOURCE_LISTENER].list[index]->body;
}

const struct mc_route_config *mc_snapshot_routes(const struct mc_snapshot *snapshot, mc_atom name)
{
    return body_of(snapshot, MC_RESOURCE_ROUTES, name);
}

const struct mc_cluster *mc_snapshot_cluster(const struct mc_snapshot *snapshot, mc_atom name)
{
    return body_of(snapshot, MC_RESOURCE_CLUSTER, name);
}

const struct mc_endpoints *mc_snapshot_endpoints(const struct mc_snapshot *snapshot, mc_atom cluster)
{
    return body_of(snapshot, MC_RESOURCE_ENDPOINTS, cluster);
}

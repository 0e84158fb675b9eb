/* A snapshot: one consistent, immutable, ref-counted set of resources, shared by every node of a realm
 * that runs it.
 *
 * Resources are hash-consed in the realm: building an equal resource again gives the same one, so that
 * a hundred thousand sidecars hold one copy, and "did it change" is a comparison of pointers.
 * Use: open a builder, add records (they are copied, deeply), then seal it into a snapshot.
 */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include "base/arena.h"
#include "base/result.h"
#include "host/realm.h"
#include "model/config.h"

#define MC_RESOURCE_TYPES(X) \
    X(LISTENER, "listener", struct mc_listener) \
    X(ROUTES, "route configuration", struct mc_route_config) \
    X(CLUSTER, "cluster", struct mc_cluster) \
    X(ENDPOINTS, "endpoints", struct mc_endpoints)

enum mc_resource_type {
#define X(name, text, type) MC_RESOURCE_##name,
    MC_RESOURCE_TYPES(X)
#undef X
    MC_RESOURCE_TYPE_COUNT
};

/* Immutable once made. The record that `type` says follows at `body`. */
struct mc_resource {
    uint32_t references;
    enum mc_resource_type type;
    mc_atom name;
    uint64_t hash;    /* of the content, not of atoms' numbers: equal over runs */
    uint32_t bytes;   /* estimate of its encoded size, for the wire */
    const void *body; /* const struct mc_listener *, … */
    struct mc_realm *realm;
    struct mc_arena arena; /* where all of it lives */
    struct mc_resource *same_hash;
};

struct mc_resource *mc_resource_ref(struct mc_resource *resource);
void mc_resource_unref(struct mc_resource *resource); /* NULL is allowed */

struct mc_snapshot {
    uint32_t references;
    uint64_t version;
    struct mc_realm *realm;
    struct {
        struct mc_resource **list; /* sorted by name's text, unique */
        uint32_t count;
    } of[MC_RESOURCE_TYPE_COUNT];
    uint32_t bytes; /* sum of the resources' estimates */
};

struct mc_snapshot *mc_snapshot_ref(struct mc_snapshot *snapshot);
void mc_snapshot_unref(struct mc_snapshot *snapshot); /* NULL is allowed */

/* NULL if absent. Borrowed from the snapshot. */
const struct mc_resource *mc_snapshot_find(const struct mc_snapshot *snapshot, enum mc_resource_type type, mc_atom name);
const struct mc_listener *mc_snapshot_listener(const struct mc_snapshot *snapshot, uint32_t index);
const struct mc_route_config *mc_snapshot_routes(const struct mc_snapshot *snapshot, mc_atom name);
const struct mc_cluster *mc_snapshot_cluster(const struct mc_snapshot *snapshot, mc_atom name);
const struct mc_endpoints *mc_snapshot_endpoints(const struct mc_snapshot *snapshot, mc_atom cluster);

struct mc_snapshot_builder;

struct mc_snapshot_builder *mc_snapshot_build(struct mc_realm *realm); /* NULL refuses */
/* Deep copies of the caller's records. A second resource of the same type and name: EXISTS. INVALID: a
 * regex that is not RE2's language, a weight total of 0, … */
struct mc_result mc_snapshot_add_listener(struct mc_snapshot_builder *builder, const struct mc_listener *listener) MC_MUST_USE;
struct mc_result mc_snapshot_add_routes(struct mc_snapshot_builder *builder, const struct mc_route_config *routes) MC_MUST_USE;
struct mc_result mc_snapshot_add_cluster(struct mc_snapshot_builder *builder, const struct mc_cluster *cluster) MC_MUST_USE;
struct mc_result mc_snapshot_add_endpoints(struct mc_snapshot_builder *builder, const struct mc_endpoints *endpoints) MC_MUST_USE;
/* A further reference to a resource that exists already (sharing between snapshots). */
struct mc_result mc_snapshot_add_resource(struct mc_snapshot_builder *builder, struct mc_resource *resource) MC_MUST_USE;
/* Consumes the builder in every case. NULL refuses (or an add was refused and its result ignored). */
struct mc_snapshot *mc_snapshot_seal(struct mc_snapshot_builder *builder, uint64_t version);
void mc_snapshot_drop(struct mc_snapshot_builder *builder);

/* ---- regular expressions: RE2's language on PCRE2 ---- */

struct mc_regex;
/* NULL: not RE2's language or too large; WHY is a static text then. */
struct mc_regex *mc_regex_compile(struct mc_pool *pool, struct mc_str pattern, bool ignore_case, const char **why);
void mc_regex_free(struct mc_regex *regex);
bool mc_regex_matches(const struct mc_regex *regex, struct mc_str text); /* the whole text; bounded work, no match when the bound is hit */

#endif

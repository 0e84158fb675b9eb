/* From Envoy's messages to the model: what the files of the translation share.
 *
 *   bootstrap.c           the whole, and the admin listener
 *   translate.c           addresses, names, texts
 *   translate_match.c     matchers
 *   translate_route.c     route configurations, retries, faults, header edits
 *   translate_cluster.c   clusters and endpoints
 *   translate_listener.c  listeners and their chains
 */
#ifndef CONFIG_TRANSLATE_H
#define CONFIG_TRANSLATE_H

#include "base/limits.h"
#include "base/map.h"
#include "config/envoy.h"
#include "model/snapshot.h"

/* Where a resource was written, for errors that are found later. */
struct mc_origin {
    enum mc_resource_type type;
    mc_atom name;
    const struct mc_value *at;
    struct mc_origin *before;
};

struct mc_translation {
    struct mc_realm *realm;
    struct mc_arena *arena;
    struct mc_config_errors *errors;
    struct mc_snapshot_builder *builder;
    struct mc_map clusters; /* hash of each cluster's name: where it stands */
    bool no_clusters;       /* none are known, so none is missing */
    struct mc_origin *origins;
    bool refused;           /* out of memory */
};

/* translate.c */
void *mc_translate_room(struct mc_translation *t, size_t count, size_t size); /* zeroed; NULL: refused, or none */
mc_atom mc_translate_atom(struct mc_translation *t, struct mc_str text);
struct mc_str mc_translate_lower(struct mc_translation *t, struct mc_str text);
/* False: an error has been noted. */
bool mc_translate_address(struct mc_translation *t, const struct mc_envoy_address *from, struct mc_addr *to);
uint32_t mc_translate_fraction(const struct mc_envoy_fraction *from); /* per million; NULL: 0 */
void mc_translate_added(struct mc_translation *t, struct mc_result result, enum mc_resource_type type, mc_atom name,
                        const struct mc_value *at);

/* translate_match.c */
void mc_translate_path(struct mc_translation *t, const struct mc_envoy_route_match *from, struct mc_route *to);
void mc_translate_headers(struct mc_translation *t, const struct mc_envoy_route_match *from, struct mc_route *to);
void mc_translate_queries(struct mc_translation *t, const struct mc_envoy_route_match *from, struct mc_route *to);

/* translate_route.c; FAULT is the fault filter of the chain, or NULL */
mc_atom mc_translate_routes(struct mc_translation *t, const struct mc_envoy_route_config *from,
                            struct mc_str listener, const struct mc_envoy_http_filter *fault);

/* translate_cluster.c */
void mc_translate_cluster(struct mc_translation *t, const struct mc_envoy_cluster *from);

/* translate_listener.c */
void mc_translate_listener(struct mc_translation *t, const struct mc_envoy_listener *from);

#endif

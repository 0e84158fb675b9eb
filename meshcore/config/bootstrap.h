/* From a file to a snapshot: an Envoy v3 bootstrap, static resources only.
 *
 * What is taken: listeners with one HTTP connection manager, inline route configurations, the filters
 * router and fault, clusters with addresses, the admin address (it becomes a listener of its own), the
 * node's names. Everything else is an error that names its place; a few fields without effect here are
 * notes. docs/testing of Envoy's own example files say which of them load.
 */
#ifndef CONFIG_BOOTSTRAP_H
#define CONFIG_BOOTSTRAP_H

#include "config/errors.h"
#include "model/snapshot.h"

struct mc_bootstrap {
    struct mc_snapshot *snapshot; /* version 1; one reference, the caller's */
    mc_atom node_id, node_cluster; /* 0: not given */
    struct mc_addr admin;          /* port 0: none */
};

/* FILE_NAME decides between YAML and JSON (".json") and stands in the errors; TEXT is its content.
 * INVALID: ERRORS tell why, and no snapshot is made. NO_MEMORY. The snapshot has passed
 * mc_snapshot_check. ERRORS is overwritten. */
struct mc_result mc_bootstrap_read(struct mc_realm *realm, struct mc_str file_name, struct mc_str text,
                                   struct mc_bootstrap *out, struct mc_config_errors *errors) MC_MUST_USE;

/* The snapshot alone. */
struct mc_result mc_bootstrap_load(struct mc_realm *realm, struct mc_str file_name, struct mc_str text,
                                   struct mc_snapshot **out, struct mc_config_errors *errors) MC_MUST_USE;

/* A file that holds one RouteConfiguration, as the route discovery service gives it: a snapshot with
 * nothing else in it. Its clusters need not exist. A nameless one is called "routes". */
struct mc_result mc_routes_load(struct mc_realm *realm, struct mc_str file_name, struct mc_str text,
                                struct mc_snapshot **out, struct mc_config_errors *errors) MC_MUST_USE;

#endif

/* Which virtual host a request belongs to: an index over the domains of one route configuration.
 *
 * Envoy's order (config.route.v3.VirtualHost.domains): an exact domain, then the longest "*suffix", then
 * the longest "prefix*", then "*". Domains are compared without regard to case; a wildcard stands for at
 * least one character. */
#ifndef MODEL_DOMAINS_H
#define MODEL_DOMAINS_H

#include "base/arena.h"
#include "model/config.h"

struct mc_domain {
    struct mc_str text; /* without its "*" */
    uint64_t hash;      /* exact ones */
    const struct mc_virtual_host *host; /* NULL: a free place */
};

struct mc_domains {
    struct mc_domain *exact; /* open addressing, a power of two */
    uint32_t exact_size;
    struct mc_domain *suffixes, *prefixes; /* longest first, then as configured */
    uint32_t suffix_count, prefix_count;
    const struct mc_virtual_host *any;
};

const struct mc_domains *mc_domains_make(const struct mc_route_config *config, struct mc_arena *arena); /* NULL refuses */
const struct mc_virtual_host *mc_domains_find(const struct mc_domains *domains, struct mc_str name); /* NULL: none */

#endif

/* Hash-consing: one resource per realm for each distinct content. */
#ifndef MODEL_RESOURCE_H
#define MODEL_RESOURCE_H

#include "model/shape.h"

/* The resource whose content is BODY's, made if there is none yet; one reference for the caller.
 * SCRATCH is overwritten. INVALID: a regex that is not RE2's language, or a route without any weight. */
struct mc_result mc_resource_make(struct mc_realm *realm, enum mc_resource_type type, mc_atom name,
                                  const void *body, struct mc_encoding *scratch,
                                  struct mc_resource **resource) MC_MUST_USE;

#endif

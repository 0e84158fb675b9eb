/* Semantic checks of a snapshot before a node takes it: what is wrong becomes the reason of a NACK, or
 * the error of `squall proxy` and `squall check`. */
#ifndef MODEL_VALIDATE_H
#define MODEL_VALIDATE_H

#include "model/snapshot.h"

struct mc_problem {
    enum mc_resource_type type;
    mc_atom name;          /* of the resource */
    char text[160];        /* one sentence, terminated */
};

/* True if there is none. A route that names a cluster which the snapshot lacks is no problem: it is
 * answered NC, as Envoy does with validate_clusters=false. */
bool mc_snapshot_check(const struct mc_snapshot *snapshot, struct mc_problem *problem);

#endif

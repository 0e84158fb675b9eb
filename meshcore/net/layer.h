/* A layer on a connection: bytes from below go up changed, bytes from above go down changed.
 *
 * Layers form a chain on one mc_conn; the one nearest the owner is conn->layer. A layer never talks to
 * the host: it calls mc_layer_up, mc_layer_down and mc_layer_ready.
 */
#ifndef NET_LAYER_H
#define NET_LAYER_H

#include "net/conn.h"

struct mc_layer_type {
    const char *name;
    void (*start)(struct mc_layer *layer);                        /* everything below is established */
    void (*up)(struct mc_layer *layer, struct mc_slice slice);    /* from below; takes the slice */
    void (*end)(struct mc_layer *layer);                          /* below has ended */
    void (*down)(struct mc_layer *layer, struct mc_slice slice);  /* from above; takes the slice */
    void (*finish)(struct mc_layer *layer);                       /* above has finished */
    void (*free)(struct mc_layer *layer); /* conn is NULL from here on; the memory stays until the step ends */
};

struct mc_layer {
    const struct mc_layer_type *type;
    struct mc_conn *conn;
    struct mc_layer *above, *below; /* NULL: the owner, the host stream */
    bool ready;
};

/* Puts a zeroed layer on top of an idle connection. */
void mc_layer_push(struct mc_conn *conn, struct mc_layer *layer, const struct mc_layer_type *type);

/* Hand on. FAIL cuts the connection, REFUSE lets what was sent get through first (an alert, an answer);
 * the owner is told closed(reason) at once by both. */
void mc_layer_ready(struct mc_layer *layer);
void mc_layer_up(struct mc_layer *layer, struct mc_slice slice);
void mc_layer_end(struct mc_layer *layer);
void mc_layer_down(struct mc_layer *layer, struct mc_slice slice);
void mc_layer_finish(struct mc_layer *layer);
void mc_layer_fail(struct mc_layer *layer, enum mc_stream_reason reason);
void mc_layer_refuse(struct mc_layer *layer, enum mc_stream_reason reason);

#endif

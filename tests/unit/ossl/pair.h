/* Two sessions that exchange bytes without a network in between. */
#ifndef OSSL_PAIR_H
#define OSSL_PAIR_H

#include "support/pki.h"
#include <check.h>

struct pair_end {
    struct mc_tls_session *session;
    struct mc_slices in, plain;    /* on the way to it; what it has told its owner */
    enum mc_tls_result result;
    uint64_t sent, digest;         /* all bytes that it has put out */
};

struct pair {
    struct pki *pki;
    struct pair_end client, server;
    mc_ns wall;
    uint32_t piece; /* bytes handed over at once; 0: all */
    uint64_t moves, cut_at; /* hands over a single byte … at this byte of the whole exchange, counted from 1 */
};

void pair_open(struct pair *pair, struct pki *pki, struct mc_tls_context *client, struct mc_tls_context *server,
               uint64_t stream);
void pair_run(struct pair *pair); /* until nothing moves, or an end has failed and the other one knows */
void pair_send(struct pair *pair, struct pair_end *from, struct mc_str text);
struct mc_str pair_plain(struct pair_end *end, char *room, size_t size); /* takes what has come */
void pair_close(struct pair *pair);

#endif

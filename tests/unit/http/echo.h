/* A server on the HTTP/1.1 codec that echoes, and a raw peer that sends bytes as they are given, joined
 * by the wire. */
#ifndef HTTP_ECHO_H
#define HTTP_ECHO_H

#include "http/codec.h"
#include "support/memory.h"
#include "support/wire.h"

struct echo {
    struct mc_turn turn;
    struct mc_net net;
    struct mc_acceptor acceptor;
    struct mc_http_options options;
    struct mc_http_conn *http; /* the last accepted; NULL once closed */
    int requests, refused, ended[8], closed;
    enum mc_refusal last_refusal;
    bool silent;          /* heads are noted, nothing is answered */
    bool refuse_requests; /* the owner has no handler */
    struct mc_exchange *open; /* of a silent server: the last one */
    char seen[8192];
};

struct raw {
    struct mc_pool *pool;
    struct mc_str send;
    bool finish;    /* half-closes after what it sends */
    bool open_ended; /* does not answer the server's FIN */
    bool mute;      /* reads, but grants no credit */
    bool ended, closed, reset;
    mc_ns ended_at, gone_at; /* when the server's FIN came, and the end of the stream */
    char got[200000];
    size_t got_length;
};

struct talk {
    struct test_memory memory, outer_memory;
    struct mc_realm realm; /* the server's; the rest has a pool of its own */
    struct mc_pool outside;
    struct wire wire;
    struct echo echo;
    struct raw raw;
};

struct mc_guest echo_guest_of(struct echo *echo);

/* The parts of a talk, for tests that step by themselves: begin, then wire_run… on t->wire, then end,
 * which checks that nothing is left. */
struct talk *talk_begin(struct mc_str bytes);
void talk_start(struct talk *t); /* both ends are added to the wire */
void talk_end(struct talk *t);
/* Sends BYTES in pieces of at most PIECE, lets three seconds pass, and returns what both sides saw. */
struct talk *talk(struct mc_str bytes, uint32_t piece, bool finish);

#endif

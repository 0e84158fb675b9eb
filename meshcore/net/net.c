#include "net/net.h"
#include "net/conn.h"
#include "net/conn_table.h"

void mc_net_init(struct mc_net *net, struct mc_turn *turn)
{
    *net = (struct mc_net){.turn = turn};
}

void mc_net_fini(struct mc_net *net)
{
    struct mc_pool *pool = &net->turn->realm->pool;
    mc_assert(net->conn_count == 0);
    mc_pool_give(pool, net->table, net->table_size * sizeof *net->table);
    mc_pool_give(pool, net->acceptors, net->acceptor_capacity * sizeof *net->acceptors);
    mc_net_init(net, net->turn);
}

/* ---- listeners ---- */

static bool grow_acceptors(struct mc_net *net)
{
    struct mc_pool *pool = &net->turn->realm->pool;
    uint32_t capacity = net->acceptor_capacity ? net->acceptor_capacity * 2 : 4;
    struct mc_acceptor **acceptors = mc_pool_take(pool, capacity * sizeof *acceptors);
    if (!acceptors) return false;
    if (net->acceptor_count) memcpy(acceptors, net->acceptors, net->acceptor_count * sizeof *acceptors);
    mc_pool_give(pool, net->acceptors, net->acceptor_capacity * sizeof *acceptors);
    net->acceptors = acceptors;
    net->acceptor_capacity = capacity;
    return true;
}

bool mc_net_listen(struct mc_net *net, struct mc_acceptor *acceptor, struct mc_addr addr)
{
    mc_assert(!acceptor->id);
    if (net->acceptor_count == net->acceptor_capacity && !grow_acceptors(net)) return false;
    net->acceptors[net->acceptor_count++] = acceptor;
    acceptor->id = net->acceptor_count;
    acceptor->addr = addr;
    mc_turn_listen(net->turn, acceptor->id, addr);
    return true;
}

void mc_net_unlisten(struct mc_net *net, struct mc_acceptor *acceptor)
{
    if (!acceptor->id) return;
    mc_turn_unlisten(net->turn, acceptor->id);
    net->acceptors[acceptor->id - 1] = NULL;
    acceptor->id = 0;
}

/* A stream that the host accepted before it carried UNLISTEN out is cut. */
static void accepted(struct mc_net *net, const struct mc_event *event)
{
    uint32_t id = event->accepted.listener;
    mc_assert(id >= 1 && id <= net->acceptor_count);
    struct mc_acceptor *acceptor = net->acceptors[id - 1];
    if (acceptor) acceptor->accepted(acceptor, event);
    else mc_turn_reset(net->turn, event->stream);
}

/* ---- connections by stream ---- */

static uint32_t first_place(const struct mc_net *net, mc_stream stream)
{
    return (uint32_t)mc_mix(stream) & (net->table_size - 1);
}

static struct mc_conn *find(const struct mc_net *net, mc_stream stream)
{
    if (!net->table_size) return NULL;
    uint32_t mask = net->table_size - 1;
    for (uint32_t place = first_place(net, stream); net->table[place]; place = (place + 1) & mask)
        if (net->table[place]->stream == stream) return net->table[place];
    return NULL;
}

static void put(struct mc_net *net, struct mc_conn *conn)
{
    uint32_t mask = net->table_size - 1, place = first_place(net, conn->stream);
    while (net->table[place]) place = (place + 1) & mask;
    net->table[place] = conn;
}

static bool grow(struct mc_net *net)
{
    struct mc_pool *pool = &net->turn->realm->pool;
    struct mc_conn **old = net->table;
    uint32_t old_size = net->table_size, size = old_size ? old_size * 2 : 8;
    struct mc_conn **table = mc_pool_take_zero(pool, size * sizeof *table);
    if (!table) return false;
    net->table = table;
    net->table_size = size;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i]) put(net, old[i]);
    mc_pool_give(pool, old, old_size * sizeof *old);
    return true;
}

bool mc_net_reserve(struct mc_net *net)
{
    return (net->conn_count + 1) * 2 <= net->table_size || grow(net);
}

void mc_net_add(struct mc_net *net, struct mc_conn *conn)
{
    mc_assert((net->conn_count + 1) * 2 <= net->table_size);
    put(net, conn);
    net->conn_count++;
}

/* Backward shift: what follows moves up if its own place lies at or before the hole. */
void mc_net_remove(struct mc_net *net, struct mc_conn *conn)
{
    uint32_t mask = net->table_size - 1, hole = first_place(net, conn->stream);
    while (net->table[hole] != conn) hole = (hole + 1) & mask;
    for (uint32_t next = (hole + 1) & mask; net->table[next]; next = (next + 1) & mask) {
        uint32_t home = first_place(net, net->table[next]->stream);
        if (((next - home) & mask) < ((next - hole) & mask)) continue;
        net->table[hole] = net->table[next];
        hole = next;
    }
    net->table[hole] = NULL;
    net->conn_count--;
}

bool mc_net_event(struct mc_net *net, const struct mc_event *event)
{
    if (event->kind < MC_EVENT_ACCEPTED || event->kind > MC_EVENT_CLOSED) return false;
    if (event->kind == MC_EVENT_ACCEPTED) {
        accepted(net, event);
        return true;
    }
    struct mc_conn *conn = find(net, event->stream);
    mc_assert(conn);
    mc_conn_event(conn, event);
    return true;
}

/* By age, so that the order does not depend on the table. */
void mc_net_reset_all(struct mc_net *net)
{
    while (net->conn_count) {
        struct mc_conn *oldest = NULL;
        for (uint32_t i = 0; i < net->table_size; i++)
            if (net->table[i] && (!oldest || net->table[i]->stream < oldest->stream)) oldest = net->table[i];
        mc_conn_reset(oldest);
    }
}

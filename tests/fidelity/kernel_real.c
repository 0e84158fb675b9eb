/* The exchanges by real sockets: one thread, epoll, both ends. */
#include "fidelity/kernel.h"
#include "base/assert.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 1 << 18, SOCKETS = 1024 };

static unsigned char piece[PIECE];

struct socket {
    int fd;
    bool client, open, waits; /* waits: for the pause's end */
    uint32_t member;
    uint32_t to_send, received; /* of this request or answer */
    uint32_t times;
    mc_ns asked, sent, next;
};

struct room { /* one crowd */
    struct tun_world *world;
    const struct exchange *exchange;
    const struct crowd *crowd;
    struct outcome *outcomes;
    int epoll, listener;
    uint16_t port;
    struct socket *sockets[SOCKETS]; /* by descriptor */
    uint32_t started, under_way, over;
    mc_ns began, last_start;
    bool cut, whole, accepting;
};

static void watch(struct room *room, struct socket *socket, uint32_t events, int how)
{
    struct epoll_event event = {.events = events, .data.fd = socket->fd};
    mc_assert(epoll_ctl(room->epoll, how, socket->fd, &event) == 0);
}

/* Per socket: a namespace may only choose among what the machine has allowed. */
static int stream_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    mc_assert(fd >= 0);
    mc_assert(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) == 0);
    return fd;
}

static struct socket *socket_new(struct room *room, int fd, bool client)
{
    struct socket *socket = calloc(1, sizeof *socket);
    int one = 1;
    mc_assert(fd >= 0 && fd < SOCKETS && socket);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    socket->fd = fd;
    socket->client = client;
    room->sockets[fd] = socket;
    return socket;
}

/* With an RST, so that no connection outlives its crowd. */
static void drop(struct room *room, struct socket *socket)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(socket->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(socket->fd);
    room->sockets[socket->fd] = NULL;
    free(socket);
}

static void over(struct room *room, struct socket *socket)
{
    room->under_way--;
    room->over++;
    drop(room, socket);
}

static enum mc_stream_reason reason_of(int error)
{
    switch (error) {
    case ECONNREFUSED: return MC_REASON_REFUSED;
    case ETIMEDOUT: return MC_REASON_TIMEOUT;
    case ECONNRESET:
    case EPIPE: return MC_REASON_PEER_RESET;
    default: return MC_REASON_UNREACHABLE;
    }
}

static void fail(struct room *room, struct socket *socket, int error)
{
    if (socket->client) {
        struct outcome *outcome = &room->outcomes[socket->member];
        outcome->failed = tun_now() - socket->asked;
        outcome->reason = reason_of(error);
        over(room, socket);
    } else {
        drop(room, socket);
    }
}

/* ---- bytes ---- */

/* False: the socket is gone. */
static bool send_some(struct room *room, struct socket *socket)
{
    while (socket->to_send) {
        ssize_t sent = send(socket->fd, piece, socket->to_send < PIECE ? socket->to_send : PIECE, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) break;
        if (sent < 0) {
            fail(room, socket, errno);
            return false;
        }
        socket->to_send -= (uint32_t)sent;
    }
    watch(room, socket, socket->to_send ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
    return true;
}

static void ask(struct room *room, struct socket *socket)
{
    socket->waits = false;
    socket->sent = tun_now();
    socket->received = 0;
    socket->to_send = room->exchange->request;
    send_some(room, socket);
}

static void answered(struct room *room, struct socket *socket)
{
    uint32_t times = room->exchange->times ? room->exchange->times : 1;
    room->outcomes[socket->member].transfer = tun_now() - socket->sent;
    if (++socket->times >= times) {
        over(room, socket);
    } else if (room->exchange->pause) {
        socket->waits = true;
        socket->next = tun_now() + room->exchange->pause;
    } else {
        ask(room, socket);
    }
}

static void whole(struct room *room, struct socket *socket)
{
    if (socket->client) {
        answered(room, socket);
        return;
    }
    socket->received = 0;
    socket->to_send = room->exchange->answer;
    send_some(room, socket);
}

static void receive(struct room *room, struct socket *socket)
{
    uint32_t wanted = socket->client ? room->exchange->answer : room->exchange->request;
    for (;;) {
        ssize_t got = recv(socket->fd, piece, PIECE, 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            fail(room, socket, got ? errno : ECONNRESET);
            return;
        }
        socket->received += (uint32_t)got;
        if (socket->received < wanted) continue;
        whole(room, socket);
        return;
    }
}

/* ---- connections ---- */

static void set_option(int fd, int level, int option, uint32_t value)
{
    mc_assert(setsockopt(fd, level, option, &value, sizeof value) == 0);
}

static void set_options(int fd, const struct exchange *exchange)
{
    if (exchange->user_timeout) set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (uint32_t)(exchange->user_timeout / MC_MS));
    if (!exchange->keepalive_s) return;
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, exchange->keepalive_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, exchange->keepalive_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

static void begin(struct room *room)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(room->port), .sin_addr.s_addr = htonl(tun_addr(TUN_B))};
    struct socket *client = socket_new(room, stream_socket(), true);
    client->member = room->started++;
    set_options(client->fd, room->exchange);
    room->under_way++;
    room->last_start = client->asked = tun_now();
    if (connect(client->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) {
        fail(room, client, errno);
        return;
    }
    watch(room, client, EPOLLOUT, EPOLL_CTL_ADD);
}

static void connected(struct room *room, struct socket *socket)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        fail(room, socket, error);
        return;
    }
    socket->open = true;
    room->outcomes[socket->member].connect = tun_now() - socket->asked;
    if (room->exchange->request)
        ask(room, socket);
    else
        watch(room, socket, EPOLLIN, EPOLL_CTL_MOD); /* only a failure can come */
    if (!room->exchange->request && !room->exchange->cut_at) over(room, socket);
}

static void accept_all(struct room *room)
{
    for (;;) {
        int fd = accept4(room->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        struct socket *socket = socket_new(room, fd, false);
        socket->open = true;
        watch(room, socket, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void handle(struct room *room, const struct epoll_event *event)
{
    struct socket *socket = room->sockets[event->data.fd];
    if (event->data.fd == room->listener) {
        if (room->accepting) accept_all(room);
        return;
    }
    if (!socket) return;
    if (!socket->open) {
        connected(room, socket);
        return;
    }
    if ((event->events & EPOLLOUT) && !send_some(room, socket)) return;
    if (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(room, socket);
}

/* ---- time ---- */

/* The machine dies: its connections vanish, and what they say to it is not heard. */
static void kill_server(struct room *room)
{
    for (int fd = 0; fd < SOCKETS; fd++)
        if (room->sockets[fd] && !room->sockets[fd]->client) drop(room, room->sockets[fd]);
}

static mc_ns cut_and_mend(struct room *room, mc_ns now)
{
    const struct exchange *exchange = room->exchange;
    mc_ns cut_at = room->began + exchange->cut_at, whole_at = cut_at + exchange->cut_for;
    if (!exchange->cut_at) return MC_NEVER;
    if (!room->cut && now >= cut_at) {
        room->cut = true;
        tun_world_cut(room->world, true, !exchange->one_way);
        if (exchange->dies) kill_server(room);
    }
    if (room->cut && !room->whole && exchange->cut_for && now >= whole_at) {
        room->whole = true;
        tun_world_cut(room->world, false, false);
    }
    if (!room->cut) return cut_at;
    return room->whole || !exchange->cut_for ? MC_NEVER : whole_at;
}

static mc_ns begin_due(struct room *room, mc_ns now)
{
    const struct crowd *crowd = room->crowd;
    while (room->started < crowd->count && room->under_way < crowd->parallel) {
        mc_ns at = room->started ? room->last_start + crowd->every : now;
        if (at > now) return at;
        begin(room);
    }
    return MC_NEVER;
}

static mc_ns look_after(struct room *room, mc_ns now)
{
    mc_ns next = MC_NEVER;
    for (int fd = 0; fd < SOCKETS; fd++) {
        struct socket *socket = room->sockets[fd];
        if (!socket || !socket->client) continue;
        if (now - socket->asked >= room->crowd->limit) {
            over(room, socket);
            continue;
        }
        next = mc_ns_min(next, socket->asked + room->crowd->limit);
        if (socket->waits && socket->next <= now) ask(room, socket);
        else if (socket->waits) next = mc_ns_min(next, socket->next);
    }
    return next;
}

static mc_ns turn(struct room *room)
{
    mc_ns now = tun_now(), next = cut_and_mend(room, now);
    if (!room->accepting && now - room->began >= room->exchange->accepts_at) {
        room->accepting = true;
        accept_all(room);
    }
    if (!room->accepting) next = mc_ns_min(next, room->began + room->exchange->accepts_at);
    next = mc_ns_min(next, look_after(room, now));
    return mc_ns_min(next, begin_due(room, now));
}

static void run(struct room *room)
{
    struct epoll_event events[64];
    room->began = tun_now();
    while (room->over < room->crowd->count) {
        mc_ns next = turn(room), wait = mc_ns_max(0, mc_ns_min(next - tun_now(), 100 * MC_MS));
        struct timespec time = {.tv_nsec = wait};
        int count = epoll_pwait2(room->epoll, events, 64, &time, NULL);
        for (int i = 0; i < count; i++) handle(room, &events[i]);
    }
}

static void open_listener(struct room *room)
{
    struct sockaddr_in here = {.sin_family = AF_INET};
    socklen_t length = sizeof here;
    uint32_t backlog = room->exchange->backlog ? room->exchange->backlog : 4096;
    tun_world_enter(room->world, TUN_B);
    room->listener = stream_socket();
    mc_assert(bind(room->listener, (struct sockaddr *)&here, length) == 0);
    mc_assert(listen(room->listener, (int)backlog) == 0);
    mc_assert(getsockname(room->listener, (struct sockaddr *)&here, &length) == 0);
    room->port = ntohs(here.sin_port);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.fd = room->listener};
    mc_assert(epoll_ctl(room->epoll, EPOLL_CTL_ADD, room->listener, &event) == 0);
    tun_world_enter(room->world, TUN_A);
}

static void set_sysctl(struct tun_world *world, const char *name, uint32_t value, uint32_t usual)
{
    char text[16];
    snprintf(text, sizeof text, "%u", value ? value : usual);
    tun_world_sysctl(world, name, text);
}

void kernel_real(struct tun_world *world, const struct exchange *exchange, const struct crowd *crowd, struct outcome *outcomes)
{
    static struct room room;
    room = (struct room){.world = world, .exchange = exchange, .crowd = crowd, .outcomes = outcomes};
    for (uint32_t i = 0; i < crowd->count; i++) outcomes[i] = (struct outcome){.connect = -1, .transfer = -1, .failed = -1};
    set_sysctl(world, "net/ipv4/tcp_retries2", exchange->retries2, 15);
    set_sysctl(world, "net/ipv4/tcp_syn_retries", exchange->syn_retries, 6);
    set_sysctl(world, "net/ipv4/tcp_syn_linear_timeouts", exchange->syn_linear, 0); /* since Linux 6.5; 4 there */
    tun_world_link(world, &exchange->path, &exchange->drop, crowd->seed);
    room.epoll = epoll_create1(EPOLL_CLOEXEC);
    open_listener(&room);
    room.accepting = !exchange->accepts_at;
    run(&room);
    tun_world_cut(world, false, false);
    close(room.listener);
    kill_server(&room);
    close(room.epoll);
}

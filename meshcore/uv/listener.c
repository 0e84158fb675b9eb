/* Listening sockets are our own, polled by libuv: its own listening handles know no SO_REUSEPORT, and
 * cannot turn a connection away when there is no memory for it. */
#include "uv/parts.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

struct mc_uv_listener {
    uv_poll_t poll;
    struct mc_link link;
    struct mc_uv_host *host;
    uint32_t id;
    int fd;
    int reserve; /* a descriptor to give up when there is no other, so that peers can be told to go */
    struct mc_addr addr;
};

static void on_closed(uv_handle_t *handle)
{
    struct mc_uv_listener *listener = mc_container(handle, struct mc_uv_listener, poll);
    struct mc_pool *pool =
        &((struct mc_uv_loop *)mc_container(handle->loop, struct mc_uv_loop, uv))->realm->pool;
    close(listener->fd);
    if (listener->reserve >= 0) close(listener->reserve);
    mc_pool_give(pool, listener, sizeof *listener);
}

static void turn_away(struct mc_uv_listener *listener)
{
    if (listener->reserve < 0) return;
    close(listener->reserve);
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void take(struct mc_uv_listener *listener, int fd, const struct sockaddr *peer)
{
    struct sockaddr_storage own;
    socklen_t length = sizeof own;
    struct mc_event event = {.kind = MC_EVENT_ACCEPTED};
    event.accepted.listener = listener->id;
    event.accepted.peer = mc_uv_address_from(peer);
    event.accepted.local = listener->addr;
    if (mc_addr_is_any(listener->addr) && !getsockname(fd, (struct sockaddr *)&own, &length))
        event.accepted.local = mc_uv_address_from((struct sockaddr *)&own);
    event.accepted.original = event.accepted.local;
    mc_uv_stream_accept(listener->host, fd, &event);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct mc_uv_listener *listener = mc_container(poll, struct mc_uv_listener, poll);
    (void)status, (void)events;
    for (int i = 0; i < MC_UV_ACCEPTS && !uv_is_closing((uv_handle_t *)poll); i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int fd = accept4(listener->fd, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
            take(listener, fd, (struct sockaddr *)&peer);
        else if (errno == EMFILE || errno == ENFILE)
            turn_away(listener);
        else if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

static int open_socket(struct mc_addr addr)
{
    struct sockaddr_storage to;
    socklen_t length = mc_uv_address_to(addr, &to);
    int on = 1, fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) &&
        !setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) &&
        !bind(fd, (struct sockaddr *)&to, length) && !listen(fd, MC_UV_BACKLOG))
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

void mc_uv_listener_open(struct mc_uv_host *host, const struct mc_action *action)
{
    struct mc_uv_listener *listener = mc_pool_take_zero(&host->loop->realm->pool, sizeof *listener);
    int fd = listener ? open_socket(action->addr) : (errno = ENOMEM, -1);
    if (fd < 0) {
        const char *why = strerror(errno);
        mc_pool_give(&host->loop->realm->pool, listener, sizeof *listener);
        if (host->operator) host->operator->listen_failed(host->operator, action->id, action->addr, why);
        return;
    }
    listener->host = host;
    listener->id = action->id;
    listener->addr = action->addr;
    listener->fd = fd;
    listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    uv_poll_init(&host->loop->uv, &listener->poll, fd);
    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    mc_list_push_back(&host->listeners, &listener->link);
}

static void close_listener(struct mc_uv_listener *listener)
{
    mc_list_remove(&listener->link);
    uv_close((uv_handle_t *)&listener->poll, on_closed);
}

void mc_uv_listener_close(struct mc_uv_host *host, uint32_t id)
{
    mc_list_each(link, &host->listeners) {
        struct mc_uv_listener *listener = mc_container(link, struct mc_uv_listener, link);
        if (listener->id == id) close_listener(listener);
    }
}

void mc_uv_listeners_close(struct mc_uv_host *host)
{
    mc_list_each(link, &host->listeners) close_listener(mc_container(link, struct mc_uv_listener, link));
}

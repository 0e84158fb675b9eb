/* A small HTTP/1.1 origin for the live tests: one blocking thread per connection, no cleverness, so that
 * what it does is plain.
 *
 *     live-origin PORT              listens on 127.0.0.1; prints "ready" when it does
 *
 *     GET  /                        200, ten digits ten times
 *     GET  /bytes/N                 N bytes with Content-Length
 *     GET  /chunked/N               N bytes in chunks, and a trailer X-Sum
 *     GET  /until-close/N           N bytes that end with the connection
 *     GET  /status/N                that status, with a short body where one is allowed
 *     GET  /slow/MS                 answers after so many milliseconds
 *     GET  /head                    the request head as it came
 *     POST /echo                    the body back, with the framing it came in
 *     POST /count                   how many bytes the body had, and their sum
 *     POST /early                   413 at once, without reading the body; closes
 *     GET  /abort                   closes without an answer
 *     GET  /half                    half of a body of 1000 bytes, then closes
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, HEAD = 64 * 1024 };

struct conn {
    int fd;
    char in[BUFFER];
    size_t start, end; /* unread bytes of in */
    char head[HEAD];
    char method[16], path[1024];
    bool chunked, expects, closes;
    uint64_t length;
};

/* ---- bytes ---- */

static bool send_all(struct conn *conn, const void *bytes, size_t count)
{
    const char *at = bytes;
    while (count) {
        ssize_t sent = send(conn->fd, at, count, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        at += sent;
        count -= (size_t)sent;
    }
    return true;
}

static bool send_text(struct conn *conn, const char *text)
{
    return send_all(conn, text, strlen(text));
}

static bool fill(struct conn *conn)
{
    if (conn->start < conn->end) return true;
    ssize_t got = recv(conn->fd, conn->in, sizeof conn->in, 0);
    if (got <= 0) return false;
    conn->start = 0;
    conn->end = (size_t)got;
    return true;
}

static bool read_line(struct conn *conn, char *line, size_t size)
{
    size_t used = 0;
    while (fill(conn)) {
        char c = conn->in[conn->start++];
        if (used + 1 == size) return false;
        if (c != '\n') {
            line[used++] = c;
            continue;
        }
        if (used && line[used - 1] == '\r') used--;
        line[used] = '\0';
        return true;
    }
    return false;
}

static void fill_pattern(char *out, size_t count, uint64_t position)
{
    for (size_t i = 0; i < count; i++) out[i] = (char)('0' + (position + i) % 10);
}

/* ---- requests ---- */

static void read_field(struct conn *conn, const char *line)
{
    const char *value = strchr(line, ':');
    if (!value) return;
    for (value++; *value == ' '; value++) {}
    if (!strncasecmp(line, "content-length:", 15)) conn->length = strtoull(value, NULL, 10);
    if (!strncasecmp(line, "transfer-encoding:", 18)) conn->chunked = true;
    if (!strncasecmp(line, "expect:", 7)) conn->expects = true;
    if (!strncasecmp(line, "connection:", 11) && strcasestr(value, "close")) conn->closes = true;
}

static bool read_head(struct conn *conn)
{
    char line[16384];
    size_t used = 0;
    conn->chunked = conn->expects = conn->closes = false;
    conn->length = 0;
    if (!read_line(conn, line, sizeof line)) return false;
    if (sscanf(line, "%15s %1023s", conn->method, conn->path) != 2) return false;
    conn->path[strcspn(conn->path, "?")] = 0;
    do {
        used += (size_t)snprintf(conn->head + used, sizeof conn->head - used, "%s\n", line);
        if (used >= sizeof conn->head) return false;
        if (!read_line(conn, line, sizeof line)) return false;
        read_field(conn, line);
    } while (*line);
    return true;
}

/* Calls TAKE for each piece of the body; false: the connection is gone. */
static bool read_body(struct conn *conn, bool (*take)(struct conn *conn, const char *bytes, size_t count))
{
    char line[256];
    uint64_t left = conn->length;
    if (conn->expects && !send_text(conn, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
    do {
        if (conn->chunked) {
            if (!read_line(conn, line, sizeof line)) return false;
            left = strtoull(line, NULL, 16);
            if (!left) break;
        }
        while (left) {
            if (!fill(conn)) return false;
            size_t part = conn->end - conn->start < left ? conn->end - conn->start : (size_t)left;
            if (!take(conn, conn->in + conn->start, part)) return false;
            conn->start += part;
            left -= part;
        }
        if (conn->chunked && !read_line(conn, line, sizeof line)) return false;
    } while (conn->chunked);
    while (conn->chunked && *line) /* trailers */
        if (!read_line(conn, line, sizeof line)) return false;
    return true;
}

static _Thread_local uint64_t body_count, body_sum;

static bool count_body(struct conn *conn, const char *bytes, size_t count)
{
    (void)conn;
    body_count += count;
    for (size_t i = 0; i < count; i++) body_sum += (unsigned char)bytes[i];
    return true;
}

/* ---- answers ---- */

static bool answer(struct conn *conn, int status, const char *text)
{
    char head[512];
    bool bodiless = status == 204 || status == 304;
    snprintf(head, sizeof head, bodiless ? "HTTP/1.1 %d Some Reason\r\n\r\n"
                                         : "HTTP/1.1 %d Some Reason\r\nContent-Type: text/plain\r\n"
                                           "Content-Length: %zu\r\n\r\n",
             status, strlen(text));
    if (!send_text(conn, head)) return false;
    return bodiless || !strcmp(conn->method, "HEAD") || send_text(conn, text);
}

static bool answer_bytes(struct conn *conn, uint64_t count)
{
    char block[BUFFER];
    snprintf(block, sizeof block, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n", (unsigned long long)count);
    if (!send_text(conn, block)) return false;
    if (!strcmp(conn->method, "HEAD")) return true;
    for (uint64_t at = 0; at < count;) {
        size_t part = count - at < sizeof block ? (size_t)(count - at) : sizeof block;
        fill_pattern(block, part, at);
        if (!send_all(conn, block, part)) return false;
        at += part;
    }
    return true;
}

static bool answer_chunked(struct conn *conn, uint64_t count)
{
    char block[10000], line[64];
    uint64_t sum = 0;
    if (!send_text(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n")) return false;
    for (uint64_t at = 0; at < count;) {
        size_t part = count - at < sizeof block ? (size_t)(count - at) : sizeof block;
        fill_pattern(block, part, at);
        for (size_t i = 0; i < part; i++) sum += (unsigned char)block[i];
        snprintf(line, sizeof line, "%zx\r\n", part);
        if (!send_text(conn, line) || !send_all(conn, block, part) || !send_text(conn, "\r\n")) return false;
        at += part;
    }
    snprintf(line, sizeof line, "0\r\nX-Sum: %llu\r\n\r\n", (unsigned long long)sum);
    return send_text(conn, line);
}

static bool answer_until_close(struct conn *conn, uint64_t count)
{
    char block[10000];
    if (!send_text(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")) return false;
    for (uint64_t at = 0; at < count;) {
        size_t part = count - at < sizeof block ? (size_t)(count - at) : sizeof block;
        fill_pattern(block, part, at);
        if (!send_all(conn, block, part)) return false;
        at += part;
    }
    return false;
}

static bool echo_piece(struct conn *conn, const char *bytes, size_t count)
{
    char line[32];
    if (!conn->chunked) return send_all(conn, bytes, count);
    snprintf(line, sizeof line, "%zx\r\n", count);
    return send_text(conn, line) && send_all(conn, bytes, count) && send_text(conn, "\r\n");
}

static bool answer_echo(struct conn *conn)
{
    char head[256];
    if (conn->expects && !send_text(conn, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
    conn->expects = false;
    if (conn->chunked)
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    else
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n",
                 (unsigned long long)conn->length);
    if (!send_text(conn, head) || !read_body(conn, echo_piece)) return false;
    return !conn->chunked || send_text(conn, "0\r\n\r\n");
}

static bool answer_half(struct conn *conn)
{
    char block[500];
    fill_pattern(block, sizeof block, 0);
    if (send_text(conn, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")) send_all(conn, block, sizeof block);
    return false;
}

static bool number_after(const char *path, const char *prefix, uint64_t *number)
{
    size_t length = strlen(prefix);
    if (strncmp(path, prefix, length)) return false;
    *number = strtoull(path + length, NULL, 10);
    return true;
}

/* True: the connection goes on. */
static bool respond(struct conn *conn)
{
    uint64_t number;
    char text[128];
    if (!strcmp(conn->path, "/echo")) return answer_echo(conn);
    if (!strcmp(conn->path, "/early")) return answer(conn, 413, "too large\n") && false;
    if (!strcmp(conn->path, "/abort")) return false;
    body_count = body_sum = 0;
    if (!read_body(conn, count_body)) return false;
    if (!strcmp(conn->path, "/half")) return answer_half(conn);
    if (!strcmp(conn->path, "/head")) return answer(conn, 200, conn->head);
    if (number_after(conn->path, "/bytes/", &number)) return answer_bytes(conn, number);
    if (number_after(conn->path, "/chunked/", &number)) return answer_chunked(conn, number);
    if (number_after(conn->path, "/until-close/", &number)) return answer_until_close(conn, number);
    if (number_after(conn->path, "/status/", &number)) return answer(conn, (int)number, "status\n");
    if (number_after(conn->path, "/slow/", &number)) usleep((useconds_t)number * 1000);
    snprintf(text, sizeof text, "%llu %llu\n", (unsigned long long)body_count, (unsigned long long)body_sum);
    if (!strcmp(conn->path, "/count")) return answer(conn, 200, text);
    return answer(conn, 200,
                  "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789");
}

static void *serve(void *given)
{
    struct conn *conn = given;
    static const struct timeval patience = {.tv_sec = 10};
    int on = 1;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(conn->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (read_head(conn) && respond(conn) && !conn->closes) {}
    shutdown(conn->fd, SHUT_WR);
    while (fill(conn)) conn->start = conn->end; /* what is on its way; closing on it would reset */
    close(conn->fd);
    free(conn);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (argc != 2) return 64;
    addr.sin_port = htons((uint16_t)atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&addr, sizeof addr) || listen(listener, 4096)) return 71;
    puts("ready");
    fflush(stdout);
    for (;;) {
        pthread_t thread;
        struct conn *conn = calloc(1, sizeof *conn);
        conn->fd = accept(listener, NULL, NULL);
        if (conn->fd < 0 || pthread_create(&thread, NULL, serve, conn)) {
            free(conn);
            continue;
        }
        pthread_detach(thread);
    }
}

#include "uv/parts.h"
#include <errno.h>
#include <netinet/in.h>

socklen_t mc_uv_address_to(struct mc_addr addr, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (mc_addr_is_v4(addr) || mc_addr_is_any(addr)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(addr.port);
        v4->sin_addr.s_addr = mc_addr_is_any(addr) ? INADDR_ANY : htonl(mc_addr_v4_of(addr));
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(addr.port);
    memcpy(&v6->sin6_addr, addr.ip, sizeof addr.ip);
    return sizeof *v6;
}

struct mc_addr mc_uv_address_from(const struct sockaddr *from)
{
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
        return mc_addr_v4(ntohl(v4->sin_addr.s_addr), ntohs(v4->sin_port));
    }
    struct mc_addr addr = {0};
    if (from->sa_family != AF_INET6) return addr;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;
    memcpy(addr.ip, &v6->sin6_addr, sizeof addr.ip);
    addr.port = ntohs(v6->sin6_port);
    return addr;
}

enum mc_stream_reason mc_uv_reason(int error)
{
    static const struct {
        int error;
        enum mc_stream_reason reason;
    } reasons[] = {
        {ECONNREFUSED, MC_REASON_REFUSED},
        {ETIMEDOUT, MC_REASON_TIMEOUT},
        {ENETUNREACH, MC_REASON_UNREACHABLE},
        {EHOSTUNREACH, MC_REASON_UNREACHABLE},
        {EADDRNOTAVAIL, MC_REASON_PORTS_EXHAUSTED},
        {ECONNRESET, MC_REASON_PEER_RESET},
        {EPIPE, MC_REASON_PEER_RESET},
        {EMFILE, MC_REASON_LIMIT},
        {ENFILE, MC_REASON_LIMIT},
        {ENOMEM, MC_REASON_LIMIT},
        {ENOBUFS, MC_REASON_LIMIT},
    };
    for (size_t i = 0; i < MC_COUNT_OF(reasons); i++)
        if (reasons[i].error == error) return reasons[i].reason;
    return MC_REASON_GONE;
}

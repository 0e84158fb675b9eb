/* IP address and port. IPv4 is held as an IPv4-mapped IPv6 address, so that there is one form. */
#ifndef HOST_ADDR_H
#define HOST_ADDR_H

#include "base/str.h"

struct mc_addr {
    uint8_t ip[16]; /* network order; all zero: any address */
    uint16_t port;  /* host order */
};

enum { MC_ADDR_TEXT_MAX = 56 };

struct mc_addr mc_addr_v4(uint32_t host_order, uint16_t port);
bool mc_addr_is_v4(struct mc_addr addr);
uint32_t mc_addr_v4_of(struct mc_addr addr); /* asserts mc_addr_is_v4 */
bool mc_addr_is_any(struct mc_addr addr);
bool mc_addr_is_loopback(struct mc_addr addr);
bool mc_addr_eq(struct mc_addr a, struct mc_addr b);
bool mc_addr_same_ip(struct mc_addr a, struct mc_addr b);
uint64_t mc_addr_hash(struct mc_addr addr); /* of IP and port; stable */

/* Reads "1.2.3.4" or an IPv6 literal without brackets. No names. */
bool mc_addr_parse_ip(struct mc_str text, uint16_t port, struct mc_addr *addr);
/* Reads "1.2.3.4:80" or "[::1]:80". */
bool mc_addr_parse(struct mc_str text, struct mc_addr *addr);
/* Writes "1.2.3.4:80" or "[::1]:80"; returns the length. Terminated. */
size_t mc_addr_text(struct mc_addr addr, char out[static MC_ADDR_TEXT_MAX]);
size_t mc_addr_ip_text(struct mc_addr addr, char out[static MC_ADDR_TEXT_MAX]);

#endif

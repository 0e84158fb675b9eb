/* A plan to count in: web/v1, cart/v1 and v2, db/v1, and the load clients "user" and "batch". */
#ifndef UNIT_CHECK_SHOP_H
#define UNIT_CHECK_SHOP_H

#include "sim/check/feed.h"
#include "support/memory.h"
#include <check.h>

enum { WEB, CART, DB };

struct shop {
    struct test_memory memory;
    struct mc_alloc alloc;
    struct sim_check *check;
    uint32_t user, batch; /* workloads */
    uint16_t home, buy;   /* paths "/" and "/buy" */
};

extern const struct sim_plan shop_plan;

void shop_open(struct shop *shop);
void shop_close(struct shop *shop); /* and nothing is left */
/* A call that ended at NOW. */
void shop_call(struct shop *shop, mc_ns now, uint32_t src, uint32_t dst, uint16_t code, uint32_t flags, mc_ns duration);
void shop_arrival(struct shop *shop, mc_ns now, uint32_t dst, uint16_t code, mc_ns duration);
uint32_t shop_version(const struct shop *shop, uint32_t service, uint32_t version);

#endif

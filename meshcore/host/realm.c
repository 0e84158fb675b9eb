#include "host/realm.h"

void mc_realm_init(struct mc_realm *realm, struct mc_alloc alloc, uint64_t seed)
{
    *realm = (struct mc_realm){.seed = seed};
    mc_pool_init(&realm->pool, alloc);
    mc_atoms_init(&realm->atoms, mc_pool_as_alloc(&realm->pool));
    mc_map_init(&realm->cons, mc_pool_as_alloc(&realm->pool));
}

void mc_realm_fini(struct mc_realm *realm)
{
    mc_map_fini(&realm->cons);
    mc_atoms_fini(&realm->atoms);
    mc_pool_fini(&realm->pool);
}

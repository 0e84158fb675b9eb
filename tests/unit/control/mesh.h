/* A realm with a registry, for tests of the control plane. */
#ifndef CONTROL_TEST_MESH_H
#define CONTROL_TEST_MESH_H

#include "control/compile.h"
#include "support/memory.h"
#include <check.h>

struct mesh {
    struct test_memory memory;
    struct mc_realm realm;
    struct mc_registry *registry;
};

static inline mc_atom mesh_atom(struct mesh *mesh, const char *text)
{
    return mc_atoms_intern(&mesh->realm.atoms, mc_str_c(text));
}

static inline void mesh_init(struct mesh *mesh)
{
    struct mc_mesh_defaults defaults = mc_mesh_defaults_istio();
    *mesh = (struct mesh){0};
    mc_realm_init(&mesh->realm, test_alloc(&mesh->memory), 11);
    mesh->registry = mc_registry_new(&mesh->realm, &defaults);
    ck_assert_ptr_nonnull(mesh->registry);
}

static inline void mesh_fini(struct mesh *mesh)
{
    mc_registry_free(mesh->registry);
    ck_assert_uint_eq(mesh->realm.cons.count, 0);
    mc_map_fini(&mesh->realm.cons);
    mc_map_init(&mesh->realm.cons, mc_pool_as_alloc(&mesh->realm.pool));
    ck_assert_uint_eq(mesh->realm.pool.live_blocks, mesh->realm.atoms.count + 2 * (mesh->realm.atoms.capacity > 0));
    mc_realm_fini(&mesh->realm);
    ck_assert_uint_eq(mesh->memory.live_blocks, 0);
}

static inline struct mc_result mesh_service(struct mesh *mesh, const char *name, uint16_t port)
{
    return mc_registry_add_service(mesh->registry, &(struct mc_service_spec){
        .name = mesh_atom(mesh, name), .port = port, .vip = mc_addr_v4(0x0a600001 + mesh->registry->service_count, port)});
}

static inline struct mc_result mesh_workload(struct mesh *mesh, const char *name, const char *service, const char *version,
                                             uint32_t ip)
{
    return mc_registry_add_workload(mesh->registry, &(struct mc_workload_spec){
        .name = mesh_atom(mesh, name), .service = mesh_atom(mesh, service), .version = mesh_atom(mesh, version),
        .addr = mc_addr_v4(ip, 9080), .zone = mesh_atom(mesh, "a"),
        .identity = mesh_atom(mesh, "spiffe://cluster.local/ns/default/sa/x"), .meshed = true, .ready = true});
}

#endif

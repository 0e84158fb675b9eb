#include "mesh.h"

/* ---- against a naive model: plain arrays, searched from the front ---- */

enum { MODEL_MAX = 400, STEPS = 4000 };

struct model_workload {
    bool used, ready;
    uint32_t service, ip, order;
};

static uint64_t dice(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    return mc_mix(*state);
}

static mc_atom name_of(struct mesh *mesh, char kind, uint32_t number)
{
    char text[24];
    size_t n = mc_u64_to_text(number, text + 1);
    text[0] = kind;
    return mc_atoms_intern(&mesh->realm.atoms, mc_str(text, n + 1));
}

static void compare_service(struct mesh *mesh, const struct model_workload *model, uint32_t service)
{
    const struct mc_service *real = mc_registry_service(mesh->registry, name_of(mesh, 's', service));
    uint32_t last = 0, seen = 0;
    for (uint32_t i = 0; i < real->workload_count; i++) {
        uint32_t number = MODEL_MAX;
        for (uint32_t k = 0; k < MODEL_MAX; k++)
            if (model[k].used && name_of(mesh, 'w', k) == real->workloads[i]->name) number = k;
        ck_assert_uint_lt(number, MODEL_MAX);
        ck_assert_uint_eq(model[number].service, service);
        ck_assert(model[number].ready == real->workloads[i]->ready);
        ck_assert_uint_gt(model[number].order, last);
        last = model[number].order;
    }
    for (uint32_t k = 0; k < MODEL_MAX; k++) seen += model[k].used && model[k].service == service;
    ck_assert_uint_eq(seen, real->workload_count);
}

static void compare_address(struct mesh *mesh, const struct model_workload *model, uint32_t ip)
{
    uint32_t first = MODEL_MAX;
    for (uint32_t k = 0; k < MODEL_MAX; k++)
        if (model[k].used && model[k].ip == ip && (first == MODEL_MAX || model[k].order < model[first].order)) first = k;
    struct mc_workload *real = mc_registry_workload_at(mesh->registry, mc_addr_v4(ip, 1));
    ck_assert_uint_eq(real ? real->name : 0, first == MODEL_MAX ? 0 : name_of(mesh, 'w', first));
}

START_TEST(test_it_agrees_with_a_naive_model)
{
    struct mesh mesh;
    struct model_workload model[MODEL_MAX] = {0};
    uint64_t state = 5;
    mesh_init(&mesh);
    for (uint32_t s = 0; s < 10; s++)
        ck_assert(mc_ok(mc_registry_add_service(mesh.registry, &(struct mc_service_spec){.name = name_of(&mesh, 's', s), .port = 80})));
    for (uint32_t step = 1; step <= STEPS; step++) {
        uint32_t k = (uint32_t)mc_below(dice(&state), MODEL_MAX), what = (uint32_t)mc_below(dice(&state), 3);
        mc_atom name = name_of(&mesh, 'w', k);
        if (what == 0) {
            struct model_workload next = {true, true, (uint32_t)mc_below(dice(&state), 10), (uint32_t)mc_below(dice(&state), 50) + 1, step};
            struct mc_result result = mc_registry_add_workload(mesh.registry, &(struct mc_workload_spec){
                .name = name, .service = name_of(&mesh, 's', next.service), .addr = mc_addr_v4(next.ip, 80), .ready = true});
            ck_assert_int_eq(result.code, model[k].used ? MC_EXISTS : MC_OK);
            if (!model[k].used) model[k] = next;
        } else if (what == 1) {
            ck_assert_int_eq(mc_registry_remove_workload(mesh.registry, name).code, model[k].used ? MC_OK : MC_NOT_FOUND);
            model[k].used = false;
        } else {
            bool ready = dice(&state) & 1;
            ck_assert_int_eq(mc_registry_set_ready(mesh.registry, name, ready).code, model[k].used ? MC_OK : MC_NOT_FOUND);
            model[k].ready = ready;
        }
        if (step % 200) continue;
        for (uint32_t s = 0; s < 10; s++) compare_service(&mesh, model, s);
        for (uint32_t ip = 1; ip <= 50; ip++) compare_address(&mesh, model, ip);
    }
    mesh_fini(&mesh);
}
END_TEST

START_TEST(test_names_and_labels)
{
    struct mesh mesh;
    mesh_init(&mesh);
    ck_assert(mc_ok(mesh_service(&mesh, "reviews", 8080)));
    ck_assert_int_eq(mesh_service(&mesh, "reviews", 9090).code, MC_EXISTS);
    ck_assert_int_eq(mesh_workload(&mesh, "w", "ratings", "v1", 1).code, MC_NOT_FOUND);
    ck_assert(mc_ok(mesh_workload(&mesh, "reviews-v1-0", "reviews", "v1", 1)));
    const struct mc_service *service = mc_registry_service(mesh.registry, mesh_atom(&mesh, "reviews"));
    const struct mc_workload *workload = mc_registry_workload(mesh.registry, mesh_atom(&mesh, "reviews-v1-0"));
    ck_assert_uint_eq(service->host, mesh_atom(&mesh, "reviews.default.svc.cluster.local"));
    ck_assert_uint_eq(service->target_port, 8080);
    ck_assert_uint_eq(workload->label, mesh_atom(&mesh, "reviews/v1"));
    mesh_fini(&mesh);
}
END_TEST

START_TEST(test_weights)
{
    struct mesh mesh;
    mesh_init(&mesh);
    ck_assert(mc_ok(mesh_service(&mesh, "reviews", 8080)));
    mc_atom reviews = mesh_atom(&mesh, "reviews"), v1 = mesh_atom(&mesh, "v1"), v2 = mesh_atom(&mesh, "v2");
    struct mc_subset_weight weights[MC_MAX_SUBSETS + 1] = {{v1, 2}, {v2, 1}};
    const struct mc_service *service = mc_registry_service(mesh.registry, reviews);
    ck_assert(mc_ok(mc_registry_set_weights(mesh.registry, reviews, weights, 2)));
    ck_assert_uint_eq(mc_service_weight(service, v1), 66);
    ck_assert_uint_eq(mc_service_weight(service, v2), 33);
    uint64_t generation = mesh.registry->generation;
    ck_assert_int_eq(mc_registry_set_weights(mesh.registry, reviews, weights, MC_MAX_SUBSETS + 1).code, MC_INVALID);
    ck_assert_int_eq(mc_registry_set_weights(mesh.registry, v1, weights, 2).code, MC_NOT_FOUND);
    weights[0].weight = weights[1].weight = 0;
    ck_assert_int_eq(mc_registry_set_weights(mesh.registry, reviews, weights, 2).code, MC_INVALID);
    ck_assert_uint_eq(mesh.registry->generation, generation);
    ck_assert(mc_ok(mc_registry_set_weights(mesh.registry, reviews, NULL, 0)));
    ck_assert_uint_eq(mc_service_weight(service, v1), 0);
    mesh_fini(&mesh);
}
END_TEST

/* Each refused request in turn: nothing may have changed, nothing may leak. */
START_TEST(test_memory_may_run_out_at_any_time)
{
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct mesh mesh;
        mesh_init(&mesh);
        mc_atom names[40];
        for (uint32_t i = 0; i < 40; i++) names[i] = name_of(&mesh, 'w', i);
        ck_assert(mc_ok(mesh_service(&mesh, "reviews", 8080)));
        mesh.memory.takes = 0;
        mesh.memory.refuse_at = n;
        done = true;
        for (uint32_t i = 0; i < 40; i++) {
            uint64_t generation = mesh.registry->generation;
            struct mc_result result = mc_registry_add_workload(mesh.registry, &(struct mc_workload_spec){
                .name = names[i], .service = mesh_atom(&mesh, "reviews"), .addr = mc_addr_v4(i + 1, 80)});
            if (mc_ok(result)) continue;
            done = false;
            ck_assert_int_eq(result.code, MC_NO_MEMORY);
            ck_assert_uint_eq(mesh.registry->generation, generation);
            ck_assert_ptr_null(mc_registry_workload(mesh.registry, names[i]));
            ck_assert_ptr_null(mc_registry_workload_at(mesh.registry, mc_addr_v4(i + 1, 0)));
        }
        mesh.memory.refuse_at = 0;
        mesh_fini(&mesh);
        ck_assert_uint_lt(n, 1000);
    }
}
END_TEST

Suite *test_registry_suite(void);
Suite *test_registry_suite(void)
{
    Suite *suite = suite_create("registry");
    TCase *of_registry = tcase_create("registry");
    tcase_set_timeout(of_registry, 60);
    tcase_add_test(of_registry, test_it_agrees_with_a_naive_model);
    tcase_add_test(of_registry, test_names_and_labels);
    tcase_add_test(of_registry, test_weights);
    tcase_add_test(of_registry, test_memory_may_run_out_at_any_time);
    suite_add_tcase(suite, of_registry);
    return suite;
}

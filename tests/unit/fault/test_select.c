/* Selectors against a filter written down plainly, on random crowds. */
#include "sim/fault/select.h"
#include "base/rand.h"
#include "support/memory.h"
#include <check.h>
#include <stdio.h>

enum { CROWD = 60 };

static const struct mc_str zones[] = {{"a", 1}, {"b", 1}, {"c", 1}};
static const struct sim_version versions[] = {{.name = {"v1", 2}}, {.name = {"v2", 2}}};
static const struct sim_service services[] = {
    {.name = {"web", 3}, .versions = versions, .version_count = 1},
    {.name = {"cart", 4}, .versions = versions, .version_count = 2},
};
static const struct sim_plan plan = {.topology = {.zones = zones, .zone_count = 3, .services = services, .service_count = 2}};

static struct sim_candidate crowd[CROWD];
static char names[CROWD][24];
static struct test_memory memory;

static uint64_t draw(uint64_t seed, uint64_t n, uint64_t below)
{
    return mc_below(mc_draw(seed, MC_FOR_SCRIPT, 3, n), below);
}

static void fill_crowd(uint64_t seed)
{
    for (uint32_t i = 0; i < CROWD; i++) {
        uint32_t service = (uint32_t)draw(seed, i * 4, 2);
        bool client = i % 20 == 19;
        crowd[i] = (struct sim_candidate){.service = client ? UINT32_MAX : service, .version = client ? UINT32_MAX : service ? (uint32_t)draw(seed, i * 4 + 1, 2) : 0,
                                          .zone = (uint32_t)draw(seed, i * 4 + 2, 3), .up = draw(seed, i * 4 + 3, 10) > 0};
        if (client) snprintf(names[i], sizeof names[i], "load-%u", i / 20);
        else snprintf(names[i], sizeof names[i], "%s-v%u-%u", service ? "cart" : "web", crowd[i].version + 1, i);
        crowd[i].name = mc_str_c(names[i]);
    }
}

static void select_one(const struct sim_selector *selector, uint64_t seed, uint64_t ordinal, struct sim_pod_set *set)
{
    static struct mc_alloc alloc;
    struct sim_error error = {0};
    alloc = test_alloc(&memory);
    ck_assert_msg(sim_select(&plan, seed, crowd, CROWD, selector, ordinal, &alloc, set, &error), "%s", error.text);
    for (uint32_t i = 1; i < set->count; i++) ck_assert_uint_lt(set->pods[i - 1], set->pods[i]);
}

/* By the text of the short form alone. */
static bool plainly(const char *form, uint32_t i)
{
    char service[16] = "", version[16] = "", zone[16] = "";
    const char *at = strchr(form, '@'), *slash = strchr(form, '/');
    size_t end = slash ? (size_t)(slash - form) : at ? (size_t)(at - form) : strlen(form);
    memcpy(service, form, end);
    if (slash) memcpy(version, slash + 1, at ? (size_t)(at - slash - 1) : strlen(slash + 1));
    if (at) strcpy(zone, at + 1);
    if (!crowd[i].up) return false;
    if (*service && strcmp(service, "*")) {
        const char *own = crowd[i].service == 0 ? "web" : crowd[i].service == 1 ? "cart" : names[i];
        if (strcmp(service, own)) return false;
    }
    if (*version && (crowd[i].version == UINT32_MAX || version[1] - '1' != (int)crowd[i].version)) return false;
    return !*zone || zone[0] - 'a' == (int)crowd[i].zone;
}

START_TEST(short_forms)
{
    static const char *const forms[] = {"web", "cart", "cart/v2", "cart@b", "cart/v1@c", "@a", "*", "*@b", "load-1", "web/v1"};
    for (uint64_t seed = 0; seed < 20; seed++) {
        fill_crowd(seed);
        for (unsigned f = 0; f < sizeof forms / sizeof *forms; f++) {
            struct sim_selector selector = {0};
            struct sim_pod_set set = {0};
            struct sim_error error;
            char again[96];
            ck_assert(sim_selector_read(mc_str_c(forms[f]), &selector, &error));
            if (strcmp(forms[f], "*@b")) ck_assert_str_eq(sim_selector_print(&selector, again), forms[f]);
            select_one(&selector, seed, f, &set);
            for (uint32_t i = 0; i < CROWD; i++) ck_assert_msg(sim_pod_set_has(&set, i) == plainly(forms[f], i), "%s: %s", forms[f], names[i]);
            sim_pod_set_fini(&set);
        }
    }
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(modes)
{
    static const struct {
        enum sim_select_mode mode;
        uint32_t value;
    } modes[] = {{SIM_SELECT_ONE, 0}, {SIM_SELECT_FIXED, 3}, {SIM_SELECT_FIXED, 1000}, {SIM_SELECT_FIXED_PERCENT, 30}, {SIM_SELECT_RANDOM_MAX_PERCENT, 50}};
    uint32_t varied = 0;
    fill_crowd(1);
    uint32_t n = 0;
    for (uint32_t i = 0; i < CROWD; i++) n += plainly("cart", i);
    for (unsigned m = 0; m < sizeof modes / sizeof *modes; m++)
        for (uint64_t ordinal = 0; ordinal < 50; ordinal++) {
            struct sim_selector selector = {.service = MC_STR("cart"), .mode = modes[m].mode, .value = modes[m].value};
            struct sim_pod_set set = {0}, same = {0}, other = {0};
            select_one(&selector, 1, ordinal, &set);
            select_one(&selector, 1, ordinal, &same);
            select_one(&selector, 1, ordinal + 1000, &other);
            uint32_t most = modes[m].mode == SIM_SELECT_ONE ? 1 : modes[m].mode == SIM_SELECT_FIXED ? modes[m].value : n * modes[m].value / 100;
            if (most > n) most = n;
            if (modes[m].mode == SIM_SELECT_RANDOM_MAX_PERCENT) ck_assert_uint_le(set.count, most);
            else ck_assert_uint_eq(set.count, most);
            ck_assert_uint_eq(set.count, same.count);
            for (uint32_t i = 0; i < set.count; i++) {
                ck_assert_uint_eq(set.pods[i], same.pods[i]);
                ck_assert(plainly("cart", set.pods[i]));
                varied += !sim_pod_set_has(&other, set.pods[i]);
            }
            sim_pod_set_fini(&set);
            sim_pod_set_fini(&same);
            sim_pod_set_fini(&other);
        }
    ck_assert_uint_gt(varied, 100); /* chance, not the first ones always */
}
END_TEST

START_TEST(unions_and_globs)
{
    struct sim_pod_set set = {0};
    struct sim_selector carts = {.service = MC_STR("cart")}, in_b = {.zone = MC_STR("b")}, glob = {.name = MC_STR("*-v?-1*")};
    fill_crowd(4);
    select_one(&carts, 4, 0, &set);
    select_one(&in_b, 4, 1, &set);
    for (uint32_t i = 0; i < CROWD; i++) ck_assert(sim_pod_set_has(&set, i) == (plainly("cart", i) || plainly("@b", i)));
    sim_pod_set_fini(&set);
    select_one(&glob, 4, 2, &set);
    for (uint32_t i = 0; i < CROWD; i++) {
        const char *dash = strrchr(names[i], '-');
        bool meant = crowd[i].up && crowd[i].service != UINT32_MAX && dash[1] == '1';
        ck_assert(sim_pod_set_has(&set, i) == meant);
    }
    sim_pod_set_fini(&set);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(names_that_are_not)
{
    static const struct {
        struct sim_selector selector;
        const char *says;
    } wrong[] = {
        {{.service = MC_STR("crat")}, "did you mean \"cart\"?"},  {{.service = MC_STR("load-7")}, "did you mean \"load-"},
        {{.service = MC_STR("web"), .version = MC_STR("v2")}, "no version \"v2\"; did you mean \"v1\"?"},
        {{.zone = MC_STR("d")}, "no zone \"d\""},                   {{.service = MC_STR("quite-another")}, "no service \"quite-another\""},
    };
    fill_crowd(0);
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sim_error error = {0};
        ck_assert(!sim_selector_check(&plan, crowd, CROWD, &wrong[i].selector, &error));
        ck_assert_msg(strstr(error.text, wrong[i].says) != NULL, "%s", error.text);
    }
    static const char *const forms[] = {"", "@", "cart/", "/v1", "cart@", "cart@a@b", "cart/v1/v2"};
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct sim_selector selector = {0};
        struct sim_error error = {0};
        ck_assert_msg(!sim_selector_read(mc_str_c(forms[i]), &selector, &error), "%s", forms[i]);
    }
}
END_TEST

Suite *test_select_suite(void);
Suite *test_select_suite(void)
{
    Suite *suite = suite_create("select");
    TCase *tests = tcase_create("select");
    tcase_add_test(tests, short_forms);
    tcase_add_test(tests, modes);
    tcase_add_test(tests, unions_and_globs);
    tcase_add_test(tests, names_that_are_not);
    suite_add_tcase(suite, tests);
    return suite;
}

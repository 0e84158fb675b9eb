/* YAML and JSON as trees: places, quoting, anchors, bounds. */
#include "config/document.h"
#include "support/memory.h"
#include <check.h>
#include <stdlib.h>

Suite *test_document_suite(void);

static struct test_memory memory;
static struct mc_pool pool;
static struct mc_arena arena;
static struct mc_config_errors errors;

static void set_up(void)
{
    memory = (struct test_memory){0};
    mc_pool_init(&pool, test_alloc(&memory));
    mc_arena_init(&arena, &pool, 0);
}

static void tear_down(void)
{
    mc_arena_fini(&arena);
    ck_assert_uint_eq(pool.live_blocks, 0);
    mc_pool_fini(&pool);
    ck_assert_uint_eq(memory.live_blocks, 0);
}

static const struct mc_value *parse_as(const char *file, struct mc_str text)
{
    const struct mc_value *root = NULL;
    errors = (struct mc_config_errors){.file = mc_str_c(file)};
    struct mc_result result = mc_document_parse(&arena, text, &errors, &root);
    return mc_ok(result) ? root : NULL;
}

static const struct mc_value *parse(const char *text)
{
    return parse_as("x.yaml", mc_str_c(text));
}

START_TEST(places_are_known)
{
    const struct mc_value *root = parse("a:\n  - b: one\n    c: 'two'\n  - 3\n");
    ck_assert_ptr_nonnull(root);
    const struct mc_value *list = mc_value_get(root, MC_STR("a"));
    ck_assert_int_eq(list->kind, MC_VALUE_SEQUENCE);
    ck_assert_uint_eq(list->count, 2);
    const struct mc_value *b = mc_value_get(list->first, MC_STR("b"));
    const struct mc_value *c = mc_value_get(list->first, MC_STR("c"));
    ck_assert_uint_eq(b->key_line, 2);
    ck_assert_uint_eq(b->key_column, 5);
    ck_assert_uint_eq(b->line, 2);
    ck_assert_uint_eq(b->column, 8);
    ck_assert(b->plain && !c->plain);
    ck_assert_uint_eq(list->first->next->line, 4);
    ck_assert_uint_eq(list->first->next->index, 1);
}
END_TEST

START_TEST(paths_are_written_out)
{
    const struct mc_value *root = parse("a:\n  - b: one\n");
    char line[200];
    mc_config_fail(&errors, mc_value_get(mc_value_get(root, MC_STR("a"))->first, MC_STR("b")), "bad %d", 7);
    mc_config_error_line(&errors, &errors.list[0], line, sizeof line);
    ck_assert_str_eq(line, "x.yaml:2:5: a[0].b: bad 7");
}
END_TEST

START_TEST(anchors_are_followed)
{
    const struct mc_value *root = parse("!ignore x:\n- &p {port: 80}\n\nu: *p\nv: *p\n");
    ck_assert_ptr_nonnull(root);
    ck_assert(mc_value_get(root, MC_STR("x"))->ignored);
    const struct mc_value *u = mc_value_get(root, MC_STR("u")), *v = mc_value_get(root, MC_STR("v"));
    ck_assert_ptr_eq(u->first, v->first);
    ck_assert(mc_str_eq(mc_value_get(v, MC_STR("port"))->text, MC_STR("80")));
    ck_assert_uint_eq(v->line, 5);
}
END_TEST

START_TEST(nulls_are_seen)
{
    const struct mc_value *root = parse("a: ~\nb:\nc: null\nd: 'null'\ne: x\n");
    ck_assert(mc_value_is_null(mc_value_get(root, MC_STR("a"))));
    ck_assert(mc_value_is_null(mc_value_get(root, MC_STR("b"))));
    ck_assert(mc_value_is_null(mc_value_get(root, MC_STR("c"))));
    ck_assert(!mc_value_is_null(mc_value_get(root, MC_STR("d"))));
    ck_assert(!mc_value_is_null(mc_value_get(root, MC_STR("e"))));
}
END_TEST

START_TEST(an_empty_file_is_an_empty_mapping)
{
    const struct mc_value *root = parse("# nothing\n");
    ck_assert_ptr_nonnull(root);
    ck_assert_int_eq(root->kind, MC_VALUE_MAPPING);
    ck_assert_uint_eq(root->count, 0);
}
END_TEST

static const struct {
    const char *file, *text;
    uint32_t line;
    const char *says;
} broken[] = {
    {"x.yaml", "a: [1, 2\nb: 3\n", 2, ""},
    {"x.yaml", "a: 1\na: 2\n", 2, "twice"},
    {"x.yaml", "a: *b\n", 1, "anchor"},
    {"x.yaml", "a: &a [*a]\n", 1, "anchor"},
    {"x.yaml", "a: 1\n---\nb: 2\n", 2, "more than one document"},
    {"x.yaml", "[a, b]: 1\n", 1, "key must be a word"},
    {"x.yaml", "a: \"\\q\"\n", 1, ""},
    {"x.yaml", "a: b: c\n", 1, ""},
    {"x.yaml", "\ta: 1\n", 1, ""},
    {"x.json", "{\"a\": 1,}", 1, ""},
    {"x.json", "{\"a\": 1, \"a\": 2}", 1, "duplicate"},
    {"x.json", "{\n a: 1}", 2, ""},
    {"x.json", "", 1, ""},
};

START_TEST(broken_files_name_their_line)
{
    ck_assert_ptr_null(parse_as(broken[_i].file, mc_str_c(broken[_i].text)));
    ck_assert_uint_eq(errors.count, 1);
    ck_assert_uint_eq(errors.list[0].line, broken[_i].line);
    ck_assert_msg(strstr(errors.list[0].text, broken[_i].says) != NULL, "%s", errors.list[0].text);
}
END_TEST

START_TEST(json_is_taken)
{
    const struct mc_value *root =
        parse_as("x.json", MC_STR("{\n  \"a\": [true, 1.5, \"x\\ty\"],\n\t\"b\": {\"c\": null}\n}\n"));
    ck_assert_ptr_nonnull(root);
    const struct mc_value *a = mc_value_get(root, MC_STR("a"));
    ck_assert(mc_str_eq(a->last->text, MC_STR("x\ty")));
    ck_assert_uint_eq(mc_value_get(root, MC_STR("b"))->key_line, 3);
}
END_TEST

START_TEST(depth_is_bounded)
{
    char text[201] = {0};
    memset(text, '[', 100);
    memset(text + 100, ']', 100);
    ck_assert_ptr_null(parse(text));
    ck_assert_ptr_nonnull(strstr(errors.list[0].text, "too deeply"));
}
END_TEST

START_TEST(size_is_bounded)
{
    char *text = malloc(MC_DOCUMENT_BYTES + 1);
    memset(text, ' ', MC_DOCUMENT_BYTES + 1);
    ck_assert_ptr_null(parse_as("x.yaml", mc_str(text, MC_DOCUMENT_BYTES + 1)));
    free(text);
}
END_TEST

/* Every prefix of a document is taken or refused with a place; no prefix is read past its end. */
START_TEST(every_prefix_is_survived)
{
    static const char whole[] = "a: &x {b: [1, 'two', \"thr\\u0065e\"], c: *x}\nd: |\n  text\ne: !ignore >-\n  more\n";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *exact = malloc(n ? n : 1);
        memcpy(exact, whole, n);
        if (!parse_as("x.yaml", mc_str(exact, n))) ck_assert_uint_gt(errors.count, 0);
        free(exact);
        mc_arena_fini(&arena);
    }
}
END_TEST

Suite *test_document_suite(void)
{
    Suite *suite = suite_create("document");
    TCase *tcase = tcase_create("document");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, places_are_known);
    tcase_add_test(tcase, paths_are_written_out);
    tcase_add_test(tcase, anchors_are_followed);
    tcase_add_test(tcase, nulls_are_seen);
    tcase_add_test(tcase, an_empty_file_is_an_empty_mapping);
    tcase_add_loop_test(tcase, broken_files_name_their_line, 0, (int)MC_COUNT_OF(broken));
    tcase_add_test(tcase, json_is_taken);
    tcase_add_test(tcase, depth_is_bounded);
    tcase_add_test(tcase, size_is_bounded);
    tcase_add_test(tcase, every_prefix_is_survived);
    suite_add_tcase(suite, tcase);
    return suite;
}

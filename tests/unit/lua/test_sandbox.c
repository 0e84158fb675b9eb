/* The sandbox against the ways out that stock Lua 5.4 has; each case escaped or varied when tried there. */
#include "lua/sandbox.h"
#include "support/memory.h"
#include <check.h>
#include <stdio.h>
#include <lauxlib.h>

struct printed {
    char text[4096];
};

static void remember(void *self, struct mc_str line)
{
    struct printed *printed = self;
    size_t used = strlen(printed->text);
    snprintf(printed->text + used, sizeof printed->text - used, "%.*s\n", MC_STR_ARG(line));
}

struct outcome {
    enum mc_sandbox_status status;
    char text[512]; /* first result or the message */
    char printed[4096];
};

static struct outcome run_with(const char *script, struct mc_sandbox_options options)
{
    struct test_memory memory = {0};
    struct printed printed = {{0}};
    struct outcome outcome = {0};
    options.alloc = test_alloc(&memory);
    options.print = remember;
    options.print_self = &printed;
    struct mc_sandbox *sandbox = mc_sandbox_new(&options);
    ck_assert_ptr_nonnull(sandbox);
    lua_State *L = mc_sandbox_lua(sandbox);
    mc_sandbox_seal(sandbox);
    if (!mc_sandbox_load(sandbox, mc_str_c(script), "t.lua")) {
        outcome.status = MC_SANDBOX_ERROR;
        snprintf(outcome.text, sizeof outcome.text, "%s", lua_tostring(L, -1));
    } else {
        lua_State *co = lua_tothread(L, -1);
        int results;
        outcome.status = mc_sandbox_resume(sandbox, co, 0, &results);
        if (outcome.status != MC_SANDBOX_EXHAUSTED && lua_gettop(co) > 0)
            snprintf(outcome.text, sizeof outcome.text, "%s", luaL_tolstring(co, -1, NULL));
    }
    mc_sandbox_free(sandbox);
    ck_assert_uint_eq(memory.live_blocks, 0);
    memcpy(outcome.printed, printed.text, sizeof outcome.printed);
    return outcome;
}

static struct outcome run(const char *script)
{
    return run_with(script, (struct mc_sandbox_options){.seed = 7, .instructions_max = 20000000});
}

static const struct {
    const char *script, *result;
} values[] = {
    {"local s='' for k in pairs{b=1,a=2,[3]=3,[1]=1,[true]=1,[-1]=0} do s=s..tostring(k)..' ' end return s", "true -1 1 3 a b "},
    {"local s='' for k in pairs{10,20,30,x=1} do s=s..tostring(k) end return s", "123x"},
    {"local t={a=1,b=2,c=3} local s='' for k in pairs(t) do t.b=nil s=s..k end return s", "ac"},
    {"return next({})", "nil"},
    {"local t={z=1,y=2,[5]=3} local k=next(t) local s='' while k do s=s..k k=next(t,k) end return s", "5yz"},
    {"local t={5,3,9,1} table.sort(t) return table.concat(t,',')", "1,3,5,9"},
    {"local t={'b1','a1','b0','a0'} table.sort(t,function(x,y) return x:sub(1,1)<y:sub(1,1) end) return table.concat(t,',')", "a1,a0,b1,b0"},
    {"local t={} for i=1,100 do t[i]=(i*37)%101 end table.sort(t) for i=2,100 do if t[i-1]>t[i] then return 'bad' end end return 'sorted'", "sorted"},
    {"return tostring({})..tostring(print)..tostring(coroutine.create(print))", "tablefunctionthread"},
    {"return string.format('%s %5s|%d %% %q', {}, 'x', 3, 'y')", "table     x|3 % \"y\""},
    {"return ('%s'):format(print)", "function"},
    {"return select('#', xpcall(function() error('x') end, function(m) return m end))", "2"},
    {"local ok,m=xpcall(function() error('x',0) end, function(m) return m..'!' end) return m", "x!"},
    {"local ok,a,b=xpcall(function(p,q) return p+q, 2 end, print, 3, 4) return a..b", "72"},
    {"return load('return 1+1')()", "2"},
    {"return tostring(load('\\27Lua'))", "nil"},
    {"return (('abc'):find('b', 1, true))", "2"},
    {"return (('key = value'):match('^(%w+)%s*='))", "key"},
    {"return tostring(os)", "t.lua:1: unknown global 'os'"},
    {"return 1 + nope", "t.lua:1: unknown global 'nope'"},
    {"return tabel.concat{}", "t.lua:1: unknown global 'tabel': did you mean 'table'?"},
    {"x = 1", "t.lua:1: assignment to undeclared global 'x': write 'local x'"},
    {"function helper() end", "t.lua:1: assignment to undeclared global 'helper': write 'local helper'"},
    {"for k in pairs{[{}]=1} do end", "t.lua:1: a table as a key has no order: use a number or a string"},
    {"return string.format('%p', {})", "t.lua:1: '%p' would show an address"},
    {"setmetatable({}, {__gc=function() end})", "t.lua:1: '__gc' depends on when memory is collected and is not allowed"},
    {"setmetatable({}, {__mode='k'})", "t.lua:1: '__mode' depends on when memory is collected and is not allowed"},
    {"math.randomseed(1)", "t.lua:1: the seed belongs to the run: use --seed"},
    {"return #('x'):rep(200):find(('.-'):rep(8)..'b')", "t.lua:1: pattern '.-.-.-.-.-.-.-.-b' could take too long on a text of 200 characters"},
    {"return tostring(string.dump) .. tostring(collectgarbage)", "t.lua:1: unknown global 'collectgarbage'"},
    {"if", "t.lua:1: unexpected symbol near <eof>"},
};

START_TEST(value_is)
{
    ck_assert_str_eq(run(values[_i].script).text, values[_i].result);
}
END_TEST

/* Loops that an error from the hook does not stop. */
static const char *const endless[] = {
    "while true do end",
    "while true do pcall(function() while true do end end) end",
    "local function loop() while true do end end xpcall(loop, loop)",
    "local function loop() while true do end end while true do pcall(table.sort, {1,2,3}, loop) end",
    "while true do pcall(string.gsub, 'aaa', 'a', function() while true do end end) end",
    "local function spin() while true do end end while true do local co = coroutine.create(spin) coroutine.resume(co) end",
    "local t = setmetatable({}, {__index = function() while true do end end}) while true do pcall(function() return t.x end) end",
    "local function loop() while true do end end pcall(table.sort, {1,2,3}, function() xpcall(loop, loop) end) while true do end",
    "local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
    "goto top ::top:: goto top",
};

START_TEST(loop_is_exhausted)
{
    ck_assert_int_eq(run(endless[_i]).status, MC_SANDBOX_EXHAUSTED);
}
END_TEST

static const char *const hungry[] = {
    "local t={} while true do t[#t+1]=('x'):rep(1000)..#t end",
    "return ('x'):rep(1<<40)",
    "local s='x' while true do s=s..s end",
};

START_TEST(memory_is_capped)
{
    struct outcome outcome = run_with(hungry[_i], (struct mc_sandbox_options){.memory_max = 8 << 20});
    ck_assert_int_eq(outcome.status, MC_SANDBOX_ERROR);
    ck_assert_ptr_nonnull(strstr(outcome.text, _i == 1 ? "" : "not enough memory"));
}
END_TEST

START_TEST(random_depends_on_the_seed_only)
{
    const char *script = "local s='' for i=1,8 do s=s..math.random(100)..' ' end return s..math.random()";
    struct outcome a = run(script), b = run(script);
    ck_assert_str_eq(a.text, b.text);
    ck_assert_str_ne(a.text, run_with(script, (struct mc_sandbox_options){.seed = 8}).text);
}
END_TEST

START_TEST(random_stays_in_its_interval)
{
    ck_assert_str_eq(run("for i=1,2000 do local x=math.random(3,5) assert(x>=3 and x<=5) "
                         "local y=math.random() assert(y>=0 and y<1) end return 'ok'").text, "ok");
}
END_TEST

START_TEST(print_goes_to_its_owner)
{
    ck_assert_str_eq(run("print(1, 'a', {}, nil)").printed, "1\ta\ttable\tnil\n");
}
END_TEST

START_TEST(yield_and_resume_pass_values)
{
    struct test_memory memory = {0};
    struct mc_sandbox *sandbox = mc_sandbox_new(&(struct mc_sandbox_options){.alloc = test_alloc(&memory)});
    lua_State *L = mc_sandbox_lua(sandbox);
    ck_assert(mc_sandbox_load(sandbox, mc_str_c("local x = coroutine.yield(5) return x * 2"), "t.lua"));
    lua_State *co = lua_tothread(L, -1);
    int results;
    ck_assert_int_eq(mc_sandbox_resume(sandbox, co, 0, &results), MC_SANDBOX_YIELDED);
    ck_assert_int_eq(lua_tointeger(co, -1), 5);
    lua_pop(co, results);
    lua_pushinteger(co, 21);
    ck_assert_int_eq(mc_sandbox_resume(sandbox, co, 1, &results), MC_SANDBOX_DONE);
    ck_assert_int_eq(lua_tointeger(co, -1), 42);
    mc_sandbox_free(sandbox);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(refused_memory_at_any_point_is_clean)
{
    for (size_t n = 1; n < 400; n++) {
        struct test_memory memory = {.refuse_at = n, .refuse_after = true};
        struct mc_sandbox *sandbox = mc_sandbox_new(&(struct mc_sandbox_options){.alloc = test_alloc(&memory)});
        mc_sandbox_free(sandbox);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

Suite *test_sandbox_suite(void)
{
    Suite *suite = suite_create("sandbox");
    TCase *tc = tcase_create("sandbox");
    tcase_set_timeout(tc, 60);
    tcase_add_loop_test(tc, value_is, 0, sizeof values / sizeof *values);
    tcase_add_loop_test(tc, loop_is_exhausted, 0, sizeof endless / sizeof *endless);
    tcase_add_loop_test(tc, memory_is_capped, 0, sizeof hungry / sizeof *hungry);
    tcase_add_test(tc, random_depends_on_the_seed_only);
    tcase_add_test(tc, random_stays_in_its_interval);
    tcase_add_test(tc, print_goes_to_its_owner);
    tcase_add_test(tc, yield_and_resume_pass_values);
    tcase_add_test(tc, refused_memory_at_any_point_is_clean);
    suite_add_tcase(suite, tc);
    return suite;
}

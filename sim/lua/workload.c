/* workload = { … } of a service: what Kubernetes' controllers are told about it, in Kubernetes' names. */
#include "sim/lua/topology_parts.h"
#include "lua/sandbox.h"
#include "sim/plan/error.h"
#include <lauxlib.h>
#include <string.h>

#define AT(member) offsetof(struct sim_workload_plan, member)

/* ---- single values ---- */

/* intstr: 3 or "25%" */
static void read_amount(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_amount *amount = (struct sim_amount *)(void *)((char *)record + field->offset);
    (void)arena;
    *amount = (struct sim_amount){.given = true};
    if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0 && lua_tointeger(L, -1) <= INT32_MAX) {
        amount->count = (uint32_t)lua_tointeger(L, -1);
        return;
    }
    size_t n = 0;
    uint64_t percent = 0;
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &n) : NULL;
    if (!text || n < 2 || text[n - 1] != '%' || !mc_str_to_u64(mc_str(text, n - 1), 1000, &percent))
        sim_schema_error(L, what, field->name, "a number of pods (1) or a share of them (\"25%%\") is expected, not %s", mc_sandbox_text(L, -1));
    amount->is_share = true;
    amount->ppm = (uint32_t)percent * 10000;
}

static void read_word(lua_State *L, struct mc_arena *arena, const char *what, const char *key, const char *const *words, int *chosen)
{
    struct mc_str text = sim_schema_text(L, -1, arena, what, key);
    size_t count = 0;
    for (; words[count]; count++) {
        if (!mc_str_eq(text, mc_str_c(words[count]))) continue;
        *chosen = (int)count;
        return;
    }
    const char *nearest = sim_nearest(text, words, sizeof *words, count);
    sim_schema_error(L, what, key, "\"%s\" is not known%s%s%s", text.p, nearest ? ": did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

/* ---- strategy, podDisruptionBudget ---- */

static void read_strategy_type(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const types[] = {"RollingUpdate", "Recreate", NULL};
    int chosen = 0;
    read_word(L, arena, what, field->name, types, &chosen);
    ((struct sim_workload_plan *)record)->recreate = chosen == 1;
}

static void read_rolling_update(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"maxSurge", SIM_FIELD_READ, AT(max_surge), .read = read_amount},
        {"maxUnavailable", SIM_FIELD_READ, AT(max_unavailable), .read = read_amount},
    };
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

static void read_strategy(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"type", SIM_FIELD_READ, .read = read_strategy_type},
        {"rollingUpdate", SIM_FIELD_READ, .read = read_rolling_update},
    };
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

static void read_budget(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"minAvailable", SIM_FIELD_READ, AT(budget_min_available), .read = read_amount},
        {"maxUnavailable", SIM_FIELD_READ, AT(budget_max_unavailable), .read = read_amount},
    };
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

/* ---- horizontalPodAutoscaler ---- */

static void read_select_policy(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const words[] = {"Max", "Min", "Disabled", NULL};
    int chosen = 0;
    read_word(L, arena, what, field->name, words, &chosen);
    ((struct sim_scaling_rules *)record)->select = chosen == 1 ? SIM_SELECT_MIN : chosen == 2 ? SIM_SELECT_DISABLED : SIM_SELECT_MAX;
}

static void read_policy_type(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const words[] = {"Pods", "Percent", NULL};
    int chosen = 0;
    read_word(L, arena, what, field->name, words, &chosen);
    ((struct sim_scaling_policy *)record)->is_percent = chosen == 1;
}

static void read_policies(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
#define POLICY(member) offsetof(struct sim_scaling_policy, member)
    static const struct sim_field fields[] = {
        {"type", SIM_FIELD_READ, .read = read_policy_type, .required = true},
        {"value", SIM_FIELD_COUNT, POLICY(value), .required = true},
        {"periodSeconds", SIM_FIELD_READ, POLICY(period), .read = sim_read_seconds, .required = true},
    };
#undef POLICY
    struct sim_scaling_rules *rules = record;
    int list = lua_gettop(L);
    if (!lua_istable(L, list)) sim_schema_error(L, what, field->name, "a list is expected, not a %s", luaL_typename(L, list));
    uint32_t count = (uint32_t)lua_rawlen(L, list);
    if (count < 1 || count > SIM_SCALING_POLICIES) sim_schema_error(L, what, field->name, "from 1 to %d policies", SIM_SCALING_POLICIES);
    for (uint32_t i = 0; i < count; i++) {
        lua_geti(L, list, i + 1);
        sim_schema_read(L, -1, arena, "policies", fields, MC_COUNT_OF(fields), &rules->policies[i]);
        lua_pop(L, 1);
    }
    rules->policy_count = count;
}

static const struct sim_field rules_fields[] = {
    {"selectPolicy", SIM_FIELD_READ, .read = read_select_policy},
    {"policies", SIM_FIELD_READ, .read = read_policies},
    {"stabilizationWindowSeconds", SIM_FIELD_SKIP},
};

/* The window stands beside the rules in the plan. True: it is given. */
static bool read_rules(lua_State *L, struct mc_arena *arena, const char *name, struct sim_scaling_rules *rules, mc_ns *window)
{
    static const struct sim_field field = {"stabilizationWindowSeconds", SIM_FIELD_READ, 0};
    sim_schema_read(L, -1, arena, name, rules_fields, MC_COUNT_OF(rules_fields), rules);
    bool given = lua_getfield(L, -1, field.name) != LUA_TNIL;
    if (given) sim_read_seconds(L, arena, name, &field, window);
    lua_pop(L, 1);
    return given;
}

static void read_scale_up(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_autoscaler *plan = &((struct sim_workload_plan *)record)->autoscaler;
    (void)what;
    read_rules(L, arena, field->name, &plan->up, &plan->stabilization_up);
}

static void read_scale_down(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    struct sim_autoscaler *plan = &((struct sim_workload_plan *)record)->autoscaler;
    (void)what;
    plan->stabilization_down_given = read_rules(L, arena, field->name, &plan->down, &plan->stabilization_down);
}

static void read_behavior(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"scaleUp", SIM_FIELD_READ, .read = read_scale_up},
        {"scaleDown", SIM_FIELD_READ, .read = read_scale_down},
    };
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

static void read_autoscaler(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"minReplicas", SIM_FIELD_COUNT, AT(autoscaler.min_replicas)},
        {"maxReplicas", SIM_FIELD_COUNT, AT(autoscaler.max_replicas), .required = true},
        {"targetCPUUtilizationPercentage", SIM_FIELD_COUNT, AT(autoscaler.target_cpu_percent)},
        {"targetRequestsPerSecond", SIM_FIELD_RATE, AT(autoscaler.target_rate_milli)},
        {"behavior", SIM_FIELD_READ, .read = read_behavior},
    };
    struct sim_autoscaler *plan = &((struct sim_workload_plan *)record)->autoscaler;
    (void)what;
    plan->min_replicas = 1;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
    if (!plan->max_replicas) sim_schema_error(L, field->name, "maxReplicas", "must be at least 1");
    if (plan->max_replicas > 100000) sim_schema_error(L, field->name, "maxReplicas", "%u is over 100000", plan->max_replicas);
}

/* ---- job ---- */

static void read_job(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"completions", SIM_FIELD_COUNT, AT(job.completions)},
        {"parallelism", SIM_FIELD_COUNT, AT(job.parallelism)},
        {"backoffLimit", SIM_FIELD_COUNT, AT(job.backoff_limit), .given = AT(job.backoff_limit_given)},
        {"run_time", SIM_FIELD_READ, AT(job.run_time), .read = sim_read_seconds, .required = true},
        {"activeDeadlineSeconds", SIM_FIELD_READ, AT(job.active_deadline), .read = sim_read_seconds},
    };
    struct sim_job *job = &((struct sim_workload_plan *)record)->job;
    (void)what;
    job->completions = job->parallelism = 1;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
    if (!job->completions) sim_schema_error(L, field->name, "completions", "at least 1");
    if (!job->parallelism) sim_schema_error(L, field->name, "parallelism", "at least 1");
    if (job->run_time <= 0) sim_schema_error(L, field->name, "run_time", "over 0");
}

static const struct sim_field fields[] = {
    {"strategy", SIM_FIELD_READ, .read = read_strategy},
    {"minReadySeconds", SIM_FIELD_READ, AT(min_ready), .read = sim_read_seconds},
    {"progressDeadlineSeconds", SIM_FIELD_READ, AT(progress_deadline), .read = sim_read_seconds},
    {"podDisruptionBudget", SIM_FIELD_READ, .read = read_budget},
    {"horizontalPodAutoscaler", SIM_FIELD_READ, .read = read_autoscaler},
    {"job", SIM_FIELD_READ, .read = read_job},
};

void sim_read_workload(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
}

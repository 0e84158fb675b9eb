/* pod = { … } of a service: how its pods live, in the names of Kubernetes' PodSpec, and what only an image knows of itself. */
#include "sim/lua/topology_parts.h"
#include "lua/sandbox.h"
#include <lauxlib.h>

#define AT(member) offsetof(struct sim_pod_plan, member)

void sim_read_seconds(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    mc_ns *at = (mc_ns *)(void *)((char *)record + field->offset);
    (void)arena;
    if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 0 && lua_tointeger(L, -1) <= 31536000) *at = lua_tointeger(L, -1) * MC_S;
    else if (lua_type(L, -1) == LUA_TNUMBER) sim_schema_error(L, what, field->name, "whole seconds are expected, not %s", mc_sandbox_text(L, -1));
    else *at = sim_schema_duration(L, -1, what, field->name);
    if (*at < 0) sim_schema_error(L, what, field->name, "cannot be less than nothing");
}

/* ---- probes ---- */

struct probe_words {
    struct sim_probe probe;
    uint32_t port;
    bool http, tcp, exec, has_port;
};

#define PROBE(member) offsetof(struct probe_words, probe.member)
#define WORD(member) offsetof(struct probe_words, member)

static void read_http_get(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"path", SIM_FIELD_TEXT, PROBE(path)},
        {"port", SIM_FIELD_COUNT, WORD(port), .given = WORD(has_port)},
    };
    (void)what;
    ((struct probe_words *)record)->http = true;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

static void read_tcp_socket(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {{"port", SIM_FIELD_COUNT, WORD(port), .given = WORD(has_port)}};
    (void)what;
    ((struct probe_words *)record)->tcp = true;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

static void finish_probe(lua_State *L, const char *what, struct probe_words *words)
{
    if (words->http + words->tcp + words->exec != 1) sim_schema_error(L, what, "httpGet", "one of httpGet, tcpSocket and exec is expected");
    if (words->has_port && (words->port < 1 || words->port > 65535)) sim_schema_error(L, what, "port", "%u is not between 1 and 65535", words->port);
    if (words->probe.path.p[0] != '/') sim_schema_error(L, what, "path", "\"%s\" does not begin with /", words->probe.path.p);
    if (words->probe.period < MC_S) sim_schema_error(L, what, "periodSeconds", "at least 1");
    if (words->probe.timeout < MC_S) sim_schema_error(L, what, "timeoutSeconds", "at least 1");
    if (!words->probe.failure_threshold) sim_schema_error(L, what, "failureThreshold", "at least 1");
    if (!words->probe.success_threshold) sim_schema_error(L, what, "successThreshold", "at least 1");
    words->probe.port = (uint16_t)words->port;
    words->probe.kind = words->http ? SIM_PROBE_HTTP : words->tcp ? SIM_PROBE_TCP : SIM_PROBE_EXEC;
}

/* core/v1 Probe: its defaults, and that those of liveness and startup succeed at once. */
static void read_probe(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {
        {"httpGet", SIM_FIELD_READ, .read = read_http_get},
        {"tcpSocket", SIM_FIELD_READ, .read = read_tcp_socket},
        {"exec", SIM_FIELD_BOOL, WORD(exec)},
        {"initialDelaySeconds", SIM_FIELD_READ, PROBE(initial_delay), .read = sim_read_seconds},
        {"periodSeconds", SIM_FIELD_READ, PROBE(period), .read = sim_read_seconds},
        {"timeoutSeconds", SIM_FIELD_READ, PROBE(timeout), .read = sim_read_seconds},
        {"failureThreshold", SIM_FIELD_COUNT, PROBE(failure_threshold)},
        {"successThreshold", SIM_FIELD_COUNT, PROBE(success_threshold)},
    };
    struct probe_words words = {.probe = {.path = MC_STR("/healthz"), .period = 10 * MC_S, .timeout = MC_S, .failure_threshold = 3, .success_threshold = 1}};
    const char *place = lua_pushfstring(L, "%s.%s", what, field->name);
    lua_insert(L, -2);
    sim_schema_read(L, -1, arena, place, fields, MC_COUNT_OF(fields), &words);
    finish_probe(L, place, &words);
    if (words.probe.success_threshold > 1 && field->offset != AT(readiness)) sim_schema_error(L, place, "successThreshold", "must be 1 (only readiness may wait for more)");
    lua_remove(L, -2);
    *(struct sim_probe *)(void *)((char *)record + field->offset) = words.probe;
}

/* ---- lifecycle ---- */

static void read_sleep(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {{"seconds", SIM_FIELD_READ, AT(pre_stop), .required = true, .read = sim_read_seconds}};
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

static void read_pre_stop(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {{"sleep", SIM_FIELD_READ, .required = true, .read = read_sleep}};
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

static void read_lifecycle(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const struct sim_field fields[] = {{"preStop", SIM_FIELD_READ, .read = read_pre_stop}};
    (void)what;
    sim_schema_read(L, -1, arena, field->name, fields, MC_COUNT_OF(fields), record);
}

void sim_read_pod(lua_State *L, struct mc_arena *arena, const char *what, const struct sim_field *field, void *record)
{
    static const char *const policies[] = {"Always", "OnFailure", "Never", NULL}; /* enum sim_restart_policy */
    static const struct sim_field fields[] = {
        {"terminationGracePeriodSeconds", SIM_FIELD_READ, AT(grace), .read = sim_read_seconds, .given = AT(grace_given)},
        {"lifecycle", SIM_FIELD_READ, .read = read_lifecycle},
        {"startupProbe", SIM_FIELD_READ, AT(startup), .read = read_probe},
        {"readinessProbe", SIM_FIELD_READ, AT(readiness), .read = read_probe},
        {"livenessProbe", SIM_FIELD_READ, AT(liveness), .read = read_probe},
        {"restartPolicy", SIM_FIELD_CHOICE, AT(restart_policy), .choices = policies},
        /* what only the image knows */
        {"image_pull", SIM_FIELD_DURATION, AT(image_pull)},
        {"init", SIM_FIELD_DURATION, AT(init)},
        {"warm_up", SIM_FIELD_DURATION, AT(warm_up)},
        {"crash_after", SIM_FIELD_DURATION, AT(crash_after)},
        {"app_stop", SIM_FIELD_DURATION, AT(app_stop)},
        {"ignores_term", SIM_FIELD_BOOL, AT(ignores_term)},
    };
    const char *place = lua_pushfstring(L, "%s.%s", what, field->name);
    lua_insert(L, -2);
    sim_schema_read(L, -1, arena, place, fields, MC_COUNT_OF(fields), (char *)record + field->offset);
    lua_remove(L, -2);
}

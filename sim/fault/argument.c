#include "sim/fault/fault_parts.h"
#include "sim/plan/units.h"
#include <stdarg.h>
#include <stdio.h>

/* ---- checks ---- */

static const struct sim_parameter *parameter_of(const struct sim_fault_type *type, struct mc_str name)
{
    for (uint32_t i = 0; i < type->parameter_count; i++)
        if (mc_str_eq(name, mc_str_c(type->parameters[i].name))) return &type->parameters[i];
    for (uint32_t i = 0; i < sim_fault_common_count; i++)
        if (mc_str_eq(name, mc_str_c(sim_fault_common[i].name))) return &sim_fault_common[i];
    return NULL;
}

enum { NAMES_MAX = 32 };

static bool refuse_name(const struct sim_fault_spec *spec, const struct sim_fault_type *type, struct mc_str name, struct sim_error *error)
{
    const char *names[NAMES_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < type->parameter_count && n < NAMES_MAX; i++) names[n++] = type->parameters[i].name;
    for (uint32_t i = 0; i < sim_fault_common_count && n < NAMES_MAX; i++) names[n++] = sim_fault_common[i].name;
    const char *near = sim_nearest(name, names, sizeof *names, n);
    if (near) return sim_error_set(error, spec->source, "fault.%s has no `%.*s`; did you mean `%s`?", type->name, MC_STR_ARG(name), near);
    return sim_error_set(error, spec->source, "fault.%s has no `%.*s` (`squall list faults %s` shows what it takes)", type->name,
                         MC_STR_ARG(name), type->name);
}

static bool is_choice(const char *choices, struct mc_str word)
{
    struct mc_str rest = mc_str_c(choices);
    while (rest.n)
        if (mc_str_eq(mc_str_cut(rest, ' ', &rest), word)) return true;
    return false;
}

static const struct {
    const char *expected;
    int64_t low, high;
} ranges[] = {
    [SIM_PARAM_DURATION] = {"a duration such as \"200ms\"", 1, MC_NEVER - 1},
    [SIM_PARAM_SHARE] = {"a share such as \"5%\"", 1, SIM_PPM},
    [SIM_PARAM_COUNT] = {"a whole number from 1", 1, UINT32_MAX},
    [SIM_PARAM_FACTOR] = {"a factor from 0.001 to 1000000", 1, 1000000000},
    [SIM_PARAM_STATUS] = {"a status from 200 to 599", 200, 599}, /* Envoy: envoy.config.filter.fault.v2.FaultAbort http_status */
    [SIM_PARAM_CHOICE] = {"a word", 0, 0},
    [SIM_PARAM_TEXT] = {"a text", 0, 0},
    [SIM_PARAM_SELECTOR] = {"pods, such as \"cart/v2@b\" or pods { service = \"cart\" }", 0, 0},
    [SIM_PARAM_OFFSET] = {"an offset such as \"-10m\"", -MC_NEVER / 4, MC_NEVER / 4},
    [SIM_PARAM_RATE] = {"a rate such as \"10Mbps\"", 1, INT64_MAX},
    [SIM_PARAM_CPU] = {"cores (0.5) or thousandths (\"500m\")", 10, 1024000}, /* the kubelet has no quota under 10m (MinQuotaPeriod) */
    [SIM_PARAM_SIZE] = {"bytes such as \"10Mi\"", 1, INT64_MAX},
    [SIM_PARAM_FAULT] = {"a fault", 0, 0},
};

static bool check_value(const struct sim_fault_spec *spec, const struct sim_fault_type *type, const struct sim_parameter *parameter,
                        const struct sim_argument *argument, struct sim_error *error)
{
    const char *expected = ranges[parameter->type].expected;
    bool number = parameter->type != SIM_PARAM_CHOICE && parameter->type != SIM_PARAM_TEXT && parameter->type != SIM_PARAM_SELECTOR && parameter->type != SIM_PARAM_FAULT;
    if (argument->type != parameter->type)
        return sim_error_set(error, spec->source, "fault.%s: `%s`: %s is expected", type->name, parameter->name, expected);
    if (parameter->type == SIM_PARAM_SELECTOR && !argument->selector_count)
        return sim_error_set(error, spec->source, "fault.%s: `%s` is empty: %s is expected", type->name, parameter->name, expected);
    if (parameter->type == SIM_PARAM_CHOICE && !is_choice(parameter->choices, argument->text))
        return sim_error_set(error, spec->source, "fault.%s: `%s` = \"%.*s\": one of %s is expected", type->name, parameter->name,
                             MC_STR_ARG(argument->text), parameter->choices);
    bool inside = argument->number >= ranges[parameter->type].low && argument->number <= ranges[parameter->type].high;
    if (number && !inside)
        return sim_error_set(error, spec->source, "fault.%s: `%s` is out of range: %s is expected", type->name, parameter->name, expected);
    return true;
}

static bool check_argument(const struct sim_fault_spec *spec, const struct sim_fault_type *type, uint32_t index, struct sim_error *error)
{
    const struct sim_argument *argument = &spec->arguments[index];
    const struct sim_parameter *parameter = parameter_of(type, argument->name);
    static const char *const filters[] = {"percent", "first", "every", "skip"};
    if (!parameter) return refuse_name(spec, type, argument->name, error);
    for (uint32_t i = 0; i < index; i++)
        if (mc_str_eq(spec->arguments[i].name, argument->name))
            return sim_error_set(error, spec->source, "fault.%s: `%s` is given twice", type->name, parameter->name);
    for (size_t i = 0; i < MC_COUNT_OF(filters) && type->code->no_filters; i++)
        if (!strcmp(parameter->name, filters[i]))
            return sim_error_set(error, spec->source, "fault.%s acts as a whole: it takes no `%s`", type->name, parameter->name);
    return check_value(spec, type, parameter, argument, error);
}

static bool has(const struct sim_fault_spec *spec, const char *name)
{
    for (uint32_t i = 0; i < spec->argument_count; i++)
        if (mc_str_eq(spec->arguments[i].name, mc_str_c(name))) return true;
    return false;
}

bool sim_fault_check(const struct sim_fault_spec *spec, struct sim_error *error)
{
    const struct sim_fault_type *type = sim_fault_type_find(spec->kind);
    if (!type) {
        const char *names[NAMES_MAX];
        uint32_t n = 0;
        while (n < NAMES_MAX && sim_fault_types[n]) names[n] = sim_fault_types[n]->name, n++;
        const char *near = sim_nearest(spec->kind, names, sizeof *names, n);
        return sim_error_set(error, spec->source, near ? "there is no fault.%.*s; did you mean fault.%s?" : "there is no fault.%.*s%s",
                             MC_STR_ARG(spec->kind), near ? near : " (`squall list faults` shows them)");
    }
    for (uint32_t i = 0; i < spec->argument_count; i++)
        if (!check_argument(spec, type, i, error)) return false;
    for (uint32_t i = 0; i < type->parameter_count; i++)
        if (type->parameters[i].required && !has(spec, type->parameters[i].name))
            return sim_error_set(error, spec->source, "fault.%s needs `%s`: %s", type->name, type->parameters[i].name,
                                 ranges[type->parameters[i].type].expected);
    if (has(spec, "restart") && has(spec, "duration"))
        return sim_error_set(error, spec->source, "fault.%s: `restart` ends it; give that or `duration`", type->name);
    return true;
}

/* ---- values ---- */

const struct sim_argument *fault_argument(const struct sim_fault *fault, const char *name)
{
    for (uint32_t i = 0; i < fault->argument_count; i++)
        if (mc_str_eq(fault->arguments[i].name, mc_str_c(name))) return &fault->arguments[i];
    return NULL;
}

int64_t fault_number(const struct sim_fault *fault, const char *name, int64_t otherwise)
{
    const struct sim_argument *argument = fault_argument(fault, name);
    return argument ? argument->number : otherwise;
}

bool fault_text_is(const struct sim_fault *fault, const char *name, const char *word, const char *otherwise)
{
    const struct sim_argument *argument = fault_argument(fault, name);
    return argument ? mc_str_eq(argument->text, mc_str_c(word)) : !strcmp(word, otherwise);
}

struct mc_str fault_service_of(const struct sim_fault *fault, const char *name)
{
    const struct sim_argument *argument = fault_argument(fault, name);
    return argument ? argument->selectors[0].service : MC_STR("");
}

/* ---- words ---- */

static void add(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    size_t used = strlen(out);
    va_start(arguments, format);
    vsnprintf(out + used, size - used, format, arguments);
    va_end(arguments);
}

/* Quotes and control characters cannot be in names; should they, they become '?'. */
static void add_text(char *out, size_t size, struct mc_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        bool plain = (unsigned char)text.p[i] >= 0x20 && text.p[i] != '"' && text.p[i] != '\\';
        add(out, size, "%c", plain ? text.p[i] : '?');
    }
}

static void add_selectors(char *out, size_t size, const struct sim_argument *argument)
{
    char one[96];
    for (uint32_t i = 0; i < argument->selector_count; i++) {
        if (i) add(out, size, ", ");
        add_text(out, size, mc_str_c(sim_selector_print(&argument->selectors[i], one)));
    }
}

static void add_value(char *out, size_t size, const struct sim_argument *argument)
{
    char text[SIM_UNITS_TEXT];
    long long number = argument->number;
    switch (argument->type) {
    case SIM_PARAM_DURATION:
    case SIM_PARAM_OFFSET:
        add(out, size, "%s", sim_print_duration(number, text));
        break;
    case SIM_PARAM_SHARE: add(out, size, "%s", sim_print_share((uint64_t)number, text)); break;
    case SIM_PARAM_FACTOR: add(out, size, number % 1000 ? "%lld.%03lldx" : "%lldx", number / 1000, number % 1000); break;
    case SIM_PARAM_RATE: add(out, size, "%lldbps", number); break;
    case SIM_PARAM_CPU: add(out, size, "%lldm", number); break;
    case SIM_PARAM_SIZE: add(out, size, "%lldB", number); break;
    case SIM_PARAM_COUNT:
    case SIM_PARAM_STATUS: add(out, size, "%lld", number); break;
    case SIM_PARAM_TEXT:
    case SIM_PARAM_CHOICE: add_text(out, size, argument->text); break;
    case SIM_PARAM_SELECTOR: add_selectors(out, size, argument); break;
    case SIM_PARAM_FAULT: break;
    }
}

/* "checkout/v2 <-> payments", "cart". */
static void describe_targets(struct sim_fault *fault, char *out, size_t size)
{
    const struct sim_argument *on = fault_argument(fault, "on"), *from = fault_argument(fault, "from"), *to = fault_argument(fault, "to");
    bool network = !strcmp(fault->type->group, "network");
    const char *usual = fault->type->code == &fault_cut || fault->type->code == &fault_blackhole ? "both" : "to";
    const char *arrow = !network || fault_text_is(fault, "direction", "to", usual) ? "->" : fault_text_is(fault, "direction", "from", usual) ? "<-" : "<->";
    if (on) from = on;
    if (from) add_selectors(out, size, from);
    if (to && from) add(out, size, " %s ", arrow);
    if (to) add_selectors(out, size, to);
    if (network && !to) add(out, size, " %s %s", arrow, on ? "everyone" : "everything else");
}

void fault_describe(struct sim_fault *fault)
{
    char *text = fault->text, *json = fault->json;
    const size_t json_size = sizeof fault->json - 2; /* room to close it */
    describe_targets(fault, fault->target, sizeof fault->target);
    add(text, sizeof fault->text, "%s%s%s", fault->type->name, *fault->target ? " " : "", fault->target);
    add(json, json_size, "{");
    for (uint32_t i = 0; i < fault->argument_count; i++) {
        const struct sim_argument *argument = &fault->arguments[i];
        char value[160] = "";
        add_value(value, sizeof value, argument);
        if (strlen(json) + strlen(value) + argument->name.n + 8 > json_size) break;
        add(json, json_size, "%s\"%.*s\":\"%s\"", i ? "," : "", MC_STR_ARG(argument->name), value);
        if (argument->type != SIM_PARAM_SELECTOR && !mc_str_eq(argument->name, MC_STR("direction")) && !mc_str_eq(argument->name, MC_STR("duration")))
            add(text, sizeof fault->text, " %.*s %s", MC_STR_ARG(argument->name), value);
    }
    add(json, sizeof fault->json, "}");
}

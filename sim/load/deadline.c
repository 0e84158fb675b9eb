#include "sim/load/deadline.h"

enum { DIGITS_MAX = 8 };

static const struct {
    char letter;
    mc_ns length;
} units[] = {{'n', 1}, {'u', MC_US}, {'m', MC_MS}, {'S', MC_S}, {'M', MC_MIN}, {'H', MC_HOUR}};

bool sim_deadline_write(mc_ns left, struct mc_head *head)
{
    char *text = mc_arena_take(head->arena, 24);
    if (!text) return false;
    left = mc_ns_max(left, 0);
    size_t unit = 0;
    while (unit + 1 < MC_COUNT_OF(units) && left / units[unit].length >= 99999999) unit++;
    uint64_t value = (uint64_t)(left / units[unit].length + (left % units[unit].length != 0));
    size_t n = mc_u64_to_text(value > 99999999 ? 99999999 : value, text);
    text[n] = units[unit].letter;
    return mc_ok(mc_headers_add(&head->headers, head->arena, MC_STR("grpc-timeout"), mc_str(text, n + 1)));
}

static mc_ns read_grpc(struct mc_str text)
{
    uint64_t value;
    if (text.n < 2 || text.n > DIGITS_MAX + 1 || !mc_str_to_u64(mc_str(text.p, text.n - 1), 99999999, &value) || !value) return 0;
    for (size_t i = 0; i < MC_COUNT_OF(units); i++)
        if (text.p[text.n - 1] == units[i].letter) return (mc_ns)value * units[i].length;
    return 0;
}

mc_ns sim_deadline_read(const struct mc_head *head)
{
    uint64_t milliseconds;
    const struct mc_header *grpc = mc_headers_find(&head->headers, MC_STR("grpc-timeout"));
    const struct mc_header *envoy = mc_headers_find(&head->headers, MC_STR("x-envoy-expected-rq-timeout-ms"));
    mc_ns left = grpc ? read_grpc(grpc->value) : 0;
    if (!envoy || !mc_str_to_u64(envoy->value, 86400000, &milliseconds) || !milliseconds) return left;
    mc_ns other = (mc_ns)milliseconds * MC_MS;
    return left ? mc_ns_min(left, other) : other;
}

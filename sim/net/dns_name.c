/* Names and their addresses. */
#include "sim/net/dns_parts.h"

static struct sim_name *take_name(struct sim_net *net, struct mc_str text)
{
    uint64_t key = mc_hash(text, 0);
    struct sim_name *name = mc_map_get(&net->names, key);
    if (name) return name;
    name = mc_pool_take_zero(net->pool, sizeof *name);
    if (!name) return NULL;
    name->kept_until = INT64_MIN;
    if (mc_map_put(&net->names, key, name)) return name;
    mc_pool_give(net->pool, name, sizeof *name);
    return NULL;
}

bool sim_net_add_name(struct sim_net *net, struct mc_str text, struct mc_addr addr)
{
    struct sim_name *name = take_name(net, text);
    if (!name || name->count == SIM_ADDRS_PER_NAME) return false;
    name->addrs[name->count++] = addr;
    return true;
}

bool sim_dns_add_outside(struct sim_net *net, struct mc_str text, struct mc_addr addr)
{
    struct sim_name *name = take_name(net, text);
    if (!name || name->count == SIM_ADDRS_PER_NAME) return false;
    name->outside = true;
    addr.port = 0;
    name->addrs[name->count++] = addr;
    return true;
}

void sim_dns_set_headless(struct sim_net *net, uint32_t service)
{
    net->services[service].headless = true;
}

void sim_names_fini(struct sim_net *net)
{
    uint32_t at = 0;
    for (struct mc_map_entry *entry; (entry = mc_map_next(&net->names, &at));)
        mc_pool_give(net->pool, entry->value, sizeof(struct sim_name));
    mc_map_fini(&net->names);
}

struct sim_name *sim_name_of(struct sim_net *net, uint64_t key)
{
    return mc_map_get(&net->names, key);
}

/* CoreDNS answers for cluster.local itself; everything else is asked for upstream. */
bool sim_name_is_inside(struct mc_str name)
{
    return mc_str_ends(name, MC_STR(".cluster.local"));
}

static const struct sim_service_record *headless_at(const struct sim_net *net, struct mc_addr addr)
{
    uint32_t number = mc_addr_is_v4(addr) ? mc_addr_v4_of(addr) - mc_addr_v4_of(sim_net_vip(net, 0)) : UINT32_MAX;
    return number < net->service_count && net->services[number].headless ? &net->services[number] : NULL;
}

void sim_name_answers(const struct sim_net *net, const struct sim_name *name, struct sim_answers *answers)
{
    const struct sim_service_record *service = name->count == 1 ? headless_at(net, name->addrs[0]) : NULL;
    uint32_t count = service ? service->count : name->count;
    answers->count = count < SIM_ADDRS_PER_NAME ? count : SIM_ADDRS_PER_NAME;
    for (uint32_t i = 0; i < answers->count; i++)
        answers->addrs[i] = service ? sim_net_addr(net, service->backends[i].pod, 0) : name->addrs[i];
}

/* DNS: a query travels to the resolver and back; what is lost is asked again after a time-out. */
#include "sim/net/parts.h"
#include "base/digest.h"

struct query {
    struct sim_entry entry;
    struct sim_origin origin;
    struct mc_link link; /* process->queries */
    struct sim_process *process;
    uint64_t name, ordinal;
    uint32_t id, tries;
    mc_ns sent;
    bool lost;           /* the entry stands for the time-out */
};

static void fire(struct sim_entry *entry);
static const struct sim_entry_type query_type = {"net.resolve", SIM_CLASS_DELIVERY, SIM_KIND_RESOLVE, fire};

bool sim_net_add_name(struct sim_net *net, struct mc_str text, struct mc_addr addr)
{
    uint64_t key = mc_hash(text, 0);
    struct sim_name *name = mc_map_get(&net->names, key);
    if (!name) {
        name = mc_pool_take_zero(net->pool, sizeof *name);
        if (!name) return false;
        if (!mc_map_put(&net->names, key, name)) {
            mc_pool_give(net->pool, name, sizeof *name);
            return false;
        }
    }
    if (name->count == SIM_ADDRS_PER_NAME) return false;
    name->addrs[name->count++] = addr;
    return true;
}

void sim_names_fini(struct sim_net *net)
{
    uint32_t at = 0;
    for (struct mc_map_entry *entry; (entry = mc_map_next(&net->names, &at));)
        mc_pool_give(net->pool, entry->value, sizeof(struct sim_name));
    mc_map_fini(&net->names);
}

static void discard(struct query *query)
{
    struct sim_net *net = query->process->net;
    sim_engine_cancel(net->engine, &query->entry);
    mc_list_remove(&query->link);
    mc_pool_give(net->pool, query, sizeof *query);
}

void sim_resolve_forget(struct sim_process *process)
{
    mc_list_each(link, &process->queries) discard(mc_container(link, struct query, link));
}

/* One packet there and one back; both are judged now, and again as to cuts when the answer comes. */
static void ask(struct query *query)
{
    struct sim_net *net = query->process->net;
    struct sim_stack *from = sim_net_stack(net, query->process->pod), *to = sim_net_stack(net, net->resolver);
    uint64_t entity = query->origin.number;
    query->sent = net->engine->now;
    query->lost = false;
    mc_ns delay = 0;
    if (to) {
        struct sim_path there, back;
        sim_path_find(net, from, to, &there);
        sim_path_find(net, to, from, &back);
        struct sim_judged out = sim_path_judge(net, &there, entity, &query->ordinal, 1, NULL);
        struct sim_judged in = {0};
        if (!out.lost) in = sim_path_judge(net, &back, entity, &query->ordinal, 1, NULL);
        query->lost = out.lost || in.lost;
        delay = sim_path_jitter(net, entity, query->ordinal, out.delay, out.jitter) +
                sim_path_jitter(net, entity, query->ordinal + 1, in.delay, in.jitter);
    }
    sim_engine_at(net->engine, &query->entry, query->sent + (query->lost ? net->kernel.dns_timeout : delay));
}

static bool answer_is_cut(const struct query *query)
{
    struct sim_net *net = query->process->net;
    struct sim_stack *from = sim_net_stack(net, query->process->pod), *to = sim_net_stack(net, net->resolver);
    return to && (!to->up || sim_path_is_cut(net, from, to, 1, NULL) || sim_path_is_cut(net, to, from, 1, NULL));
}

static void answer(struct query *query, enum mc_stream_reason reason)
{
    struct sim_process *process = query->process;
    struct sim_net *net = process->net;
    const struct sim_name *name = mc_map_get(&net->names, query->name);
    uint32_t id = query->id;
    discard(query);
    if (reason == MC_REASON_NONE && !name) reason = MC_REASON_UNREACHABLE;
    if (reason == MC_REASON_NONE)
        process->type->resolved(process, id, reason, name->addrs, name->count, net->ttl);
    else
        process->type->resolved(process, id, reason, NULL, 0, 0);
}

static void fire(struct sim_entry *entry)
{
    struct query *query = mc_container(entry, struct query, entry);
    struct sim_net *net = query->process->net;
    sim_engine_tell(net->engine, query->process->pod, query->id, query->tries, query->lost);
    if (!query->lost && answer_is_cut(query)) {
        query->lost = true;
        sim_engine_at(net->engine, &query->entry, query->sent + net->kernel.dns_timeout);
    } else if (!query->lost) {
        answer(query, MC_REASON_NONE);
    } else if (++query->tries < net->kernel.dns_attempts) {
        ask(query);
    } else {
        answer(query, MC_REASON_TIMEOUT);
    }
}

void sim_resolve(struct sim_process *process, uint32_t id, struct mc_str name)
{
    struct sim_net *net = process->net;
    struct query *query = mc_pool_take_zero(net->pool, sizeof *query);
    if (!query) {
        net->engine->refused = true;
        return;
    }
    query->origin.number = UINT64_C(1) << 62 | ++net->queries;
    sim_entry_init(&query->entry, &query_type, &query->origin, query->origin.number);
    mc_list_init(&query->link);
    mc_list_push_back(&process->queries, &query->link);
    query->process = process;
    query->name = mc_hash(name, 0);
    query->id = id;
    ask(query);
}

/* A lookup: the names it tries, the queries of each, what is asked again. */
#include "sim/net/dns_parts.h"
#include <string.h>

static void fire(struct sim_entry *entry);
static const struct sim_entry_type lookup_type = {"net.resolve", SIM_CLASS_DELIVERY, SIM_KIND_RESOLVE, fire};
static const struct sim_resolv plain = {.ndots = 1};
enum { CARES_SECONDS = 5, CARES_TRIES = 4 };

static void discard(struct sim_lookup *lookup)
{
    struct sim_net *net = lookup->process->net;
    sim_engine_cancel(net->engine, &lookup->entry);
    mc_list_remove(&lookup->link);
    mc_pool_give(net->pool, lookup, sizeof *lookup);
}

void sim_resolve_forget(struct sim_process *process)
{
    mc_list_each(link, &process->queries) discard(mc_container(link, struct sim_lookup, link));
}

/* ---- which names ---- */

static bool is_absolute(struct mc_str name)
{
    return name.n && name.p[name.n - 1] == '.';
}

static uint32_t dots_in(struct mc_str name)
{
    uint32_t dots = 0;
    for (size_t i = 0; i < name.n; i++) dots += name.p[i] == '.';
    return dots;
}

/* The index into the search list of candidate number N; search_count: the name as it is; beyond: none. musl looks at no
 * list at all where the name comes first. */
static uint32_t search_of(const struct sim_lookup *lookup, uint32_t n)
{
    const struct sim_resolv *resolv = lookup->resolv;
    uint32_t as_it_is = resolv->search_count;
    if (is_absolute(lookup->name)) return n ? as_it_is + 1 : as_it_is;
    if (dots_in(lookup->name) < resolv->ndots) return n;
    if (!n) return as_it_is;
    return lookup->stub == SIM_STUB_MUSL || n > as_it_is ? as_it_is + 1 : n - 1;
}

bool sim_dns_candidate(const struct sim_lookup *lookup, struct sim_question *question)
{
    const struct sim_resolv *resolv = lookup->resolv;
    uint32_t search = search_of(lookup, lookup->candidate);
    if (search > resolv->search_count) return false;
    struct mc_str asked = lookup->name, suffix = search < resolv->search_count ? resolv->searches[search] : MC_STR("");
    asked.n -= is_absolute(asked);
    question->asker = lookup->process->pod;
    question->asked = asked;
    question->name = asked;
    if (suffix.n && asked.n + 1 + suffix.n <= SIM_NAME_MAX) {
        memcpy(question->text, asked.p, asked.n);
        question->text[asked.n] = '.';
        memcpy(question->text + asked.n + 1, suffix.p, suffix.n);
        question->name = mc_str(question->text, asked.n + 1 + suffix.n);
    }
    question->key = mc_hash(question->name, 0);
    return true;
}

/* ---- one attempt ---- */

static uint32_t queries_of(const struct sim_lookup *lookup)
{
    return lookup->stub == SIM_STUB_CARES ? 1 : 2;
}

static mc_ns timeout_of(const struct sim_lookup *lookup)
{
    const struct sim_net *net = lookup->process->net;
    if (lookup->stub == SIM_STUB_CARES) return CARES_SECONDS * MC_S;
    mc_ns timeout = lookup->resolv->timeout ? lookup->resolv->timeout : net->kernel.dns_timeout;
    uint32_t attempts = lookup->resolv->attempts ? lookup->resolv->attempts : net->kernel.dns_attempts;
    return lookup->stub == SIM_STUB_MUSL ? timeout / (attempts ? attempts : 1) : timeout;
}

static uint32_t attempts_of(const struct sim_lookup *lookup)
{
    if (lookup->stub == SIM_STUB_CARES) return CARES_TRIES;
    return lookup->resolv->attempts ? lookup->resolv->attempts : lookup->process->net->kernel.dns_attempts;
}

/* Queries that were not answered, and when the last of the others was. */
struct exchange {
    uint32_t unanswered;
    mc_ns took;
};

/* QUERIES packets there and back; they leave together AFTER this instant. */
static struct exchange exchange(struct sim_lookup *lookup, const struct sim_question *question, uint32_t queries, mc_ns after)
{
    struct sim_net *net = lookup->process->net;
    struct sim_stack *from = sim_net_stack(net, lookup->process->pod), *to = sim_net_stack(net, lookup->server);
    struct sim_path there, back;
    uint64_t entity = lookup->origin.number, jitter = 2 * ++lookup->rounds;
    mc_ns takes = 0;
    if (!to) return (struct exchange){0};
    sim_path_find(net, from, to, &there);
    sim_path_find(net, to, from, &back);
    struct sim_judged out = sim_path_judge(net, &there, entity, &lookup->ordinal, queries, NULL), in = {0};
    uint32_t left = queries - out.lost;
    net->dns.counts.lost += out.lost;
    mc_ns reached = sim_path_jitter(net, entity, jitter, out.delay, out.jitter);
    if (left && !sim_dns_serve(net, lookup->server, question, net->engine->now + after + reached, left, &takes)) {
        net->dns.counts.dropped += left;
        left = 0;
    }
    if (left) in = sim_path_judge(net, &back, entity, &lookup->ordinal, left, NULL);
    net->dns.counts.lost += in.lost;
    return (struct exchange){.unanswered = queries - left + in.lost,
                             .took = reached + takes + sim_path_jitter(net, entity, jitter + 1, in.delay, in.jitter)};
}

/* Answered on the machine: by NodeLocal DNSCache, or by the machine's own resolver. */
static mc_ns ask_machine(struct sim_lookup *lookup, const struct sim_question *question)
{
    struct sim_net *net = lookup->process->net;
    const struct sim_stack *from = sim_net_stack(net, lookup->process->pod);
    mc_ns took = 2 * net->terms[SIM_TERMS_MACHINE].latency, takes = 0;
    lookup->server = SIM_NO_POD;
    if (lookup->resolv->node) {
        if (sim_dns_serve(net, SIM_NO_POD, question, net->engine->now + took, 0, &takes)) took += takes;
        return took;
    }
    if (sim_dns_kept_here(net, from->place.machine, question->key)) return took;
    lookup->server = sim_dns_pick(net, lookup);
    return MC_NEVER; /* it has to ask */
}

/* NodeLocal DNSCache asks over TCP: what is lost is sent again by its kernel. */
static struct exchange through_machine(struct sim_lookup *lookup, const struct sim_question *question)
{
    struct sim_net *net = lookup->process->net;
    struct exchange whole = exchange(lookup, question, lookup->wanted, 0);
    if (!whole.unanswered || whole.unanswered == lookup->wanted) return whole;
    whole.took += net->kernel.rto_min;
    whole.unanswered = 0;
    return whole;
}

static bool raced(struct sim_lookup *lookup, bool by_fault)
{
    struct sim_net *net = lookup->process->net;
    uint32_t ppm = net->dns.plan.race_ppm;
    bool lost = by_fault || (ppm && mc_chance(mc_draw(net->seed, MC_FOR_LOSS, ~lookup->origin.number, lookup->rounds), ppm, 1000000));
    net->dns.counts.raced += lost;
    return lost;
}

static struct exchange ask_server(struct sim_lookup *lookup, const struct sim_question *question, const struct sim_dns_effect *effect)
{
    bool together = lookup->wanted > 1 && !lookup->resolv->one_by_one;
    bool one_socket = together && lookup->stub != SIM_STUB_GO;
    lookup->server = sim_dns_pick(lookup->process->net, lookup);
    if (lookup->wanted < 2 || together) {
        struct exchange pair = exchange(lookup, question, lookup->wanted, 0);
        if (one_socket && raced(lookup, effect->race) && pair.unanswered < lookup->wanted) pair.unanswered++;
        return pair;
    }
    struct exchange first = exchange(lookup, question, 1, 0);
    if (first.unanswered) return (struct exchange){.unanswered = lookup->wanted};
    struct exchange second = exchange(lookup, question, 1, first.took);
    return (struct exchange){.unanswered = second.unanswered, .took = first.took + second.took};
}

static void ask(struct sim_lookup *lookup, const struct sim_question *question)
{
    struct sim_net *net = lookup->process->net;
    const struct sim_resolv *resolv = lookup->resolv;
    mc_ns now = net->engine->now, there = MC_NEVER;
    bool pair = lookup->wanted > 1 && lookup->stub != SIM_STUB_GO;
    struct sim_dns_effect effect = sim_dns_effect(net, question, lookup->origin.number, lookup->rounds, lookup->wanted, pair);
    struct exchange got = {0};
    net->dns.counts.queries += lookup->wanted;
    if (resolv->node || net->dns.plan.node_local) there = ask_machine(lookup, question);
    if (there != MC_NEVER) got.took = there;
    else if (net->dns.plan.node_local) got = through_machine(lookup, question);
    else got = ask_server(lookup, question, &effect);
    if (effect.drop) {
        net->dns.counts.dropped += lookup->wanted;
        got.unanswered = lookup->wanted;
    }
    got.took += effect.latency;
    lookup->rcode = effect.rcode;
    lookup->give_up = now + timeout_of(lookup);
    lookup->lost = got.unanswered || now + got.took > lookup->give_up;
    if (lookup->lost && lookup->stub == SIM_STUB_MUSL && got.unanswered) lookup->wanted = got.unanswered;
    sim_engine_at(net->engine, &lookup->entry, lookup->lost ? lookup->give_up : now + got.took);
}

/* ---- the end ---- */

static void answer(struct sim_lookup *lookup, enum mc_stream_reason reason, const struct sim_answers *answers)
{
    struct sim_process *process = lookup->process;
    struct sim_net *net = process->net;
    struct mc_addr addrs[SIM_ADDRS_PER_NAME];
    uint32_t id = lookup->id, count = answers ? answers->count : 0;
    uint64_t first = count > 1 ? mc_below(mc_draw(net->seed, MC_FOR_PATH, ~lookup->origin.number, 0), count) : 0;
    for (uint32_t i = 0; i < count; i++) addrs[i] = answers->addrs[(first + i) % count]; /* CoreDNS' loadbalance */
    discard(lookup);
    process->type->resolved(process, id, reason, count ? addrs : NULL, count, count ? net->ttl : 0);
}

/* Goes on with the next name; without one it is over. */
static void go_on(struct sim_lookup *lookup)
{
    struct sim_question question;
    lookup->candidate++;
    lookup->attempt = 0;
    lookup->wanted = queries_of(lookup);
    if (sim_dns_candidate(lookup, &question)) {
        ask(lookup, &question);
        return;
    }
    if (lookup->timed_out) answer(lookup, MC_REASON_TIMEOUT, NULL);
    else answer(lookup, lookup->failed ? MC_REASON_REFUSED : MC_REASON_UNREACHABLE, NULL);
}

/* No answer, or SERVFAIL. */
static void ask_again(struct sim_lookup *lookup, const struct sim_question *question)
{
    bool timed_out = lookup->lost;
    if (++lookup->attempt < attempts_of(lookup)) {
        if (!timed_out) lookup->wanted = queries_of(lookup);
        ask(lookup, question);
        return;
    }
    bool next = lookup->stub == SIM_STUB_GO || (lookup->stub == SIM_STUB_GLIBC && !timed_out);
    lookup->failed = true;
    lookup->timed_out |= timed_out;
    if (next) go_on(lookup);
    else answer(lookup, timed_out ? MC_REASON_TIMEOUT : MC_REASON_REFUSED, NULL);
}

static bool answer_is_cut(const struct sim_lookup *lookup)
{
    struct sim_net *net = lookup->process->net;
    struct sim_stack *from = sim_net_stack(net, lookup->process->pod), *to = sim_net_stack(net, lookup->server);
    return to && (!to->up || sim_path_is_cut(net, from, to, 1, NULL) || sim_path_is_cut(net, to, from, 1, NULL));
}

static void fire(struct sim_entry *entry)
{
    struct sim_lookup *lookup = mc_container(entry, struct sim_lookup, entry);
    struct sim_net *net = lookup->process->net;
    struct sim_question question;
    struct sim_answers answers = {0};
    sim_engine_tell(net->engine, lookup->process->pod, lookup->id, (uint64_t)lookup->candidate << 32 | lookup->attempt, lookup->lost);
    bool known = sim_dns_candidate(lookup, &question);
    mc_assert(known);
    if (!lookup->lost && answer_is_cut(lookup)) {
        lookup->lost = true;
        sim_engine_at(net->engine, &lookup->entry, mc_ns_max(lookup->give_up, net->engine->now));
        return;
    }
    if (lookup->lost || lookup->rcode == SIM_RCODE_SERVFAIL) {
        net->dns.counts.servfail += !lookup->lost;
        ask_again(lookup, &question);
        return;
    }
    const struct sim_name *name = lookup->resolv->node && sim_name_is_inside(question.name) ? NULL : sim_name_of(net, question.key);
    if (name && lookup->rcode == SIM_RCODE_OK) sim_name_answers(net, name, &answers);
    sim_dns_alter(net, &question, &answers);
    if (lookup->rcode == SIM_RCODE_NXDOMAIN) answers.count = 0;
    net->dns.counts.nxdomain += !answers.count;
    if (answers.count) answer(lookup, MC_REASON_NONE, &answers);
    else go_on(lookup);
}

void sim_resolve(struct sim_process *process, uint32_t id, struct mc_str name)
{
    struct sim_net *net = process->net;
    const struct sim_stack *stack = sim_net_stack(net, process->pod);
    struct sim_lookup *lookup = mc_pool_take_zero(net->pool, sizeof *lookup);
    struct sim_question question;
    if (!lookup) {
        net->engine->refused = true;
        return;
    }
    lookup->origin.number = UINT64_C(1) << 62 | ++net->queries;
    sim_entry_init(&lookup->entry, &lookup_type, &lookup->origin, lookup->origin.number);
    mc_list_init(&lookup->link);
    mc_list_push_back(&process->queries, &lookup->link);
    lookup->process = process;
    lookup->resolv = stack->resolv ? stack->resolv : net->dns.resolv ? net->dns.resolv : &plain;
    lookup->stub = process->sidecar ? SIM_STUB_CARES : lookup->resolv->stub;
    lookup->name = name.n <= SIM_NAME_MAX ? name : MC_STR("");
    lookup->id = id;
    lookup->wanted = queries_of(lookup);
    net->dns.counts.lookups++;
    if (sim_dns_candidate(lookup, &question)) ask(lookup, &question);
}

/* Who gets a core that others want, too: start-time fair queueing over two levels, pods and their containers. */
#include "sim/host/parts.h"

enum { LEAST_SHARES = 2, SHARES_PER_CORE = 1024 };

/* MilliCPUToShares of the kubelet (pkg/kubelet/cm/helpers_linux.go). */
uint32_t sim_fair_shares(uint32_t request_millis)
{
    uint64_t shares = (uint64_t)request_millis * SHARES_PER_CORE / 1000;
    return shares < LEAST_SHARES ? LEAST_SHARES : (uint32_t)shares;
}

void sim_fair_join(struct sim_container *container)
{
    struct sim_pod *pod = container->pod;
    uint32_t millis = container->resources.cpu_request_millis;
    container->fair.shares = sim_fair_shares(millis);
    pod->request_millis += millis;
    pod->fair.shares = sim_fair_shares(pod->request_millis);
}

/* Those that have not waited lately begin where the others are. */
static void bring_up(struct sim_fair *fair, const struct sim_machine *machine, int64_t least)
{
    if (fair->contention != machine->contention || fair->used < least) fair->used = least;
    fair->contention = machine->contention;
}

static int64_t least_in(const struct sim_pod *pod)
{
    return pod->fair.contention == pod->machine->contention ? pod->least : 0;
}

void sim_fair_wait(struct sim_core_wait *wait)
{
    struct sim_container *container = wait->container;
    struct sim_pod *pod = container->pod;
    struct sim_machine *machine = pod->machine;
    if (!mc_list_empty(&wait->link)) return;
    if (!machine->contended) {
        machine->contended = true;
        machine->contention++;
        machine->least = 0;
    }
    int64_t inside = least_in(pod);
    bring_up(&pod->fair, machine, machine->least);
    pod->least = inside;
    bring_up(&container->fair, machine, inside);
    mc_list_push_back(&machine->waiting, &wait->link);
}

/* Equal ones in the order in which they came. */
struct sim_core_wait *sim_fair_next(struct sim_machine *machine)
{
    struct sim_core_wait *next = NULL;
    mc_list_each(link, &machine->waiting) {
        struct sim_core_wait *wait = mc_container(link, struct sim_core_wait, link);
        struct sim_container *container = wait->container;
        if (next) {
            int64_t of_pod = next->container->pod->fair.used, own = next->container->fair.used;
            if (container->pod->fair.used > of_pod) continue;
            if (container->pod->fair.used == of_pod && (container->pod != next->container->pod || container->fair.used >= own)) continue;
        }
        next = wait;
    }
    if (!next) return NULL;
    mc_list_remove(&next->link);
    struct sim_pod *pod = next->container->pod;
    if (pod->fair.used > machine->least) machine->least = pod->fair.used;
    if (next->container->fair.used > pod->least) pod->least = next->container->fair.used;
    return next;
}

/* CPU may be negative: it was given back. */
void sim_fair_charge(struct sim_container *container, mc_ns cpu)
{
    struct sim_pod *pod = container->pod;
    int64_t inside = least_in(pod);
    bring_up(&pod->fair, pod->machine, pod->machine->least);
    pod->least = inside;
    bring_up(&container->fair, pod->machine, inside);
    pod->fair.used += cpu * SHARES_PER_CORE / pod->fair.shares;
    container->fair.used += cpu * SHARES_PER_CORE / container->fair.shares;
}

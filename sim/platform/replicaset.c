/* pkg/controller/replicaset: manageReplicas. Who goes first when there are too many: ActivePodsWithRanks of
 * pkg/controller/controller_utils.go. */
#include "sim/platform/controllers_parts.h"
#include <stdlib.h>

/* ---- who goes first ---- */

/* Smaller goes first. Times are compared by the logarithm of the age (LogarithmicScaleDown, on since 1.22), equal
 * ones by UID, which is drawn. pod-deletion-cost is not modelled. */
struct rank {
    struct ctl_pod *pod;
    uint32_t doubled;      /* pods of the same owner on its machine */
    int age_ready, age;    /* -1 … 62 */
};

static int log_age(mc_ns now, mc_ns since)
{
    mc_ns age = since == MC_NEVER ? 0 : now - since;
    return age <= 0 ? -1 : 63 - __builtin_clzll((unsigned long long)age);
}

static int compare(const void *left, const void *right)
{
    const struct rank *a = left, *b = right;
    const struct sim_pod_status *x = &a->pod->status, *y = &b->pod->status;
    if (x->phase != y->phase) return x->phase == SIM_POD_PENDING ? -1 : 1;
    if (x->ready != y->ready) return x->ready ? 1 : -1;
    if (a->doubled != b->doubled) return a->doubled > b->doubled ? -1 : 1;
    if (x->ready && a->age_ready != b->age_ready) return a->age_ready < b->age_ready ? -1 : 1;
    if (x->restarts != y->restarts) return x->restarts > y->restarts ? -1 : 1;
    if (a->age != b->age) return a->age < b->age ? -1 : 1;
    if (a->pod->luck != b->pod->luck) return a->pod->luck < b->pod->luck ? -1 : 1;
    return (a->pod->number > b->pod->number) - (a->pod->number < b->pod->number);
}

/* Brings the COUNT smallest to the front, in their order. Few are chosen by looking for each. */
static void choose(struct rank *ranks, uint32_t total, uint32_t count)
{
    enum { FEW = 8 };
    if (count > FEW) {
        qsort(ranks, total, sizeof *ranks, compare);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t least = i;
        for (uint32_t j = i + 1; j < total; j++)
            if (compare(&ranks[j], &ranks[least]) < 0) least = j;
        struct rank swapped = ranks[i];
        ranks[i] = ranks[least];
        ranks[least] = swapped;
    }
}

static void delete_pods(struct ctl_workload *workload, struct ctl_set *set, uint32_t count)
{
    struct sim_controllers *controllers = workload->controllers;
    mc_ns now = ctl_now(controllers);
    uint32_t total = 0, bytes_for = set->active;
    struct rank *ranks = ctl_take(controllers, bytes_for * sizeof *ranks);
    if (!ranks) return;
    ctl_schedule_begin(controllers, workload); /* counts the Deployment's pods per machine */
    mc_list_each(link, &set->pods)
    {
        struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
        if (!pod->active) continue;
        ranks[total++] = (struct rank){.pod = pod,
                                       .doubled = controllers->crowd[pod->machine],
                                       .age_ready = log_age(now, pod->status.ready_since),
                                       .age = log_age(now, pod->status.created)};
    }
    mc_assert(total == bytes_for && count <= total);
    choose(ranks, total, count);
    for (uint32_t i = 0; i < count; i++) ctl_remove(ranks[i].pod, MC_NEVER);
    mc_pool_give(&controllers->realm->pool, ranks, bytes_for * sizeof *ranks);
}

/* ---- as many as are wanted ---- */

/* Pods without a machine find one if room has been made since. */
static void place_pods(struct ctl_workload *workload, struct ctl_set *set)
{
    struct sim_controllers *controllers = workload->controllers;
    ctl_schedule_begin(controllers, workload);
    while (set->unplaced) {
        uint32_t place = ctl_schedule_next(controllers, workload, set->version);
        if (place == SIM_NONE) {
            set->room_seen = controllers->room;
            ctl_schedule_failed(workload, set->version);
            return;
        }
        if (!ctl_create(workload, set, set->version, place)) return;
        set->unplaced--;
    }
}

void ctl_set_manage(struct ctl_workload *workload, struct ctl_set *set)
{
    uint32_t pods = set->active + set->unplaced;
    if (pods > set->replicas) {
        uint32_t surplus = pods - set->replicas, never = surplus < set->unplaced ? surplus : set->unplaced;
        set->unplaced -= never;
        if (surplus > never) delete_pods(workload, set, surplus - never);
    }
    bool fresh = pods < set->replicas;
    if (fresh) set->unplaced += set->replicas - pods;
    if (set->unplaced && (fresh || set->room_seen != workload->controllers->room)) place_pods(workload, set);
}

/* pkg/controller/deployment: rolling.go, recreate.go, sync.go, progress.go, util/deployment_util.go.
 *
 * The Deployment sizes its ReplicaSets, they make and delete pods; here one look does both. A Deployment is looked
 * at when it has something to do: while a change is under way, or when pods have ended. */
#include "sim/platform/controllers_parts.h"
#include <string.h>

/* ---- amounts ---- */

uint32_t ctl_amount(const struct sim_amount *amount, uint32_t of, bool up)
{
    if (!amount->is_share) return amount->count;
    return (uint32_t)(((uint64_t)amount->ppm * of + (up ? 999999 : 0)) / 1000000);
}

static const struct sim_amount quarter = {.ppm = 250000, .is_share = true, .given = true};

static const struct sim_amount *or_quarter(const struct sim_amount *amount)
{
    return amount->given ? amount : &quarter;
}

uint32_t ctl_surge(const struct ctl_workload *workload)
{
    return workload->plan->recreate ? 0 : ctl_amount(or_quarter(&workload->plan->max_surge), workload->replicas, true);
}

/* ResolveFenceposts: shares may come to 0 both; then one pod may be missing. */
uint32_t ctl_unavailable(const struct ctl_workload *workload)
{
    if (workload->plan->recreate || !workload->replicas) return 0;
    uint32_t missing = ctl_amount(or_quarter(&workload->plan->max_unavailable), workload->replicas, false);
    if (!missing && !ctl_surge(workload)) missing = 1;
    return missing < workload->replicas ? missing : workload->replicas;
}

/* ---- sets ---- */

#define EACH_SET(var, workload) \
    for (struct ctl_set *var = mc_container((workload)->sets.next, struct ctl_set, link); &var->link != &(workload)->sets; \
         var = mc_container(var->link.next, struct ctl_set, link))

struct ctl_set *ctl_deployment_newest(const struct ctl_workload *workload)
{
    return mc_container(workload->sets.prev, struct ctl_set, link);
}

static struct ctl_set *add_set(struct ctl_workload *workload, uint32_t version, uint32_t replicas)
{
    struct ctl_set *set = ctl_take(workload->controllers, sizeof *set);
    if (!set) return NULL;
    *set = (struct ctl_set){.version = version, .revision = ++workload->revision, .replicas = replicas};
    mc_list_init(&set->pods);
    mc_list_push_back(&workload->sets, &set->link);
    return set;
}

bool ctl_deployment_begin(struct ctl_workload *workload)
{
    return add_set(workload, workload->version, workload->replicas) != NULL;
}

/* Old sets without pods are history. */
static void forget_empty(struct ctl_workload *workload)
{
    mc_list_each(link, &workload->sets)
    {
        struct ctl_set *set = mc_container(link, struct ctl_set, link);
        if (set == ctl_deployment_newest(workload) || set->replicas || set->unplaced || !mc_list_empty(&set->pods)) continue;
        mc_list_remove(&set->link);
        mc_pool_give(&workload->controllers->realm->pool, set, sizeof *set);
    }
}

/* ---- availability ---- */

static bool is_available(const struct ctl_workload *workload, const struct ctl_pod *pod, mc_ns now)
{
    return pod->ready && pod->status.ready_since != MC_NEVER && mc_ns_add(pod->status.ready_since, workload->plan->min_ready) <= now;
}

/* NEXT becomes the instant at which one more is available, if that is earlier. */
static uint32_t available(const struct ctl_workload *workload, const struct ctl_set *set, mc_ns *next)
{
    mc_ns now = ctl_now(workload->controllers);
    uint32_t count = 0;
    if (!workload->plan->min_ready) return set->ready;
    mc_list_each(link, &set->pods)
    {
        const struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
        if (is_available(workload, pod, now)) count++;
        else if (pod->ready && pod->status.ready_since + workload->plan->min_ready < *next)
            *next = pod->status.ready_since + workload->plan->min_ready;
    }
    return count;
}

struct census { /* of all sets */
    uint32_t wanted, pods, ready, available, new_available;
    mc_ns next;
};

static struct census take_census(const struct ctl_workload *workload)
{
    struct census all = {.next = MC_NEVER};
    EACH_SET(set, workload)
    {
        uint32_t count = available(workload, set, &all.next);
        all.wanted += set->replicas;
        all.pods += set->active + set->unplaced;
        all.ready += set->ready;
        all.available += count;
        if (set == ctl_deployment_newest(workload)) all.new_available = count;
    }
    return all;
}

/* ---- rolling.go ---- */

static void resize(struct ctl_workload *workload, struct ctl_set *set, uint32_t replicas)
{
    if (set->replicas == replicas) return;
    ctl_event(workload->controllers, workload->name, "ScalingReplicaSet", false, "Scaled %s replica set of revision %u from %u to %u",
              replicas > set->replicas ? "up" : "down", set->revision, set->replicas, replicas);
    set->replicas = replicas;
}

/* NewRSNewReplicas */
static bool grow_new(struct ctl_workload *workload, const struct census *all)
{
    struct ctl_set *newest = ctl_deployment_newest(workload);
    uint32_t wanted = workload->replicas, most = wanted + ctl_surge(workload);
    if (newest->replicas == wanted) return false;
    if (newest->replicas > wanted || workload->plan->recreate) {
        resize(workload, newest, wanted);
        return true;
    }
    if (all->wanted >= most) return false;
    uint32_t missing = wanted - newest->replicas, more = most - all->wanted;
    resize(workload, newest, newest->replicas + (more < missing ? more : missing));
    return true;
}

/* cleanupUnhealthyReplicas: those that serve nobody go first. */
static uint32_t shrink_unhealthy(struct ctl_workload *workload, uint32_t most)
{
    uint32_t gone = 0;
    mc_ns next = MC_NEVER;
    EACH_SET(set, workload)
    {
        if (set == ctl_deployment_newest(workload) || gone >= most) break;
        uint32_t healthy = available(workload, set, &next);
        if (set->replicas <= healthy) continue;
        uint32_t few = set->replicas - healthy < most - gone ? set->replicas - healthy : most - gone;
        resize(workload, set, set->replicas - few);
        gone += few;
    }
    return gone;
}

/* scaleDownOldReplicaSetsForRollingUpdate */
static uint32_t shrink_old(struct ctl_workload *workload, uint32_t least)
{
    struct census all = take_census(workload);
    uint32_t gone = 0, most = all.available > least ? all.available - least : 0;
    EACH_SET(set, workload)
    {
        if (set == ctl_deployment_newest(workload) || gone >= most) break;
        uint32_t few = set->replicas < most - gone ? set->replicas : most - gone;
        resize(workload, set, set->replicas - few);
        gone += few;
    }
    return gone;
}

/* reconcileOldReplicaSets */
static bool shrink_olds(struct ctl_workload *workload, const struct census *all)
{
    const struct ctl_set *newest = ctl_deployment_newest(workload);
    uint32_t least = workload->replicas - ctl_unavailable(workload);
    if (all->wanted == newest->replicas) return false;
    uint32_t new_missing = newest->replicas > all->new_available ? newest->replicas - all->new_available : 0;
    int64_t most = (int64_t)all->wanted - least - new_missing;
    if (most <= 0) return false;
    uint32_t gone = shrink_unhealthy(workload, (uint32_t)most);
    return shrink_old(workload, least) + gone > 0;
}

static bool has_running(const struct ctl_set *set)
{
    mc_list_each(link, &set->pods)
    {
        enum sim_pod_phase phase = mc_container(link, struct ctl_pod, link)->status.phase;
        if (phase == SIM_POD_PENDING || phase == SIM_POD_RUNNING) return true;
    }
    return false;
}

/* recreate.go: the old ones go first, all of them, for good. */
static bool recreate(struct ctl_workload *workload, const struct census *all)
{
    struct ctl_set *newest = ctl_deployment_newest(workload);
    bool old_left = false, shrunk = false;
    EACH_SET(set, workload)
    {
        if (set == newest) break;
        if (set->replicas) {
            resize(workload, set, 0);
            shrunk = true;
        }
        old_left = old_left || has_running(set);
    }
    return shrunk || (!old_left && grow_new(workload, all));
}

/* ---- progress.go ---- */

static bool is_complete(const struct ctl_workload *workload, const struct census *all)
{
    const struct ctl_set *newest = ctl_deployment_newest(workload);
    return newest->active == workload->replicas && all->pods == workload->replicas && all->available >= workload->replicas;
}

static mc_ns progress_deadline(const struct ctl_workload *workload)
{
    return workload->plan->progress_deadline ? workload->plan->progress_deadline : 600 * MC_S;
}

static void judge_progress(struct ctl_workload *workload, const struct census *all)
{
    struct sim_controllers *controllers = workload->controllers;
    const struct ctl_set *newest = ctl_deployment_newest(workload);
    mc_ns now = ctl_now(controllers);
    uint32_t updated = newest->active, others = all->pods - newest->active - newest->unplaced;
    if (updated > workload->seen.updated || others < workload->seen.others || all->ready > workload->seen.ready ||
        all->available > workload->seen.available) {
        workload->progressed = now;
        workload->stuck = false;
    }
    workload->seen.updated = updated, workload->seen.others = others;
    workload->seen.ready = all->ready, workload->seen.available = all->available;
    if (is_complete(workload, all)) {
        workload->going = workload->stuck = false;
        workload->completed = now;
    } else if (!workload->stuck && now >= mc_ns_add(workload->progressed, progress_deadline(workload))) {
        workload->stuck = true;
        ctl_event(controllers, workload->name, "ProgressDeadlineExceeded", true, "revision %u: %u of %u pods are available, %u are updated",
                  workload->revision, all->available, workload->replicas, updated);
    }
}

/* ---- looking ---- */

static void note_extremes(struct ctl_workload *workload)
{
    struct census all = take_census(workload);
    if (all.pods > workload->most_pods) workload->most_pods = all.pods;
    if (all.available < workload->least_available) workload->least_available = all.available;
}

static void resize_sets(struct ctl_workload *workload)
{
    enum { ROUNDS = 8 }; /* up, down, and the sizes stand */
    for (int i = 0; i < ROUNDS; i++) {
        struct census all = take_census(workload);
        bool moved = workload->plan->recreate ? recreate(workload, &all) : grow_new(workload, &all) || shrink_olds(workload, &all);
        if (!moved) return;
        EACH_SET(set, workload) ctl_set_manage(workload, set);
    }
}

void ctl_deployment_look(struct ctl_workload *workload)
{
    uint32_t unplaced = 0;
    EACH_SET(set, workload) ctl_set_manage(workload, set);
    if (workload->going) resize_sets(workload);
    EACH_SET(set, workload) unplaced += set->unplaced;
    if (!unplaced) ctl_schedule_worked(workload);
    forget_empty(workload);
    if (!workload->going) return;
    struct census all = take_census(workload);
    note_extremes(workload);
    judge_progress(workload, &all);
    if (!workload->going) return;
    if (!workload->stuck) ctl_look_at(workload, mc_ns_add(workload->progressed, progress_deadline(workload)));
    ctl_look_at(workload, all.next);
}

void ctl_deployment_changed(struct ctl_workload *workload)
{
    bool differs = workload->going;
    if (workload->going) note_extremes(workload);
    EACH_SET(set, workload) differs = differs || set->active + set->unplaced != set->replicas;
    if (differs) ctl_look_at(workload, ctl_now(workload->controllers));
}

/* ---- sync.go: scaling ---- */

static void begin_change(struct ctl_workload *workload)
{
    struct sim_controllers *controllers = workload->controllers;
    struct census all = take_census(workload);
    workload->going = true;
    workload->stuck = false;
    workload->progressed = ctl_now(controllers);
    workload->completed = MC_NEVER;
    workload->seen.updated = ctl_deployment_newest(workload)->active;
    workload->seen.others = all.pods - workload->seen.updated;
    workload->seen.ready = all.ready;
    workload->seen.available = all.available;
    ctl_look_at(workload, ctl_now(controllers));
}

/* GetReplicaSetProportion: what SET gets of TO_ADD, ADDED of which are given away. BASE: most pods before. */
static int64_t proportion(const struct ctl_workload *workload, const struct ctl_set *set, int64_t to_add, int64_t added, uint32_t base)
{
    if (!set->replicas || to_add == added) return 0;
    int64_t most = workload->replicas ? (int64_t)workload->replicas + ctl_surge(workload) : 0;
    int64_t share = base ? ((int64_t)set->replicas * most * 2 + base) / (2 * (int64_t)base) - set->replicas : 0; /* rounded */
    int64_t allowed = to_add - added;
    return to_add > 0 ? (share < allowed ? share : allowed) : (share > allowed ? share : allowed);
}

enum { SETS_MAX = 64 };

/* The sets that have replicas, the largest first, of equals the newer. */
static uint32_t list_by_size(struct ctl_workload *workload, struct ctl_set *list[static SETS_MAX])
{
    uint32_t count = 0;
    EACH_SET(set, workload)
    {
        if (!set->replicas || count == SETS_MAX) continue;
        uint32_t at = count++;
        while (at > 0 && list[at - 1]->replicas <= set->replicas) {
            list[at] = list[at - 1];
            at--;
        }
        list[at] = set;
    }
    return count;
}

/* In the middle of a rollout each set gets its share, so that the risk stays what it was. */
static void scale_sets(struct ctl_workload *workload, uint32_t most_before)
{
    struct ctl_set *list[SETS_MAX];
    uint32_t count = list_by_size(workload, list), sizes[SETS_MAX];
    if (count <= 1) {
        resize(workload, count ? list[0] : ctl_deployment_newest(workload), workload->replicas);
        return;
    }
    if (workload->plan->recreate) return;
    int64_t total = 0, added = 0;
    for (uint32_t i = 0; i < count; i++) total += list[i]->replicas;
    int64_t to_add = (workload->replicas ? (int64_t)workload->replicas + ctl_surge(workload) : 0) - total;
    for (uint32_t i = 0; i < count; i++) {
        int64_t more = proportion(workload, list[i], to_add, added, most_before);
        sizes[i] = (uint32_t)(list[i]->replicas + more);
        added += more;
    }
    int64_t first = (int64_t)sizes[0] + (to_add - added);
    sizes[0] = first > 0 ? (uint32_t)first : 0;
    for (uint32_t i = 0; i < count; i++) resize(workload, list[i], sizes[i]);
}

void sim_controllers_scale(struct sim_controllers *controllers, uint32_t service, uint32_t version, uint32_t replicas)
{
    struct ctl_workload *workload = ctl_workload_of(controllers, service, version);
    if (ctl_is_job(workload) || workload->replicas == replicas) return;
    uint32_t most_before = workload->replicas + ctl_surge(workload);
    workload->replicas = replicas;
    scale_sets(workload, most_before);
    begin_change(workload);
}

uint32_t sim_controllers_rollout(struct sim_controllers *controllers, uint32_t service, uint32_t version, uint32_t to)
{
    struct ctl_workload *workload = ctl_workload_of(controllers, service, version);
    if (ctl_is_job(workload) || !add_set(workload, to, 0)) return workload->revision;
    workload->most_pods = 0;
    workload->least_available = UINT32_MAX;
    begin_change(workload);
    note_extremes(workload);
    return workload->revision;
}

/* ---- views ---- */

uint32_t sim_controllers_running(const struct sim_controllers *controllers, uint32_t service, uint32_t version)
{
    for (uint32_t v = 0; v < controllers->topology->services[service].version_count; v++) {
        const struct ctl_workload *workload = ctl_workload_of(controllers, service, v);
        bool runs = !ctl_is_job(workload) && workload->replicas && ctl_deployment_newest(workload)->version == version;
        if (runs && !ctl_workload_of(controllers, service, version)->replicas) return v;
    }
    return version;
}

struct sim_deployment_view sim_controllers_deployment(const struct sim_controllers *controllers, uint32_t service, uint32_t version)
{
    const struct ctl_workload *workload = ctl_workload_of(controllers, service, version);
    struct sim_deployment_view view = {.replicas = workload->replicas, .revision = workload->revision, .completed = workload->completed};
    if (ctl_is_job(workload)) return view;
    const struct ctl_set *newest = ctl_deployment_newest(workload);
    struct census all = take_census(workload);
    view.pods = all.pods, view.ready = all.ready, view.available = all.available;
    view.updated = newest->active + newest->unplaced;
    view.version = newest->version;
    view.most_pods = workload->most_pods, view.least_available = workload->least_available;
    view.progress = workload->stuck ? SIM_PROGRESS_STUCK : workload->going ? SIM_PROGRESS_GOING : SIM_PROGRESS_COMPLETE;
    EACH_SET(set, workload)
    {
        view.unschedulable += set->unplaced;
        mc_list_each(link, &set->pods)
        {
            const struct ctl_pod *pod = mc_container(link, struct ctl_pod, link);
            view.terminating += pod->leaving || pod->status.terminating;
        }
    }
    return view;
}

#include "pods_stage.h"
#include <stdio.h>
#include <string.h>

struct pods_stage pods_stage;

static void tell(const char *what)
{
    size_t at = strlen(pods_stage.told);
    mc_ns now = sim_world_now(pods_stage.world);
    snprintf(pods_stage.told + at, sizeof pods_stage.told - at, "%lld.%03lld %s\n", (long long)(now / MC_S), (long long)(now / MC_MS % 1000), what);
}

/* ---- guests ---- */

static void step(void *self, const struct mc_event *event, struct mc_outbox *outbox)
{
    struct pods_guest *guest = self;
    if (event->kind == MC_EVENT_STOP) guest->ends = mc_ns_add(event->now, guest->takes);
    if (guest->ends <= event->now) mc_outbox_add(outbox, MC_ACTION_EXIT);
}

static mc_ns deadline(const void *self)
{
    return ((const struct pods_guest *)self)->ends;
}

static const struct mc_guest_type guest_type = {.name = "guest", .step = step, .deadline = deadline};

static void gone(enum sim_role role, uint32_t status)
{
    tell(role == SIM_ROLE_APP ? "app ends" : "sidecar ends");
    if (role == SIM_ROLE_APP) {
        sim_app_free(pods_stage.app);
        pods_stage.app = NULL;
    }
    sim_pods_gone(pods_stage.pods, 0, role, status);
}

static void app_gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)owner, (void)container, (void)now;
    gone(SIM_ROLE_APP, status);
}

static void sidecar_gone(struct sim_container_owner *owner, uint32_t container, uint32_t status, mc_ns now)
{
    (void)owner, (void)container, (void)now;
    gone(SIM_ROLE_SIDECAR, status);
}

static const struct sim_container_owner_type owners[SIM_ROLES] = {{app_gone}, {sidecar_gone}};

static struct mc_guest app_guest(void)
{
    const struct sim_program *program = sim_program_new(&pods_stage.topology, 0, 0, &pods_stage.arena, &pods_stage.realm);
    pods_stage.app = sim_app_new(&(struct sim_app_options){.realm = &pods_stage.realm, .program = program, .observer = &pods_stage.observer});
    return sim_app_guest(pods_stage.app);
}

/* ---- the owner ---- */

static bool start(struct sim_pods_owner *owner, uint32_t pod, enum sim_role role)
{
    (void)owner, (void)pod;
    struct pods_guest *guest = &pods_stage.guests[role];
    tell(role == SIM_ROLE_APP ? "app" : "sidecar");
    *guest = (struct pods_guest){.takes = role == SIM_ROLE_APP ? pods_stage.app_takes : pods_stage.sidecar_takes, .ends = MC_NEVER};
    bool http = role == SIM_ROLE_APP && pods_stage.http;
    sim_container_start(pods_stage.world, pods_stage.container[role], http ? app_guest() : (struct mc_guest){&guest_type, guest});
    return true;
}

static void endpoint(struct sim_pods_owner *owner, uint32_t pod, bool ready, bool serving)
{
    (void)owner, (void)pod;
    tell(ready ? "endpoint ready" : serving ? "endpoint serving" : "endpoint none");
}

static void left(struct sim_pods_owner *owner, uint32_t pod)
{
    (void)owner, (void)pod;
    tell("gone");
}

static bool sidecar_ready(struct sim_pods_owner *owner, uint32_t pod)
{
    (void)owner, (void)pod;
    return sim_world_now(pods_stage.world) >= pods_stage.sidecar_ready_at;
}

static const struct sim_pods_owner_type owner_type = {.start = start, .endpoint = endpoint, .gone = left, .sidecar_ready = sidecar_ready};

/* ---- cases ---- */

static void on_watch(struct sim_observer *observer, struct sim_watch *watch)
{
    (void)observer, (void)watch;
}

static void on_arrival(struct sim_observer *observer, const struct sim_arrival_record *arrival)
{
    (void)observer, (void)arrival;
    tell("a request of somebody's");
}

static const struct sim_observer_type observer_type = {.watch = on_watch, .unwatch = on_watch, .arrival = on_arrival};

void pods_stage_init(void)
{
    memset(&pods_stage, 0, sizeof pods_stage);
    pods_stage.constants = (struct sim_kubernetes){.schedule = 100 * MC_MS, .kubelet_sync = 10 * MC_MS, .container_start = MC_S,
                                                   .relist = MC_S, .status_update = 3 * MC_MS, .endpoint_update = 5 * MC_MS};
}

static void add_container(enum sim_role role)
{
    pods_stage.containers[role].type = &owners[role];
    struct sim_container_spec spec = {.pod = pods_stage.pod, .sidecar = role == SIM_ROLE_SIDECAR, .owner = &pods_stage.containers[role]};
    ck_assert(sim_world_add_container(pods_stage.world, &spec, &pods_stage.container[role]));
}

void pods_stage_start(bool running)
{
    struct pods_stage *s = &pods_stage;
    mc_realm_init(&s->realm, test_alloc(&s->memory), 1);
    mc_arena_init(&s->arena, &s->realm.pool, 0);
    s->observer.type = &observer_type;
    s->version = (struct sim_version){.name = MC_STR("v1"), .replicas = 1, .pod = s->plan};
    s->service = (struct sim_service){.name = MC_STR("a"), .port = 8080, .versions = &s->version, .version_count = 1};
    s->topology = (struct sim_topology){.services = &s->service, .service_count = 1};
    s->world = sim_world_new(&(struct sim_world_options){.realm = &s->realm});
    s->owner.type = &owner_type;
    s->pods = sim_pods_new(&(struct sim_pods_options){
        .world = s->world, .realm = &s->realm, .constants = &s->constants, .profile = &s->profile, .owner = &s->owner});
    ck_assert(sim_world_add_machine(s->world, &(struct sim_machine_spec){0}, &s->machine));
    ck_assert(sim_world_add_pod(s->world, &(struct sim_pod_spec){.machine = s->machine, .name = MC_STR("a-v1-0"), .service = 0, .version = 0}, &s->pod));
    s->container[SIM_ROLE_SIDECAR] = SIM_NONE;
    add_container(SIM_ROLE_APP);
    if (s->meshed) add_container(SIM_ROLE_SIDECAR);
    struct sim_pod_new spec = {.pod = 0, .world = s->pod, .plan = &s->plan, .port = 8080, .meshed = s->meshed, .running = running, .in_service = true,
                               .exit_after = s->exit_after,
                               .containers = {s->container[SIM_ROLE_APP], s->container[SIM_ROLE_SIDECAR]}};
    ck_assert(sim_pods_add(s->pods, &spec));
}

void pods_stage_run(mc_ns until)
{
    ck_assert_int_eq(sim_world_run(pods_stage.world, until, 0), SIM_ENGINE_UNTIL);
}

void pods_stage_wants(const char *line)
{
    size_t at = strlen(pods_stage.wanted);
    snprintf(pods_stage.wanted + at, sizeof pods_stage.wanted - at, "%s\n", line);
}

void pods_stage_fini(void)
{
    struct pods_stage *s = &pods_stage;
    ck_assert_str_eq(s->told, s->wanted);
    sim_pods_free(s->pods);
    sim_app_free(s->app);
    sim_world_free(s->world);
    mc_arena_fini(&s->arena);
    mc_realm_fini(&s->realm);
    ck_assert_uint_eq(s->memory.live_blocks, 0);
}

#include "fidelity/tun.h"
#include "base/assert.h"
#include "host/realm.h"
#include "sim/net/parts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PACKET_MAX = 2048, QUEUE_MAX = 65536, PORTS = 65536, SPIN_NS = 60000, FRAME = 14 };
#define ACK_ORDINALS (UINT64_C(1) << 40)

struct packet {
    mc_ns at;
    uint64_t order;
    uint16_t length;
    uint8_t from;
    unsigned char bytes[PACKET_MAX];
};

struct course { /* one direction of a connection */
    uint64_t ordinal, ack_ordinal, jitter_ordinal;
    uint32_t seen[TUN_DATA + 1];
    mc_ns last_arrival;
};

struct tun_world {
    int tun[2], spaces[2];
    char files[2][32];
    pthread_t thread;
    pthread_mutex_t lock; /* over everything below */
    bool stop, trace;
    struct mc_realm realm;
    struct sim_net *net;
    struct tun_drop drop;
    uint32_t cut[2], pods[2];
    uint64_t connections, order;
    uint32_t number[PORTS]; /* of the connection, by the port at A */
    struct course courses[PORTS][2];
    struct packet *heap[QUEUE_MAX];
    uint32_t count;
    struct packet *spare[QUEUE_MAX];
    uint32_t spares;
    struct tun_counts counts;
};

/* ---- the system ---- */

mc_ns tun_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (mc_ns)time.tv_sec * MC_S + time.tv_nsec;
}

bool tun_hurry(int priority)
{
    struct sched_param param = {.sched_priority = priority};
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &param) == 0;
}

uint32_t tun_addr(enum tun_side side)
{
    return UINT32_C(10) << 24 | 77 << 16 | ((uint32_t)side + 1);
}

static bool write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return false;
    bool done = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    close(file);
    return done;
}

static bool write_sysctl(const char *name, const char *value)
{
    char path[128];
    snprintf(path, sizeof path, "/proc/sys/%s", name);
    return write_file(path, value);
}

static const char *const settings[][2] = {
    {"net/ipv4/tcp_no_metrics_save", "1"},
    {"net/ipv4/tcp_rmem", "4096 131072 6291456"},
    {"net/ipv4/tcp_wmem", "4096 16384 4194304"},
    {"net/ipv4/ip_local_port_range", "1024 65535"},
    {"net/ipv6/conf/all/disable_ipv6", "1"},
    {"net/ipv6/conf/default/disable_ipv6", "1"},
};

static bool set_interface(const char *name, uint32_t addr)
{
    struct ifreq request = {0};
    struct sockaddr_in in = {.sin_family = AF_INET};
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    bool good = control >= 0;
    if (addr) {
        in.sin_addr.s_addr = htonl(addr);
        memcpy(&request.ifr_addr, &in, sizeof in);
        good = good && ioctl(control, SIOCSIFADDR, &request) == 0;
        in.sin_addr.s_addr = htonl(0xffffff00);
        memcpy(&request.ifr_netmask, &in, sizeof in);
        good = good && ioctl(control, SIOCSIFNETMASK, &request) == 0;
        request.ifr_qlen = 20000;
        good = good && ioctl(control, SIOCSIFTXQLEN, &request) == 0;
    }
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    good = good && ioctl(control, SIOCSIFFLAGS, &request) == 0;
    close(control);
    return good;
}

static const char *open_side(struct tun_world *world, enum tun_side side)
{
    if (unshare(CLONE_NEWNET) != 0) return "no network namespaces";
    world->spaces[side] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    world->tun[side] = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (world->tun[side] < 0) return "no /dev/net/tun";
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof request.ifr_name, "tun");
    if (ioctl(world->tun[side], TUNSETIFF, &request) != 0) return "no TUN device";
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) write_sysctl(settings[i][0], settings[i][1]);
    if (!set_interface("lo", 0) || !set_interface("tun", tun_addr(side))) return "the TUN device has no address";
    return NULL;
}

static const char *become_root(void)
{
    char map[64];
    unsigned uid = geteuid(), gid = getegid();
    if (uid == 0) return NULL;
    if (unshare(CLONE_NEWUSER) != 0) return "neither root nor user namespaces";
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    if (!write_file("/proc/self/uid_map", map)) return "no user namespaces";
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
    return NULL;
}

/* ---- packets on their way: a heap by time ---- */

static bool before(const struct packet *a, const struct packet *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct tun_world *world, struct packet *packet)
{
    uint32_t i = world->count++;
    while (i && before(packet, world->heap[(i - 1) / 2])) {
        world->heap[i] = world->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    world->heap[i] = packet;
}

static struct packet *pop(struct tun_world *world)
{
    struct packet *top = world->heap[0], *last = world->heap[--world->count];
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= world->count) break;
        if (child + 1 < world->count && before(world->heap[child + 1], world->heap[child])) child++;
        if (!before(world->heap[child], last)) break;
        world->heap[i] = world->heap[child];
        i = child;
    }
    world->heap[i] = last;
    return top;
}

static void give(struct tun_world *world, struct packet *packet)
{
    world->spare[world->spares++] = packet;
}

/* ---- the link ---- */

struct head { /* what is looked at in a packet */
    enum tun_packets kind;
    bool tcp, opens;
    uint16_t port; /* at A */
    uint32_t bytes;
};

static struct head read_head(const struct packet *packet)
{
    const unsigned char *ip = packet->bytes;
    struct head head = {0};
    uint32_t ip_length = (ip[0] & 15u) * 4;
    if (packet->length < ip_length + 20 || ip[0] >> 4 != 4 || ip[9] != IPPROTO_TCP) return head;
    const unsigned char *tcp = ip + ip_length;
    uint32_t total = (uint32_t)ip[2] << 8 | ip[3], flags = tcp[13];
    head.tcp = true;
    head.port = (uint16_t)(packet->from == TUN_A ? tcp[0] << 8 | tcp[1] : tcp[2] << 8 | tcp[3]);
    head.bytes = total - ip_length - (tcp[12] >> 4) * 4u;
    head.opens = (flags & 0x12) == 0x02;
    head.kind = head.opens ? TUN_SYN : (flags & 0x12) == 0x12 ? TUN_SYNACK : head.bytes ? TUN_DATA : TUN_NO_PACKETS;
    return head;
}

static bool scripted(const struct tun_world *world, const struct packet *packet, struct head head, struct course *course)
{
    const struct tun_drop *drop = &world->drop;
    uint32_t number = course->seen[head.kind]++;
    if (!drop->count || drop->kind != head.kind || drop->from != packet->from) return false;
    return number >= drop->skip && number < drop->skip + drop->count;
}

static void tell(const struct packet *packet, struct head head, bool passes, mc_ns now)
{
    const unsigned char *tcp = packet->bytes + (packet->bytes[0] & 15u) * 4;
    uint32_t seq, ack;
    memcpy(&seq, tcp + 4, 4);
    memcpy(&ack, tcp + 8, 4);
    fprintf(stderr, "%.3f %c port %u flags %02x seq %u ack %u bytes %u window %u%s\n", (double)now / 1e6, "AB"[packet->from],
            head.port, tcp[13], ntohl(seq), ntohl(ack), head.bytes, (unsigned)tcp[14] << 8 | tcp[15], passes ? "" : " lost");
}

/* Sets when the packet arrives; false: it does not. */
static bool judge(struct tun_world *world, struct packet *packet, mc_ns now)
{
    struct head head = read_head(packet);
    if (head.opens && packet->from == TUN_A && !world->courses[head.port][TUN_A].ordinal)
        world->number[head.port] = (uint32_t)++world->connections;
    struct course *course = &world->courses[head.port][packet->from];
    uint64_t entity = (uint64_t)world->number[head.port] * 2 + packet->from;
    struct sim_stack *from = sim_net_stack(world->net, world->pods[packet->from]);
    struct sim_stack *to = sim_net_stack(world->net, world->pods[!packet->from]);
    struct sim_path path;
    sim_path_find(world->net, from, to, &path);
    /* The simulator counts SIM_SEGMENT_OVERHEAD for headers and the frame; here the headers are real. */
    mc_ns at = sim_path_pass(world->net, &path, now, (uint64_t)packet->length + FRAME - SIM_SEGMENT_OVERHEAD, 1);
    bool counted = !head.tcp || head.kind != TUN_NO_PACKETS;
    uint64_t ack = ACK_ORDINALS + course->ack_ordinal;
    struct sim_judged judged = sim_path_judge(world->net, &path, entity, counted ? &course->ordinal : &ack, 1, NULL);
    course->ack_ordinal += !counted;
    bool lost = scripted(world, packet, head, course) || judged.lost;
    if (world->trace && head.tcp) tell(packet, head, !lost, now);
    if (lost) return false;
    at += sim_path_jitter(world->net, entity, course->jitter_ordinal++, judged.delay, judged.jitter);
    packet->at = course->last_arrival = mc_ns_max(at, course->last_arrival);
    return true;
}

static bool take_in(struct tun_world *world, enum tun_side side)
{
    if (!world->spares) return false;
    struct packet *packet = world->spare[world->spares - 1];
    ssize_t length = read(world->tun[side], packet->bytes, sizeof packet->bytes);
    if (length <= 0) return false;
    packet->from = (uint8_t)side;
    packet->length = (uint16_t)length;
    packet->order = world->order++;
    world->counts.packets++;
    world->counts.bytes += (uint64_t)length;
    if (judge(world, packet, tun_now())) {
        world->spares--;
        push(world, packet);
    } else {
        world->counts.lost++;
    }
    return true;
}

static void deliver(struct tun_world *world, struct packet *packet, mc_ns now)
{
    struct sim_stack *from = sim_net_stack(world->net, world->pods[packet->from]);
    struct sim_stack *to = sim_net_stack(world->net, world->pods[!packet->from]);
    mc_ns late = now - packet->at;
    world->counts.late_total += late;
    world->counts.late_max = mc_ns_max(world->counts.late_max, late);
    if (sim_path_is_cut(world->net, from, to, 1, NULL))
        world->counts.cut++;
    else if (write(world->tun[!packet->from], packet->bytes, packet->length) < 0)
        world->counts.lost++;
    give(world, packet);
}

static mc_ns turn(struct tun_world *world) /* when there is something to deliver next; MC_NEVER */
{
    bool more = true;
    pthread_mutex_lock(&world->lock);
    while (more) {
        mc_ns now = tun_now();
        more = false;
        while (world->count && world->heap[0]->at <= now) deliver(world, pop(world), now), more = true;
        more |= take_in(world, TUN_A);
        more |= take_in(world, TUN_B);
    }
    mc_ns next = world->count ? world->heap[0]->at : MC_NEVER;
    pthread_mutex_unlock(&world->lock);
    return next;
}

static void *carry(void *arg)
{
    struct tun_world *world = arg;
    struct pollfd polled[2] = {{.fd = world->tun[0], .events = POLLIN}, {.fd = world->tun[1], .events = POLLIN}};
    tun_hurry(20);
    while (!__atomic_load_n(&world->stop, __ATOMIC_RELAXED)) {
        mc_ns next = turn(world), wait = next == MC_NEVER ? 100 * MC_MS : next - tun_now() - SPIN_NS;
        if (wait <= 0) continue;
        wait = mc_ns_min(wait, 100 * MC_MS);
        struct timespec time = {.tv_sec = wait / MC_S, .tv_nsec = wait % MC_S};
        ppoll(polled, 2, &time, NULL);
    }
    return NULL;
}

/* ---- the world ---- */

static void *plain_take(void *self, size_t size)
{
    (void)self;
    return malloc(size);
}

static void plain_give(void *self, void *block, size_t size)
{
    (void)self, (void)size;
    free(block);
}

void tun_world_link(struct tun_world *world, const struct sim_path_terms *terms, const struct tun_drop *drop, uint64_t seed)
{
    struct sim_topology paths = {.same_machine = *terms, .same_zone = *terms};
    pthread_mutex_lock(&world->lock);
    while (world->count) give(world, pop(world));
    if (world->net) sim_net_free(world->net);
    world->net = sim_net_new(&(struct sim_net_options){.pool = &world->realm.pool, .seed = seed, .paths = &paths});
    mc_assert(world->net);
    for (uint32_t i = 0; i < 2; i++)
        mc_assert(sim_net_add_pod(world->net, (struct sim_place){.machine = i}, &world->pods[i]));
    world->drop = drop ? *drop : (struct tun_drop){0};
    world->cut[0] = world->cut[1] = 0;
    world->connections = 0;
    memset(world->courses, 0, sizeof world->courses);
    world->counts = (struct tun_counts){0};
    pthread_mutex_unlock(&world->lock);
}

void tun_world_cut(struct tun_world *world, bool from_a, bool from_b)
{
    pthread_mutex_lock(&world->lock);
    for (int side = 0; side < 2; side++) {
        bool wanted = side == TUN_A ? from_a : from_b;
        if (world->cut[side] && !wanted) sim_rule_remove(world->net, world->cut[side], NULL);
        if (!wanted) world->cut[side] = 0;
        if (!wanted || world->cut[side]) continue;
        world->cut[side] = sim_rule_add(world->net, &(struct sim_rule_spec){.from = &world->pods[side], .from_count = 1,
                                                                             .to = &world->pods[!side], .to_count = 1,
                                                                             .cut = true});
    }
    pthread_mutex_unlock(&world->lock);
}

struct tun_counts tun_world_counts(struct tun_world *world)
{
    pthread_mutex_lock(&world->lock);
    struct tun_counts counts = world->counts;
    pthread_mutex_unlock(&world->lock);
    return counts;
}

void tun_world_enter(struct tun_world *world, enum tun_side side)
{
    mc_assert(setns(world->spaces[side], CLONE_NEWNET) == 0);
}

const char *tun_world_file(struct tun_world *world, enum tun_side side)
{
    snprintf(world->files[side], sizeof world->files[side], "/proc/%d/fd/%d", (int)getpid(), world->spaces[side]);
    return world->files[side];
}

void tun_world_sysctl(struct tun_world *world, const char *name, const char *value)
{
    int here = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    for (int side = 0; side < 2; side++) {
        tun_world_enter(world, (enum tun_side)side);
        if (!write_sysctl(name, value)) fprintf(stderr, "no %s\n", name);
    }
    mc_assert(setns(here, CLONE_NEWNET) == 0);
    close(here);
}

struct tun_world *tun_world_open(const char **why)
{
    struct tun_world *world = calloc(1, sizeof *world);
    *why = world ? become_root() : "no memory";
    for (int side = 0; !*why && side < 2; side++) *why = open_side(world, (enum tun_side)side);
    if (*why) {
        free(world);
        return NULL;
    }
    struct packet *packets = calloc(QUEUE_MAX, sizeof *packets);
    mc_assert(packets);
    for (uint32_t i = 0; i < QUEUE_MAX; i++) give(world, &packets[QUEUE_MAX - 1 - i]);
    mc_realm_init(&world->realm, (struct mc_alloc){NULL, plain_take, plain_give}, 1);
    pthread_mutex_init(&world->lock, NULL);
    tun_world_link(world, &(struct sim_path_terms){0}, NULL, 1);
    world->trace = getenv("TUN_TRACE") != NULL;
    mc_assert(pthread_create(&world->thread, NULL, carry, world) == 0);
    tun_world_enter(world, TUN_A);
    return world;
}

void tun_world_close(struct tun_world *world)
{
    __atomic_store_n(&world->stop, true, __ATOMIC_RELAXED);
    pthread_join(world->thread, NULL);
    for (int side = 0; side < 2; side++) {
        close(world->tun[side]);
        close(world->spaces[side]);
    }
    sim_net_free(world->net);
    mc_realm_fini(&world->realm); /* the packets themselves end with the process */
    free(world);
}

/* Runs a program in a TUN world: in namespace A, with B on the other side of the link.
 *
 *     tun-world LATENCY_US JITTER_US LOSS_PPM BITS_PER_SECOND COMMAND [ARGUMENT…]
 *
 * latency one way. COMMAND gets TUN_B, a file for `nsenter --net=$TUN_B`, and dies with this process. Exits
 * with the command's status, or with 77 after one line that says what was missing. */
#include "fidelity/tun.h"
#include "base/assert.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
    const char *why;
    if (count < 6) {
        fprintf(stderr, "tun-world LATENCY_US JITTER_US LOSS_PPM BITS_PER_SECOND COMMAND [ARGUMENT...]\n");
        return 64;
    }
    struct tun_world *world = tun_world_open(&why);
    if (!world) {
        printf("%s\n", why);
        return 77;
    }
    struct sim_path_terms terms = {.latency = atoll(arguments[1]) * MC_US, .jitter = atoll(arguments[2]) * MC_US,
                                   .loss_ppm = (uint32_t)atol(arguments[3]), .bits_per_second = (uint64_t)atoll(arguments[4])};
    tun_world_link(world, &terms, NULL, 1);
    setenv("TUN_B", tun_world_file(world, TUN_B), 1);
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(arguments[5], arguments + 5);
        perror(arguments[5]);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    tun_world_close(world);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

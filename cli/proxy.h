/* The verb `squall proxy`: the core on real sockets. */
#ifndef CLI_PROXY_H
#define CLI_PROXY_H

#include "base/time.h"

struct cli_proxy_options {
    const char *config;   /* an Envoy v3 bootstrap, YAML or (".json") JSON */
    unsigned workers;     /* threads, each with its own loop, realm, node and sockets; 1 … CLI_PROXY_WORKERS */
    mc_ns drain_time;     /* after SIGTERM or SIGINT; then what is still under way is cut */
};

enum { CLI_PROXY_WORKERS = 64 };

/* Runs until SIGTERM or SIGINT has drained it. SIGHUP reads the file again: if it is good every worker
 * takes it, if not it is told and nothing changes. Tells on standard error what is wrong, with file, line
 * and column. The exit status: 0, 65 a configuration that does not load, 66 a file that is not there,
 * 70 out of memory, 74 a listener that cannot be had. */
int cli_proxy_run(const struct cli_proxy_options *options);

#endif

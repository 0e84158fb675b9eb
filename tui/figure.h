/* Numbers as texts of bounded width, by integer arithmetic. Nothing is rounded in its favour: 99.999 % of
 * success is "99.99%". OUT holds TUI_FIGURE bytes; each returns OUT. */
#ifndef TUI_FIGURE_H
#define TUI_FIGURE_H

#include "base/time.h"

enum { TUI_FIGURE = 64 };

char *tui_clock(mc_ns at, char *out);                 /* "0m00", "2m24s", "1h05m00s"; MC_NEVER "-" */
char *tui_stamp(mc_ns at, char *out);                 /* "2m01.104", "1h02m01.104" */
char *tui_latency(mc_ns duration, char *out);         /* <= 5 columns: "-" (0), "850us", "9.4ms", "48ms", "2.1s", "12s", "5m" */
char *tui_percent(uint32_t ppm, char *out);           /* <= 7: "99.92%", "100.00%" */
char *tui_rate(uint64_t milli, char *out);            /* <= 6: "0.0", "200.1", "12.3k", "1.2M" */
char *tui_ratio(uint32_t permille, char *out);        /* <= 6: "1.31x" */
char *tui_count(uint64_t count, char *out);           /* groups of three: "8 412" */
char *tui_short_count(uint64_t count, char *out);     /* <= 5: "8412", "84.1k", "1.2M" */

/* "2m24s", "90s", "1.5s", "250ms", "1h", "144" (seconds). False: not a time. */
int tui_time_parse(const char *text, mc_ns *at);

#endif

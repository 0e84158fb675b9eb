/* Reads Prometheus' text format (exposition formats, version 0.0.4) as it arrives, line by line, within
 * fixed bounds. Lines that are not samples, or not readable, are counted and passed over. */
#ifndef CONTROL_PROMETHEUS_H
#define CONTROL_PROMETHEUS_H

#include "base/str.h"

enum {
    MC_PROM_LINE_MAX = 4096,  /* longer ones are passed over */
    MC_PROM_LABELS_MAX = 40,  /* Istio's requests have some 25 */
    MC_PROM_BYTES_MAX = 64 * 1024 * 1024,
};

struct mc_prom_label {
    struct mc_str name, value; /* value unescaped */
};

struct mc_prom_sample {
    struct mc_str name;
    struct mc_prom_label labels[MC_PROM_LABELS_MAX];
    uint32_t label_count;
    uint64_t value; /* a counter's: rounded down; UINT64_MAX for more, and for +Inf */
};

struct mc_prom_parser {
    void (*sample)(struct mc_prom_parser *parser, const struct mc_prom_sample *sample); /* borrowed */
    char line[MC_PROM_LINE_MAX];
    uint32_t used;
    bool too_long;       /* the line under way is passed over */
    uint64_t bytes;      /* read so far; past MC_PROM_BYTES_MAX nothing more is */
    uint32_t unreadable; /* lines */
};

void mc_prom_init(struct mc_prom_parser *parser, void (*sample)(struct mc_prom_parser *, const struct mc_prom_sample *));
void mc_prom_feed(struct mc_prom_parser *parser, struct mc_str text);
void mc_prom_end(struct mc_prom_parser *parser); /* the last line may lack its end */

/* Empty if there is none. */
struct mc_str mc_prom_label(const struct mc_prom_sample *sample, struct mc_str name);

/* "0.25" × SCALE, rounded down, without floating point; exponents are understood. UINT64_MAX for +Inf and
 * what is too large. False: not a number, negative, or NaN. */
bool mc_prom_number(struct mc_str text, uint64_t scale, uint64_t *value);

#endif

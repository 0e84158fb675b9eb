/* Words with units, as users write them: durations 250us 10ms 3s 2m 1h (also joined: 1m30s), shares 1%
 * or 0.5%, sizes 1KiB 1kB, rates. A bare number where a unit belongs is an error that names the unit it
 * might mean. One place for reading and for printing, for scripts, command line and reports. */
#ifndef SIM_PLAN_UNITS_H
#define SIM_PLAN_UNITS_H

#include "base/str.h"
#include "base/time.h"
#include <stdbool.h>

enum { SIM_UNITS_TEXT = 32, SIM_UNITS_WHY = 120 };

#define SIM_PPM 1000000

/* False: WHY holds what is wrong, without the name of the field. */
bool sim_read_duration(struct mc_str text, mc_ns *value, char why[static SIM_UNITS_WHY]);
bool sim_read_share(struct mc_str text, uint32_t *ppm, char why[static SIM_UNITS_WHY]); /* "0.5%" -> 5000; 0…100 % */
bool sim_read_size(struct mc_str text, uint64_t *bytes, char why[static SIM_UNITS_WHY]);
bool sim_read_bit_rate(struct mc_str text, uint64_t *bits_per_second, char why[static SIM_UNITS_WHY]); /* "1Gbps" */

/* Short forms for people: "1.5ms", "2m01s", "8m00s", "0.31%"; return OUT. */
const char *sim_print_duration(mc_ns value, char out[static SIM_UNITS_TEXT]);
const char *sim_print_share(uint64_t ppm, char out[static SIM_UNITS_TEXT]);
const char *sim_print_instant(mc_ns at, char out[static SIM_UNITS_TEXT]); /* "2m01.214" */

#endif

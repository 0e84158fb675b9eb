/* Response flags as sidecars log them, by their short names. */
#ifndef SIM_CHECK_FLAGS_H
#define SIM_CHECK_FLAGS_H

#include "base/str.h"
#include <stdbool.h>

enum { SIM_FLAGS_TEXT = 64 };

bool sim_flag_read(struct mc_str name, uint32_t *bit);             /* "UF"; false: no such flag */
const char *sim_flags_print(uint32_t flags, char out[static SIM_FLAGS_TEXT]); /* "UF,URX"; "-": none; returns OUT */
struct mc_str sim_flags_nearest(struct mc_str name);               /* empty: none is near */

#endif

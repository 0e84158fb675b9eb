/* Is this RE2's language? PCRE2 takes far more than RE2 does, and gives some escapes another meaning;
 * whatever the two do not agree on is refused before PCRE2 sees it. */
#ifndef MODEL_REGEX_SCAN_H
#define MODEL_REGEX_SCAN_H

#include "base/str.h"

/* NULL if it is; else a static text that says what is not. Bracketing is left to the compiler. */
const char *mc_regex_scan(struct mc_str pattern);

#endif

/* The Date field's text (RFC 9110 §5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include "base/time.h"
#include <stddef.h>

enum { MC_DATE_MAX = 32 };

/* Of the wall clock WALL, cut to its second; a time before 1970 is 1970. Returns the length, no terminator. */
size_t mc_http_date(mc_ns wall, char out[static MC_DATE_MAX]);

#endif

#include "http/date.h"
#include <string.h>

/* Days since 1970-01-01 to a civil date: H. Hinnant's algorithm, in integers. */
static void civil(int64_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = (int)(yoe + era * 400) + (*month <= 2);
}

static char *put_padded(char *at, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10) at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_text(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

size_t mc_http_date(mc_ns wall, char out[static MC_DATE_MAX])
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t second = wall > 0 ? wall / MC_S : 0, day_number = second / 86400;
    unsigned of_day = (unsigned)(second % 86400), month, day;
    int year;
    char *at = out;
    civil(day_number, &year, &month, &day);
    at = put_text(at, days + (day_number + 4) % 7 * 3, 3);
    at = put_text(at, ", ", 2);
    at = put_padded(at, day, 2);
    *at++ = ' ';
    at = put_text(at, months + (month - 1) * 3, 3);
    *at++ = ' ';
    at = put_padded(at, (unsigned)year, 4);
    *at++ = ' ';
    at = put_padded(at, of_day / 3600, 2);
    *at++ = ':';
    at = put_padded(at, of_day / 60 % 60, 2);
    *at++ = ':';
    at = put_padded(at, of_day % 60, 2);
    at = put_text(at, " GMT", 4);
    return (size_t)(at - out);
}

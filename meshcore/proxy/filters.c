/* The HTTP filters, in one table. */
#include "proxy/parts.h"

static const struct px_filter *const filters[] = {
    [MC_HTTP_FILTER_FAULT] = &px_fault_filter,
    [MC_HTTP_FILTER_ADMIN] = &px_admin_filter,
    [MC_HTTP_FILTER_ROUTER] = &px_router_filter,
};

const struct px_filter *px_filter_of(enum mc_http_filter filter)
{
    mc_assert((unsigned)filter < MC_COUNT_OF(filters));
    return filters[filter];
}

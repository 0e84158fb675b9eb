#include "http/message.h"

enum mc_method mc_method_of(struct mc_str text)
{
    static const struct {
        struct mc_str text;
        enum mc_method method;
    } methods[] = {
#define X(name) {{#name, sizeof #name - 1}, MC_METHOD_##name},
        MC_METHODS(X)
#undef X
    };
    for (size_t i = 0; i < MC_COUNT_OF(methods); i++)
        if (mc_str_eq(methods[i].text, text)) return methods[i].method;
    return MC_METHOD_OTHER;
}

struct mc_str mc_head_path(const struct mc_head *head, struct mc_str *query)
{
    return mc_str_cut(head->path, '?', query);
}

struct mc_str mc_head_host(const struct mc_head *head)
{
    struct mc_str authority = head->authority;
    for (size_t i = authority.n; i > 0; i--) {
        char c = authority.p[i - 1];
        if (c == ':') return mc_str(authority.p, i - 1);
        if (c < '0' || c > '9') break;
    }
    return authority;
}

bool mc_response_is_bodiless(enum mc_method method, uint16_t status)
{
    return method == MC_METHOD_HEAD || status < 200 || status == 204 || status == 304;
}

struct mc_str mc_status_reason(uint16_t status)
{
    static const struct {
        uint16_t status;
        struct mc_str reason;
    } reasons[] = {
        {200, MC_STR("OK")}, {100, MC_STR("Continue")}, {103, MC_STR("Early Hints")},
        {201, MC_STR("Created")}, {202, MC_STR("Accepted")}, {203, MC_STR("Non-Authoritative Information")},
        {204, MC_STR("No Content")}, {205, MC_STR("Reset Content")}, {206, MC_STR("Partial Content")},
        {300, MC_STR("Multiple Choices")}, {301, MC_STR("Moved Permanently")}, {302, MC_STR("Found")},
        {303, MC_STR("See Other")}, {304, MC_STR("Not Modified")}, {307, MC_STR("Temporary Redirect")},
        {308, MC_STR("Permanent Redirect")}, {400, MC_STR("Bad Request")}, {401, MC_STR("Unauthorized")},
        {402, MC_STR("Payment Required")}, {403, MC_STR("Forbidden")}, {404, MC_STR("Not Found")},
        {405, MC_STR("Method Not Allowed")}, {406, MC_STR("Not Acceptable")},
        {407, MC_STR("Proxy Authentication Required")}, {408, MC_STR("Request Timeout")}, {409, MC_STR("Conflict")},
        {410, MC_STR("Gone")}, {411, MC_STR("Length Required")}, {412, MC_STR("Precondition Failed")},
        {413, MC_STR("Content Too Large")}, {414, MC_STR("URI Too Long")}, {415, MC_STR("Unsupported Media Type")},
        {416, MC_STR("Range Not Satisfiable")}, {417, MC_STR("Expectation Failed")},
        {421, MC_STR("Misdirected Request")}, {422, MC_STR("Unprocessable Content")}, {425, MC_STR("Too Early")},
        {426, MC_STR("Upgrade Required")}, {428, MC_STR("Precondition Required")},
        {429, MC_STR("Too Many Requests")}, {431, MC_STR("Request Header Fields Too Large")},
        {451, MC_STR("Unavailable For Legal Reasons")}, {500, MC_STR("Internal Server Error")},
        {501, MC_STR("Not Implemented")}, {502, MC_STR("Bad Gateway")}, {503, MC_STR("Service Unavailable")},
        {504, MC_STR("Gateway Timeout")}, {505, MC_STR("HTTP Version Not Supported")},
        {507, MC_STR("Insufficient Storage")}, {511, MC_STR("Network Authentication Required")},
    };
    for (size_t i = 0; i < MC_COUNT_OF(reasons); i++)
        if (reasons[i].status == status) return reasons[i].reason;
    return MC_STR("Unknown");
}

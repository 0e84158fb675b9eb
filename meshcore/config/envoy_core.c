#include "config/envoy.h"

#define RECORD mc_envoy_socket_address
static const struct mc_message_field socket_address_fields[] = {
    {FIELD(STRING, address), .required = true},
    {FIELD(U32, port_value), .required = true},
    ONLY("protocol", "TCP"),
    ONLY("ipv4_compat", "false"),
};
static MESSAGE(socket_address_message, socket_address_fields,
               .unsupported = "named_port resolver_name network_namespace_filepath");
#undef RECORD

#define RECORD mc_envoy_address
static const struct mc_message_field address_fields[] = {
    {FIELD(ONE, socket_address), .message = &socket_address_message, .required = true},
};
MESSAGE(mc_envoy_address_message, address_fields, .unsupported = "pipe envoy_internal_address");
#undef RECORD

#define RECORD mc_envoy_fraction
static const struct mc_enum_name denominators[] = {
    {"HUNDRED", MC_ENVOY_HUNDRED}, {"TEN_THOUSAND", MC_ENVOY_TEN_THOUSAND}, {"MILLION", MC_ENVOY_MILLION}, {0}};
static const struct mc_message_field fraction_fields[] = {
    {FIELD(U32, numerator)},
    {FIELD(ENUM, denominator), .names = denominators},
};
MESSAGE(mc_envoy_fraction_message, fraction_fields);
#undef RECORD

#define RECORD mc_envoy_percent
static const struct mc_message_field percent_fields[] = {{FIELD(MILLIONTHS, value)}};
MESSAGE(mc_envoy_percent_message, percent_fields);
#undef RECORD

struct nothing {
    AT;
};

const struct mc_message mc_envoy_empty_message = {.size = sizeof(struct nothing)};

#define RECORD mc_envoy_regex
static const struct mc_message_field regex_fields[] = {
    {FIELD(STRING, regex), .required = true},
    NOTED("google_re2", "RE2's language is the only one; nothing to choose"),
};
MESSAGE(mc_envoy_regex_message, regex_fields);
#undef RECORD

#define RECORD mc_envoy_string_matcher
static const struct mc_message_field string_matcher_fields[] = {
    {FIELD(STRING, exact)},    {FIELD(STRING, prefix)},
    {FIELD(STRING, suffix)},   {FIELD(STRING, contains)},
    {FIELD(BOOL, ignore_case)}, ONE(safe_regex, mc_envoy_regex_message),
};
MESSAGE(mc_envoy_string_matcher_message, string_matcher_fields, .unsupported = "custom");
#undef RECORD

#define RECORD mc_envoy_header_value
static const struct mc_message_field header_value_fields[] = {
    {FIELD(STRING, key), .required = true},
    {FIELD(STRING, value)},
};
static MESSAGE(header_value_message, header_value_fields, .unsupported = "raw_value");
#undef RECORD

#define RECORD mc_envoy_header_option
static const struct mc_enum_name append_actions[] = {
    {"APPEND_IF_EXISTS_OR_ADD", MC_ENVOY_APPEND},
    {"OVERWRITE_IF_EXISTS_OR_ADD", MC_ENVOY_OVERWRITE},
    {0},
};
static const struct mc_message_field header_option_fields[] = {
    {FIELD(ONE, header), .message = &header_value_message, .required = true},
    {FIELD(ENUM, append_action), .names = append_actions},
    ONLY("keep_empty_value", "false"),
};
MESSAGE(mc_envoy_header_option_message, header_option_fields, .unsupported = "append");
#undef RECORD

#define RECORD mc_envoy_data_source
static const struct mc_message_field data_source_fields[] = {
    {FIELD(STRING, inline_string), .required = true},
};
MESSAGE(mc_envoy_data_source_message, data_source_fields,
        .unsupported = "filename inline_bytes environment_variable watched_directory");
#undef RECORD

#include "model/domains.h"
#include "base/rand.h"

static uint64_t hash_of(struct mc_str text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a, mixed at the end */
    for (size_t i = 0; i < text.n; i++) hash = (hash ^ (unsigned char)mc_lower(text.p[i])) * UINT64_C(0x100000001b3);
    return mc_mix(hash);
}

enum kind { EXACT, SUFFIX, PREFIX, ANY };

static enum kind kind_of(struct mc_str domain)
{
    if (domain.n == 1 && domain.p[0] == '*') return ANY;
    if (domain.n && domain.p[0] == '*') return SUFFIX;
    return domain.n && domain.p[domain.n - 1] == '*' ? PREFIX : EXACT;
}

static void put_exact(struct mc_domains *domains, struct mc_str text, const struct mc_virtual_host *host)
{
    uint64_t hash = hash_of(text);
    uint32_t mask = domains->exact_size - 1, place = (uint32_t)hash & mask;
    while (domains->exact[place].host) place = (place + 1) & mask;
    domains->exact[place] = (struct mc_domain){text, hash, host};
}

static void put_wildcard(struct mc_domain *list, uint32_t *count, struct mc_str text, const struct mc_virtual_host *host)
{
    uint32_t at = (*count)++;
    for (; at > 0 && list[at - 1].text.n < text.n; at--) list[at] = list[at - 1];
    list[at] = (struct mc_domain){.text = text, .host = host};
}

static void put(struct mc_domains *domains, struct mc_str domain, const struct mc_virtual_host *host)
{
    switch (kind_of(domain)) {
    case EXACT: put_exact(domains, domain, host); return;
    case SUFFIX: put_wildcard(domains->suffixes, &domains->suffix_count, mc_str(domain.p + 1, domain.n - 1), host); return;
    case PREFIX: put_wildcard(domains->prefixes, &domains->prefix_count, mc_str(domain.p, domain.n - 1), host); return;
    case ANY:
        if (!domains->any) domains->any = host;
        return;
    }
}

static bool reserve(const struct mc_route_config *config, struct mc_domains *domains, struct mc_arena *arena)
{
    uint32_t counts[4] = {0};
    for (uint32_t i = 0; i < config->host_count; i++)
        for (uint32_t j = 0; j < config->hosts[i].domain_count; j++) counts[kind_of(config->hosts[i].domains[j])]++;
    domains->exact_size = 4;
    while (domains->exact_size < 2 * counts[EXACT]) domains->exact_size *= 2;
    domains->exact = mc_arena_take_zero(arena, domains->exact_size * sizeof *domains->exact);
    domains->suffixes = mc_arena_take(arena, (counts[SUFFIX] + 1) * sizeof *domains->suffixes);
    domains->prefixes = mc_arena_take(arena, (counts[PREFIX] + 1) * sizeof *domains->prefixes);
    return domains->exact && domains->suffixes && domains->prefixes;
}

const struct mc_domains *mc_domains_make(const struct mc_route_config *config, struct mc_arena *arena)
{
    struct mc_domains *domains = mc_arena_take_zero(arena, sizeof *domains);
    if (!domains || !reserve(config, domains, arena)) return NULL;
    for (uint32_t i = 0; i < config->host_count; i++)
        for (uint32_t j = 0; j < config->hosts[i].domain_count; j++)
            put(domains, config->hosts[i].domains[j], &config->hosts[i]);
    return domains;
}

/* ---- lookup ---- */

static const struct mc_virtual_host *find_exact(const struct mc_domains *domains, struct mc_str name)
{
    uint64_t hash = hash_of(name);
    uint32_t mask = domains->exact_size - 1;
    for (uint32_t place = (uint32_t)hash & mask; domains->exact[place].host; place = (place + 1) & mask)
        if (domains->exact[place].hash == hash && mc_str_eq_nocase(domains->exact[place].text, name))
            return domains->exact[place].host;
    return NULL;
}

static const struct mc_virtual_host *find_suffix(const struct mc_domains *domains, struct mc_str name)
{
    for (uint32_t i = 0; i < domains->suffix_count; i++) {
        struct mc_str text = domains->suffixes[i].text;
        if (name.n > text.n && mc_str_eq_nocase(mc_str(name.p + name.n - text.n, text.n), text)) return domains->suffixes[i].host;
    }
    return NULL;
}

static const struct mc_virtual_host *find_prefix(const struct mc_domains *domains, struct mc_str name)
{
    for (uint32_t i = 0; i < domains->prefix_count; i++) {
        struct mc_str text = domains->prefixes[i].text;
        if (name.n > text.n && mc_str_eq_nocase(mc_str(name.p, text.n), text)) return domains->prefixes[i].host;
    }
    return NULL;
}

const struct mc_virtual_host *mc_domains_find(const struct mc_domains *domains, struct mc_str name)
{
    const struct mc_virtual_host *host = find_exact(domains, name);
    if (!host) host = find_suffix(domains, name);
    if (!host) host = find_prefix(domains, name);
    return host ? host : domains->any;
}

#include "sim/store/blob.h"

static size_t put_number(unsigned char *out, uint32_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7) out[n++] = (unsigned char)(value | 0x80);
    out[n++] = (unsigned char)value;
    return n;
}

static bool get_number(struct mc_str *blob, uint32_t *value)
{
    uint64_t sum = 0;
    for (unsigned shift = 0; shift < 35 && blob->n; shift += 7) {
        unsigned char byte = (unsigned char)*blob->p;
        *blob = mc_str(blob->p + 1, blob->n - 1);
        sum |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80) continue;
        *value = (uint32_t)sum;
        return sum <= UINT32_MAX;
    }
    return false;
}

size_t sim_hist_pack(const struct mc_hist *hist, unsigned char *out)
{
    size_t n = 0;
    uint32_t last = 0;
    out[n++] = SIM_BLOB_VERSION;
    for (uint32_t i = 0; i < hist->span; i++) {
        if (!hist->buckets[i]) continue;
        n += put_number(out + n, hist->low + i - last);
        n += put_number(out + n, hist->buckets[i]);
        last = hist->low + i;
    }
    return n;
}

bool sim_hist_unpack(struct mc_str blob, struct mc_hist *hist, const struct mc_alloc *alloc)
{
    uint32_t last_bucket = mc_hist_index(UINT64_MAX), index = 0, gap, count;
    if (!blob.n || *blob.p != SIM_BLOB_VERSION) return false;
    blob = mc_str(blob.p + 1, blob.n - 1);
    while (blob.n) {
        if (!get_number(&blob, &gap) || !get_number(&blob, &count)) return false;
        if (gap > last_bucket - index) return false;
        index += gap;
        if (!mc_hist_add_many(hist, alloc, mc_hist_bound(index), count)) return false;
    }
    return true;
}

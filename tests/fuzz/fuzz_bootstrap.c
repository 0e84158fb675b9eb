/* Any text as an Envoy bootstrap: a snapshot or errors that have places, never both, nothing left over. */
#include "config/bootstrap.h"
#include "fuzz/pump.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct mc_config_errors errors;
    struct test_memory memory = {0};
    struct mc_realm realm;
    struct mc_snapshot *snapshot = NULL;
    if (!size || size > 60000) return 0;
    memory.refuse_at = bytes[0] >= 0xf0 ? bytes[0] - 0xefu : 0;
    mc_realm_init(&realm, test_alloc(&memory), 1);
    bool json = bytes[0] & 1;
    struct mc_result result = mc_bootstrap_load(&realm, json ? MC_STR("x.json") : MC_STR("x.yaml"),
                                                mc_str((const char *)bytes + 1, size - 1), &snapshot, &errors);
    PUMP_MUST(mc_ok(result) == (snapshot != NULL));
    if (result.code == MC_INVALID) PUMP_MUST(errors.count > 0 && errors.list[0].text[0]);
    mc_snapshot_unref(snapshot);
    PUMP_MUST(realm.cons.count == 0);
    mc_realm_fini(&realm);
    PUMP_MUST(memory.live_blocks == 0);
    return 0;
}

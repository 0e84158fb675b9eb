/* Any text as a script that declares topologies and steps. */
#include "fuzz/pump.h"
#include "lua/sandbox.h"
#include "sim/lua/topology.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct test_memory memory = {0};
    struct mc_pool pool;
    struct mc_arena arena;
    if (size > 20000) return 0;
    mc_pool_init(&pool, test_alloc(&memory));
    mc_arena_init(&arena, &pool, 16 << 20);
    struct mc_sandbox *sandbox = mc_sandbox_new(&(struct mc_sandbox_options){.alloc = test_alloc(&memory), .seed = 1, .memory_max = 8 << 20, .instructions_max = 200000});
    PUMP_MUST(sandbox);
    sim_topology_open(mc_sandbox_lua(sandbox), &arena);
    mc_sandbox_seal(sandbox);
    if (mc_sandbox_load(sandbox, mc_str((const char *)bytes, size), "f.lua")) {
        int results;
        mc_sandbox_resume(sandbox, lua_tothread(mc_sandbox_lua(sandbox), -1), 0, &results);
    }
    mc_sandbox_free(sandbox);
    mc_arena_fini(&arena);
    PUMP_MUST(pool.live_blocks == 0);
    mc_pool_fini(&pool);
    PUMP_MUST(memory.live_blocks == 0);
    return 0;
}

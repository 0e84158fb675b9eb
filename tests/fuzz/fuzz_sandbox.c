/* Any text as a script: it ends within its budget, twice in the same way, and gives everything back. */
#include "base/digest.h"
#include "fuzz/pump.h"
#include "lua/sandbox.h"
#include "support/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct outcome {
    enum mc_sandbox_status status;
    uint64_t instructions, printed;
};

static void hash_line(void *self, struct mc_str line)
{
    uint64_t *hash = self;
    *hash = mc_hash(line, *hash);
}

static struct outcome run(struct mc_str text)
{
    struct test_memory memory = {0};
    struct outcome outcome = {.status = MC_SANDBOX_ERROR};
    struct mc_sandbox_options options = {.alloc = test_alloc(&memory), .seed = 1, .memory_max = 8 << 20, .instructions_max = 200000, .print = hash_line, .print_self = &outcome.printed};
    struct mc_sandbox *sandbox = mc_sandbox_new(&options);
    PUMP_MUST(sandbox);
    mc_sandbox_seal(sandbox);
    if (mc_sandbox_load(sandbox, text, "f.lua")) {
        int results;
        outcome.status = mc_sandbox_resume(sandbox, lua_tothread(mc_sandbox_lua(sandbox), -1), 0, &results);
    }
    outcome.instructions = mc_sandbox_instructions(sandbox);
    PUMP_MUST(outcome.instructions < 2000000);
    mc_sandbox_free(sandbox);
    PUMP_MUST(memory.live_blocks == 0);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > 20000) return 0;
    struct mc_str text = mc_str((const char *)bytes, size);
    struct outcome first = run(text), second = run(text);
    PUMP_MUST(first.status == second.status && first.instructions == second.instructions && first.printed == second.printed);
    return 0;
}

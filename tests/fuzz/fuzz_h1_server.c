/* The HTTP/1.1 decoder as a server meets it: the same bytes whole and in pieces must mean the same. */
#include "fuzz/pump.h"
#include "unit/http/echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct meaning {
    int requests, refused, done;
    bool closed;
};

static struct meaning serve(struct mc_str bytes, size_t piece, size_t refuse_at)
{
    static struct echo echo;
    struct test_memory memory = {.refuse_at = refuse_at, .refuse_after = refuse_at % 2}, outer = {0};
    struct mc_realm realm;
    struct mc_pool outside;
    struct pump pump = {0};
    memset(&echo, 0, sizeof echo);
    mc_realm_init(&realm, test_alloc(&memory), 1);
    mc_pool_init(&outside, test_alloc(&outer));
    mc_turn_init(&echo.turn, &realm, 1);
    mc_net_init(&echo.net, &echo.turn);
    pump_init(&pump, echo_guest_of(&echo), &outside);
    struct pump_stream *stream = pump_accept(&pump);
    mc_stream id = stream ? stream->id : 0;
    while (stream && stream->id == id && bytes.n) {
        size_t n = piece && piece < bytes.n ? piece : bytes.n;
        n = pump_data(&pump, stream, mc_str(bytes.p, n));
        if (!n) break; /* out of credit: the rest is not read */
        bytes = mc_str(bytes.p + n, bytes.n - n);
    }
    struct meaning meaning = {echo.requests, echo.refused, echo.ended[MC_EXCHANGE_DONE], !stream || stream->id != id || stream->finished};
    pump_fini(&pump);
    mc_net_fini(&echo.net);
    PUMP_MUST(realm.pool.live_blocks == 0 && outside.live_blocks == 0);
    PUMP_MUST(mc_timers_deadline(&echo.turn.timers) == MC_NEVER);
    mc_realm_fini(&realm);
    mc_pool_fini(&outside);
    return meaning;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!size || size > 30000) return 0;
    struct mc_str text = mc_str((const char *)bytes + 1, size - 1);
    struct meaning whole = serve(text, 0, 0), pieces = serve(text, 1u + bytes[0] % 31, 0);
    PUMP_MUST(whole.requests == pieces.requests && whole.done == pieces.done);
    PUMP_MUST(whole.refused == pieces.refused && whole.closed == pieces.closed); /* of two faults either may be named */
    if (bytes[0] > 127) serve(text, bytes[0] % 31, 1 + bytes[0] % 16);
    return 0;
}

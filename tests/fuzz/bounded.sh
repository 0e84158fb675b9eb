#!/bin/bash
# Builds the fuzz preset and runs each target for a bounded time: 8 s, or 10 minutes in a soak.
set -u
cd "$(dirname "$0")/../.."
if ! command -v clang-14 >/dev/null; then
    echo "skipped: no clang-14"
    echo "0 passed, 0 failed"
    exit 0
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset fuzz && cmake --build --preset fuzz --target fuzz; } >"$log" 2>&1; then
    tail -n 20 "$log"
    echo "0 passed, 1 failed"
    exit 1
fi
exec tests/fuzz/run "$([ "${SOAK:-0}" = 1 ] && echo 600 || echo 8)"

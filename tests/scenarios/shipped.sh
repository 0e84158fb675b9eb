#!/bin/bash
# Every shipped scenario, the field reports, and those that only test, pass from the command line within its bound of wall time, and the demo ends
# with the line that the README promises.
set -u
cd "$(dirname "$0")/../.."
SQUALL=${SQUALL:-build/release/bin/squall}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
for file in scripts/scenarios/*.lua scripts/field/*.lua tests/scenarios/*.lua; do
    name=$(basename "$file" .lua)
    if timeout 120 "$SQUALL" run "$file" --no-progress --out "$work/$name.db" >"$work/out" 2>&1 </dev/null &&
        tail -n 1 "$work/out" | grep -qxE 'squall: [1-9][0-9]* passed, 0 failed'; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name"
        tail -n 12 "$work/out"
    fi
    if [ "$(sqlite3 "$work/$name.db" 'PRAGMA integrity_check' 2>&1)" = ok ] && [ ! -e "$work/$name.db-wal" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL $name: results"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

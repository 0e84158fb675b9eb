#!/bin/bash
# Same scenario, options and seed: the same run, to the byte. Every shipped scenario is run twice in one
# process and in fresh processes, by builds of gcc and clang at -O0 and -O2 where they are there, and
# with memory filled with 0x00 and 0xA5; all trace hashes must be equal. Different seeds must differ.
#     SQUALL        the release build      DETERMINISM_MORE   further builds, separated by colons
#     FRESH         how many fresh processes (20)
set -u
cd "$(dirname "$0")/../.."
SQUALL=${SQUALL:-build/release/bin/squall}
FRESH=${FRESH:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

verdict() { # NAME GOOD
    if [ "$2" = 1 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAIL $1: $3"; fi
}

# hashes BINARY FILE OPTION…: one line "scenario variant seed hash" per run, sorted
hashes() {
    local binary=$1 file=$2
    shift 2
    "$binary" run "$file" --no-progress --out "$work/r.db" --json - "$@" 2>"$work/err" >"$work/out" || :
    python3 - "$work/out" <<'PY'
import json, sys
text = open(sys.argv[1]).read()
report = json.loads(text[text.index("{"):text.rindex("}") + 1])
for run in sorted((r["scenario"], str(r.get("variant", "")), r["seed"], r["trace_hash"]) for r in report["runs"]):
    print(*run)
PY
    rm -f "$work"/r.db*
}

binaries=("$SQUALL")
IFS=: read -ra more <<<"${DETERMINISM_MORE:-}"
for binary in ${more[@]+"${more[@]}"}; do [ -x "$binary" ] && binaries+=("$binary"); done
[ ${#binaries[@]} -gt 1 ] || echo "skipped: no second build to compare with (DETERMINISM_MORE)"

for file in scripts/scenarios/*.lua; do
    name=$(basename "$file" .lua)
    wanted=$(hashes "$SQUALL" "$file")
    verdict "$name has hashes" "$([ -n "$wanted" ] && echo 1)" "$(tail -3 "$work/err")"
    again=$(SQUALL_RUN_TWICE=1 hashes "$SQUALL" "$file")
    verdict "$name again" "$([ "$wanted" = "$again" ] && echo 1)" "$wanted / $again"
    for fill in 0x00 0xa5; do
        got=$(SQUALL_FILL=$fill hashes "$SQUALL" "$file")
        verdict "$name with memory full of $fill" "$([ "$wanted" = "$got" ] && echo 1)" "$wanted / $got"
    done
    [ "$name" = large ] && continue
    for binary in "${binaries[@]:1}"; do
        got=$(hashes "$binary" "$file")
        verdict "$name by $binary" "$([ "$wanted" = "$got" ] && echo 1)" "$wanted / $got"
    done
    other=$(hashes "$SQUALL" "$file" --seed 4242)
    verdict "$name differs under another seed" "$([ "$wanted" != "$other" ] && echo 1)" "$other"
done

wanted=$(hashes "$SQUALL" scripts/scenarios/hello.lua)
for i in $(seq "$FRESH"); do
    got=$(hashes "$SQUALL" scripts/scenarios/hello.lua)
    verdict "fresh process $i" "$([ "$wanted" = "$got" ] && echo 1)" "$got"
done

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]

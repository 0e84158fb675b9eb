#!/bin/bash
# Colour, characters, help, version, catalogues, the manual page, check.
. "$(dirname "$0")/lib.sh"

scenario pass.lua "it passes" 'tags = { "quick" }' 'check("yes", true)'
scenario fail.lua "it fails" "" 'check("no", false)'
escape=$'\033'

exits 0 run pass.lua
lacks "no colour in a pipe" "$OUT" "$escape"
exits 0 run pass.lua --color always
has "colour on request" "$OUT" "$escape\[32m"
NO_COLOR=1 exits 0 run pass.lua
lacks "NO_COLOR" "$OUT" "$escape"
NO_COLOR=1 exits 0 run pass.lua --color=always
has "the option wins" "$OUT" "$escape"
exits 0 run pass.lua --ascii
lacks "ascii" "$(LC_ALL=C tr -d '\0-\177' <.out)" .
LC_ALL=C exits 0 run pass.lua
lacks "ascii by locale" "$(LC_ALL=C tr -d '\0-\177' <.out)" .
exits 0 run pass.lua -q
is "quiet" "$OUT" "squall: 1 passed, 0 failed"
exits 1 run fail.lua -q
has "quiet tells failures" "$OUT" "no"

exits 0 run pass.lua fail.lua --tags quick
is "tags" "$(last_line)" "squall: 1 passed, 0 failed"
exits 1 run pass.lua fail.lua --exclude-tags quick
is "without tags" "$(last_line)" "squall: 0 passed, 1 failed"
exits 0 run . --filter '^it passes$'

exits 0 help
for verb in run check ledger list report explain replay ui proxy version; do
    has "help lists $verb" "$OUT" "^  $verb "
    text=$("$SQUALL" help $verb)
    has "help $verb" "$text" "^Usage: squall $verb"
    is "--help is help" "$("$SQUALL" $verb --help)" "$text"
done
exits 0 help exit-codes
for code in 0 1 2 3 64 65 66 70 73 74 75 130 143; do has "exit code $code" "$OUT" "^ +$code  "; done
exits 0 --version
has "version" "$OUT" '^squall [0-9]+\.[0-9]+\.[0-9]+'
exits 0 version --json
python3 -c 'import json,sys; assert json.loads(sys.argv[1])["version"]' "$OUT"; is "version as JSON" $? 0
exits 0 help man
if command -v man >/dev/null; then
    is "manual page" "$(man --warnings -E UTF-8 -l -Tutf8 -Z .out 2>&1 >/dev/null)" ""
else
    echo "skipped: no man"
fi

for what in faults profiles metrics invariants topologies fidelity scenarios; do
    exits 0 list $what
    has "list $what" "$OUT" .
    exits 0 list $what --json
    python3 -c 'import json,sys; assert json.loads(sys.argv[1])' "$OUT"; is "list $what as JSON" $? 0
done
exits 0 list faults partition
has "page of a fault" "$OUT" "^Example:"

exits 0 check pass.lua fail.lua
has "check" "$OUT" "2 runs would be made, 0 mistakes"
sed 's/check("yes", true)/fault.partitoin {}/' pass.lua >lint.lua
exits 65 check lint.lua
has "check reads what does not run" "$ERR" "lint.lua:4: .*partition"

exits 0 ui pass.lua --print overview --size 80x24 --ascii
is "a picture" "$(wc -l <<<"$OUT")" 24
exits 64 ui pass.lua --print overveiw
has "screen" "$ERR" 'did you mean "overview"'
exits 64 ui pass.lua --print overview --size big

finish

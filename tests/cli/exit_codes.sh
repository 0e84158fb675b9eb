#!/bin/bash
# Every exit code of squall(1), one by one, and what is said with it.
. "$(dirname "$0")/lib.sh"

scenario pass.lua "it passes" "" 'check("yes", true)'
scenario fail.lua "it fails" "" 'check("no", false)'
scenario xfail.lua "it fails as expected" 'expect_fail = "known"' 'check("no", false)'
scenario xpass.lua "it should fail" 'expect_fail = "known"' 'check("yes", true)'
scenario vacuous.lua "it touches nothing" "" 'fault.delay { from = "api", to = "web", latency = "1ms" }:during "1s"'
sed -i 's/rate = 20/rate = 20, start = "18s"/' vacuous.lua
scenario raise.lua "it raises" "" 'local t = nil; t.x = 1'
scenario forever.lua "it never ends" '' 'while true do end'
scenario long.lua "it is long" "" 'check("yes", true)'
sed -i 's/duration = "20s"/duration = "90h"/; s/rate = 20/rate = 500/' long.lua

exits 0 run pass.lua
is "last line of a pass" "$(last_line)" "squall: 1 passed, 0 failed"
exits 1 run fail.lua
is "last line of a fail" "$(last_line)" "squall: 0 passed, 1 failed"
has "place" "$OUT" "fail.lua:4"
command=$(sed -n 's/^ *replay:  squall //p' <<<"$OUT" | head -1)
has "replay command" "$command" "^run fail.lua .*--seed 1"
eval "exits 1 $command"
exits 0 run xfail.lua
is "expected failure" "$(last_line)" "squall: 1 passed, 0 failed"
exits 1 run xpass.lua
exits 2 run vacuous.lua
exits 0 run vacuous.lua --inconclusive=pass
is "inconclusive passes as skipped" "$(last_line)" "squall: 0 passed, 0 failed, 1 skipped"
exits 0 run vacuous.lua --allow-vacuous
exits 1 run fail.lua vacuous.lua
exits 2 run pass.lua --filter 'no such name'
has "no match is said" "$ERR" "no scenario matches"

exits 64
exits 64 runn pass.lua
has "verb" "$ERR" 'did you mean "run"'
exits 64 run pass.lua --sed 1
has "option" "$ERR" 'did you mean --seed'
exits 64 run pass.lua --seed one
exits 64 run pass.lua --seed 5..2
exits 64 run pass.lua --seed x0
exits 64 run pass.lua --seed 9223372036854775808
exits 64 run pass.lua --duration 30
has "bare number" "$ERR" "unit"
exits 64 run pass.lua --duration 0s
exits 64 run pass.lua --wall-limit 0s
exits 64 run pass.lua --seed 1,2,1
has "twice" "$ERR" "1 is given twice"
exits 64 run pass.lua --tap=15
exits 64 run pass.lua --jobs 0
exits 64 run pass.lua --detail fulll
has "choice" "$ERR" 'did you mean "full"'
exits 64 run pass.lua --filter '('
exits 64 run pass.lua --var broken
exits 64 run pass.lua --seed
exits 64 run
exits 64 list fault
has "catalogue" "$ERR" 'did you mean "faults"'
exits 64 list faults partitoin
has "fault" "$ERR" 'did you mean "partition"'
exits 64 report --type pdf
exits 64 help nonsense
exits 64 proxy

printf 'scenario("x", {\n  duratoin = "5s" }, function(s) end)\n' >typo.lua
exits 65 run typo.lua
has "unknown key" "$ERR" 'typo.lua:[0-9]+: .*duration'
printf 'scenario("x" {\n' >syntax.lua
exits 65 run syntax.lua
has "syntax" "$ERR" '^syntax.lua:1:'
exits 65 check typo.lua
exits 65 run raise.lua
has "raise" "$OUT" 'raise.lua:4: .*nil'
is "raise is a failure" "$(last_line)" "squall: 0 passed, 1 failed"
exits 65 run forever.lua
exits 65 run pass.lua --profile istoi-sidecar
has "profile" "$ERR" "istio-sidecar"

exits 66 run missing.lua
has "missing" "$ERR" "missing.lua"
mkdir empty
exits 66 run empty
SQUALL_ROOT=/nonexistent exits 0 run --demo --out demo.db
has "the demo says which file it is" "$ERR" 'scripts/scenarios/bookinfo-canary\.lua'
is "the demo's last line" "$(tail -n 1 <<<"$OUT")" "squall: 2 passed, 0 failed"
exits 64 run --demo pass.lua
exits 66 report missing.db
exits 66 list runs nowhere.db
exits 66 replay missing.db
exits 66 run pass.lua -C /nonexistent

exits 73 run pass.lua --out /nonexistent/r.db
exits 73 run pass.lua --out /proc/r.db
exits 73 run pass.lua --junit /nonexistent/j.xml
echo "somebody's notes" >notes.db
exits 73 run pass.lua --out notes.db
is "notes are left alone" "$(cat notes.db)" "somebody's notes"
exits 74 run pass.lua --json /dev/full

timeout 60 "$SQUALL" run pass.lua >/dev/full 2>.err; is "standard output full" $? 74

exits 75 run long.lua --wall-limit 400ms --out wall.db
is "wall limit is saved" "$(sqlite3 wall.db 'SELECT status FROM run')" interrupted

finish

#!/bin/bash
# Input that no script should be, files that are none, runs that do not stop, disks that are full.
. "$(dirname "$0")/lib.sh"

scenario pass.lua "it passes" "" 'check("yes", true)'

# ---- files ----
: >empty.lua
exits 2 run empty.lua
has "an empty file is told" "$ERR" "empty.lua declares no scenario"
head -c 4096 /dev/urandom >noise.lua
exits 65 run noise.lua
printf '\033Lua\0\0\0\0' >code.lua
exits 65 run code.lua
has "precompiled" "$ERR" "binary chunk"
mkfifo pipe
exits 65 run pipe
has "a pipe is not waited for" "$ERR" "pipe: is no plain file"
exits 65 check pipe
exits 65 run /dev/zero
exits 65 report pipe
exits 65 ui --print overview pipe
exits 73 run pass.lua --out pipe
{ printf '\357\273\277#!/usr/bin/env squall\r\n'; sed 's/$/\r/' pass.lua; } >windows.lua
exits 0 run windows.lua
sed 's/check("yes", true)/check("y\\xff\\27[2J", false)/' pass.lua >dirty.lua
exits 1 run dirty.lua --tap
iconv -f UTF-8 -t UTF-8 <<<"$OUT$ERR" >/dev/null; is "TAP and text are UTF-8" $? 0
lacks "nothing steers the terminal" "$OUT$ERR" $'\033'
echo 'include "circle"' >circle.lua
exits 65 run circle.lua
has "files in a circle" "$ERR" "files include each other"

# ---- named twice ----
exits 0 run pass.lua ./pass.lua --profile none,none
is "it runs once" "$(last_line)" "squall: 1 passed, 0 failed"

# ---- loops, in the method and while loading ----
scenario forever.lua "it never ends" "" 'while true do pcall(function() while true do end end) end'
exits 65 run forever.lua
has "where" "$OUT" "forever.lua:4: .*does a loop never end"
echo 'local s = ("a"):rep(1 << 20) while true do s:gsub("a", "b") end' >slow.lua
exits 65 run slow.lua
echo 'local x <close> = setmetatable({}, { __close = function() while true do end end })' >close.lua
exits 65 run close.lua

# ---- a load's name ----
cat >plain.lua <<'LUA'
scenario("no names", { topology = topologies.chain { "web", "api" }, duration = "10s", profiles = { "none" } }, function(s)
  s:load { to = "web", rate = 20 }
end)
LUA
exits 0 run plain.lua --out plain.db
is "a load without a name has its own" "$(sqlite3 plain.db "SELECT count(*) FROM workload WHERE service = 'load-web'")" 1

# ---- thresholds ----
for threshold in '["request_faild"] = "rate < 1%"|did you mean "request_failed"' '["request_failed{sorce:user}"] = "rate < 1%"|has no tag' \
    '["request_duration"] = "p(99) < 200"|a duration such as'; do
    scenario threshold.lua "thresholds" "thresholds = { ${threshold%%|*} }" 'check("yes", true)'
    exits 65 run threshold.lua
    has "${threshold%%|*}" "$OUT$ERR" "${threshold##*|}"
done
scenario threshold.lua "thresholds" 'thresholds = { ["request_failed{src:nobody}"] = "rate < 1%" }' 'check("yes", true)'
exits 2 run threshold.lua
has "a place that is not" "$OUT" 'src = "nobody": no such service or load'

# ---- faults ----
scenario control.lua "slow only" "" 'fault.slow { on = "user", factor = 2 }:during "5s"'
exits 65 run control.lua
has "a load is no pod of a service" "$OUT" 'fault.slow acts on pods of services, and "user" is none'
scenario raise.lua "raises within" "" 'fault.delay { from = "web", to = "api", latency = "1ms" }:during("5s", function() error "boom" end)'
exits 65 run raise.lua
has "what" "$OUT" "raise.lua:4: boom"
lacks "no word of a fault that had no time" "$OUT" "touched nothing"
scenario twice.lua "asked twice" "" 'check("a", true) check("a", false)'
exits 1 run twice.lua
has "runs are counted, not verdicts" "$OUT" "1 of 1 runs"

# ---- signals: a run that does not listen is killed; a second one does not wait ----
scenario deaf.lua "deaf" "" 'sleep "4s" for i = 1, 1e6 do requests { src = "user" }:p(99) end'
sed -i 's/rate = 20/rate = 200/' deaf.lua
for signal in TERM:143 "INT INT:130"; do
    setsid "$SQUALL" run deaf.lua --out deaf.db >.out 2>.err & process=$!
    sleep 1
    for one in ${signal%:*}; do
        kill -"$one" $process
        sleep 0.3
    done
    wait $process; is "$signal" $? "${signal#*:}"
    is "$signal: what is there is kept" "$(sqlite3 deaf.db 'PRAGMA integrity_check; SELECT status FROM run' | tr '\n' ' ') $(echo deaf.db*)" "ok interrupted  deaf.db"
    rm -f deaf.db
done

# ---- output ----
( ulimit -f 64; timeout 60 "$SQUALL" run pass.lua --out limit.db >.out 2>.err ); is "a file may not grow" $? 74
for word in "list faults" "help run" version; do
    timeout 20 "$SQUALL" $word >&- 2>/dev/null; is "closed output: $word" $? 74
done
env -i "$SQUALL" run pass.lua >.out 2>.err; is "no environment" $? 0

# ---- a results file cut at each page ----
"$SQUALL" run pass.lua --out whole.db >/dev/null 2>&1
size=$(stat -c %s whole.db)
for ((at = 0; at < size; at += 4096)); do
    head -c $at whole.db >cut.db
    timeout 20 "$SQUALL" report cut.db >.out 2>.err
    case $? in 0 | 65 | 66 | 74) ok ;; *) fail "cut at $at: $(tail -n 2 .err)" ;; esac
done

# ---- a run that was killed ----
"$SQUALL" run pass.lua --out lost.db >/dev/null 2>&1
sqlite3 lost.db "UPDATE run SET status = 'running'; DELETE FROM verdict"
exits 0 report lost.db
has "said" "$OUT" "no end of it is recorded"
has "counts as failed" "$(last_line)" "squall: 0 passed, 1 failed"

finish

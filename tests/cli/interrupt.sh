#!/bin/bash
# Ctrl-C, SIGTERM, kill -9, a full disk: what is there is saved and sound, and says what happened.
. "$(dirname "$0")/lib.sh"

scenario long.lua "it is long" "" 'check("yes", true)'
sed -i 's/duration = "20s"/duration = "90h"/; s/rate = 20/rate = 500/' long.lua
scenario pass.lua "it passes" "" 'check("yes", true)'

# begin FILE OPTION…: starts squall in the background; returns once its run row is there
begin() {
    local results=$1 i
    shift
    # An ignored SIGINT is what a shell gives to what it starts in the background; env gives it back.
    env --default-signal=INT "$SQUALL" run "$@" --out "$results" >out 2>err </dev/null &
    PID=$!
    for i in $(seq 200); do
        [ "$(sqlite3 "$results" "SELECT count(*) FROM run WHERE status='running'" 2>/dev/null)" = 1 ] && return
        read -rt 0.05 <> <(:) || :
    done
    fail "no run row in $results"
}
sound() { is "$1 is sound" "$(sqlite3 "$1" 'PRAGMA integrity_check')" ok; }

begin int.db long.lua
kill -INT $PID; wait $PID
is "SIGINT" $? 130
sound int.db
is "interrupted" "$(sqlite3 int.db 'SELECT status FROM run')" interrupted
is "one plain file" "$(echo int.db*)" int.db
has "last line" "$(tail -n 1 out)" '^squall: 0 passed, 1 failed$'

begin term.db long.lua
kill -TERM $PID; wait $PID
is "SIGTERM" $? 143
sound term.db

begin kill.db long.lua --detail full
kill -KILL $PID; wait $PID 2>/dev/null
sound kill.db
is "still running" "$(sqlite3 kill.db 'SELECT status FROM run')" running
is "no run outlives squall" "$(sleep 0 && pgrep -P $PID | wc -l)" 0
exits 0 run pass.lua --out kill.db
is "added to" "$(sqlite3 kill.db 'SELECT group_concat(status) FROM (SELECT status FROM run ORDER BY run_id)')" running,passed
is "invocations" "$(sqlite3 kill.db 'SELECT count(*) FROM invocation')" 2
exits 0 report kill.db
is "report of the last command" "$(last_line)" "squall: 1 passed, 0 failed"

(ulimit -f 64; timeout 60 "$SQUALL" run pass.lua --out full.db >out 2>err)
is "no room at all" $? 74
has "said" "$(cat err)" "full.db"
is "nothing is left" "$(ls full.db* 2>/dev/null)" ""
scenario much.lua "it writes much" "" 'check("yes", true)'
sed -i 's/duration = "20s"/duration = "60s"/; s/rate = 20/rate = 300/' much.lua
(ulimit -f 400; timeout 60 "$SQUALL" run much.lua --detail full --out full.db >out 2>err)
is "room runs out" $? 74
has "said" "$(cat err)" "full.db"
sound full.db
is "not half of it" "$(sqlite3 full.db 'SELECT status, (SELECT count(*) FROM request) FROM run')" "running|0"
is "no part is left" "$(echo full.db*)" full.db

finish

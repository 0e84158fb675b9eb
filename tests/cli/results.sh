#!/bin/bash
# Many runs at once, their order, reports of what is stored, replay, and results files that are none.
. "$(dirname "$0")/lib.sh"

scenario one.lua "one" "" 'check("yes", requests { src = "user" }:count() >= 0)'
scenario two.lua "two" "" 'check("no", false)'

exits 1 run one.lua two.lua --seed 1..6 --jobs 3 --junit j.xml --json j.json --tap=t.tap --out a.db
is "counts" "$(last_line)" "squall: 6 passed, 6 failed"
is "in order" "$(sqlite3 a.db "SELECT group_concat(scenario||seed, ' ') FROM (SELECT * FROM run ORDER BY run_id)")" \
    "one1 one2 one3 one4 one5 one6 two1 two2 two3 two4 two5 two6"
is "no part is left" "$(echo a.db*)" a.db
is "plain" "$(sqlite3 a.db 'PRAGMA journal_mode; PRAGMA integrity_check; SELECT count(*) FROM pragma_foreign_key_check' | tr '\n' ' ')" "delete ok 0 "
xmllint --noout j.xml; is "junit is XML" $? 0
is "junit failures" "$(xmllint --xpath 'string(/testsuites/@failures)' j.xml)" 6
python3 -c 'import json; r = json.load(open("j.json")); assert r["counts"]["failed"] == 6 and len(r["runs"]) == 12'; is "json" $? 0
is "tap" "$(grep -c '^not ok' t.tap) $(head -2 t.tap | tr '\n' ' ')" "6 TAP version 13 1..12 "
is "progress is none" "$(grep -c $'\r' .err)" 0

exits 1 run one.lua two.lua --seed 1..6 --jobs 1 --out b.db
tables="SELECT run_id,scenario,profile,seed,status,sim_ns,events,trace_hash FROM run; SELECT * FROM verdict; SELECT * FROM event; SELECT * FROM series; SELECT * FROM point; SELECT series_id,t_ms,n,hex(h) FROM hist; SELECT * FROM request"
is "one job or three" "$(sqlite3 a.db "$tables" | sha256sum)" "$(sqlite3 b.db "$tables" | sha256sum)"
has "there is something to compare" "$(sqlite3 a.db 'SELECT (SELECT count(*) FROM hist), (SELECT count(*) FROM point), (SELECT count(*) FROM request)')" '^[1-9][0-9]*\|[1-9][0-9]*\|[1-9]'

exits 0 report a.db
is "report says the same" "$(last_line)" "squall: 6 passed, 6 failed"
exits 0 report a.db:12 --type junit
has "one run" "$OUT" 'tests="1" failures="1"'
exits 66 report a.db:13
exits 0 list runs a.db
is "list runs" "$(wc -l <<<"$OUT")" 12
exits 0 list runs a.db --json
python3 -c 'import json,sys; assert len(json.loads(sys.argv[1])) == 12' "$OUT"; is "as JSON" $? 0

exits 0 replay a.db:3
has "replay" "$OUT" "the same trace"
exits 0 replay a.db:3 --until 1s
has "replay until" "$OUT" '^squall: at 0m01\.000, after [0-9]+ events, trace [0-9a-f]{16}$'
exits 0 replay a.db:3 --trace
has "replay, traced, is the same" "$OUT" "the same trace"
exits 64 replay a.db:3 --until soon
sqlite3 a.db "UPDATE run SET trace_hash='0000000000000000' WHERE run_id=3"
exits 3 replay a.db:3
sqlite3 a.db "UPDATE run_attr SET value='squall 0.0.0' WHERE key='build' AND run_id=3"
exits 0 replay a.db:3
has "another build's trace is another, its verdict is not" "$OUT" "another build; the same verdict"
has "it warns" "$ERR" "recorded by squall 0\.0\.0"
echo "-- a comment" >>one.lua
exits 2 replay a.db:3
exits 0 replay a.db:4

exits 1 run one.lua two.lua --seed 1..3 --jobs 1 --fail-fast --out c.db
is "fail fast" "$(last_line)" "squall: 3 passed, 1 failed, 2 skipped"
is "skipped rows" "$(sqlite3 c.db "SELECT count(*) FROM run WHERE status='skipped'")" 2

exits 0 run one.lua
is "default name" "$(ls results | grep -c -- '-one.db$')" 1
is "last" "$(sqlite3 results/last 'SELECT status FROM run')" passed
exits 0 report
exits 0 report last
exits 0 run one.lua --out here/
is "folder" "$(ls here | grep -c -- '-one.db$')" 1
exits 0 run one.lua --json -
python3 -c 'import json,sys; json.loads(sys.argv[1])' "$OUT"; is "standard output is JSON alone" $? 0
has "people read standard error" "$ERR" "squall: 1 passed, 0 failed"
exits 0 run one.lua --detail summary --out d.db
is "summary" "$(sqlite3 d.db 'SELECT count(*) FROM request')" 0
SQUALL_SEED=9 exits 0 run one.lua --out e.db
is "environment" "$(sqlite3 e.db 'SELECT seed FROM run')" 9
SQUALL_SEED=9 exits 0 run one.lua --seed 4 --out f.db
is "the command line wins" "$(sqlite3 f.db 'SELECT seed FROM run')" 4

: >empty.db
exits 65 report empty.db
head -c 20000 a.db >cut.db
exits 65 report cut.db
head -c 50000 /dev/urandom >noise.db
exits 65 report noise.db
sqlite3 other.db 'CREATE TABLE t(x)'
exits 65 report other.db
has "said" "$ERR" "not a results file"
cp b.db newer.db; sqlite3 newer.db 'PRAGMA user_version=2'
exits 65 report newer.db
has "said" "$ERR" "schema 2"
for at in 100 4100 9000 17000 25000 40000 60000; do
    cp b.db hurt.db
    printf '\377\377\377\377\377\377\377\377' | dd of=hurt.db bs=1 seek=$at conv=notrunc status=none
    timeout 20 "$SQUALL" report hurt.db >.out 2>.err
    code=$?
    case $code in 0 | 65 | 66 | 74) ok ;; *) fail "damaged at $at: exit $code" ;; esac
done

finish

#!/bin/bash
# What a run says of itself: the fidelity ledger and its summary, fields that are ignored, --perturb, effects, explain.
. "$(dirname "$0")/lib.sh"

# web calls api, nothing else takes time: 1.1 ms, most of it the proxies' CPU
cat >edge.lua <<'LUA'
scenario("edge", { topology = topology { services = { web = { steps = { call "api" } }, api = {} } }, duration = "10s", profile = "istio-sidecar",
  thresholds = { ["request_duration{src:user}"] = "p(50) < " .. var("bound", "1s") } }, function(s)
  s:load { name = "user", to = "web", rate = 20 }
end)
LUA

# ---- the ledger ----
exits 0 ledger --json
python3 - "$OUT" <<'PY'; is "rows of the ledger" $? 0
import json, sys
rows = json.loads(sys.argv[1])
assert len(rows) > 60 and len({r["name"] for r in rows}) == len(rows)
for r in rows:
    assert r["class"] in ("exact", "modelled", "ignored") and r["doc"] and r["source"], r
    assert (r["error"] != "") == (r["class"] == "modelled"), r
PY
# Every word that a script or a profile may say stands in a row.
python3 - "$OUT" "$root" <<'PY'; is "every field has a row" $? 0
import glob, json, re, sys
rows = json.loads(sys.argv[1])
have = {w for r in rows for w in r["fields"].split()}
lost = {w for f in glob.glob(sys.argv[2] + "/sim/lua/*.c") for w in re.findall(r'\{"([A-Za-z_.0-9-]+)", SIM_FIELD_', open(f).read())} - have
if lost: sys.exit("no row of the ledger covers: " + " ".join(sorted(lost)))
PY
exits 0 ledger edge.lua
has "prices are modelled" "$OUT" '^  proxy.price +modelled +\(± 30%\)'
lacks "no loss, no loss model" "$OUT" '^  tcp.loss '
exits 0 ledger edge.lua --ascii
has "ascii" "$OUT" '\(\+-30%\)|\(\+- 30%\)'
exits 0 ledger proxy.price
has "a row's page" "$OUT" 'moved by run --perturb'
exits 64 ledger proxy.prise
has "nearest row" "$ERR" 'did you mean "proxy.price"'
exits 0 list fidelity
has "as a catalogue" "$OUT" '^  tcp.loss '
exits 0 list fidelity --json
python3 -c 'import json,sys; assert json.loads(sys.argv[1])' "$OUT"; is "catalogue as JSON" $? 0
exits 66 ledger ./nowhere.lua

# What was measured holds, and is of the rungs that rows name: each within the row's error bar where both are percentages.
if [ -s "$root/tests/fidelity/measured.tsv" ]; then
    exits 0 ledger --json
    python3 - "$OUT" "$root/tests/fidelity/measured.tsv" <<'PY'; is "rungs and rows" $? 0
import json, re, sys
rows = [r for r in json.loads(sys.argv[1]) if r["rung"]]
measured = [line.rstrip("\n").split("\t")[1:] for line in open(sys.argv[2])]
for name, n, error, bound, verdict in measured: assert verdict == "ok" or verdict.startswith("skipped"), name
for row in rows:
    of = [m for m in measured if m[0].startswith(row["rung"])]
    assert of, row["name"] + ": no rung " + row["rung"]
    for name, n, error, bound, verdict in of:
        share = re.match(r"[+-]?([0-9.]+)%", error)
        if row.get("error_share") and share and verdict == "ok": assert float(share.group(1)) / 100 <= row["error_share"], (row["name"], name, error)
PY
else
    echo "skipped: no rung has been kept in tests/fidelity/measured.tsv"
fi

# ---- the summary comes first ----
summary='^fidelity: [0-9]+ exact, [0-9]+ modelled \(largest error ± 30%: proxy.price; [0-9]+ without a figure\), 0 ignored; squall ledger edge.lua tells all$'
exits 0 run edge.lua -o a.db
has "run" "$ERR" "$summary"
lacks "not among the report" "$OUT" '^fidelity'
exits 0 run edge.lua -o a.db -q
lacks "quiet" "$OUT$ERR" '^fidelity'
exits 0 run edge.lua -o a.db --json -
python3 -c 'import json,sys; json.loads(sys.argv[1])' "$OUT"; is "JSON is JSON alone" $? 0
exits 0 run edge.lua -o a.db --tap
is "TAP is TAP alone" "$(head -1 <<<"$OUT")" "TAP version 13"
exits 0 check edge.lua
has "check says it first" "$(head -1 <<<"$OUT")" "$summary"
exits 0 check edge.lua -q
lacks "check, quiet" "$OUT" '^fidelity'
sed 's/^end)/  s:run(function()\n    fault.loss { from = "web", to = "api", percent = "1%" }:during "1s"\n  end)\nend)/' edge.lua >lossy.lua
exits 0 ledger lossy.lua
has "a fault of the method counts" "$OUT" '^  tcp.loss '
sed 's/fault.loss/-- fault.loss/' lossy.lua >none.lua
exits 0 ledger none.lua
lacks "in a comment it does not" "$OUT" '^  tcp.loss '

# ---- evidence that passed through what is ignored ----
cat >ignored.lua <<'LUA'
scenario("ignored", { topology = topology { services = { web = { policy = { mtls = "permissive" } } } }, duration = "5s",
  thresholds = { ["handshakes"] = "count < 1000", ["request_failed{src:user}"] = "rate < 1%" } }, function(s)
  s:load { name = "user", to = "web", rate = 20 }
end)
LUA
exits 2 run ignored.lua -p envoy -o i.db
is "only what rests on it" "$(sqlite3 i.db 'SELECT name, status FROM verdict ORDER BY seq' | tr '\n' ' ')" \
    "handshakes count < 1000|inconclusive request_failed{src:user} rate < 1%|pass "
has "it is named" "$OUT" 'rests on policy.mtls, which is ignored'
has "beforehand, too" "$ERR" '1 ignored \(policy.mtls\)'
exits 0 run ignored.lua -p istio-sidecar -o i.db

# ---- constants within their error ----
median=$(sqlite3 a.db "SELECT observed FROM verdict WHERE kind='threshold' LIMIT 1") # in ms
edge=$(awk "BEGIN { print $median * 1.05 }") wide=$(awk "BEGIN { print $median * 10 }") tight=$(awk "BEGIN { print $median / 10 }")
exits 0 run edge.lua -D "bound=${edge}ms" -o p.db
exits 2 run edge.lua -D "bound=${edge}ms" -o p.db --perturb
has "the constant is named, with its value, its error and what flips" "$OUT" 'rests on proxy.price \(request 105us, ± 30%\), \+30%: fail instead of pass'
is "machine line" "$(last_line)" "squall: 0 passed, 1 failed"
is "status" "$(sqlite3 p.db 'SELECT status FROM run WHERE run_id=2')" inconclusive
is "recorded" "$(sqlite3 p.db "SELECT count(*), sum(flipped IS NOT NULL) > 0, group_concat(DISTINCT moved_permille) FROM perturbation WHERE run_id=2 AND constant='proxy.price'")" "2|1|-300,300"
# Independently: prices that are a third higher by the profile itself break the bound, too.
cat >dear.lua <<'LUA'
local dear = { name = "dear", base = "istio-sidecar", price = {} }
for name, us in pairs { request = 105, response = 65, connection = 30, body_kib = 5, tls_kib = 10 } do dear.price[name] = string.format("%dns", us * 1300) end
scenario("dear", { topology = topology { services = { web = { steps = { call "api" } }, api = {} } }, duration = "10s", profile = profile(dear),
  thresholds = { ["request_duration{src:user}"] = "p(50) < " .. var("bound", "1s") } }, function(s)
  s:load { name = "user", to = "web", rate = 20 }
end)
LUA
exits 1 run dear.lua -D "bound=${edge}ms" -o dear.db
exits 0 replay dear.db
exits 0 explain dear.db
has "a profile of the script's own" "$OUT" '^run 1  dear  \(dear seed 1\)  failed'
exits 65 run dear.lua -p deer
has "which none has" "$ERR" "profile 'deer' is not known"
exits 0 replay p.db:2
has "what was recorded is the run as it is written" "$OUT" "the same trace"
exits 0 run edge.lua -D "bound=${wide}ms" -o p.db --perturb
is "what holds anyhow holds" "$(last_line)" "squall: 1 passed, 0 failed"
exits 1 run edge.lua -D "bound=${tight}ms" -o p.db --perturb
is "what fails anyhow fails" "$(last_line)" "squall: 0 passed, 1 failed"
exits 0 run edge.lua -o q.db --perturb=2 --seed 1..3
is "at most so many more" "$(sqlite3 q.db 'SELECT run_id, count(*) FROM perturbation GROUP BY 1' | tr '\n' ' ')" "1|2 2|2 3|2 "
exits 64 run edge.lua --perturb=many
exits 64 run edge.lua --perturb --tui
cp a.db old.db; sqlite3 old.db 'DROP TABLE perturbation'
exits 0 run edge.lua -o old.db --perturb=1
is "a results file of before" "$(sqlite3 old.db 'SELECT count(*) FROM perturbation')" 1

# ---- the effect of a fault ----
cat >effect.lua <<'LUA'
scenario("effect", { topology = topology { services = { web = { steps = { call "api" } }, api = {}, idle = {} } }, duration = "20s",
  profile = "istio-sidecar" }, function(s)
  s:load { name = "user", to = "web", rate = 50 }
  s:run(function()
    sleep "2s"
    local slow = fault.delay { from = "web", to = "api", latency = "100ms" }
    local none = fault.delay { from = "web", to = "idle", latency = "100ms" }
    sleep "10s"
    slow:clear() none:clear()
    local harm = slow:effect "request_duration{src:user} p(50)"
    check("as late as the way there", harm > "95ms" and harm < "110ms")
    check("less got through", slow:effect "requests{src:user} count" <= 0)
    local nothing, failed = none:effect "request_duration{src:user} p(50)", slow:effect "request_failed{src:user} rate"
    check("a fault without effect has none", nothing >= "0s" and nothing <= "0s")
    check("nothing failed for it", failed >= "0%" and failed <= "0%")
  end)
end)
LUA
exits 0 run effect.lua -o effect.db --allow-vacuous

# ---- explain ----
canary=$root/scripts/scenarios/bookinfo-canary.lua
exits 0 run "$canary" -o c.db -q
exits 0 explain c.db
for part in '^WHAT FAILED$' '^THE FIRST REQUEST THAT FAILED$' '^BUT FOR, on the same luck' '^SO$'; do has "a part" "$OUT" "$part"; done
has "the run that failed is meant" "$OUT" '^run 1  naive policy'
has "hops" "$OUT" 'productpage-v1-[01] sidecar, outbound'
has "listener, routes, cluster, endpoint" "$OUT" 'listener virtualOutbound, routes 9080, cluster outbound\|9080\|v2\|reviews\.default\.svc\.cluster\.local, endpoint reviews-v2-[01]'
has "what was on meanwhile" "$OUT" 'meanwhile: partition @b <-> @a'
has "the cause" "$OUT" 'C passes without partition @b <-> @a'
exits 0 explain c.db --json
python3 - "$OUT" >cause 2>&1 <<'PY'; is "as JSON" "$?$(cat cause)" 0
import json, sys
e = json.loads(sys.argv[1])
ids = {f["name"]: f["id"] for f in e["failed"]}
late = ids["request_duration{src:user} p(95) < 1s"]
was, without = e["but_for"][0], next(r for r in e["but_for"] if r["without_fault"] == 1)
assert was["what"] == "as it was" and all(v == "fail" for v in was["verdicts"].values()), was
assert without["verdicts"][late] == "pass" and without["what"] == "without partition @b <-> @a", without
assert e["request"]["took_ns"] > 10 * without["request"]["took_ns"], (e["request"], without["request"])
assert len(e["but_for"]) <= 13
hops = e["hops"]
assert hops[0]["kind"] == "call" and hops[0]["where"] == "user" and hops[0]["depth"] == 0
for above, below in zip(hops, hops[1:]): # each lies within the one that it is below of, or beside it
    assert below["depth"] <= above["depth"] + 1, (above, below)
    if below["depth"] == above["depth"] + 1: assert above["began_ns"] <= below["began_ns"] <= above["ended_ns"], (above, below)
assert [h["kind"] for h in hops[:4]] == ["call", "sidecar", "server", "call"]
PY
# The same by hand: a script without the partition.
sed 's/fault\.partition {[^}]*}:during("2m", function(cut)/;(function(_, f) f() end)("2m", function(cut)/; /check("the cut was felt"/d' "$canary" >nocut.lua
exits 0 run nocut.lua --filter naive -o n.db
is "without the partition in the script" "$(sqlite3 n.db "SELECT name, status FROM verdict WHERE name LIKE 'request_duration%' OR name LIKE 'the canary is%' OR name LIKE 'v2 gets%' ORDER BY name" | tr '\n' ' ')" \
    "request_duration{src:user} p(95) < 1s|pass the canary is rolled back within 45 s|fail v2 gets nothing any more|fail "
exits 0 explain "$canary" --filter careful
has "nothing failed" "$(grep -A1 '^WHAT FAILED' <<<"$OUT" | tail -1)" '^  nothing$'
exits 64 explain "$canary"
has "one run" "$ERR" 'choose with --filter'
exits 64 explain c.db --seed 3
exits 66 explain nowhere.db
exits 2 explain "$canary" --filter nowhere
exits 0 explain c.db --run 2
has "that run" "$OUT" '^run 2  careful policy'
cat >silent.lua <<'LUA'
scenario("silent", { topology = topologies.chain { "web", "api" }, duration = "5s", profile = "none" }, function(s)
  s:load { name = "user", to = "web", rate = 10 }
  s:run(function() check("never", 1 > 2) end)
end)
LUA
exits 0 explain silent.lua
has "no request failed" "$OUT" 'none did, and none was slow'
has "no cause" "$OUT" 'A fails in each of them'

finish

#!/bin/bash
# What is wrong with a configuration, and how the process says so; reloading.
. "$(dirname "$0")/lib.sh"
needs curl || finish
PORT=$(free_port)
start_origin
good() {
    bootstrap "
              - {match: {prefix: /}, direct_response: {status: 200, body: {inline_string: \"$1\"}}}" \
        "$(cluster origin "$ORIGIN")"
}

try() { # ARGUMENT…: sets STATUS and SAID
    SAID=$(timeout 10 "$SQUALL" proxy "$@" 2>&1)
    STATUS=$?
}

good one | sed 's/stat_prefix:/stat_perfix:/' >"$work/typo.yaml"
line=$(grep -n stat_perfix "$work/typo.yaml" | cut -d: -f1)
try --config "$work/typo.yaml"
is "an unknown field" "$STATUS" 65
has "names its place and the right name" "$SAID" "^.*typo.yaml:$line:11: .*stat_perfix: unknown field; did you mean stat_prefix"

printf 'static_resources: {listeners: [\n' >"$work/broken.yaml"
try --config "$work/broken.yaml"
is "broken YAML" "$STATUS" 65
has "names its line" "$SAID" 'broken.yaml:[0-9]+:[0-9]+: '

echo '{"static_resources": {"listeners": 7}}' >"$work/wrong.json"
try --config "$work/wrong.json"
is "wrong JSON" "$STATUS" 65
has "names its place" "$SAID" 'wrong.json:1:[0-9]+: static_resources.listeners'

: >"$work/empty.yaml"
try --config "$work/empty.yaml"
is "nothing to do" "$STATUS" 65
has "says so" "$SAID" 'no listener'

try --config "$work/missing.yaml"
is "a missing file" "$STATUS" 66
try
is "no --config" "$STATUS" 64
try --config "$work/typo.yaml" --workers many
is "a number that is none" "$STATUS" 64
try --config "$work/typo.yaml" --drain-time soon
is "a duration that is none" "$STATUS" 64

# a port that is taken
python3 -c '
import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(); print("up", flush=True); time.sleep(30)' \
    "$PORT" >"$work/taken" &
pids+=($!)
taken=$!
wait_port "$PORT"
good one >"$work/envoy.yaml"
try --config "$work/envoy.yaml"
is "a port that is taken" "$STATUS" 74
has "names the address" "$SAID" "127.0.0.1:$PORT"
kill $taken
wait $taken 2>/dev/null

# reload
body() { curl -s --max-time 5 "http://127.0.0.1:$PORT/"; }
until_body() { # WANTED: at most 5 s
    for _ in $(seq 100); do
        [ "$(body)" = "$1" ] && break
        read -rt 0.05 <> <(:) || :
    done
}
start_proxy "$work/envoy.yaml" --workers 2
is "before" "$(body)" one
good two >"$work/envoy.yaml"
kill -HUP "$PROXY"
until_body two
for i in $(seq 10); do is "after a reload ($i)" "$(body)" two; done
sed -i 's/stat_prefix:/stat_perfix:/' "$work/envoy.yaml"
kill -HUP "$PROXY"
for _ in $(seq 100); do
    grep -q stat_perfix "$work/err" && break
    read -rt 0.05 <> <(:) || :
done
has "a bad file is told" "$(cat "$work/err")" 'envoy.yaml:[0-9]+:11: .*stat_perfix'
is "and changes nothing" "$(body)" two
stop_proxy
is "it stops" "$STATUS" 0
finish

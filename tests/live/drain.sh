#!/bin/bash
# SIGTERM: what is under way is finished, nothing new is taken, the process ends in time.
. "$(dirname "$0")/lib.sh"
needs curl || finish
PORT=$(free_port)
start_origin
bootstrap "
              - {match: {prefix: /}, route: {cluster: origin, timeout: 0s}}" "$(cluster origin "$ORIGIN")" \
    >"$work/envoy.yaml"
now_ms() { date +%s%3N; }

start_proxy "$work/envoy.yaml" --drain-time 5s
clients=()
for i in $(seq 20); do
    curl -s --max-time 10 -o "$work/body$i" -w '%{http_code}' "http://127.0.0.1:$PORT/slow/1000" >"$work/code$i" &
    clients+=($!)
done
# all twenty are with the origin before the signal comes
for _ in $(seq 50); do
    [ "$(ss -Htn state established "dport = :$ORIGIN" 2>/dev/null | wc -l)" -ge 20 ] && break
    read -rt 0.05 <> <(:) || :
done
begun=$(now_ms)
kill -TERM "$PROXY"
for _ in $(seq 20); do
    curl -s --max-time 1 -o /dev/null "http://127.0.0.1:$PORT/" || { refused=yes; break; }
    read -rt 0.02 <> <(:) || :
done
is "new connections are refused" "${refused:-no}" yes
wait "$PROXY"
is "it exits with 0" $? 0
is "within the drain time" "$([ $(($(now_ms) - begun)) -lt 5000 ] && echo yes)" yes
wait "${clients[@]}"
for i in $(seq 20); do is "exchange $i was finished" "$(cat "$work/code$i")" 200; done

# one that takes longer than the drain time is cut
start_proxy "$work/envoy.yaml" --drain-time 1s
curl -s --max-time 10 -o /dev/null "http://127.0.0.1:$PORT/slow/8000" &
client=$!
read -rt 0.5 <> <(:) || :
begun=$(now_ms)
stop_proxy
took=$(($(now_ms) - begun))
is "the drain time is kept" "$([ $took -ge 900 ] && [ $took -lt 3000 ] && echo yes)" yes
wait $client
has "the exchange was cut" $? '^(52|56)$'

# nothing under way: at once, idle connections or not
start_proxy "$work/envoy.yaml" --drain-time 30s
exec 3<>"/dev/tcp/127.0.0.1/$PORT"
printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' >&3
read -r line <&3
has "an answer" "$line" '200'
begun=$(now_ms)
stop_proxy
is "an idle connection does not hold it up" "$([ $(($(now_ms) - begun)) -lt 3000 ] && echo yes)" yes
exec 3>&-

# under load, two workers
if needs wrk; then
    start_proxy "$work/envoy.yaml" --workers 2 --drain-time 5s
    timeout 20 wrk -t1 -c20 -d2s "http://127.0.0.1:$PORT/" >"$work/wrk" 2>&1 &
    load=$!
    read -rt 1 <> <(:) || :
    stop_proxy
    is "under load" "$STATUS" 0
    wait $load
    lacks "no answer was wrong" "$(cat "$work/wrk")" 'Non-2xx'
fi
finish

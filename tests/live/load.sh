#!/bin/bash
# Load generators that others wrote see no error.
. "$(dirname "$0")/lib.sh"
PORT=$(free_port)
start_origin
bootstrap "
              - {match: {prefix: /}, route: {cluster: origin}}" "$(cluster origin "$ORIGIN")" >"$work/envoy.yaml"

ask() { # NAME: with the proxy as it runs
    if needs wrk; then
        said=$(timeout 20 wrk -t2 -c50 -d2s "http://127.0.0.1:$PORT/")
        lacks "$1 wrk" "$said" 'Non-2xx|Socket errors'
        has "$1 wrk" "$said" '[1-9][0-9]* requests in'
    fi
    if needs hey; then
        said=$(timeout 20 hey -n 5000 -c 20 "http://127.0.0.1:$PORT/" 2>&1)
        has "$1 hey" "$said" '\[200\][[:space:]]+5000 responses'
        lacks "$1 hey" "$said" 'Error distribution'
        said=$(timeout 20 hey -n 1000 -c 20 -disable-keepalive "http://127.0.0.1:$PORT/" 2>&1)
        has "$1 hey, a connection each" "$said" '\[200\][[:space:]]+1000 responses'
    fi
    if needs h2load; then
        said=$(timeout 20 h2load --h1 -n 5000 -c 20 "http://127.0.0.1:$PORT/bytes/20000" 2>&1)
        has "$1 h2load" "$said" '5000 succeeded, 0 failed, 0 errored, 0 timeout'
        said=$(timeout 20 h2load --h1 -n 2000 -c 10 -d "$here/lib.sh" "http://127.0.0.1:$PORT/echo" 2>&1)
        has "$1 h2load, with a body" "$said" '2000 succeeded, 0 failed, 0 errored, 0 timeout'
    fi
}

start_proxy "$work/envoy.yaml"
ask "one worker:"
stop_proxy
is "it stops" "$STATUS" 0
start_proxy "$work/envoy.yaml" --workers 2
ask "two workers:"
stop_proxy
is "it stops" "$STATUS" 0
finish

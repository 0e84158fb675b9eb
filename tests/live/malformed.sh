#!/bin/bash
# What is not HTTP is answered as RFC 9110 and 9112 say, and the connection closed; written to a socket
# as it stands here, byte for byte.
. "$(dirname "$0")/lib.sh"
PORT=$(free_port)
start_origin
bootstrap "
              - {match: {prefix: /}, route: {cluster: origin}}" "$(cluster origin "$ORIGIN")" >"$work/envoy.yaml"
start_proxy "$work/envoy.yaml"
python3 - "$PORT" "$here/malformed.py" >"$work/said" <<'X'
import runpy, sys
sys.argv = [sys.argv[2], sys.argv[1]]
runpy.run_path(sys.argv[0], run_name="__main__")
X
grep FAIL "$work/said"
read -r good bad < <(tail -1 "$work/said")
passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
is "it still works" "$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:$PORT/)" 200
stop_proxy
is "it stops" "$STATUS" 0
finish

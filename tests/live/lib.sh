# What the live tests share; to be sourced. A test starts the origin and the proxy on free ports of
# 127.0.0.1, asks real clients, and ends with "N passed, N failed".
#
#     SQUALL       the binary under test      LIVE_ORIGIN  the origin (tests/live/origin.c)
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
newest() { ls -t "$root"/build/*/bin/"$1" 2>/dev/null | head -1; }
SQUALL=${SQUALL:-$(newest squall)}
LIVE_ORIGIN=${LIVE_ORIGIN:-$(newest live-origin)}
if [ ! -x "$SQUALL" ] || [ ! -x "$LIVE_ORIGIN" ]; then
    echo "skipped: squall or live-origin is not built"
    echo "0 passed, 0 failed"
    exit 0
fi

work=$(mktemp -d)
pids=()
passed=0
failed=0
clean_up() {
    for pid in "${pids[@]}"; do { kill -KILL "$pid" && wait "$pid"; } 2>/dev/null; done
    rm -rf "$work"
}
trap clean_up EXIT

finish() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
    exit
}

fail() {
    failed=$((failed + 1))
    echo "FAIL $*"
}

# is NAME GOT WANTED
is() {
    if [ "$2" = "$3" ]; then passed=$((passed + 1)); else fail "$1: got '${2:0:300}', wanted '${3:0:300}'"; fi
}

# has NAME TEXT PATTERN: an extended regular expression, anywhere in a line
has() {
    if grep -Eq -- "$3" <<<"$2"; then passed=$((passed + 1)); else fail "$1: '${2:0:600}' lacks '$3'"; fi
}

# lacks NAME TEXT PATTERN
lacks() {
    if grep -Eq -- "$3" <<<"$2"; then fail "$1: '${2:0:600}' has '$3'"; else passed=$((passed + 1)); fi
}

# needs TOOL…: true if all are there; else says that what follows is skipped
needs() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null && continue
        echo "skipped: no $tool"
        return 1
    done
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

wait_port() { # PORT: until somebody listens there, at most 10 s
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        read -rt 0.1 <> <(:) || :
    done
    echo "nobody listens at port $1"
    return 1
}

start_origin() { # sets ORIGIN
    ORIGIN=$(free_port)
    "$LIVE_ORIGIN" "$ORIGIN" >/dev/null &
    pids+=($!)
    wait_port "$ORIGIN"
}

# start_proxy FILE [OPTION…]: sets PROXY; PORT must be where FILE listens
start_proxy() {
    local file=$1
    shift
    "$SQUALL" proxy --config "$file" "$@" >"$work/out" 2>"$work/err" &
    PROXY=$!
    pids+=("$PROXY")
    wait_port "$PORT" || cat "$work/err"
}

# stop_proxy: SIGTERM; sets STATUS
stop_proxy() {
    kill -TERM "$PROXY"
    wait "$PROXY"
    STATUS=$?
}

# bootstrap ROUTES CLUSTERS [ADMIN_PORT]: writes a bootstrap file for PORT on standard output. ROUTES are
# items of a list, indented by 14; CLUSTERS by 2.
bootstrap() {
    cat <<X
static_resources:
  listeners:
  - name: in
    address: {socket_address: {address: 127.0.0.1, port_value: $PORT}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: ingress
          route_config:
            name: routes
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
$1
          http_filters:
          - name: envoy.filters.http.fault
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault}
          - name: envoy.filters.http.router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
  clusters:
$2
X
    if [ $# -gt 2 ]; then
        echo "admin: {address: {socket_address: {address: 127.0.0.1, port_value: $3}}}"
    fi
}

# cluster NAME PORT [FIELDS]: one cluster with one endpoint on 127.0.0.1
cluster() {
    cat <<X
  - name: $1
    connect_timeout: 1s
    load_assignment:
      cluster_name: $1
      endpoints:
      - lb_endpoints:
        - endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: $2}}}
${3:-}
X
}

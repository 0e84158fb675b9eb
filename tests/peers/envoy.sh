#!/bin/bash
# Real Envoy judges: the same bootstrap is given to it and to squall, both are asked the same, and what the
# client and what the origin see of it is compared; so are counters and back-off times. What is known to
# differ, and why, stands in envoy.py.
# shellcheck source=tests/live/lib.sh
. "$(dirname "$0")/../live/lib.sh"
ENVOY=${ENVOY:-$(command -v "$root/.peers/bin/envoy" || command -v envoy)}
if [ -z "$ENVOY" ]; then
    echo "skipped: no Envoy (make peers)"
    finish
fi

start_origin
NOBODY=$(free_port)
routes="
              - {match: {path: /hello}, direct_response: {status: 200, body: {inline_string: \"hello\\n\"}}}
              - {match: {path: /empty}, direct_response: {status: 204}}
              - {match: {path: /old}, redirect: {path_redirect: /new}}
              - {match: {path: /see-other}, redirect: {host_redirect: b, response_code: SEE_OTHER}}
              - {match: {prefix: /nobody}, route: {cluster: nobody}}
              - {match: {prefix: /again-nobody}, route: {cluster: nobody, retry_policy: {retry_on: connect-failure, num_retries: 1}}}
              - {match: {prefix: /none}, route: {cluster: none}}
              - {match: {prefix: /full}, route: {cluster: full}}
              - {match: {prefix: /slow}, route: {cluster: origin, timeout: 0.3s}}
              - {match: {prefix: /try-slow}, route: {cluster: tries, timeout: 5s, prefix_rewrite: /slow/3000,
                 retry_policy: {retry_on: reset, num_retries: 1, per_try_timeout: 0.2s}}}
              - {match: {prefix: /again}, route: {cluster: again, prefix_rewrite: /status/503,
                 retry_policy: {retry_on: 5xx, num_retries: 2, retry_back_off: {base_interval: 0.001s}}}}
              - {match: {prefix: /wait}, route: {cluster: wait, prefix_rewrite: /status/503,
                 retry_policy: {retry_on: 5xx, num_retries: 2, retry_back_off: {base_interval: 0.1s, max_interval: 10s}}}}
              - {match: {prefix: /rewritten/}, route: {cluster: origin, prefix_rewrite: /, host_rewrite_literal: inner}}
              - {match: {path: /exact}, route: {cluster: origin, prefix_rewrite: /head}}
              - {match: {prefix: /faulty}, route: {cluster: origin}, typed_per_filter_config: {envoy.filters.http.fault:
                 {\"@type\": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault,
                  abort: {http_status: 418, percentage: {numerator: 100}}}}}
              - {match: {path: /, headers: [{name: x-canary, string_match: {exact: \"yes\"}}]}, direct_response: {status: 203}}
              - match: {safe_regex: {regex: '/(|bytes|chunked|until-close|status|head|echo|count|early|abort|half)(/.*)?'}}
                route: {cluster: origin}
                request_headers_to_add: [{header: {key: x-added, value: here}}]
                request_headers_to_remove: [x-secret]
                response_headers_to_add: [{header: {key: x-seen, value: \"100%%\"}}]"
clusters="$(cluster origin "$ORIGIN")
$(cluster tries "$ORIGIN")
$(cluster again "$ORIGIN")
$(cluster wait "$ORIGIN" "    circuit_breakers: {thresholds: [{max_retries: 1000}]}")
$(cluster nobody "$NOBODY")
$(cluster full "$ORIGIN" "    circuit_breakers: {thresholds: [{max_requests: 0, max_pending_requests: 0}]}")
  - name: none
    connect_timeout: 1s
    load_assignment: {cluster_name: none, endpoints: []}"

OURS_ADMIN=$(free_port) PORT=$(free_port) OURS=$PORT
bootstrap "$routes" "$clusters" "$OURS_ADMIN" >"$work/squall.yaml"
start_proxy "$work/squall.yaml"

THEIRS_ADMIN=$(free_port) PORT=$(free_port) THEIRS=$PORT
bootstrap "$routes" "$clusters" "$THEIRS_ADMIN" >"$work/envoy.yaml"
"$ENVOY" -c "$work/envoy.yaml" --use-dynamic-base-id --concurrency 1 -l error >"$work/envoy.log" 2>&1 &
pids+=($!)
if ! wait_port "$THEIRS"; then
    cat "$work/envoy.log"
    echo "skipped: Envoy does not run here"
    finish
fi

python3 "$(dirname "$0")/envoy.py" "$OURS" "$THEIRS" "$OURS_ADMIN" "$THEIRS_ADMIN" >"$work/said" 2>&1
grep -v '^[0-9]* [0-9]*$' "$work/said"
read -r good bad < <(tail -1 "$work/said")
passed=$((passed + ${good:-0})) failed=$((failed + ${bad:-1}))
stop_proxy
is "it stops" "$STATUS" 0
finish

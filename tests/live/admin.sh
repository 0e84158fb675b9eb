#!/bin/bash
# The admin port: ready, statistics that Prometheus reads, the configuration as JSON.
. "$(dirname "$0")/lib.sh"
needs curl python3 || finish
PORT=$(free_port)
ADMIN=$(free_port)
start_origin
bootstrap "
              - {match: {prefix: /}, route: {cluster: origin}}" "$(cluster origin "$ORIGIN")" "$ADMIN" \
    >"$work/envoy.yaml"
start_proxy "$work/envoy.yaml"
admin=http://127.0.0.1:$ADMIN
for _ in 1 2 3; do curl -s --max-time 5 -o /dev/null "http://127.0.0.1:$PORT/"; done
curl -s --max-time 5 -o /dev/null "http://127.0.0.1:$PORT/status/503"

is "ready" "$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' $admin/ready)" 200
is "an unknown page" "$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' $admin/nothing)" 404
stats=$(curl -s --max-time 5 $admin/stats/prometheus)
has "requests of the cluster are counted" "$stats" \
    '^envoy_cluster_upstream_rq_total\{.*envoy_cluster_name="origin".*\} 4$'
has "and by class" "$stats" 'envoy_cluster_upstream_rq_xx\{.*envoy_response_code_class="5".*\} 1$'
has "downstream requests are counted" "$stats" \
    '^envoy_http_downstream_rq_total\{.*envoy_http_conn_manager_prefix="ingress".*\} 4$'
has "the content type is Prometheus'" "$(curl -si --max-time 5 $admin/stats/prometheus | head -20)" \
    '^content-type: text/plain'
if needs promtool; then
    promtool check metrics <<<"$stats" >"$work/promtool" 2>&1
    lacks "promtool finds no error" "$(cat "$work/promtool")" 'error while|parse'
fi
curl -s --max-time 5 $admin/config_dump >"$work/dump"
is "config_dump is JSON" "$(python3 -c 'import json, sys; print(type(json.load(open(sys.argv[1]))).__name__)' "$work/dump")" dict
has "config_dump has the cluster" "$(cat "$work/dump")" '"origin"'
has "config_dump has the listener" "$(cat "$work/dump")" '"in"'
is "the admin port is not on the data port" "$(curl -s --max-time 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:$PORT/config_dump)" 200
stop_proxy
is "it stops" "$STATUS" 0
finish

#!/bin/bash
# HTTP/1.1 through the proxy, asked by curl.
. "$(dirname "$0")/lib.sh"
needs curl || finish

PORT=$(free_port)
start_origin
NOBODY=$(free_port)
bootstrap "
              - {match: {path: /hello}, direct_response: {status: 200, body: {inline_string: \"hello\\n\"}}}
              - {match: {path: /old}, redirect: {path_redirect: /new}}
              - {match: {prefix: /nobody}, route: {cluster: nobody}}
              - {match: {prefix: /slow}, route: {cluster: origin, timeout: 0.3s}}
              - {match: {prefix: /again}, route: {cluster: origin, prefix_rewrite: /status/503,
                 retry_policy: {retry_on: 5xx, num_retries: 2, retry_back_off: {base_interval: 0.001s}}}}
              - {match: {prefix: /rewritten/}, route: {cluster: origin, prefix_rewrite: /, host_rewrite_literal: inner}}
              - {match: {prefix: /faulty}, route: {cluster: origin}, typed_per_filter_config: {envoy.filters.http.fault:
                 {\"@type\": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault,
                  abort: {http_status: 418, percentage: {numerator: 100}}}}}
              - {match: {prefix: /late}, route: {cluster: origin, prefix_rewrite: /}, typed_per_filter_config:
                 {envoy.filters.http.fault: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault,
                  delay: {fixed_delay: 0.2s, percentage: {numerator: 100}}}}}
              - {match: {path: /, headers: [{name: x-canary, string_match: {exact: \"yes\"}}]},
                 direct_response: {status: 203}}
              - match: {safe_regex: {regex: '/(|bytes|chunked|until-close|status|head|echo|count|early|abort|half)(/.*)?'}}
                route: {cluster: origin}
                request_headers_to_add: [{header: {key: x-added, value: here}}]
                request_headers_to_remove: [x-secret]
                response_headers_to_add: [{header: {key: x-seen, value: \"100%%\"}}]" \
    "$(cluster origin "$ORIGIN")
$(cluster nobody "$NOBODY")" >"$work/envoy.yaml"
start_proxy "$work/envoy.yaml"
url=http://127.0.0.1:$PORT
get() { curl -s --max-time 20 "$@"; }
status() { curl -s --max-time 20 -o /dev/null -w '%{http_code}' "$@"; }

# plain
ten=0123456789
is "GET" "$(get $url/)" "$ten$ten$ten$ten$ten$ten$ten$ten$ten$ten"
is "direct response" "$(get $url/hello)" hello
is "no route" "$(status $url/nowhere)" 404
has "redirect" "$(get -i $url/old)" "^location: http://127.0.0.1:$PORT/new"
is "header match" "$(status -H 'x-canary: yes' $url/)" 203
is "header mismatch" "$(status -H 'x-canary: no' $url/)" 200
for code in 201 204 304 400 404 500 503; do is "status $code" "$(status $url/status/$code)" $code; done
head=$(get -I $url/bytes/1234)
has "HEAD has the length" "$head" '^content-length: 1234'
is "HEAD has no body, and the connection goes on" \
    "$(curl -s --max-time 10 -o /dev/null -w '%{num_connects} ' -I $url/bytes/9 --next -s -o /dev/null -w '%{num_connects}' $url/)" "1 0"
is "204 has no body, and the connection goes on" \
    "$(curl -s --max-time 10 -o /dev/null -o /dev/null -w '%{num_connects} ' $url/status/204 $url/)" "1 0 "
is "304 has no body, and the connection goes on" \
    "$(curl -s --max-time 10 -o /dev/null -o /dev/null -w '%{num_connects} ' $url/status/304 $url/)" "1 0 "
is "keep-alive" \
    "$(curl -s --max-time 10 -o /dev/null -o /dev/null -o /dev/null -w '%{num_connects} ' $url/ $url/ $url/)" "1 0 0 "
is "HTTP/1.0" "$(status -0 $url/)" 200
is "HTTP/1.0 gets no chunks" "$(get -0 $url/chunked/5000 | wc -c)" 5000

# what the upstream sees
seen=$(get -H 'Connection: x-hop' -H 'X-Hop: 1' -H 'X-Secret: 2' -H 'X-Keep: 3' -H 'Keep-Alive: 5' $url/head)
has "headers pass" "$seen" '^x-keep: 3'
has "headers are added" "$seen" '^x-added: here'
lacks "headers are removed" "$seen" '^x-secret'
lacks "hop-by-hop headers stay behind" "$seen" '^(x-hop|keep-alive|connection):'
has "a request ID is given" "$seen" '^x-request-id: [0-9a-f-]{36}'
has "the version is 1.1" "$(head -1 <<<"$seen")" '^GET /head HTTP/1.1$'
rewritten=$(get $url/rewritten/head?q=1)
has "prefix rewrite" "$rewritten" '^GET /head\?q=1 HTTP'
has "host rewrite" "$rewritten" '^host: inner'
answer=$(get -i $url/)
has "response header is added, %% is %" "$answer" '^x-seen: 100%'
has "the server is named" "$answer" '^server: envoy'

# bodies
sum() { md5sum | cut -c1-32; }
head -c 20000000 /dev/urandom >"$work/big"
big=$(sum <"$work/big")
is "20 MB down, with a length" "$(get $url/bytes/20000000 | wc -c)" 20000000
is "20 MB down, in chunks" "$(get $url/chunked/20000000 | sum)" "$(get http://127.0.0.1:$ORIGIN/chunked/20000000 | sum)"
is "20 MB up and down, with a length" "$(get -H 'Expect:' --data-binary @"$work/big" $url/echo | sum)" "$big"
is "20 MB up and down, in chunks" \
    "$(get -H 'Expect:' -H 'Transfer-Encoding: chunked' --data-binary @"$work/big" $url/echo | sum)" "$big"
is "20 MB up, slow reader down" \
    "$(get --limit-rate 15M -H 'Expect:' --data-binary @"$work/big" $url/echo | sum)" "$big"
is "a body that ends with the connection" "$(get $url/until-close/70000 | wc -c)" 70000
is "an empty body" "$(get $url/bytes/0 | wc -c)" 0
is "POST with nothing" "$(get -X POST $url/count)" "0 0"
has "trailers" "$(get --raw $url/chunked/30000 | tail -c 40 | tr -d '\r')" '^[Xx]-[Ss]um: [0-9]+'
has "100-continue is passed on" \
    "$(curl -sv --max-time 10 -H 'Expect: 100-continue' -d hello $url/count 2>&1)" '^< HTTP/1.1 100'
is "100-continue and body" "$(get -H 'Expect: 100-continue' -d hello $url/count)" "5 532"
is "an early answer reaches the client" "$(status -H 'Expect:' --data-binary @"$work/big" $url/early)" 413

# failures
is "nobody listens upstream" "$(status $url/nobody)" 503
is "upstream closes without an answer" "$(status $url/abort)" 503
curl -s --max-time 10 -o /dev/null $url/half
has "upstream breaks off the body" $? '^(18|56)$'
is "route timeout" "$(status $url/slow/3000)" 504
is "retries are given up" "$(status $url/again)" 503
is "fault: abort" "$(status $url/faulty)" 418
late=$(curl -s --max-time 10 -o /dev/null -w '%{time_total}' $url/late)
is "fault: delay" "$(python3 -c "print(0.19 < $late < 2)")" True
is "it still works" "$(status $url/)" 200
stop_proxy
is "it stops" "$STATUS" 0
finish

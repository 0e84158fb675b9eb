"""Asks squall and Envoy the same and compares. Prints failures, then "passed failed"."""
import collections
import concurrent.futures
import os
import re
import socket
import statistics
import sys
import time

OURS, THEIRS, OURS_ADMIN, THEIRS_ADMIN = map(int, sys.argv[1:5])

# Fields whose values are a matter of luck or of the clock, and fields that only one of the two has: squall
# always traces, and shows where the request went on in `traceparent`.
VARIABLE = {"date", "x-request-id", "x-envoy-upstream-service-time"}
OURS_ONLY = {"traceparent"}


def request(path, *fields, method="GET", body="", version="1.1"):
    head = ["%s %s HTTP/%s" % (method, path, version), "Host: a"] + list(fields)
    return "\r\n".join(head) + "\r\n\r\n" + body


# Everything must agree: status line, fields in any order, body, and the head that the origin saw.
SAME = [
    ("no route: 404, no body (NR)", request("/nowhere")),
    ("direct response", request("/hello")),
    ("direct response without a body", request("/empty")),
    ("redirect keeps the query", request("/old?q=1")),
    ("redirect to another host", request("/see-other")),
    ("header match", request("/", "X-Canary: yes")),
    ("nobody listens: 503 (UF)", request("/nobody")),
    ("nobody listens, retried (URX)", request("/again-nobody")),
    ("no endpoint: 503 (UH)", request("/none")),
    ("breaker open: 503 and x-envoy-overloaded (UO)", request("/full")),
    ("route timeout: 504 (UT)", request("/slow/3000")),
    ("per-try timeout, retried: 504 (UT)", request("/try-slow")),
    ("retries given up: 503 (URX)", request("/again")),
    ("closed before an answer: 503 (UC)", request("/abort")),
    ("fault: abort (FI)", request("/faulty")),
    ("the origin's head: plain", request("/head", "X-MiXed: V", "x_y: 1", "X-Y: 1", "X-Y: 2")),
    ("the origin's head: hop by hop", request("/head", "Connection: x-hop, keep-alive", "X-Hop: 1", "Keep-Alive: 5",
                                              "Proxy-Connection: keep-alive", "Proxy-Authorization: x", "Trailer: a")),
    ("the origin's head: forwarded", request("/head", "X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https")),
    ("the origin's head: asked retries are not passed on",
     request("/head", "X-Envoy-Retry-On: 5xx", "X-Envoy-Max-Retries: 3")),
    ("the origin's head: removed and added", request("/head", "X-Secret: 1")),
    ("the origin's head: rewritten", request("/rewritten/head?q=1")),
    ("the origin's head: exact path, rewritten", request("/exact?q=1")),
    ("absolute form", "GET http://other/head HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("HEAD", request("/bytes/1234", method="HEAD")),
    ("204", request("/status/204")),
    ("304", request("/status/304")),
    ("500", request("/status/500")),
    ("POST with a length", request("/count", "Content-Length: 5", method="POST", body="hello")),
    ("POST in chunks", request("/count", "Transfer-Encoding: chunked", method="POST", body="5\r\nhello\r\n0\r\n\r\n")),
    ("POST that nobody reads", request("/nowhere", "Content-Length: 5", method="POST", body="hello")),
    ("Expect: 100-continue", request("/count", "Content-Length: 5", "Expect: 100-continue", method="POST", body="hello")),
    ("another expectation", request("/count", "Content-Length: 5", "Expect: 200-ok", method="POST", body="hello")),
    ("the client closes", request("/hello", "Connection: close")),
    ("offer of HTTP/2 is not taken",
     request("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")),
    ("Upgrade without Connection", request("/", "Upgrade: websocket")),
]

# The status must agree; texts and connection fields need not: refusals name their reason here, and the
# connection of a refused upgrade stays.
SAME_STATUS = [
    ("upgrade", request("/", "Connection: Upgrade", "Upgrade: websocket")),
    ("no Host", "GET / HTTP/1.1\r\n\r\n"),
    ("method is no token", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    ("length and chunks", request("/", "Content-Length: 5", "Transfer-Encoding: chunked", method="POST", body="0\r\n\r\n")),
    ("two lengths", request("/", "Content-Length: 5", "Content-Length: 6", method="POST", body="hello")),
    ("space before the colon", "GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n"),
    ("head too large", request("/", "A: " + "x" * 70000)),
    ("too many fields", request("/", *["A: b"] * 300)),
    ("a time limit asked for by the client", request("/slow/250", "X-Envoy-Upstream-Rq-Timeout-Ms: 50")),
    ("HEAD of what is not there", request("/nowhere", method="HEAD")),
]

# Known to differ: (what, request, our status, Envoy's, why). Not asked below, but known too:
# - TE stays on its hop (RFC 9110 10.1.4); Envoy passes "te: trailers" on.
# - Trailers pass; Envoy drops those of HTTP/1 unless enable_trailers is set.
DIFFERENT = [
    ("HTTP/1.0", request("/", version="1.0"), 200, 426, "Envoy needs accept_http_10; it is always on here"),
    ("no version", "GET /\r\n\r\n", 400, 426, "RFC 9112 3: not a request line"),
    ("HTTP/2.0 in a request line", request("/", version="2.0"), 505, 426, "RFC 9110 15.6.6"),
    ("unknown method", request("/", method="BREW"), 501, 400, "RFC 9110 9.1"),
    ("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501, 404, "not implemented, whatever the routes"),
    ("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, 200, "RFC 9112 3.2: must be refused"),
]


def ask(port, text, wait=8):
    """All that comes until it is a whole answer, or the peer ends."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as peer:
        try:
            peer.sendall(text.encode("latin-1"))
            while not whole(got, text.startswith("HEAD")):
                part = peer.recv(65536)
                if not part:
                    break
                got += part
        except OSError:
            pass
    return got.decode("latin-1")


def whole(got, is_head):
    head, found, body = got.partition(b"\r\n\r\n")
    if not found:
        return False
    if head.startswith(b"HTTP/1.1 100"):
        return whole(body, is_head)
    if is_head or head[9:12] in (b"204", b"304"):
        return True
    length = re.search(rb"\r\ncontent-length: (\d+)", head, re.I)
    return len(body) >= int(length[1]) if length else body.endswith(b"0\r\n\r\n")


def fields_of(lines):
    fields = []
    for line in lines:
        name, _, value = line.partition(": ")
        if name.lower() not in OURS_ONLY:
            fields.append((name.lower(), "*" if name.lower() in VARIABLE else value))
    return sorted(fields)


def split(answer):
    """What is compared. A body that is a request head (/head) is compared as one; its length is not."""
    head, _, body = answer.partition("\r\n\r\n")
    if head.startswith("HTTP/1.1 100"):
        return ("100",) + split(body)
    lines = head.split("\r\n")
    fields = fields_of(lines[1:])
    if re.match(r"[A-Z]+ \S+ HTTP/1.1\r?\n", body):
        seen = body.splitlines()
        fields = [field for field in fields if field[0] != "content-length"]
        return lines[0], fields, seen[0], fields_of(line for line in seen[1:] if line)
    return lines[0], fields, body


def status_of(answer):
    return int(answer.split(" ")[1]) if answer.startswith("HTTP/1.1 ") else 0


class Count:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, *said):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print("FAIL", *said)


def compare_answers(count):
    for name, text in SAME:
        ours, theirs = split(ask(OURS, text)), split(ask(THEIRS, text))
        count.check(ours == theirs, "%s\n  ours:   %s\n  envoy's: %s" % (name, ours, theirs))


def compare_statuses(count):
    for name, text in SAME_STATUS:
        ours, theirs = status_of(ask(OURS, text)), status_of(ask(THEIRS, text))
        count.check(ours == theirs, "%s: ours %d, envoy's %d" % (name, ours, theirs))
    for name, text, our, their, why in DIFFERENT:
        ours, theirs = status_of(ask(OURS, text)), status_of(ask(THEIRS, text))
        count.check((ours, theirs) == (our, their), "%s: ours %d, envoy's %d; known: %d, %d (%s)" % (name, ours, theirs, our, their, why))


# Counters that the questions of SAME must have moved alike.
COUNTERS = """upstream_rq_xx upstream_rq retry_upstream_rq_xx retry_upstream_rq upstream_rq_total upstream_rq_completed upstream_rq_retry upstream_rq_retry_limit_exceeded
upstream_rq_retry_success upstream_rq_retry_overflow upstream_rq_timeout upstream_rq_per_try_timeout
upstream_rq_pending_overflow upstream_rq_pending_failure_eject upstream_cx_connect_fail upstream_cx_none_healthy""".split()
CLUSTERS = ["origin", "tries", "again", "nobody", "full", "none"]


def counters(port):
    found = collections.defaultdict(int)
    with socket.create_connection(("127.0.0.1", port), timeout=8) as peer:
        peer.sendall(b"GET /stats/prometheus HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: peer.recv(65536), b"")).decode()
    for name, labels, value in re.findall(r"^envoy_cluster_(\w+)\{(.*?)\} (\d+)$", text, re.M):
        cluster = re.search(r'envoy_cluster_name="(.*?)"', labels)
        code = re.search(r'envoy_response_code(?:_class)?="(.*?)"', labels)
        if cluster:
            found[cluster[1], name + " " + code[1] if code else name] = int(value)
    return found


def compare_counters(count):
    ours, theirs = counters(OURS_ADMIN), counters(THEIRS_ADMIN)
    for cluster, name in sorted(set(ours) | set(theirs)):
        if cluster in CLUSTERS and name.split()[0] in COUNTERS:
            pair = ours[cluster, name], theirs[cluster, name]
            count.check(pair[0] == pair[1], "%s.%s: ours %d, envoy's %d" % ((cluster, name) + pair))


def compare_back_off(count):
    """Two retries, fully jittered from 100 ms on: the time of many such requests, on average."""
    asked = 120

    def took(port):
        start = time.monotonic()
        ask(port, request("/wait"))
        return time.monotonic() - start

    with concurrent.futures.ThreadPoolExecutor(asked) as pool:
        ours, theirs = (statistics.mean(pool.map(took, [port] * asked)) for port in (OURS, THEIRS))
    if abs(ours - theirs) >= 0.05 and os.getloadavg()[0] > os.cpu_count():
        print("skipped: back-off, the machine is too busy for means of time (%.3f s, %.3f s)" % (ours, theirs))
        return
    count.check(abs(ours - theirs) < 0.05, "back-off: ours takes %.3f s on average, envoy's %.3f s" % (ours, theirs))


def main():
    count = Count()
    compare_answers(count)
    compare_counters(count)
    compare_statuses(count)
    compare_back_off(count)
    print(count.passed, count.failed)


main()

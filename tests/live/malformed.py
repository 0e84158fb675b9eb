"""Requests that are wrong, and the status that each must get. Prints failures, then "passed failed"."""
import socket
import sys

PORT = int(sys.argv[1])
H = "Host: a\r\n"
BIG = "x" * 70000

# (what is sent, the statuses that are right; 0: the connection may also just end)
CASES = [
    ("GET / HTTP/1.1\r\n" + H + "\r\n", [200]),
    ("\r\nGET / HTTP/1.1\r\n" + H + "\r\n", [200]),  # RFC 9112 2.2: an empty line before is ignored
    ("GET / HTTP/1.1\r\n\r\n", [400]),  # no Host: RFC 9112 3.2
    ("GET / HTTP/1.1\r\n" + H + H + "\r\n", [400]),  # two Hosts
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", [400]),  # RFC 9112 5.1: no space before the colon
    ("GET / HTTP/1.1\r\n" + H + ": x\r\n\r\n", [400]),  # empty field name
    ("GET / HTTP/1.1\r\n" + H + "a b: x\r\n\r\n", [400]),
    ("GET / HTTP/1.1\r\n" + H + "A: x\r\n y\r\n\r\n", [400]),  # obs-fold: RFC 9112 5.2
    ("GET / HTTP/1.1\r\n" + H + "A: x\ry\r\n\r\n", [400]),  # bare CR
    ("GET / HTTP/1.1\r\n" + H + "A: x\x00y\r\n\r\n", [400]),
    ("GET  / HTTP/1.1\r\n" + H + "\r\n", [400]),  # two spaces
    ("GET /\r\n\r\n", [400]),  # HTTP/0.9
    ("GET / HTTP/2.0\r\n" + H + "\r\n", [505, 400]),
    ("GET / HTTP/1.2\r\n" + H + "\r\n", [505, 400, 200]),
    ("GET / RTSP/1.0\r\n" + H + "\r\n", [400, 505]),
    ("GET / ICE/1.0\r\n" + H + "\r\n", [400, 505]),
    ("G@T / HTTP/1.1\r\n" + H + "\r\n", [400, 501]),
    ("BREW / HTTP/1.1\r\n" + H + "\r\n", [400, 501]),
    ("POST / HTTP/1.1\r\n" + H + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400]),
    ("POST / HTTP/1.1\r\n" + H + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", [400]),
    ("POST / HTTP/1.1\r\n" + H + "Content-Length: -5\r\n\r\n", [400]),
    ("POST / HTTP/1.1\r\n" + H + "Content-Length: 5x\r\n\r\nhello", [400]),
    ("POST / HTTP/1.1\r\n" + H + "Content-Length: 99999999999999999999999\r\n\r\n", [400, 413]),
    ("POST / HTTP/1.1\r\n" + H + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", [400, 501]),
    ("POST / HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", [400, 501]),
    ("POST / HTTP/1.1\r\n" + H + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", [400, 501]),
    ("POST / HTTP/1.0\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", [400, 501]),
    ("POST / HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n\r\nz\r\n", [400, 0]),
    ("POST / HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", [400, 0]),
    ("POST / HTTP/1.1\r\n" + H + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", [400, 413, 0]),
    ("GET /" + BIG + " HTTP/1.1\r\n" + H + "\r\n", [414, 431, 400]),
    ("GET / HTTP/1.1\r\n" + H + "A: " + BIG + "\r\n\r\n", [431]),
    ("GET / HTTP/1.1\r\n" + H + "A: b\r\n" * 300 + "\r\n", [431]),
    ("CONNECT a:80 HTTP/1.1\r\n" + H + "\r\n", [400, 403, 404, 405, 501]),
    ("GET / HTTP/1.1\r\n" + H + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", [200, 403, 501]),
    ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400, 505, 501]),
    ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", [400, 0]),  # a TLS hello
    ("GET http:// HTTP/1.1\r\n" + H + "\r\n", [400, 404]),
]


def answer(sent, pieces):
    """The status of the first answer, and whether the connection ended within two seconds."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=5) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = sent.encode("latin-1")
        step = len(data) if not pieces else 1 if len(data) < 2000 else 1000
        got = b""
        try:
            for at in range(0, len(data), step):
                peer.sendall(data[at : at + step])
        except OSError:
            pass
        try:
            while b"\r\n" not in got:
                part = peer.recv(65536)
                if not part:
                    break
                got += part
        except OSError:
            pass
        return int(got.split(b" ")[1]) if got.startswith(b"HTTP/1.1 ") else 0


def main():
    passed = failed = 0
    for sent, right in CASES:
        for pieces in (False, True):
            status = answer(sent, pieces)
            if status in right:
                passed += 1
            else:
                failed += 1
                print("FAIL %r%s: got %d, wanted %s" % (sent[:70], " in pieces" if pieces else "", status, right))
    print(passed, failed)


main()

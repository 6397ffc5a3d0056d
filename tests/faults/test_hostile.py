"""Requests that no browser sends: no 5xx of ours, no hung worker, no memory that grows."""

from __future__ import annotations

import io
import json
import random
import socket
import subprocess
import time
import tracemalloc

import pytest
from load import stored
from servers import KINDS, gunicorn, hit

from ztas_middleware import ZTASMiddleware
from ztas_middleware.intake import buffered, ratelimit

GOOD = json.dumps(hit("/")).encode()


def request(body, *headers, method=b"POST", path=b"/api/track"):
    lines = [b"%s %s HTTP/1.1" % (method, path), b"Host: example.com", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def length(body, difference=0):
    return b"Content-Length: %d" % (len(body) + difference)


def chunked(body, sizes):
    pieces, place = [], 0
    for size in sizes:
        piece = body[place : place + size]
        place += size
        if piece:
            pieces.append(b"%x\r\n%s\r\n" % (len(piece), piece))
    return b"".join(pieces) + b"0\r\n\r\n"


def random_json(generator, depth=0):
    kind = generator.randrange(8 if depth < 4 else 6)
    if kind < 2:
        return generator.choice([None, True, False, 0, -1, 1e308, 10**30, 2**64])
    if kind < 6:
        alphabet = ["a", "é", "\0", "\ud800", "\U0001f600", "%ff", "%00", "@", "1.2.3.4", "/", "\n"]
        return "".join(generator.choices(alphabet, k=generator.randrange(30)))
    if kind == 6:
        return [random_json(generator, depth + 1) for _ in range(generator.randrange(4))]
    names = ["type", "path", "referrer", "utm", "value", "events", "batch", "x"]
    return {
        name: random_json(generator, depth + 1)
        for name in generator.sample(names, generator.randrange(len(names)))
    }


def hostile(generator):
    """One stream of bytes for one connection."""
    document = {"siteId": "site_abc123", "type": "event"} | (
        {
            name: random_json(generator)
            for name in generator.sample(
                [
                    "type",
                    "path",
                    "referrer",
                    "utm",
                    "action",
                    "value",
                    "timeOnPage",
                    "batch",
                    "events",
                ],
                generator.randrange(6),
            )
        }
    )
    body = json.dumps(document).encode()
    kinds = [
        lambda: request(body, length(body)),
        lambda: request(body[: len(body) // 2], length(body)),
        lambda: request(body, length(body, -len(body) // 3)),
        lambda: request(body, length(body, 5)),
        lambda: request(body, b"Content-Length: " + generator.choice([b"-5", b"x", b"1e3", b""])),
        lambda: request(body, b"Content-Length: " + b"9" * generator.choice([12, 30, 5000])),
        lambda: request(body),
        lambda: request(
            chunked(body, [generator.randrange(1, 40) for _ in range(50)]),
            b"Transfer-Encoding: chunked",
        ),
        lambda: request(b"zz\r\n" + body, b"Transfer-Encoding: chunked"),
        lambda: request(b"ffffffffff\r\n" + body, b"Transfer-Encoding: chunked"),
        lambda: request(body, length(body), b"Transfer-Encoding: identity"),
        lambda: request(GOOD, length(GOOD)) * generator.randrange(2, 6),
        lambda: request(GOOD, length(GOOD)) + request(b"", method=b"GET", path=b"/"),
        lambda: request(body, length(body), b"User-Agent: " + b"A1/" * 2000),
        lambda: request(body, length(body), b"Origin: " + b"https://" + b"a." * 2000),
        lambda: request(body, length(body), b"X-Forwarded-For: " + b"1.2.3.4, " * 500),
        lambda: request(
            body, length(body), b"User-Agent: \xff\xfe\x80", b"Origin: https://\xc3\xa9"
        ),
        lambda: request(b"[" * 60_000, b"Content-Length: 60000"),
        lambda: request(b'{"a":' * 12_000, b"Content-Length: 60000"),
        lambda: request(b"\xff" * 100, b"Content-Length: 100"),
        lambda: request(b" " * 70_000, b"Content-Length: 70000"),
        lambda: request(b"", length(b""), path=b"/api/track?%ff=%00"),
        lambda: request(b"", method=b"OPTIONS"),
        lambda: bytes(generator.randrange(256) for _ in range(generator.randrange(1, 300))),
    ]
    return generator.choice(kinds)()


def exchange(port, data, generator):
    """Send `data` in pieces, hang up at some point, return all that came back."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        try:
            cut = generator.randrange(len(data)) if generator.random() < 0.2 else len(data)
            connection.sendall(data[: cut // 2])
            connection.sendall(data[cut // 2 : cut])
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                received += piece
        except OSError:
            pass  # the server hung up first, as it may
    return received


def statuses(received):
    return [int(line[9:12]) for line in received.split(b"\r\n") if line.startswith(b"HTTP/1.")]


def resident(server):
    """Kilobytes in memory, the server's workers included."""
    group = ["ps", "-o", "rss=", "-g", str(server.process.pid)]
    return sum(map(int, subprocess.check_output(group, text=True).split()))


def fuzz(serve, tmp_path, kind, number):
    server = serve(kind)
    generator = random.Random(number)
    for _ in range(50):
        exchange(server.port, hostile(generator), generator)
    before = resident(server)
    assert before > 10_000
    seen = set()
    for _ in range(number):
        data = hostile(generator)
        received = exchange(server.port, data, generator)
        seen.update(statuses(received))
        # 501 is waitress's own answer to a Transfer-Encoding it does not know.
        bad = [status for status in statuses(received) if status >= 500 and status != 501]
        assert not bad, (data, received)
    assert {200, 400, 413} <= seen
    # Nobody hangs: a slow sender that never ends its body does not stop the next request.
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
    for connection in slow:
        connection.sendall(request(GOOD[:5], length(GOOD)))
    time.sleep(0.1)
    assert server.post(hit("/after")).status == 200
    assert server.get() == 200
    for connection in slow:
        connection.close()
    assert resident(server) - before < 30_000
    server.process.stop()
    assert "/after" in stored(tmp_path / "ztas.db")


SERVERS = {
    "waitress": KINDS["waitress"],
    "gunicorn": gunicorn("-k", "gthread", "--threads", "4", workers=1),
}


@pytest.mark.parametrize("kind", SERVERS.values(), ids=SERVERS)
def test_a_fuzz_over_sockets(serve, tmp_path, kind):
    fuzz(serve, tmp_path, kind, 150)


@pytest.mark.slow
@pytest.mark.parametrize("kind", SERVERS.values(), ids=SERVERS)
def test_a_long_fuzz_over_sockets(serve, tmp_path, kind):
    fuzz(serve, tmp_path, kind, 3000)


def test_a_flood_of_distinct_everything_grows_nothing(tmp_path, monkeypatch):
    # The two longest memories, cut so that they are full as soon as the others.
    monkeypatch.setattr(ratelimit, "MOST_ADDRESSES", 2_000)
    monkeypatch.setattr(buffered, "MOST_COUNTS", 2_000)
    middleware = ZTASMiddleware(
        lambda environ, start_response: [],
        {"database": str(tmp_path / "ztas.db"), "sites": {"a": {"domain": "*.example.com"}}},
    )

    def post(number):
        sent = {
            "siteId": "a" if number % 2 else f"site{number}",
            "type": "event",
            "path": f"/{number}/" + "p" * 150,
            "referrer": f"https://r{number}.example/" + "r" * 150,
            "action": f"{number} " + "a" * 150,
            "sessionId": f"s{number}",
        }
        body = json.dumps(sent).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/api/track",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            "REMOTE_ADDR": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
            "HTTP_USER_AGENT": f"Browser/{number} " + "u" * 400,
            "HTTP_ORIGIN": f"https://o{number}.example.com",
        }
        for chunk in middleware(environ, lambda status, headers: None):
            assert chunk

    for number in range(6_000):
        post(number)
    tracemalloc.start()
    try:
        for number in range(6_000, 12_000):
            post(number)
        (grown, _) = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        middleware.close()
    # Every cache was full before, and what went out of it was not traced: `grown` is what the
    # caches hold of these requests. All that they sent would be 8 MB.
    assert grown < 3_000_000

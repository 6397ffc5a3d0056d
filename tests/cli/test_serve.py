"""`ztas serve`, really started: alone, in front of a web server, and when it is told to stop."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import sqlite3
import sys
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from processes import free_port, start_on_free_port
from rawhttp import Connection, chunked, message, request

from ztas_middleware.cli.serve import MOST_SENT, THREADS
from ztas_middleware.passwords import hash_password

STRICT = (
    *("-W", "error", "-W", "ignore:'cgi' is deprecated:DeprecationWarning"),
    *("-W", "ignore::ResourceWarning"),  # waitress leaves sockets to the end of the process
)
ZTAS = (sys.executable, *STRICT, "-m", "ztas_middleware")
HIT = json.dumps({"siteId": "site_abc123", "type": "pageview", "path": "/here"}).encode()
FIREFOX = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
    "Origin": "https://example.com",
}


NONSENSE = {
    "/nonsense": b"this is no HTTP\r\n\r\n",
    "/escapes": b"\x1b[2J HTTP\r\n\r\n",
    "/two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\nok",
    "/no-length": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok",
    "/below-0": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
    "/coded": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
    "/bare-cr": b"HTTP/1.1 200 OK\r\nX-A: a\rSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n",
    "/bare-cr-first": b"HTTP/1.1 200 OK\rSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n",
    "/no-name": b"HTTP/1.1 200 OK\r\nA B: c\r\nX-Next: 1\r\nContent-Length: 0\r\n\r\n",
    "/no-colon": b"HTTP/1.1 200 OK\r\nabc\r\nX-Next: 1\r\nContent-Length: 0\r\n\r\n",
    "/blank-before-colon": b"HTTP/1.1 200 OK\r\nX-A : c\r\nContent-Length: 0\r\n\r\n",
    "/nul": b"HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n",
    "/control-header": b"HTTP/1.1 200 OK\r\nX-A: a\x01b\r\nContent-Length: 0\r\n\r\n",
    "/control-status": b"HTTP/1.1 200 O\x1b[2JK\r\nContent-Length: 0\r\n\r\n",
    "/delete-status": b"HTTP/1.1 200 O\x7fK\r\nContent-Length: 0\r\n\r\n",
    "/chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok\r\n0\r\n\r\n",
    "/chunk-below-0": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nok\r\n",
    "/chunk-cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
    "/switching": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "/status": b"HTTP/1.1 9000 OK\r\nContent-Length: 0\r\n\r\n",
    "/hangs-up": b"",
}


KNOWN = b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 55\r\n\r\n'
RAW = b"HTTP/1.1 200 OK\r\nX-UTF8: \xc3\xa9\r\nX-Folded: one\r\n\ttwo\r\nContent-Length: 0\r\n\r\n"


class Site(BaseHTTPRequestHandler):
    """A web server that tells what it was asked."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append((self.command, self.path, list(self.headers.items())))
        if self.path == "/early":
            self.answer(413, b"no", ("Connection", "close"))
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.path == "/moved":
            self.answer(302, b"", ("Location", "http://127.0.0.1:1/elsewhere"))
        elif self.path == "/stream":
            self.stream()
        elif self.path == "/cut":
            self.answer(200, b"half", ("Content-Length", "8"))
            self.close_connection = True
        elif self.path == "/raw":
            self.wfile.write(RAW)
            self.close_connection = True
        elif self.path == "/known":
            self.wfile.write(KNOWN)
            self.close_connection = True
        elif self.path in NONSENSE:
            self.wfile.write(NONSENSE[self.path])
            self.close_connection = True
        else:
            self.answer(
                201,
                body,
                ("Connection", "X-Hop"),
                ("X-Hop", "1"),
                ("Keep-Alive", "timeout=5"),
                ("Set-Cookie", "a=1"),
                ("Set-Cookie", "b=2"),
            )

    do_POST = do_HEAD = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 - named by its base

    def answer(self, status, body, *headers):
        self.send_response(status)
        if "Content-Length" not in dict(headers):
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def stream(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"first", b"second"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            self.server.go_on.wait(10)
        self.wfile.write(b"0\r\n\r\n")


@pytest.fixture(scope="module")
def site():
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        server.seen, server.go_on = [], threading.Event()
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def start(folder, *options, config=""):
    (folder / "ztas.yaml").write_text(
        f"database: ztas.db\n{config}sites:\n  site_abc123:\n    domain: example.com\n"
    )
    process, port = start_on_free_port(
        lambda port: [
            *(*ZTAS, "serve", "--port", str(port)),
            *("--config", str(folder / "ztas.yaml"), *options),
        ],
        folder=folder,
    )
    process.port, process.database = port, folder / "ztas.db"
    return process


@pytest.fixture(scope="module")
def proxy(site, tmp_path_factory):
    url = f"http://127.0.0.1:{site.server_port}"
    process = start(tmp_path_factory.mktemp("proxy"), "--upstream", url)
    yield process
    process.kill()


@pytest.fixture
def alone(tmp_path):
    process = start(tmp_path)
    yield process
    process.kill()


def rows(process, sql="select path from hits"):
    with closing(sqlite3.connect(process.database)) as connection:
        return connection.execute(sql).fetchall()


def sent(site):
    """What the site was asked last."""
    method, path, headers = site.seen[-1]
    return method, path, {name.lower(): value for name, value in headers}


def test_alone_it_takes_hits_and_has_nothing_else(alone):
    assert request(alone.port, "POST", "/api/track", FIREFOX, HIT).status == 200
    assert rows(alone) == [("/here",)]
    answer = request(alone.port, "GET", "/")
    assert answer.status == 404
    assert answer.body == b"Not found. This is ztas serve, and has nothing but /api/track\n"
    assert alone.output == f"Serving on http://127.0.0.1:{alone.port}. Stop with Ctrl-C.\n"


def test_it_says_where_the_dashboard_and_the_script_are(tmp_path):
    password = hash_password("open sesame")
    config = f"script: /js/ztas.js\ndashboard: {{path: /numbers/, password: '{password}'}}\n"
    process = start(tmp_path, config=config)
    try:
        url = f"http://127.0.0.1:{process.port}"
        process.wait_for(lambda: f"its script is {url}/js/ztas.js\n" in process.output)
        assert f"The dashboard is on {url}/numbers/\n" in process.output
        assert b"/api/track, /js/ztas.js, /numbers/\n" in request(process.port, "GET", "/").body
    finally:
        process.kill()


def test_alone_it_waits_for_no_body_that_nobody_wants(alone):
    # Some of it could be refused by us, but only once waitress has all of it on the disk.
    with Connection(alone.port) as connection:
        connection.send(message("POST", "/api/track", {"Content-Length": str(MOST_SENT)}))
        assert connection.receive().status == 413


@pytest.mark.slow
def test_many_connections_get_no_less_through_than_few(alone):
    """Measured by the server's processor time a hit, which other programs disturb least."""
    few, many = (min(cost_of_a_hit(alone, number) for _ in range(3)) for number in (8, 64))
    assert many < 2 * few


def cost_of_a_hit(process, connections):
    """Seconds of processor time, with so many connections that always have a request under way."""
    hits, request = 2_000, message("POST", "/api/track", FIREFOX, HIT)
    with contextlib.ExitStack() as stack, selectors.DefaultSelector() as answers:
        before = processor_time(process)
        for _ in range(connections):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", process.port)))
            answers.register(connection, selectors.EVENT_READ)
            connection.sendall(request)
        done = 0
        while done < hits:
            for key, _ in answers.select():
                if key.fileobj.recv(4096).endswith(b"}"):
                    done += 1
                    key.fileobj.sendall(request)
        return (processor_time(process) - before) / hits


def processor_time(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_a_rush_is_no_reason_to_talk(alone):
    said = alone.output
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(Connection(alone.port)) for _ in range(THREADS + 8)]
        for _ in range(3):
            for connection in crowd:
                connection.send(message("POST", "/api/track", FIREFOX, HIT))
            assert {connection.receive().status for connection in crowd} == {200}
    assert alone.output == said


@pytest.mark.parametrize(
    "how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda how: how.name
)
def test_it_stops_in_order_and_writes_what_it_has_counted(alone, how):
    bot = {**FIREFOX, "User-Agent": "Googlebot/2.1"}
    for _ in range(3):
        assert request(alone.port, "POST", "/api/track", bot, HIT).status == 200
    said = alone.output
    assert alone.stop(how) == 0
    assert rows(alone, "select sum(count) from drops") == [(3,)]
    assert alone.output == said


def test_a_request_passes_as_it_was_sent(proxy, site):
    body = b"x" * 300_000
    headers = {
        "Host": "shop.example:81",
        "Content-Type": "text/x-test",
        "Cookie": "a=b",
        "Connection": "close, X-Mine",
        "X-Mine": "1",
        "TE": "trailers",
        "Upgrade": "h2c",
        "Accept-Encoding": "br",
        "Proxy-Authorization": "Basic x",
    }
    path = "/a%2Fb/%C3%A4;x=1?q=%20&empty"
    answer = request(proxy.port, "POST", path, headers, body)
    method, path_there, there = sent(site)
    assert (method, path_there) == ("POST", path)
    assert there == {
        "host": "shop.example:81",
        "content-length": "300000",
        "content-type": "text/x-test",
        "cookie": "a=b",
        "accept-encoding": "br",
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": "shop.example:81",
        "x-forwarded-proto": "http",
        "connection": "close",
    }
    assert (answer.status, answer.body) == (201, body)
    assert answer.headers["set-cookie"] == "a=1, b=2"
    assert "x-hop" not in answer.headers
    assert "keep-alive" not in answer.headers


def test_a_chunked_body_arrives_whole(proxy, site):
    with Connection(proxy.port) as connection:
        headers = {"Transfer-Encoding": "chunked"}
        connection.send(message("POST", "/", headers) + chunked(b"some text " * 50))
        assert connection.receive().body == b"some text " * 50
    assert sent(site)[2]["content-length"] == "500"


@pytest.mark.parametrize("method", ["HEAD", "DELETE"])
def test_other_methods(proxy, site, method):
    assert request(proxy.port, method, "/thing").status == 201
    assert sent(site)[:2] == (method, "/thing")


@pytest.mark.parametrize("target", ["*", "/*", "/%2A"])
def test_the_server_as_a_whole_and_paths_that_look_like_it(proxy, site, target):
    assert request(proxy.port, "OPTIONS", target).status == 201
    assert sent(site)[:2] == ("OPTIONS", target)


def test_raw_headers_pass_as_they_are(proxy):
    answer = request(proxy.port, "GET", "/raw")
    assert answer.headers["x-utf8"].encode("latin-1") == "é".encode()
    assert answer.headers["x-folded"] == "one two"


def test_an_early_answer_to_a_long_body_arrives(proxy):
    answer = request(proxy.port, "POST", "/early", {}, b"x" * 3_000_000)
    assert (answer.status, answer.body) == (413, b"no")


def test_a_redirect_is_the_browsers_to_follow(proxy):
    answer = request(proxy.port, "GET", "/moved")
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/elsewhere")


def test_an_answer_is_passed_on_while_it_comes(proxy, site):
    site.go_on.clear()
    with Connection(proxy.port) as connection:
        connection.send(message("GET", "/stream"))
        seen = b""
        while b"first" not in seen:
            seen += connection._socket.recv(4096)
        assert b"second" not in seen
        site.go_on.set()
        while b"second" not in seen:
            seen += connection._socket.recv(4096)
    assert b"Transfer-Encoding: chunked" in seen


def test_an_answer_that_breaks_off_does_not_look_whole(proxy):
    with Connection(proxy.port) as connection:
        connection.send(message("GET", "/cut"))
        assert connection.receive("GET").body == b"half"
        assert connection.receive("GET") is None


@pytest.mark.parametrize(
    ("peer", "config", "chain", "proto"),
    [
        ("127.0.0.1", "", "203.0.113.7, 127.0.0.1", "https"),
        ("127.0.0.1", "trusted_proxies: []\n", "127.0.0.1", "http"),
    ],
    ids=["a trusted proxy", "anybody"],
)
def test_only_trusted_proxies_say_who_asks(tmp_path, site, peer, config, chain, proto):
    url = f"http://127.0.0.1:{site.server_port}"
    process = start(tmp_path, "--upstream", url, config=config)
    try:
        headers = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
        assert request(process.port, "GET", "/", headers).status == 201
    finally:
        process.kill()
    there = sent(site)[2]
    assert (there["x-forwarded-for"], there["x-forwarded-proto"]) == (chain, proto)


def test_an_upstream_that_is_down_is_502_and_hits_go_on(tmp_path):
    process = start(tmp_path, "--upstream", f"http://127.0.0.1:{free_port()}")
    try:
        answer = request(process.port, "GET", "/")
        assert (answer.status, answer.body) == (502, b"502 Bad Gateway\n")
        assert request(process.port, "POST", "/api/track", FIREFOX, HIT).status == 200
        assert rows(process) == [("/here",)]
        assert "Traceback" not in process.output
    finally:
        process.kill()


@pytest.mark.parametrize("path", NONSENSE)
def test_an_upstream_that_talks_nonsense_is_502(proxy, path):
    assert request(proxy.port, "GET", path).status == 502


def test_what_an_upstream_says_stays_on_one_line_of_the_log(tmp_path, site):
    process = start(tmp_path, "--upstream", f"http://127.0.0.1:{site.server_port}")
    try:
        for _ in range(3):
            assert request(process.port, "GET", "/escapes").status == 502
        with Connection(process.port) as connection:
            connection.send(message("GET", "/cut"))
            assert connection.receive("GET").body == b"half"
            assert connection.receive("GET") is None
        assert request(process.port, "GET", "/known").status == 304
    finally:
        process.kill()
    said = process.output.splitlines()[1:]
    assert len(said) == 1, said
    assert "\\x1b[2J HTTP" in said[0]


BODY = {"Content-Length": "4"}
CHUNKED = {"Transfer-Encoding": "chunked"}


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (BODY | CHUNKED, b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", 201),
        (BODY | {"Content-Length ": "9"}, b"text GET ", 400),
        ({"Content-Length": "4, 4"}, b"text", 400),
        ({"Content-Length": "+4"}, b"text", 400),
        (BODY | {"Transfer-Encoding": "xchunked"}, b"text", 501),
        (BODY | {"Transfer-Encoding ": "chunked"}, b"text", 400),
        (BODY | {"Transfer_Encoding": "chunked"}, b"text", 201),
        (BODY | {"X": "a\rTransfer-Encoding: chunked"}, b"text", 400),
        (BODY | {"X": "a\nTransfer-Encoding: chunked"}, b"text", 400),
        (BODY | {"X": "a\r\n Transfer-Encoding: chunked"}, b"text", 201),
        (BODY | {"Connection": "close, content-length, host"}, b"text", 201),
    ],
    ids=str,
)
def test_nothing_is_smuggled_past_us(proxy, site, headers, body, status):
    site.seen.clear()
    with Connection(proxy.port) as connection:
        connection.send(message("POST", "/first", headers, length=False) + body)
        assert connection.receive().status == status
    seen = [(path, dict(headers)) for _, path, headers in site.seen if path == "/first"]
    assert len(seen) == (status == 201)
    for _, there in seen:
        assert there["Content-Length"] in ("0", "4")
        assert "Transfer-Encoding" not in there
        assert there["Host"] == "example.com"
        assert there["Connection"] == "close"


def test_nobody_forwards_by_another_spelling(proxy, site):
    headers = {"X_Forwarded_For": "203.0.113.7", "X-Forwarded_Proto": "https"}
    assert request(proxy.port, "GET", "/", headers).status == 201
    there = sent(site)[2]
    assert (there["x-forwarded-for"], there["x-forwarded-proto"]) == ("127.0.0.1", "http")


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:3000",
        "ftp://example.com",
        "http://",
        "http://a:b@host/",
        "http://h:x",
        "http://h?q",
    ],
)
def test_an_upstream_that_is_none(shop, url):
    assert "--upstream" in shop.error("serve", "--upstream", url, exit_code=2)


def test_without_a_config(shop):
    assert "no such file" in shop.error("serve", "--config", "nowhere.yaml")

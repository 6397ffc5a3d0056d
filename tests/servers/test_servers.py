"""What the contract says of the Track endpoint, on every server, byte for byte over sockets."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from rawhttp import chunked, message
from servers import PAGE, UNIX, hit

STORED = b'{"success": true}'
SHOP = {"siteId": "shop", "type": "pageview"}

# (id, headers, body, status, exact answer)
REFUSALS = [
    ("no JSON", PAGE, b"type=pageview", 400, b'{"error": "Invalid JSON"}'),
    ("no body", PAGE, b"", 400, b'{"error": "Invalid JSON"}'),
    ("no site id", PAGE, {"type": "pageview"}, 400, b'{"error": "Site ID required"}'),
    ("unknown site", PAGE, hit("/") | {"siteId": "x"}, 404, b'{"error": "Invalid site ID"}'),
    ("foreign origin", PAGE, SHOP, 403, b'{"error": "Origin not allowed"}'),
    ("no origin", {}, SHOP, 403, b'{"error": "Origin required"}'),
    ("no type", PAGE, {"siteId": "site_abc123"}, 400, b'{"error": "Event type required"}'),
    ("wrong type", PAGE, hit(7), 400, b'{"error": "path must be a string"}'),
    (
        "too many events",
        PAGE,
        {"siteId": "site_abc123", "batch": True, "events": [{}] * 101},
        413,
        b'{"error": "Too many events"}',
    ),
    ("too long", PAGE, b" " * 65_537, 413, b'{"error": "Request body too large"}'),
]

FOREIGN = [
    ("GET", "/api/track", b""),
    ("GET", "/page?a=b&c=%C3%A9", b""),
    ("HEAD", "/api/track", b""),
    ("OPTIONS", "/api/track", b""),
    ("PUT", "/api/track", b"a put"),
    ("POST", "/form", b"question=tea"),
    ("POST", "/api/track/", json.dumps(hit("/foreign")).encode()),
    ("DELETE", "/api/tracks", b""),
]


def test_a_hit_is_in_the_database_when_it_is_answered(server):
    answer = server.post(hit("/single"))
    (row,) = server.hits("/single")
    assert (answer.status, answer.body) == (200, STORED)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-length"] == str(len(STORED))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["access-control-allow-origin"] == "https://example.com"
    assert answer.headers["vary"] == "Origin"
    assert (row["site_id"], row["type"], row["path"]) == ("site_abc123", "pageview", "/single")
    assert (row["browser"], row["os"], row["device"]) == ("Firefox", "Linux", "desktop")
    assert abs(row["time"] - time.time() * 1000) < 60_000


def test_a_batch_is_in_the_database_when_it_is_answered(server):
    events = [{"type": "event", "path": "/batch", "action": name} for name in "abc"]
    events.insert(1, {"type": "nonsense"})
    answer = server.post({"siteId": "site_abc123", "batch": True, "events": events})
    rows = server.hits("/batch")
    assert (answer.status, answer.json) == (
        200,
        {"success": True, "count": 3, "errors": [{"index": 1, "error": "Invalid event type"}]},
    )
    assert [row["action"] for row in rows] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("headers", "body", "status", "expected"),
    [case[1:] for case in REFUSALS],
    ids=[case[0] for case in REFUSALS],
)
def test_refusals(server, headers, body, status, expected):
    answer = server.post(body, headers)
    assert (answer.status, answer.body) == (status, expected)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers.get("access-control-allow-origin") == headers.get("Origin")


@pytest.mark.parametrize(("method", "path", "body"), FOREIGN)
def test_everything_else_reaches_the_app_untouched(server, method, path, body):
    # The app in echo_site.py fails if an object was replaced or changed on the way to it or back.
    answer = server.request(method, path, PAGE, body)
    assert answer.status == 200
    if method != "HEAD":
        echo = answer.json
        raw_path, _, query = path.partition("?")
        assert (echo["REQUEST_METHOD"], echo["PATH_INFO"]) == (method, raw_path)
        assert (echo["QUERY_STRING"], echo["body"]) == (query, body.decode())
    assert "access-control-allow-origin" not in answer.headers
    assert server.hits("/foreign") == []


def test_the_preflight_of_a_site_of_ours(server):
    asks = {"Origin": "https://www.example.com", "Access-Control-Request-Method": "POST"}
    answer = server.request("OPTIONS", "/api/track", asks)
    assert (answer.status, answer.body) == (204, b"")
    ours = {name: value for name, value in answer.headers.items() if name.startswith("access-")}
    assert ours == {
        "access-control-allow-origin": "https://www.example.com",
        "access-control-allow-methods": "POST, OPTIONS",
        "access-control-allow-headers": "Content-Type",
        "access-control-max-age": "86400",
    }
    assert answer.headers["vary"] == "Origin"


def test_the_preflight_of_any_other_site(server):
    asks = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    answer = server.request("OPTIONS", "/api/track", asks)
    assert (answer.status, answer.body) == (403, b'{"error": "Origin not allowed"}')
    assert not [name for name in answer.headers if name.startswith("access-")]


def test_a_chunked_body_is_read_where_the_server_decodes_it(server):
    body = json.dumps(hit("/chunked")).encode()
    with server.connect() as connection:
        head = message("POST", "/api/track", {**PAGE, "Transfer-Encoding": "chunked"})
        connection.send(head + chunked(body))
        answer = connection.receive()
    if server.kind.decodes_chunks:
        assert (answer.status, answer.body) == (200, STORED)
        assert len(server.hits("/chunked")) == 1
    else:
        assert answer.status == 411
        assert (answer.body == b'{"error": "Length required"}') == server.kind.says_411
        assert server.hits("/chunked") == []
    assert server.still_answers()


def test_a_length_beside_chunks_is_not_believed(server):
    # RFC 9112, 6.3: it may be an attempt at smuggling. Read to the end, or refused.
    assert server.post(hit("/before")).body == STORED
    body = json.dumps(hit("/two-lengths")).encode()
    headers = {**PAGE, "Transfer-Encoding": "chunked", "Content-Length": str(len(body) - 20)}
    with server.connect() as connection:
        head = message("POST", "/api/track", headers, length=False)
        connection.send(head + chunked(body))
        answer = connection.receive()
    if answer.status == 200:
        assert answer.body == STORED
        assert len(server.hits("/two-lengths")) == 1
    else:
        assert answer.status in (400, 411)  # Apache takes no chunks at all
        assert server.hits("/two-lengths") == []
    assert server.still_answers()


def test_a_chunked_body_that_is_too_long(server):
    with server.connect() as connection:
        head = message("POST", "/api/track", {**PAGE, "Transfer-Encoding": "chunked"})
        connection.send(head + chunked(b" " * 65_537, 4096))
        answer = connection.receive()
    assert answer.status == (413 if server.kind.decodes_chunks else 411)
    assert server.still_answers()


def test_a_chunked_body_that_is_none(server):
    with server.connect() as connection:
        head = message("POST", "/api/track", {**PAGE, "Transfer-Encoding": "chunked"})
        connection.send(head + b"zz\r\nno chunk\r\n0\r\n\r\n")
        connection.end_sending()
        answer = connection.receive()
    assert answer.status in (400, 411)
    assert server.still_answers()


def test_a_body_without_a_length_is_none(server):
    # RFC 9112, section 6.3: what follows belongs to the next request.
    with server.connect() as connection:
        connection.send(message("POST", "/api/track", PAGE))
        answer = connection.receive()
    assert (answer.status, answer.body) == (400, b'{"error": "Invalid JSON"}')
    assert server.still_answers()


@pytest.mark.parametrize("stays", [True, False], ids=["and waits", "and leaves"])
def test_a_body_shorter_than_announced(server, stays):
    body = json.dumps(hit("/cut-short")).encode()
    announced = {**PAGE, "Content-Length": str(len(body) + 50)}
    answer = None
    with server.connect() as connection:
        connection.send(message("POST", "/api/track", announced, body, length=False))
        if stays:
            connection.end_sending()
            answer = connection.receive()
    if stays and server.kind.calls_with_cut_bodies:
        assert (answer.status, answer.body) == (400, b'{"error": "Request body cut short"}')
    else:
        # hypercorn says so itself, or lets us say it, as it comes. Apache does not listen any more.
        assert answer is None or answer.status in (400, 500)
    assert server.still_answers()
    assert server.hits("/cut-short") == []


@pytest.mark.parametrize("length", ["-5", "+5", "5x", "9" * 30])
def test_a_length_that_is_none(server, length):
    with server.connect() as connection:
        announced = {**PAGE, "Content-Length": length}
        connection.send(message("POST", "/api/track", announced, b"{}   ", length=False))
        connection.end_sending()
        answer = connection.receive()
    assert answer is None or 400 <= answer.status < 500
    assert server.still_answers()


def test_two_hits_sent_in_one_go(server):
    body = json.dumps(hit("/pipelined")).encode()
    with server.connect() as connection:
        connection.send(message("POST", "/api/track", PAGE, body) * 2)
        answers = [connection.receive(), connection.receive()]
    if server.kind.keeps_connections:
        assert [answer.status for answer in answers] == [200, 200]
    else:
        assert answers[0].status == 200
        assert answers[1] is None
    # A server that closes after the first never saw the second.
    assert len(server.hits("/pipelined")) == len([answer for answer in answers if answer])


def test_one_connection_serves_hits_refusals_and_pages(server):
    good = message("POST", "/api/track", PAGE, json.dumps(hit("/kept")).encode())
    refused = message("POST", "/api/track", PAGE, b"no JSON")
    page = message("POST", "/form", PAGE, b"question=tea")
    kind, sent = server.kind, [(refused, 400), (page, 200), (good, 200)]
    for first in [(good, 200), (refused, 400), (page, 200)]:
        with server.connect() as connection:
            for asked, status in [first, *sent] if kind.keeps_connections else [first]:
                connection.send(asked)
                assert connection.receive().status == status
                if status == 400 and not kind.keeps_refused:
                    break
            else:
                assert kind.keeps_connections or connection.receive() is None
    stored = 1 if not kind.keeps_connections or not kind.keeps_refused else 4
    assert len(server.hits("/kept")) == stored


def test_below_a_prefix(server):
    assert server.request("GET", "/mounted/a").json["SCRIPT_NAME"] == "/mounted"
    assert server.post(hit("/below"), path="/mounted/api/track").body == STORED
    assert len(server.hits("/below")) == 1


@pytest.mark.parametrize("server", UNIX, indirect=True)
def test_a_unix_socket_is_a_proxy_of_ours(server):
    for client in ["203.0.113.1", "203.0.113.2", "198.51.100.9, 203.0.113.2"]:
        headers = {**PAGE, "X-Forwarded-For": client}
        assert server.post(hit("/unix"), headers, to=server.unix).body == STORED
    first, second, third = (row["visitor"] for row in server.hits("/unix"))
    assert first != second == third


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")
@pytest.mark.parametrize(
    ("peer", "visitors"),
    [("127.0.0.1", 2), ("127.0.0.2", 1)],
    ids=["a trusted proxy", "anybody else"],
)
def test_whose_x_forwarded_for_is_believed(server, peer, visitors):
    path = "/from-" + peer.replace(".", "-")
    for client in ["203.0.113.1", "203.0.113.2"]:
        headers = {**PAGE, "X-Forwarded-For": client}
        assert server.post(hit(path), headers, source=peer).body == STORED
    assert len({row["visitor"] for row in server.hits(path)}) == visitors


def test_many_at_once_in_all_processes(server):
    def post(number):
        return server.post(hit("/crowd", sessionId=str(number))).status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(post, range(200)))
        assert statuses == [200] * 200
        assert len({row["session_id"] for row in server.hits("/crowd")}) == 200
    server.pids()


def test_an_orderly_stop_loses_nothing(server):
    """The last one in this file: the server is gone afterwards."""
    crawler = {**PAGE, "User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}
    before = server.drops("bot")
    for _ in range(20):
        assert server.post(hit("/bot"), crawler).body == STORED
        assert server.post(hit("/last")).body == STORED
    log = server.process.output
    assert "Traceback" not in log, log
    assert server.process.stop() == server.kind.exit_status
    assert server.drops("bot") - before == 20
    assert server.hits("/bot") == []
    assert len(server.hits("/last")) == 20
    assert server.query("pragma integrity_check") == [{"integrity_check": "ok"}]
    # Some servers complain of how they were stopped; we must not.
    last_words = server.process.output.removeprefix(log)
    assert "ztas_middleware" not in last_words, last_words

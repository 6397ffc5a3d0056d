"""The ASGI door by itself: what stays the app's, what a client may do, and who waits for whom.

That answers and rows are those of the WSGI door is tested where they are, through both.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import threading
import time
from contextlib import closing, suppress
from functools import partial
from hashlib import sha256
from types import SimpleNamespace

import pytest
from asgiref.compatibility import guarantee_single_callable
from doors import receiver

from ztas_middleware import ConfigError, only_ours
from ztas_middleware.asgi import ZTASMiddleware
from ztas_middleware.asgi.jobs import Job
from ztas_middleware.asgi.write_thread import WriteThread
from ztas_middleware.outages import OutageLog

SITES = {"site_abc123": {"domain": "example.com"}, "other": {"domain": "other.example"}}
HIT = json.dumps({"siteId": "site_abc123", "type": "pageview", "path": "/"}).encode()
HTML = [(b"content-type", b"text/html; charset=utf-8")]
PAGE = b"<html><head><title>x</title></head><body>y</body></html>"


def request(method="POST", path="/api/track", root_path="", headers=(), **more):
    usual = {"origin": "https://example.com", "user-agent": "Mozilla/5.0 Firefox/125.0"}
    return {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": root_path,
        "query_string": b"",
        "scheme": "https",
        "headers": [(n.encode(), v.encode("latin-1")) for n, v in (usual | dict(headers)).items()],
        "client": ("203.0.113.9", 50_000),
        "server": ("example.com", 443),
        **more,
    }


class Tripwire:
    """An app that remembers the very objects it was called with."""

    def __init__(self):
        self.calls = []

    async def __call__(self, scope, receive, send):
        self.calls.append((scope, receive, send))


@pytest.fixture
def tripwire():
    return Tripwire()


@pytest.fixture
def make(tmp_path, tripwire):
    made = []

    def make(app=tripwire, hooks=None, **settings):
        config = {"database": str(tmp_path / "ztas.db"), "sites": SITES} | settings
        made.append(ZTASMiddleware(app, config, **(hooks or {})))
        return made[-1]

    yield make
    for middleware in made:
        middleware.close()


async def send_request(middleware, scope, body=HIT, receive=None):
    """All messages that a server would get."""
    sent = []

    async def send(message):
        sent.append(message)

    await middleware(scope, receive or receiver(body), send)
    return sent


def ask(middleware, scope, body=HIT, **how):
    return asyncio.run(send_request(middleware, scope, body, **how))


def paths(tmp_path):
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
        return [path for (path,) in connection.execute("select path from hits order by id")]


def test_a_hit_is_stored_before_it_is_answered(make, tmp_path):
    start, body = ask(make(), request())
    assert start["status"] == 200
    assert (b"access-control-allow-origin", b"https://example.com") in start["headers"]
    assert body == {"type": "http.response.body", "body": b'{"success": true}', "more_body": False}
    assert paths(tmp_path) == ["/"]


NOT_OURS = {
    "a page": request("GET", "/"),
    "GET of the endpoint": request("GET"),
    "a POST of its own": request("POST", "/form"),
    "OPTIONS that is no preflight": request("OPTIONS"),
    "a websocket": {"type": "websocket", "path": "/api/track"},
    "lifespan": {"type": "lifespan"},
    "a type to come": {"type": "webtransport"},
    "POST to the script": request("POST", "/js/ztas.js"),
    "below another root": request("POST", "/shopping/api/track", "/shop"),
}


@pytest.mark.parametrize("scope", NOT_OURS.values(), ids=NOT_OURS)
def test_what_is_not_ours_reaches_the_app_as_it_is(make, tripwire, scope):
    middleware = make(script="/js/ztas.js")
    before = dict(scope)

    async def receive():
        raise AssertionError("nobody but the app may read")

    async def send(message):
        raise AssertionError("nobody but the app answers")

    asyncio.run(middleware(scope, receive, send))
    ((got_scope, got_receive, got_send),) = tripwire.calls
    assert got_scope is scope
    assert scope == before
    assert got_receive is receive
    assert got_send is send


@pytest.mark.parametrize("path", ["/shop/api/track", "/api/track"])
@pytest.mark.parametrize("root", ["/shop", "/shop/"])
def test_below_a_mount_whether_the_path_begins_with_it_or_not(make, path, root):
    assert ask(make(), request(path=path, root_path=root))[0]["status"] == 200


def test_the_endpoint_may_have_any_letters(make):
    middleware = make(endpoint="/zähler")
    assert ask(middleware, request(path="/zähler"))[0]["status"] == 200
    assert ask(middleware, request(path="/ü/zähler", root_path="/ü"))[0]["status"] == 200


def test_a_bad_configuration_fails_when_wrapping(tripwire):
    with pytest.raises(ConfigError, match="sites"):
        ZTASMiddleware(tripwire, {})


@pytest.mark.parametrize("length", [[], [("content-length", str(len(HIT)))]], ids=["", "length"])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_client_that_leaves_in_mid_body_stores_nothing(make, tmp_path, length, before):
    messages = [{"type": "http.request", "body": HIT, "more_body": True}] * before
    messages.append({"type": "http.disconnect"})

    async def receive():
        return messages.pop(0)

    middleware = make()
    # Some servers still have a connection, and a client that only closed its half of it.
    assert ask(middleware, request(headers=length), receive=receive)[0]["status"] == 400
    assert ask(middleware, request())[0]["status"] == 200
    assert paths(tmp_path) == ["/"]


def test_a_body_that_is_announced_too_long_is_not_read(make):
    async def receive():
        raise AssertionError

    start, body = ask(make(), request(headers={"content-length": "70000"}), receive=receive)
    assert (start["status"], json.loads(body["body"])) == (413, {"error": "Request body too large"})


def test_a_body_without_end_is_read_no_further_than_it_may_be(make):
    read = []

    async def receive():
        read.append(1)
        return {"type": "http.request", "body": b" " * 10_000, "more_body": True}

    assert ask(make(), request(), receive=receive)[0]["status"] == 413
    assert len(read) == 7


def test_headers_that_could_be_taken_for_others_are_left_out(make, tmp_path):
    middleware = make(trusted_proxies=["203.0.113.9"])
    for client in ("198.51.100.1", "198.51.100.2"):
        scope = request()
        scope["headers"].append((b"x_forwarded_for", client.encode()))
        ask(middleware, scope)
        scope = request(headers={"x-forwarded-for": client})
        ask(middleware, scope)
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
        assert connection.execute("select count(distinct visitor) from hits").fetchone() == (3,)


class Locker:
    """Another program that holds the database's lock."""

    def __init__(self, file):
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)

    def __enter__(self):
        self._connection.execute("begin immediate")
        return self

    def release(self):
        self._connection.execute("rollback")

    def __exit__(self, *_):
        self._connection.close()


async def longest_pause(until):
    """Seconds that the loop was longest away, until a task is done."""
    longest = 0.0
    while not until.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - began - 0.001)
    return longest


def test_the_loop_goes_on_while_the_database_is_locked(make, tmp_path):
    middleware = make()
    ask(middleware, request())

    async def run():
        with Locker(tmp_path / "ztas.db") as locker:
            hits = asyncio.gather(*[send_request(middleware, request()) for _ in range(20)])
            pause = asyncio.create_task(longest_pause(hits))
            await asyncio.sleep(0.5)
            assert not hits.done()
            locker.release()
            return await hits, await pause

    answers, pause = asyncio.run(run())
    assert [answer[0]["status"] for answer in answers] == [200] * 20
    assert len(paths(tmp_path)) == 21
    # A tenth on a machine that others use, too; the target of 10 ms is measured by `make bench`.
    assert pause < 0.1
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
        ((first, last),) = connection.execute("select min(time), max(time) from hits where id > 1")
    assert last - first < 400, "the time is that of the arrival, not of the commit"


def test_a_database_that_stays_locked_is_said_to_all_who_waited(make, tmp_path, monkeypatch):
    monkeypatch.setattr("ztas_middleware.store.database.PATIENCE", 0.3)
    middleware = make()
    ask(middleware, request())

    async def run():
        with Locker(tmp_path / "ztas.db") as locker:
            first = asyncio.create_task(send_request(middleware, request()))
            await asyncio.sleep(0.1)
            later = [
                send_request(middleware, request()),
                send_request(middleware, request(), b"{}"),
                send_request(middleware, request(headers={"origin": "https://not.example"})),
            ]
            began = time.monotonic()
            answers = await asyncio.gather(first, *later)
            took = time.monotonic() - began
            locker.release()
        return answers, took

    answers, took = asyncio.run(run())
    assert [start["status"] for start, _ in answers] == [503, 503, 400, 403]
    assert took < 0.5, "who came later waits no longer than the first one"
    headers = dict(answers[0][0]["headers"])
    assert headers[b"retry-after"] == b"5"
    assert headers[b"access-control-allow-origin"] == b"https://example.com"
    assert b"access-control-allow-origin" not in dict(answers[3][0]["headers"])
    assert ask(middleware, request())[0]["status"] == 200
    assert len(paths(tmp_path)) == 2


def test_nobody_waits_for_the_others_where_not_even_a_salt_can_be_made(make, tmp_path, monkeypatch):
    monkeypatch.setattr("ztas_middleware.store.database.PATIENCE", 0.3)
    middleware = make()
    middleware._reception.database.append([])  # makes the database, and no salt

    async def run():
        with Locker(tmp_path / "ztas.db") as locker:
            began = time.monotonic()
            answers = await asyncio.gather(
                *[send_request(middleware, request()) for _ in range(10)]
            )
            took = time.monotonic() - began
            locker.release()
        return answers, took

    answers, took = asyncio.run(run())
    assert [start["status"] for start, _ in answers] == [503] * 10
    assert took < 1, "one after the other they would wait for 3 seconds"
    assert ask(middleware, request())[0]["status"] == 200


def test_an_edited_file_is_noticed(make, tmp_path, tripwire):
    file = tmp_path / "ztas.yaml"
    file.write_text("sites: {a: {domain: example.com}}\n")
    middleware = ZTASMiddleware(tripwire, file)
    hit = json.dumps({"siteId": "site_abc123", "type": "pageview"}).encode()
    assert ask(middleware, request(), hit)[0]["status"] == 404
    file.write_text("sites: {a: {domain: a.example}, site_abc123: {domain: example.com}}\n")
    deadline = time.monotonic() + 10
    while ask(middleware, request(), hit)[0]["status"] != 200:
        assert time.monotonic() < deadline
        middleware._reception.next_tick = 0
    middleware.close()


def test_many_hits_at_once_are_all_stored(make, tmp_path):
    middleware = make(rate_limit=0)

    async def run():
        return await asyncio.gather(*[send_request(middleware, request()) for _ in range(300)])

    assert {start["status"] for start, _ in asyncio.run(run())} == {200}
    assert len(paths(tmp_path)) == 300


def test_another_loop_is_served_as_well(make, tmp_path):
    middleware = make()
    for _ in range(3):
        assert ask(middleware, request())[0]["status"] == 200
    assert len(paths(tmp_path)) == 3


def test_a_request_that_is_cancelled_disturbs_nobody(make, tmp_path):
    middleware = make()

    async def run():
        tasks = [asyncio.create_task(send_request(middleware, request())) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(run())
    assert all(answer[0]["status"] == 200 for answer in answers[1::2])
    assert len(paths(tmp_path)) >= 10


def test_the_end_of_the_lifespan_writes_what_was_counted(make, tmp_path):
    async def app(scope, receive, send):
        while (await receive())["type"] != "lifespan.shutdown":
            pass

    middleware = make(app)

    async def run():
        await send_request(middleware, request(), b"nonsense")
        messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

        async def receive():
            return messages.pop(0)

        await middleware({"type": "lifespan"}, receive, None)
        with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
            return connection.execute("select reason, count from drops").fetchall()

    assert asyncio.run(run()) == [("invalid", 1)]


def test_a_child_serves_as_its_parent_does(make, tmp_path):
    middleware = make()
    ask(middleware, request())
    read, write = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        with suppress(BaseException):
            status = ask(middleware, request())[0]["status"] != 200
        os.write(write, bytes([status]))
        os._exit(0)
    os.close(write)
    assert os.read(read, 1) == b"\0"
    os.close(read)
    os.waitpid(child, 0)
    assert ask(middleware, request())[0]["status"] == 200
    assert len(paths(tmp_path)) == 3


class TestPages:
    SITES = {
        "site_abc123": {"domain": "example.com", "inject": True, "count_pages": True},
    }
    TAG = b'<script defer src="/js/ztas.js" data-site="site_abc123"></script>'

    def browse(self, make, tmp_path, *messages, headers=(), **settings):
        """Open a page that an app answers so; return what is sent, and the paths stored."""

        async def app(scope, receive, send):
            for message in messages:
                await send(message)

        middleware = make(app, sites=self.SITES, **{"script": "/js/ztas.js"} | settings)
        asked = {"host": "example.com", "sec-fetch-mode": "navigate"} | dict(headers)
        sent = ask(middleware, request("GET", "/seite", headers=asked), b"")
        middleware.close()
        return sent, paths(tmp_path) if (tmp_path / "ztas.db").exists() else []

    def start(self, *headers, status=200, **more):
        pairs = [*HTML, *headers]
        return {"type": "http.response.start", "status": status, "headers": pairs, **more}

    def body(self, body, more_body=False):
        return {"type": "http.response.body", "body": body, "more_body": more_body}

    def test_a_page_gets_the_tag_in_pieces_of_any_size(self, make, tmp_path):
        length = (b"content-length", str(len(PAGE)).encode())
        pieces = [self.body(PAGE[at : at + 7], more_body=True) for at in range(0, len(PAGE), 7)]
        sent, stored = self.browse(make, tmp_path, self.start(length), *pieces, self.body(b""))
        body = b"".join(message.get("body", b"") for message in sent)
        assert body.replace(self.TAG, b"") == PAGE
        assert self.TAG in body
        assert (b"content-length", str(len(body)).encode()) in sent[0]["headers"]
        assert [message["type"] for message in sent].count("http.response.start") == 1
        assert sent[-1]["more_body"] is False
        assert stored == [], "the script will count it"

    OTHERS = {
        "JSON": [(b"content-type", b"application/json")],
        "events": [(b"content-type", b"text/event-stream")],
    }

    @pytest.mark.parametrize("headers", OTHERS.values(), ids=OTHERS)
    def test_what_is_no_page_is_sent_in_the_same_messages(self, make, tmp_path, headers):
        messages = [
            {"type": "http.response.start", "status": 200, "headers": headers, "trailers": True},
            self.body(b"data: 1\n\n", more_body=True),
            self.body(b""),
            {"type": "http.response.trailers", "headers": [], "more_trailers": False},
        ]
        sent, stored = self.browse(make, tmp_path, *messages)
        assert len(sent) == len(messages)
        assert all(got is message for got, message in zip(sent, messages, strict=True))
        assert stored == []

    def test_a_file_that_the_server_sends_is_counted_as_it_is(self, make, tmp_path):
        messages = [
            self.start((b"content-length", b"7")),
            {"type": "http.response.pathsend", "path": "/srv/page.html"},
        ]
        sent, stored = self.browse(make, tmp_path, *messages)
        assert [got is message for got, message in zip(sent, messages, strict=True)] == [True] * 2
        assert stored == ["/seite"]

    def test_early_hints_come_first_and_change_nothing(self, make, tmp_path):
        push = {"type": "http.response.push", "path": "/x.css", "headers": []}
        sent, _ = self.browse(make, tmp_path, push, self.start(), self.body(PAGE))
        assert sent[0] is push
        assert self.TAG in sent[-1]["body"]

    def test_a_page_that_breaks_off_is_not_counted_and_the_error_is_the_servers(
        self, make, tmp_path
    ):
        class AppError(Exception):
            pass

        async def app(scope, receive, send):
            await send(self.start())
            await send(self.body(b"<p>", more_body=True))
            raise AppError

        middleware = make(app, sites=self.SITES, script="/js/ztas.js")
        asked = {"host": "example.com", "sec-fetch-mode": "navigate"}
        with pytest.raises(AppError):
            ask(middleware, request("GET", "/", headers=asked), b"")
        middleware.close()
        assert not (tmp_path / "ztas.db").exists() or paths(tmp_path) == []


class TestStreams:
    TOKEN = "sha256:" + sha256(b"test").hexdigest()

    def export(self, make, hits):
        middleware = make(api={"path": "/api", "tokens": [self.TOKEN]}, rate_limit=0)
        batch = {
            "batch": True,
            "siteId": "site_abc123",
            "events": [{"type": "pageview", "path": "/x"}] * 100,
        }
        for _ in range(hits // 100):
            ask(middleware, request(), json.dumps(batch).encode())
        return middleware, request(
            "GET",
            "/api/export",
            headers={"authorization": "Bearer test"},
            query_string=b"siteId=site_abc123&type=hits&format=ndjson",
        )

    def test_an_export_is_whole(self, make):
        middleware, scope = self.export(make, 2500)
        sent = ask(middleware, scope, b"")
        assert sent[0]["status"] == 200
        assert b"".join(message["body"] for message in sent[1:]).count(b"\n") == 2500
        assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]

    def test_nothing_is_read_ahead_of_a_slow_client_or_for_one_that_left(self, make):
        middleware, scope = self.export(make, 4000)
        sent = []
        left = asyncio.Event()

        async def receive():
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if len(sent) == 2:
                left.set()
                await asyncio.sleep(0.05)

        asyncio.run(middleware(scope, receive, send))
        assert len(sent) == 2


def write_threads():
    return [thread for thread in threading.enumerate() if thread.name == "ztas-writer"]


def test_a_hit_that_need_not_wait_is_stored_in_the_loops_own_thread(make, tmp_path, monkeypatch):
    # Whatever else the machine has to do: a commit that took long sends the next ones elsewhere.
    monkeypatch.setattr("ztas_middleware.store.database.SLOW", 60.0)
    middleware = make()
    ask(middleware, request())  # opens the database and makes the salt
    middleware._desk._write_thread.finish()
    before = write_threads()
    for _ in range(20):
        assert ask(middleware, request())[0]["status"] == 200
    assert write_threads() == before
    assert len(paths(tmp_path)) == 21


LONG = json.dumps({"siteId": "site_abc123", "type": "pageview", "label": "x" * 3000}).encode()


@pytest.mark.parametrize(
    ("settings", "hook", "body"),
    [
        pytest.param({"durability": "full"}, None, HIT, id="what is synced"),
        pytest.param({}, lambda scope: False, HIT, id="what the app is asked about"),
        pytest.param({}, None, LONG, id="what takes long"),
    ],
)
def test_a_hit_that_may_wait_is_left_to_another_thread(make, tmp_path, settings, hook, body):
    middleware = make(hooks={"exclude": hook}, **settings)
    ask(middleware, request())
    middleware._desk._write_thread.finish()
    before = write_threads()
    assert ask(middleware, request(), body)[0]["status"] == 200
    assert len(write_threads()) == len(before) + 1
    assert len(paths(tmp_path)) == 2


def test_a_hit_that_finds_the_database_locked_is_left_to_another_thread(make, tmp_path):
    middleware = make()
    ask(middleware, request())

    async def run():
        with Locker(tmp_path / "ztas.db") as locker:
            hit = asyncio.create_task(send_request(middleware, request()))
            await asyncio.sleep(0.05)
            assert not hit.done()
            locker.release()
            return await hit

    assert asyncio.run(run())[0]["status"] == 200
    assert len(paths(tmp_path)) == 2, "once, however often it was tried"


def wsgi(environ, start_response):
    raise AssertionError


def asgi_2(scope):
    raise AssertionError


class Asgi2:
    def __init__(self, scope):
        raise AssertionError

    async def __call__(self, receive, send):
        raise AssertionError


class Router:
    def __call__(self, scope):
        raise AssertionError


@pytest.mark.parametrize(
    ("application", "says"),
    [
        pytest.param(wsgi, "WSGI application: from ztas_middleware import", id="WSGI"),
        pytest.param(asgi_2, "ASGI 2: wrap asgiref", id="a function of ASGI 2"),
        pytest.param(Asgi2, "ASGI 2: wrap asgiref", id="a class of ASGI 2"),
        pytest.param(Router(), "ASGI 2: wrap asgiref", id="an object of ASGI 2"),
    ],
)
def test_an_application_of_another_interface_is_a_type_error_when_wrapping(make, application, says):
    with pytest.raises(TypeError, match=says):
        make(application)


def test_an_application_of_asgi_2_can_be_wrapped_as_the_message_says(make, tmp_path):
    middleware = make(guarantee_single_callable(Asgi2))
    assert ask(middleware, request())[0]["status"] == 200
    assert paths(tmp_path) == ["/"]


async def single(scope, receive, send):
    pass


@pytest.mark.parametrize(
    "application",
    [single, partial(single), lambda *call: single(*call), only_ours],  # noqa: PLW0108 - the case
    ids=["a function", "a partial", "a function that returns what is awaited", "of both"],
)
def test_any_application_of_asgi_3_can_be_wrapped(make, application):
    assert ask(make(application), request())[0]["status"] == 200


OPEN = json.dumps({"siteId": "open", "type": "pageview"}).encode()


def test_a_long_answer_gets_to_a_driver_that_repeats_the_request(make):
    middleware = make(api={"path": "/api"}, sites={"open": {"domain": "a.example", "public": True}})
    ask(middleware, request(headers={"origin": "https://a.example"}), OPEN)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = request("GET", "/api/export", query_string=b"siteId=open&type=hits")
    start, *pieces = ask(middleware, scope, receive=receive)
    assert start["status"] == 200
    assert b"pageview" in b"".join(piece["body"] for piece in pieces)


def test_an_error_behind_a_hit_that_has_to_wait_is_the_one_that_is_raised():
    class Gathering:
        """Rows that can't be committed at once."""

        size = 0

        def commit_at_once(self):
            return False

        def take(self):
            return []

        def __getattr__(self, name):
            return lambda *_: None

    def handler(_environ):
        raise LookupError("the handler's own")

    done = threading.Event()
    thread = WriteThread(Gathering(), OutageLog(), hurry=lambda _: None, committed=lambda: None)
    job = Job(handler, {}, lambda _: done.set())
    assert not thread.do_at_once(job, SimpleNamespace(may_wait=True))
    thread.give(job)
    assert done.wait(5)
    thread.finish()
    assert isinstance(job.error, LookupError)

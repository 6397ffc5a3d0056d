"""The app's pages on their way out, as a server sees them, down to each byte and each call."""

from __future__ import annotations

import gzip
import io
import sys
from wsgiref.util import FileWrapper
from wsgiref.validate import validator

import pytest

from ztas_middleware.config.domains import Domain
from ztas_middleware.config.model import Site
from ztas_middleware.web.head import LOOK_AHEAD
from ztas_middleware.web.memory import PageMemory
from ztas_middleware.web.pages import Pages
from ztas_middleware.web.passage import pass_through

TAG = b'<script defer src="/js/ztas.js" data-site="a"></script>'
PAGE = b"<html><head><title>x</title></head><body>y</body></html>"
TAGGED = PAGE.replace(b"<head>", b"<head>" + TAG)
HTML = ("Content-Type", "text/html; charset=utf-8")
NAVIGATION = {
    "REQUEST_METHOD": "GET",
    "HTTP_HOST": "example.com",
    "SERVER_NAME": "example.com",
    "SERVER_PORT": "80",
    "SCRIPT_NAME": "",
    "PATH_INFO": "/",
    "HTTP_SEC_FETCH_MODE": "navigate",
}


class Broken(Exception):  # noqa: N818 - the app's own
    pass


def break_down():
    raise Broken


class Server:
    """Makes one request and keeps account of all that reaches it."""

    def __init__(
        self,
        application,
        *,
        inject=True,
        count=True,
        script="/js/ztas.js",
        memory=None,
        **environ,
    ):
        self.started = []
        self.written = []
        self.counted = 0
        self.failures = []
        site = Site(id="a", domains=(Domain("example.com"),), inject=inject, count_pages=count)
        pages = Pages(
            [site],
            script=script,
            endpoint="/api/track",
            remember_read=lambda environ, site: None,
            remember=self._remember,
            report=self.failures.append,
            memory=memory or PageMemory(),
        )
        self.environ = NAVIGATION | environ
        self.result = pass_through(pages, application, self.environ, self.start_response)

    def _remember(self, environ, site):
        assert (environ, site.id) == (self.environ, "a")

        def count():
            self.counted += 1

        return count

    def start_response(self, status, headers, exc_info=None):
        if exc_info and self.written:
            raise exc_info[1].with_traceback(exc_info[2])
        self.started.append((status, list(headers)))
        return self.written.append

    def receive(self, pieces=None):
        """Read the body (or so many pieces of it) and close it, as servers do."""
        try:
            for number, chunk in enumerate(self.result):
                assert self.started, "a piece before the headers"
                self.written.append(chunk)
                if number + 1 == pieces:
                    break
        finally:
            if hasattr(self.result, "close"):
                self.result.close()
        return b"".join(self.written)

    @property
    def status(self):
        return self.started[-1][0]

    @property
    def headers(self):
        return self.started[-1][1]


class Body:
    """An iterable of the app's that must be closed exactly once."""

    def __init__(self, *chunks):
        self._chunks = iter(chunks)
        self.closed = 0

    def __iter__(self):
        return self

    def __next__(self):
        chunk = next(self._chunks)
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    def close(self):
        self.closed += 1


def app(body, *headers, status="200 OK"):
    """An app with one answer."""

    def application(environ, start_response):
        start_response(status, list(headers) or [HTML])
        return body

    return application


def sized(body):
    return app([body], HTML, ("Content-Length", str(len(body))))


# The tag.


FORMS = {
    "a list": lambda: [PAGE],
    "a tuple": lambda: (PAGE,),
    "two pieces": lambda: [PAGE[:20], PAGE[20:]],
    "empty pieces": lambda: [b"", PAGE, b""],
    "single bytes": lambda: [bytes([byte]) for byte in PAGE],
    "an iterator": lambda: iter([PAGE[:20], PAGE[20:]]),
    "a closing iterator": lambda: Body(PAGE[:33], PAGE[33:]),
    "a generator of single bytes": lambda: (bytes([byte]) for byte in PAGE),
    "sized, but no list": lambda: dict.fromkeys([PAGE[:20], PAGE[20:]]),
    "a file": lambda: FileWrapper(io.BytesIO(PAGE), 7),
}


@pytest.mark.parametrize("make", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("length", [[], [("Content-Length", str(len(PAGE)))]], ids=["", "length"])
def test_page_gets_the_tag(make, length):
    body = make()
    server = Server(app(body, HTML, *length))
    assert server.receive() == TAGGED
    expected = [("Content-Length", str(len(TAGGED)))] if length else []
    assert server.started == [("200 OK", [HTML, *expected])]
    assert server.counted == 0, "the script will count it"
    assert server.failures == []


def test_strong_etag_becomes_weak_and_ranges_are_not_offered():
    headers = [HTML, ("ETag", '"abc"'), ("Accept-Ranges", "bytes"), ("X-Own", "1")]
    server = Server(app([PAGE], *headers))
    assert server.receive() == TAGGED
    assert server.headers == [HTML, ("ETag", 'W/"abc"'), ("X-Own", "1")]


def test_tag_is_below_the_mount():
    server = Server(sized(PAGE), SCRIPT_NAME="/blog")
    assert b'src="/blog/js/ztas.js"' in server.receive()


@pytest.mark.parametrize("destination", ["iframe", "frame", "embed", "object"])
def test_frame_is_no_page(destination):
    body = [PAGE]
    server = Server(app(body), HTTP_SEC_FETCH_DEST=destination)
    assert server.result is body
    assert server.counted == 0


UNTOUCHED = {
    "not found": app([PAGE], HTML, status="404 Not Found"),
    "a part": app([PAGE], HTML, ("Content-Range", "bytes 0-9/99"), status="206 Partial Content"),
    "a redirect": app([PAGE], HTML, ("Location", "/"), status="302 Found"),
    "no HTML": app([PAGE], ("Content-Type", "text/plain")),
    "no type": app([PAGE], ("X-Own", "1")),
    "a download": app([PAGE], HTML, ("Content-Disposition", "attachment")),
}


@pytest.mark.parametrize("application", UNTOUCHED.values(), ids=UNTOUCHED)
def test_what_is_no_page_is_the_apps_own_iterable(application):
    made = []

    def keeping(environ, start_response):
        made.append(application(environ, start_response))
        return made[0]

    server = Server(keeping)
    assert server.result is made[0]
    bare = []
    application({}, lambda status, headers: bare.append((status, headers)))
    assert server.started == bare
    assert server.counted == 0


NO_PLACE = {
    "compressed": (gzip.compress(PAGE), [("Content-Encoding", "gzip")]),
    "UTF-16": (PAGE.decode().encode("utf-16"), []),
    "UTF-16, declared": (PAGE.decode().encode("utf-16-le"), [("Content-Type", HTML[1])]),
    "a fragment": (b"<p>hello</p>", []),
    "empty": (b"", []),
    "a head too far down": (b"<!--" + b"x" * LOOK_AHEAD + b"-->" + PAGE, []),
    "no-transform": (PAGE, [("Cache-Control", "no-transform")]),
    "a digest": (PAGE, [("Content-Digest", "sha-256=:x:")]),
}


@pytest.mark.parametrize("form", ["list", "iterator"])
@pytest.mark.parametrize(("body", "more"), NO_PLACE.values(), ids=NO_PLACE)
def test_page_without_a_place_for_the_tag_leaves_unchanged_and_is_counted(body, more, form):
    headers = [HTML, ("Content-Length", str(len(body))), ("ETag", '"x"'), *more]
    server = Server(app([body] if form == "list" else iter([body]), *headers))
    assert server.receive() == body
    assert server.started == [("200 OK", headers)]
    assert server.counted == 1


HAS_TAG = {
    "in the head": PAGE.replace(b"</head>", b'<script src="/js/ztas.js"></script></head>'),
    "at the end": PAGE.replace(b"</body>", b"<script src=/js/ztas.js></script></body>"),
}


@pytest.mark.parametrize("body", HAS_TAG.values(), ids=HAS_TAG)
@pytest.mark.parametrize("form", [list, iter, tuple])
def test_page_that_has_the_tag_gets_no_second_and_is_not_counted(body, form):
    server = Server(app(form([body]), HTML, ("Content-Length", str(len(body))), ("ETag", '"x"')))
    assert server.receive() == body
    assert server.headers[2] == ("ETag", '"x"')
    assert server.counted == 0


# Policies.


def test_tag_has_the_nonce_of_the_policy():
    policy = ("content-security-policy", "script-src 'nonce-abc123' 'strict-dynamic'")
    length = ("Content-Length", str(len(PAGE)))
    server = Server(app(iter([PAGE[:20], PAGE[20:]]), HTML, policy, length))
    tag = TAG.replace(b">", b' nonce="abc123">', 1)
    assert server.receive() == PAGE.replace(b"<head>", b"<head>" + tag)
    assert ("Content-Length", str(len(PAGE) + len(tag))) in server.headers
    assert server.counted == 0


@pytest.mark.parametrize(
    "policies",
    [
        ["script-src 'none'"],
        ["script-src 'self'", "connect-src https://api.example"],
        ["default-src 'self', script-src https://cdn.example"],
    ],
)
@pytest.mark.parametrize("form", [list, iter])
def test_page_whose_policy_forbids_the_script_is_counted_here(policies, form):
    headers = [HTML, *(("Content-Security-Policy", policy) for policy in policies)]
    server = Server(app(form([PAGE]), *headers, ("ETag", '"x"')))
    assert server.receive() == PAGE
    assert server.headers == [*headers, ("ETag", '"x"')]
    assert server.counted == 1


def test_policy_that_only_reports_forbids_nothing():
    report = ("Content-Security-Policy-Report-Only", "script-src 'none'")
    server = Server(app([PAGE], HTML, report))
    assert server.receive() == TAGGED
    assert server.counted == 0


META = b'<meta http-equiv="Content-Security-Policy" content="%s">'


@pytest.mark.parametrize("form", [list, iter, lambda body: (bytes([b]) for b in body[0])])
@pytest.mark.parametrize("place", [b"<head>", b"</title>"], ids=["first", "last"])
def test_policy_in_the_head_holds_like_a_header(form, place):
    def page(policy):
        return PAGE.replace(place, place + META % policy)

    server = Server(app(form([page(b"script-src 'none'")])))
    assert server.receive() == page(b"script-src 'none'")
    assert server.counted == 1
    server = Server(app(form([page(b"script-src 'nonce-abc'")])))
    assert b'data-site="a" nonce="abc">' in server.receive()
    assert server.counted == 0


def test_page_behind_a_proxy_that_ends_tls_is_one_of_https():
    https = ("Content-Security-Policy", "default-src https:")
    for environ, tagged in (
        ({}, True),  # whoever sends Sec-Fetch-Mode does so to https
        ({"HTTP_SEC_FETCH_MODE": "", "HTTP_ACCEPT": "text/html"}, False),
        ({"HTTP_SEC_FETCH_MODE": "", "HTTP_X_FORWARDED_PROTO": "https, http"}, True),
        ({"HTTP_SEC_FETCH_MODE": "", "wsgi.url_scheme": "https"}, True),
    ):
        assert (Server(app([PAGE], HTML, https), **environ).receive() == TAGGED) is tagged


# A page that the browser has already.


NOT_MODIFIED = app([], ("ETag", '"x"'), status="304 Not Modified")


@pytest.mark.parametrize(
    ("first", "inject", "counted"),
    [
        (app([PAGE], HTML), False, 1),
        (app([HAS_TAG["at the end"]], HTML), False, 0),
        (app([PAGE], HTML), True, 0),
        (app([b"<p>"], HTML), True, 1),
        (app([b"{}"], ("Content-Type", "application/json")), False, 0),
        (app([PAGE], HTML, status="404 Not Found"), False, 1),
        (None, False, 1),
        (None, True, 0),
    ],
)
def test_page_that_is_not_modified_counts_as_it_did(first, inject, counted):
    memory = PageMemory()
    if first is not None:
        Server(first, inject=inject, memory=memory).receive()
    server = Server(NOT_MODIFIED, inject=inject, memory=memory)
    assert server.receive() == b""
    assert server.started == [("304 Not Modified", [("ETag", '"x"')])]
    assert server.counted == counted


@pytest.mark.parametrize(
    ("path", "headers", "counted"),
    [
        ("/a.b/c", [], 1),
        ("/page.html", [], 1),
        ("/logo.png", [], 0),
        ("/logo", [("Content-Type", "image/png")], 0),
        ("/logo.png", [HTML], 1),
    ],
)
def test_what_is_known_of_nothing_but_a_304(path, headers, counted):
    application = app([], ("ETag", '"x"'), *headers, status="304 Not Modified")
    server = Server(application, inject=False, PATH_INFO=path)
    server.receive()
    assert server.counted == counted


def test_policy_of_a_304_says_who_counts_it():
    policy = ("Content-Security-Policy", "script-src 'none'")
    server = Server(app([], policy, status="304 Not Modified"))
    server.receive()
    assert server.counted == 1


def test_304_that_is_no_navigation_counts_nothing():
    server = Server(NOT_MODIFIED, inject=False, HTTP_SEC_FETCH_MODE="cors")
    server.receive()
    assert server.counted == 0


def test_tag_in_a_comment_is_none():
    body = b"<head><!-- " + TAG + b" --></head>"
    server = Server(sized(body))
    assert server.receive() == body.replace(b"<head>", b"<head>" + TAG)


def test_without_count_pages_an_unchanged_list_is_the_very_same():
    body = [b"<p>hello</p>"]
    assert Server(app(body), count=False).result is body


# Streaming.


def test_page_streams_while_the_place_is_looked_for():
    reached = []

    def body():
        for number, chunk in enumerate((b"<html>", b"<head>", b"</he", b"ad><body>", b"z", b"z")):
            reached.append(number)
            yield chunk

    server = Server(app(body()))
    pieces = iter(server.result)
    assert next(pieces) == b"<html>"
    assert reached == [0]
    assert next(pieces) == b"<head>"
    assert next(pieces) == b""
    assert next(pieces) == TAG + b"</head><body>"
    assert reached == [0, 1, 2, 3]
    assert next(pieces) == b"z"
    assert reached == [0, 1, 2, 3, 4]


def test_headers_wait_for_the_place_and_nothing_more_than_that():
    def body():
        yield PAGE[:20]
        yield PAGE[20:40]
        raise AssertionError("read too far")

    server = Server(app(body(), HTML, ("Content-Length", str(len(PAGE)))))
    # Some servers take what they have when the app returns.
    assert server.started == [("200 OK", [HTML, ("Content-Length", str(len(TAGGED)))])]
    assert next(iter(server.result)) == TAGGED[: 40 + len(TAG)]


def test_no_more_than_64_kib_are_held_back():
    chunk = b"<p>" + b"x" * 997
    reached = 0

    def body():
        nonlocal reached
        for _ in range(1000):
            reached += 1
            yield chunk

    server = Server(app(body(), HTML, ("Content-Length", "1000000")))
    first = next(iter(server.result))
    assert reached == len(first) // 1000 <= LOOK_AHEAD // 1000 + 1


def test_large_single_piece_is_not_taken_apart():
    body = b"x" * 5_000_000
    server = Server(sized(body))
    assert server.receive() == body


# Counting.


@pytest.mark.parametrize(
    ("environ", "counted"),
    [
        ({}, 1),
        ({"HTTP_SEC_FETCH_MODE": "cors"}, 0),
        ({"HTTP_SEC_FETCH_MODE": "", "HTTP_ACCEPT": "text/html"}, 1),
        ({"HTTP_HOST": "other.example"}, 0),
    ],
)
def test_navigations_are_counted_when_the_page_is_out(environ, counted):
    server = Server(sized(PAGE), inject=False, script=None, **environ)
    assert server.counted == 0
    assert server.receive() == PAGE
    assert server.counted == counted
    assert server.headers == [HTML, ("Content-Length", str(len(PAGE)))]


def test_counting_keeps_what_servers_make_a_content_length_of():
    server = Server(app([PAGE]), inject=False, script=None)
    assert len(server.result) == 1
    assert not hasattr(Server(app(iter([PAGE])), inject=False, script=None).result, "__len__")


def test_answer_for_another_host_is_the_apps_own():
    body = [PAGE]
    server = Server(app(body), HTTP_HOST="other.example")
    assert server.result is body


@pytest.mark.parametrize("close", ["once", "twice"])
def test_page_is_counted_once(close):
    server = Server(sized(PAGE), inject=False)
    server.receive()
    if close == "twice":
        server.result.close()
    assert server.counted == 1


WITH_SCRIPT = {
    "no tag": (PAGE, None, 1),
    "a tag": (HAS_TAG["at the end"], None, 0),
    "a tag far down": (b"<p>" * LOOK_AHEAD + TAG, None, 0),
    "a tag in a comment": (b"<!-- " + TAG + b" -->", None, 1),
    "no tag, compressed": (gzip.compress(PAGE), "gzip", 1),
    "a tag, compressed": (gzip.compress(TAGGED), "gzip", 0),
    "a tag out of sight": (TAGGED[::-1], "br", 1),
}


@pytest.mark.parametrize(("body", "encoding", "counted"), WITH_SCRIPT.values(), ids=WITH_SCRIPT)
@pytest.mark.parametrize("form", ["list", "iterator", "write"])
def test_page_with_a_tag_of_its_own_is_left_to_the_script(body, encoding, counted, form):
    headers = [HTML] + ([("Content-Encoding", encoding)] if encoding else [])

    def application(environ, start_response):
        write = start_response("200 OK", headers)
        if form == "write":
            write(body)
            return []
        return [body] if form == "list" else iter([body[:10], body[10:]])

    server = Server(application, inject=False)
    assert server.receive() == body
    assert server.counted == counted


def test_file_is_handed_over_as_it_is_and_counted():
    class Wrapper(FileWrapper):
        pass

    def application(environ, start_response):
        start_response("200 OK", [HTML])
        return environ["wsgi.file_wrapper"](io.BytesIO(PAGE))

    settings = {"inject": False, "script": None, "wsgi.file_wrapper": Wrapper}
    server = Server(application, **settings)
    assert isinstance(server.result, Wrapper)
    assert server.counted == 1
    assert server.receive() == PAGE
    # What has to be looked into is read like any other body.
    server = Server(application, **settings | {"script": "/js/ztas.js"})
    assert server.receive() == PAGE
    assert server.counted == 1


def test_failure_to_count_leaves_the_page_alone():
    server = Server(sized(PAGE), inject=False)

    server.result._passage._outgoing._visit = server.result._passage._outgoing._visit._replace(
        store=break_down
    )
    assert server.receive() == PAGE
    assert [type(failure) for failure in server.failures] == [Broken]


# WSGI's corners.


@pytest.mark.parametrize("inject", [True, False])
@pytest.mark.parametrize("pieces", [None, 1])
def test_iterable_is_closed_exactly_once(inject, pieces):
    body = Body(PAGE[:20], PAGE[20:], b"more")
    server = Server(app(body), inject=inject)
    server.receive(pieces)
    server.result.close()
    assert body.closed == 1


def test_iterable_that_nobody_reads_is_closed():
    body = Body(PAGE)
    Server(app(body, HTML, ("Content-Length", "1"))).result.close()
    assert body.closed == 1


def test_failure_of_the_app_is_the_apps():
    body = Body(PAGE[:20], Broken())
    server = Server(app(body))
    with pytest.raises(Broken):
        server.receive()
    assert body.closed == 1
    assert server.counted == 0


def test_failure_while_the_headers_wait_is_the_apps():
    body = Body(PAGE[:20], Broken())
    with pytest.raises(Broken):
        Server(app(body, HTML, ("Content-Length", "99")))
    assert body.closed == 1


def test_failure_to_close_is_the_apps():
    class Bad(Body):
        def close(self):
            raise Broken

    server = Server(app(Bad(PAGE)))
    with pytest.raises(Broken):
        server.receive()


def test_app_that_raises_is_called_once():
    calls = []

    def application(environ, start_response):
        calls.append(environ)
        raise Broken

    with pytest.raises(Broken):
        Server(application)
    assert len(calls) == 1


@pytest.mark.parametrize("headers", [[HTML], [HTML, ("Content-Length", str(len(PAGE)))]])
def test_app_may_start_when_its_body_is_read(headers):
    def application(environ, start_response):
        start_response("200 OK", headers)
        yield PAGE[:20]
        yield PAGE[20:]

    server = Server(application)
    assert server.receive() == TAGGED


def test_app_may_start_late_with_what_is_no_page():
    def application(environ, start_response):
        start_response("404 Not Found", [HTML])
        yield PAGE

    server = Server(application)
    assert server.receive() == PAGE
    assert server.counted == 0


def test_app_that_never_starts_is_the_servers_to_complain_of():
    server = Server(lambda environ, start_response: iter([PAGE]))
    with pytest.raises(AssertionError, match="a piece before the headers"):
        server.receive()


@pytest.mark.parametrize("headers", [[HTML], [HTML, ("Content-Length", str(len(PAGE)))]])
@pytest.mark.parametrize("rest", [b"", b"<p>"])
def test_app_may_write(headers, rest):
    def application(environ, start_response):
        write = start_response("200 OK", headers)
        write(PAGE[:20])
        write(PAGE[20:])
        return [rest] if rest else []

    server = Server(application)
    assert server.receive() == TAGGED + rest
    assert len(server.started) == 1


def test_app_may_write_less_than_shows_the_place():
    def application(environ, start_response):
        start_response("200 OK", [HTML, ("Content-Length", str(len(PAGE)))])(PAGE[:20])
        return [PAGE[20:]]

    assert Server(application).receive() == TAGGED


@pytest.mark.parametrize("headers", [[HTML], [HTML, ("ETag", '"x"')]])
def test_app_may_think_better_of_it(headers):
    def application(environ, start_response):
        start_response("200 OK", headers)
        try:
            break_down()
        except Broken:
            start_response("500 Internal Server Error", [HTML], sys.exc_info())
        return [PAGE]

    server = Server(application)
    assert server.receive() == PAGE
    assert server.status == "500 Internal Server Error"
    assert server.counted == 0


@pytest.mark.parametrize("headers", [[HTML], [HTML, ("ETag", '"x"')]])
@pytest.mark.parametrize("first", [PAGE, PAGE[:30]])
def test_app_that_fails_under_way_is_told_so(headers, first):
    def application(environ, start_response):
        start_response("200 OK", headers)
        yield first
        try:
            break_down()
        except Broken:
            start_response("500 Internal Server Error", [HTML], sys.exc_info())
        yield b"never"

    server = Server(application)
    with pytest.raises(Broken):
        server.receive()
    assert b"never" not in b"".join(server.written)
    assert server.counted == 0


def test_error_page_first_and_a_page_after_all():
    def application(environ, start_response):
        start_response("500 Internal Server Error", [HTML])
        start_response("200 OK", [HTML], (None, None, None))
        return [PAGE]

    server = Server(application)
    assert server.receive() == PAGE
    assert server.status == "200 OK"


@pytest.mark.parametrize("count", [True, False])
@pytest.mark.parametrize("inject", [True, False])
@pytest.mark.parametrize("length", [[], [("Content-Length", str(len(PAGE)))]])
def test_both_sides_keep_to_the_protocol(inject, count, length):
    environ = {
        "SERVER_PROTOCOL": "HTTP/1.1",
        "QUERY_STRING": "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    site = Site(id="a", domains=(Domain("example.com"),), inject=inject, count_pages=count)
    pages = Pages(
        [site],
        script="/js/ztas.js",
        endpoint="/api/track",
        remember_read=lambda environ, site: None,
        remember=lambda *_: lambda: None,
        report=pytest.fail,
        memory=PageMemory(),
    )
    inner = validator(app([PAGE[:30], PAGE[30:]], HTML, *length))
    outer = validator(
        lambda environ, start_response: pass_through(pages, inner, environ, start_response)
    )

    def start_response(status, headers, exc_info=None):
        return lambda data: None

    result = outer(NAVIGATION | environ, start_response)
    assert b"".join(result) == (TAGGED if inject else PAGE)
    result.close()


# What fails in here is nobody's problem.


def test_environ_that_makes_no_sense_is_left_to_the_app():
    body = [PAGE]
    server = Server(app(body), HTTP_HOST=None, SERVER_NAME=b"?", SERVER_PORT=None)
    assert server.result is body


def test_headers_that_make_no_sense_are_left_to_the_server():
    headers = [("Content-Type", None), ("ETag", 7)]
    body = [PAGE]
    server = Server(app(body, *headers))
    assert server.result is body
    assert server.started == [("200 OK", headers)]
    assert len(server.failures) == 1


@pytest.mark.parametrize("form", [list, iter])
def test_search_that_fails_lets_the_page_go(monkeypatch, form):
    def fail(self, at, end):
        if at > 10:
            raise Broken
        return at + 1

    monkeypatch.setattr("ztas_middleware.web.head.HeadSearch._step", fail)
    server = Server(app(form([PAGE[:5], PAGE[5:30], PAGE[30:]]), HTML, ("ETag", '"x"')))
    assert server.receive() == PAGE
    assert server.headers == [HTML, ("ETag", '"x"')]
    assert [type(failure) for failure in server.failures] == [Broken]
    assert server.counted == 1


@pytest.mark.parametrize("form", [list, iter])
def test_watch_that_fails_lets_the_page_go(monkeypatch, form):
    def fail(self, chunk):
        raise Broken

    monkeypatch.setattr("ztas_middleware.web.tag.TagWatch.feed", fail)
    for inject in (True, False):
        server = Server(app(form([PAGE[:30], PAGE[30:]])), inject=inject)
        assert server.receive() == PAGE
        assert {type(failure) for failure in server.failures} == {Broken}


def test_text_instead_of_bytes_is_no_answer():
    server = Server(app(iter(["<html>"])))
    with pytest.raises(TypeError):
        server.receive()


@pytest.mark.parametrize("kind", ["application/json", "text/css"])
def test_the_apps_own_iterable_reaches_a_server_that_hands_no_write_back(kind):
    body = iter([b"{}"])

    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", kind)])
        return body

    started = []
    pages = Pages(
        [Site(id="a", domains=(Domain("example.com"),), inject=True)],
        script="/z.js",
        endpoint="/api/track",
        remember_read=lambda environ, site: None,
        remember=None,
        report=None,
        memory=PageMemory(),
    )
    result = pass_through(
        pages, application, dict(NAVIGATION), lambda status, headers: started.append(status)
    )
    assert result is body
    assert started == ["200 OK"]

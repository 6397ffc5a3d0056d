"""Script, pages and pixel where they belong: in the middleware, with rows to show for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from doors import settle

from ztas_middleware import ZTASMiddleware
from ztas_middleware.intake.endpoint import Endpoint
from ztas_middleware.web.script import script_for

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"
PAGE = b"<html><head></head><body></body></html>"
FRONT_DOORS = ("wsgi", "asgi")

TAG = b'<script defer src="/js/ztas.js" data-site="site_abc123"></script>'


def page(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(PAGE)))])
    return [PAGE]


def site(**settings):
    return {"sites": {"site_abc123": {"domain": "example.com", **settings}}}


def browse(wrapped, url="/", method="GET", **headers):
    """Open a page as a browser does."""
    sent = {
        "Host": "example.com",
        "User-Agent": CHROME,
        "Sec-Fetch-Mode": "navigate",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    environ = {"REMOTE_ADDR": "203.0.113.9"}
    return wrapped.app.request(url, method=method, headers=sent, environ=environ)


def test_script_is_served_where_the_config_says(wrap):
    wrapped = wrap({"script": "/js/z.js", "endpoint": "/collect"})
    answer = browse(wrapped, "/js/z.js?v=2")
    assert answer.body == script_for("/js/z.js", "/collect")
    assert browse(wrapped, "/js/z.js", "HEAD").body == b""
    assert browse(wrapped, "/js/z.js", "POST").body == b"hello"
    assert browse(wrapped, "/js/z.js/").body == b"hello"


def test_script_is_not_served_unless_the_config_says_so(wrapped):
    assert browse(wrapped, "/js/ztas.js").body == b"hello"


def test_paths_may_have_any_letters(wrap):
    wrapped = wrap({"script": "/js/zählen.js", "pixel": "/bild/punkt.gif"})
    assert browse(wrapped, "/js/z%C3%A4hlen.js").content_type == "text/javascript"


def test_pages_are_counted(wrap):
    wrapped = wrap(site(count_pages=True), page)
    url = "/m%C3%BCnchen?utm_source=mail&id=3"
    answer = browse(wrapped, url, Referer="https://news.example/x?y")
    assert answer.body == PAGE
    (hit,) = wrapped.hits()
    assert {name: hit[name] for name in ("type", "path", "referrer", "utm_source", "browser")} == {
        "type": "pageview",
        "path": "/münchen",
        "referrer": "https://news.example/x",
        "utm_source": "mail",
        "browser": "Chrome",
    }
    assert hit["session_id"] is hit["is_bounce"] is hit["time_on_page"] is None


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "HEAD"},
        {"method": "POST"},
        {"Sec_Fetch_Mode": "cors"},
        {"Host": "other.example"},
        {"User_Agent": "Googlebot/2.1"},
        # No Origin, and yet nobody's server: a page is for people.
        {"User_Agent": "curl/8.5.0"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"url": "/admin/x"},
    ],
    ids=str,
)
def test_other_requests_are_not_counted(wrap, request_):
    wrapped = wrap(site(count_pages=True, exclude_paths=["/admin/*"]), page)
    browse(wrapped, **request_)
    assert wrapped.hits() == []


def test_page_that_is_not_modified_counts_like_the_page(wrap):
    def application(environ, start_response):
        if environ.get("HTTP_IF_NONE_MATCH"):
            start_response("304 Not Modified", [("ETag", '"x"')])
            return []
        kind = "image/png" if environ["PATH_INFO"] == "/logo" else "text/html"
        start_response("200 OK", [("Content-Type", kind), ("ETag", '"x"')])
        return [PAGE]

    wrapped = wrap(site(count_pages=True), application)
    for path in ("/a", "/logo"):
        browse(wrapped, path)
        browse(wrapped, path, If_None_Match='"x"')
    assert [hit["path"] for hit in wrapped.hits()] == ["/a", "/a"]


def test_visitor_of_script_and_server_is_one(wrap):
    wrapped = wrap(site(count_pages=True), page)
    browse(wrapped)
    wrapped.track(user_agent=CHROME)
    visitors = {hit["visitor"] for hit in wrapped.hits()}
    assert len(visitors) == 1


def test_page_with_the_tag_is_left_to_the_script_and_any_other_is_counted(wrap):
    wrapped = wrap({"script": "/js/ztas.js", **site(count_pages=True, inject=True)}, page)
    answer = browse(wrapped)
    assert answer.body == PAGE.replace(b"</head>", TAG + b"</head>")
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert wrapped.hits() == []

    def bare(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"<p>no head"]

    wrapped = wrap({"script": "/js/ztas.js", **site(count_pages=True, inject=True)}, bare)
    assert browse(wrapped, "/bare").body == b"<p>no head"
    assert [hit["path"] for hit in wrapped.hits()] == ["/bare"]


def test_our_own_answers_are_no_pages(wrap):
    settings = {"script": "/js/ztas.js", "pixel": "/p.gif", **site(count_pages=True)}
    wrapped = wrap(settings, page)
    browse(wrapped, "/js/ztas.js")
    assert wrapped.hits() == []


def test_database_out_of_order_is_no_matter_to_a_page(wrap, caplog):
    wrapped = wrap(site(count_pages=True), page)
    browse(wrapped)
    assert len(wrapped.hits()) == 1
    with closing(sqlite3.connect(wrapped.file)) as connection:
        connection.execute("drop table hits")
    assert browse(wrapped).body == PAGE
    settle(wrapped.middleware)
    assert "no such table: hits" in caplog.text


def test_app_sees_the_very_same_objects_unless_its_answer_matters(tmp_path):
    seen = []

    def tripwire(environ, start_response):
        seen.append((environ, start_response))
        return marker

    marker = []
    settings = {"database": str(tmp_path / "ztas.db"), **site()}
    counting = settings | site(count_pages=True)
    for config, method in ((settings, "GET"), (counting, "HEAD"), (counting, "POST")):
        middleware = ZTASMiddleware(tripwire, config)
        environ = {"REQUEST_METHOD": method, "PATH_INFO": "/", "HTTP_HOST": "example.com"}
        assert middleware(environ, print) is marker
        assert seen[-1][0] is environ
        assert seen[-1][1] is print
        middleware.close()


def test_script_moves_with_a_changed_config(tmp_path):
    file = tmp_path / "ztas.yaml"
    text = "sites:\n  a: {domain: example.com, inject: true}\nscript: "
    file.write_text(text + "/one.js\n")
    middleware = ZTASMiddleware(page, file)
    file.write_text(text + "/another.js\n")
    middleware._reception.next_tick = 0.0
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": "example.com"}
    body = b"".join(middleware(environ, lambda *_: None))
    assert b'src="/another.js"' in body
    assert "/another.js" in middleware._reception.handlers
    assert "/one.js" not in middleware._reception.handlers
    middleware.close()


def test_only_the_endpoint_is_built_by_default(wrapped):
    assert [type(handler) for handler in wrapped.middleware._reception.handlers.values()] == [
        Endpoint
    ]
    assert wrapped.middleware._reception.pages is None

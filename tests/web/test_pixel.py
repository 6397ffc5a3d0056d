from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from ztas_middleware.web.pixel import GIF

FRONT_DOORS = ("wsgi", "asgi")

SETTINGS = {
    "pixel": "/js/ztas.gif",
    "sites": {
        "site_abc123": {"domain": "example.com"},
        "strict": {"domain": "strict.example", "server_side": False},
        "mine": {"domain": "mine.example", "exclude_paths": ["/admin/*"]},
    },
}
PAGE = "https://example.com/pricing?x=1"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0.0.0 Safari/537.36"


@pytest.fixture
def wrapped(wrap):
    return wrap(SETTINGS)


def look(wrapped, query="siteId=site_abc123", *, method="GET", referer=PAGE, agent=CHROME, **more):
    headers = {"User-Agent": agent, "Referer": referer, **more}
    return wrapped.app.request(
        f"/js/ztas.gif?{query}",
        method=method,
        headers={name: value for name, value in headers.items() if value is not None},
        environ={"REMOTE_ADDR": "203.0.113.9"},
        expect_errors=True,
    )


def test_image_counts_the_page_that_shows_it(wrapped):
    answer = look(wrapped)
    assert (answer.status, answer.body) == ("200 OK", GIF)
    assert dict(answer.headers) == {
        "Content-Type": "image/gif",
        "Content-Length": "43",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    (hit,) = wrapped.hits()
    assert (hit["type"], hit["site_id"], hit["path"]) == ("pageview", "site_abc123", "/pricing")
    assert (hit["browser"], hit["os"], hit["referrer"]) == ("Chrome", "Linux", None)


def test_image_is_one_transparent_pixel():
    assert len(GIF) == 43
    assert GIF[:10] == b"GIF89a\x01\0\x01\0"


@pytest.mark.parametrize(
    ("query", "referer", "path"),
    [
        ("siteId=site_abc123", "http://www.example.com:8080", "/"),
        ("siteId=site_abc123&path=/news/1", PAGE, "/news/1"),
        ("siteId=site_abc123&path=%2Fm%C3%BCnchen", PAGE, "/münchen"),
        ("siteId=site_abc123&path=/mail", None, "/mail"),
        ("siteId=site_abc123", None, "/"),
        ("path=/b&siteId=site_abc123&path=/c", PAGE, "/b"),
    ],
)
def test_page_of_the_image(wrapped, query, referer, path):
    assert look(wrapped, query, referer=referer).status_int == 200
    assert [hit["path"] for hit in wrapped.hits()] == [path]


def test_raw_utf_8_is_read_as_such(wrapped):
    def seen(query, **more):
        wrapped.app.get(
            f"/js/ztas.gif?siteId=site_abc123{query}",
            extra_environ={"QUERY_STRING": f"siteId=site_abc123{query}", **more},
        )
        return wrapped.hits()[-1]

    hit = seen("", HTTP_REFERER="https://example.com/m\xc3\xbcnchen?utm_source=caf\xc3\xa9")
    assert (hit["path"], hit["utm_source"]) == ("/münchen", "café")
    assert seen("&path=/m\xc3\xbcnchen")["path"] == "/münchen"


TAG = b'<script src="/js/ztas.js" data-site="site_abc123"></script>'
IMAGE = b'<noscript><img src="/js/ztas.gif?siteId=site_abc123"></noscript>'


@pytest.mark.parametrize(
    ("page", "inject", "rows"),
    [
        (b"<head></head>" + IMAGE, False, 1),
        # Left to the script, or where there is none, to the image.
        (b"<head>" + TAG + b"</head>" + IMAGE, False, 1),
        (b"<head></head>" + IMAGE, True, 1),
    ],
)
def test_visit_of_a_counted_page_with_the_image_is_one(wrap, page, inject, rows):
    def application(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [page]

    sites = {"site_abc123": {"domain": "example.com", "count_pages": True, "inject": inject}}
    wrapped = wrap({"pixel": "/js/ztas.gif", "script": "/js/ztas.js", "sites": sites}, application)
    visitor = {"User-Agent": CHROME, "Host": "example.com"}
    wrapped.app.get("/m%C3%BCnchen", headers={**visitor, "Accept": "text/html"})
    look(wrapped, referer="http://example.com/m%C3%BCnchen?a=b", Host="example.com")
    assert [hit["path"] for hit in wrapped.hits()] == ["/münchen"] * rows


def test_image_in_a_page_that_another_server_sends_counts(wrap):
    sites = {"site_abc123": {"domain": "example.com", "count_pages": True}}
    wrapped = wrap({"pixel": "/js/ztas.gif", "sites": sites})
    look(wrapped, referer="https://www.example.com/static", Host="example.com")
    assert [hit["path"] for hit in wrapped.hits()] == ["/static"]


def test_campaign_of_the_page_is_kept(wrapped):
    look(wrapped, referer="https://example.com/?utm_source=mail&utm_campaign=may#x")
    (hit,) = wrapped.hits()
    assert (hit["utm_source"], hit["utm_medium"], hit["utm_campaign"]) == ("mail", None, "may")


@pytest.mark.parametrize(
    ("query", "referer", "expected", "reason"),
    [
        ("", PAGE, (400, "Site ID required"), ("", "invalid")),
        ("siteId=", PAGE, (400, "Site ID required"), ("", "invalid")),
        ("siteId=nope", PAGE, (404, "Invalid site ID"), ("", "invalid")),
        *(
            ("siteId=site_abc123", referer, (403, "Origin not allowed"), ("site_abc123", "origin"))
            for referer in (
                "https://evil.example/",
                "https://strict.example/",
                "https://example.com.evil.example/",
                "https://example.com@evil.example/",
                "android-app://com.google.android.gm/",
                "about:blank",
                "example.com",
                "https://[",
                "https://",
            )
        ),
        ("siteId=strict", None, (403, "Origin required"), ("strict", "origin")),
    ],
)
def test_refusals(wrapped, query, referer, expected, reason):
    answer = look(wrapped, query, referer=referer)
    assert (answer.status_int, answer.json["error"]) == expected
    assert answer.headers["Cache-Control"] == "no-store"
    assert wrapped.hits() == []
    assert wrapped.drops() == {reason: 1}


def test_head_does_not_count(wrapped):
    answer = look(wrapped, method="HEAD")
    assert (answer.status_int, answer.body, answer.headers["Content-Length"]) == (200, b"", "43")
    assert wrapped.hits() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_the_apps(wrapped, method):
    assert look(wrapped, method=method).body == b"hello"


def test_without_the_key_the_path_is_the_apps(wrap):
    assert look(wrap()).body == b"hello"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"agent": "Googlebot/2.1"}, ("site_abc123", "bot")),
        # In a page an HTTP library is nobody; without one it is a server that counts.
        ({"agent": "python-requests/2.31"}, ("site_abc123", "bot")),
        ({"Purpose": "prefetch"}, ("site_abc123", "prefetch")),
        (
            {"query": "siteId=mine", "referer": "https://mine.example/admin/x"},
            ("mine", "excluded"),
        ),
    ],
)
def test_who_does_not_count_gets_the_same_image(wrapped, arguments, reason):
    answer = look(wrapped, **arguments)
    assert (answer.status_int, answer.body) == (200, GIF)
    assert wrapped.hits() == []
    assert wrapped.drops() == {reason: 1}


def test_a_server_may_ask_for_the_image(wrapped):
    look(wrapped, "siteId=site_abc123&path=/mail/1", referer=None, agent="python-requests/2.31")
    assert [hit["path"] for hit in wrapped.hits()] == ["/mail/1"]


def test_rate_limit(wrap):
    wrapped = wrap({**SETTINGS, "rate_limit": 2})
    answers = [look(wrapped) for _ in range(3)]
    assert [answer.status_int for answer in answers] == [200, 200, 429]
    wait = answers[2].json["retryAfter"]
    assert answers[2].json == {"error": "Too many requests", "retryAfter": wait}
    assert answers[2].headers["Retry-After"] == str(wait)
    assert len(wrapped.hits()) == 2


def test_database_that_is_out_of_order(wrapped, caplog):
    look(wrapped)
    with closing(sqlite3.connect(wrapped.file)) as connection:
        connection.execute("drop table hits")
    answer = look(wrapped)
    assert (answer.status_int, answer.json) == (503, {"error": "Storage unavailable"})
    assert answer.headers["Retry-After"] == "5"
    assert "no such table: hits" in caplog.text

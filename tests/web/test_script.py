from __future__ import annotations

import gzip
import hashlib
import re
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.web.script import Script, matches, script_for, takes_gzip, way_between

SCRIPT = Script("/js/ztas.js", "/api/track")


def ask(method="GET", **headers):
    """What the script's handler answers: status, headers as a dict, body."""
    environ = {"REQUEST_METHOD": method}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    status, pairs, body = SCRIPT(environ)
    assert len({name for name, _ in pairs}) == len(pairs), "a header twice"
    return status, dict(pairs), b"".join(body)


def test_script_is_served_with_all_its_headers():
    status, headers, body = ask()
    assert status == "200 OK"
    assert headers.pop("ETag").startswith('"')
    assert headers == {
        "Content-Type": "text/javascript; charset=utf-8",
        "Content-Length": str(len(body)),
        "Cache-Control": "public, max-age=3600",
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
    }
    assert body == script_for("/js/ztas.js", "/api/track")


def test_gzip_is_the_same_script_and_at_most_1500_bytes():
    status, headers, body = ask(accept_encoding="gzip, deflate, br")
    assert status == "200 OK"
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Content-Length"] == str(len(body))
    assert len(body) <= 1_500
    assert gzip.decompress(body) == ask()[2]


def test_encodings_have_different_etags_that_follow_the_content():
    plain, gzipped = ask()[1]["ETag"], ask(accept_encoding="gzip")[1]["ETag"]
    moved = dict(Script("/js/ztas.js", "/collect")({"REQUEST_METHOD": "GET"}).headers)["ETag"]
    assert len({plain, gzipped, moved}) == 3
    assert plain == f'"{hashlib.blake2b(ask()[2], digest_size=12).hexdigest()}"'


def test_gzip_is_the_same_at_every_start():
    # A fleet of processes must agree on the ETag.
    again = Script("/js/ztas.js", "/api/track")
    environ = {"REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": "gzip"}
    assert again(environ) == SCRIPT(environ)


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_head_has_the_headers_of_get_and_no_body(encoding):
    status, headers, body = ask("HEAD", accept_encoding=encoding)
    assert (status, headers) == ask("GET", accept_encoding=encoding)[:2]
    assert body == b""


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_what_the_client_has_is_not_sent_again(method, encoding):
    fresh = ask(accept_encoding=encoding)[1]
    status, headers, body = ask(method, accept_encoding=encoding, if_none_match=fresh["ETag"])
    assert status == "304 Not Modified"
    kept = ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin")
    assert headers == {name: fresh[name] for name in kept}
    assert body == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_left_to_the_app(method):
    assert SCRIPT({"REQUEST_METHOD": method}) is None


def test_headers_are_made_anew_for_each_answer():
    first, second = SCRIPT({"REQUEST_METHOD": "GET"}), SCRIPT({"REQUEST_METHOD": "GET"})
    first.headers.clear()
    assert second.headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b",W/"a" , "c"', True),
        ("*", True),
        (" * ", True),
        ('"b"', False),
        ('"ab"', False),
        ("a", False),
        ('"b,"a', False),
        ("", False),
    ],
)
def test_if_none_match(header, expected):
    assert matches(header, '"a"') is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", True),
        ("GZip", True),
        ("x-gzip", True),
        ("deflate, gzip;q=1.0, *;q=0.5", True),
        ("br;q=1.0,gzip;q=0.8", True),
        ("gzip ; q=0.001", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip; q=0, br", False),
        ("identity", False),
        ("br, notgzip", False),
        ("gzipped", False),
        ("*", False),
        ("", False),
    ],
)
def test_accept_encoding(header, expected):
    assert takes_gzip(header) is expected


@pytest.mark.parametrize(
    ("source", "target", "way"),
    [
        ("/js/ztas.js", "/api/track", "../api/track"),
        ("/ztas.js", "/api/track", "./api/track"),
        ("/ztas.js", "/track", "./track"),
        ("/js/ztas.js", "/js/track", "./track"),
        ("/js/ztas.js", "/js/api/track", "./api/track"),
        ("/a/b/c.js", "/a/d/e", "../d/e"),
        ("/a/b/c.js", "/t", "../../t"),
        ("/a/b.js", "/a/", "./"),
        ("/a/b.js", "/a", "../a"),
        ("/a/b/", "/a/b", "../b"),
        ("/js/z.js", "/api//track", "../api//track"),
        ("/js/z.js", "/js//track", ".//track"),
        ("/z.js", "/:8000/x", "./:8000/x"),
    ],
)
def test_way_between_paths(source, target, way):
    assert way_between(source, target) == way


segments = st.lists(st.text("ab:~", max_size=2), min_size=1, max_size=4)


@given(st.sampled_from(["", "/blog", "/a/b"]), segments, segments)
def test_way_leads_to_the_endpoint_below_any_mount(mount, source, target):
    source, target = "/" + "/".join(source), "/" + "/".join(target)
    # The resolver's own rules for empty segments at the front are not ours to test.
    if "//" in source + target:
        return
    base = f"https://example.com{mount}{source}"
    assert urljoin(base, way_between(source, target)) == f"https://example.com{mount}{target}"


def test_endpoint_is_percent_encoded_in_the_script():
    body = script_for("/js/ztas.js", '/tr"äck')
    assert b'"../tr%22%C3%A4ck"' in body
    assert body.isascii()


def test_served_script_differs_from_the_built_one_in_the_way_only():
    moved = script_for("/ztas.js", "/collect/me")
    assert moved == script_for("/js/ztas.js", "/api/track").replace(
        b"../api/track", b"./collect/me"
    )
    assert re.search(rb'new URL\("\./collect/me",', moved)

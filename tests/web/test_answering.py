from __future__ import annotations

import pytest

from ztas_middleware.web.answering import Page, page_of, with_tag

HTML = ("Content-Type", "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("404 Not Found", [HTML]),
        ("206 Partial Content", [HTML]),
        ("304 Not Modified", [HTML]),
        ("204 No Content", []),
        ("302 Found", [HTML]),
        ("200 OK", []),
        ("200 OK", [("Content-Type", "text/plain")]),
        ("200 OK", [("Content-Type", "application/xhtml+xml")]),
        ("200 OK", [("Content-Type", "text/html-fragment")]),
        ("200 OK", [("Content-Type", "multipart/x; boundary=text/html")]),
        ("200 OK", [HTML, ("Content-Disposition", 'attachment; filename="x.html"')]),
    ],
)
def test_what_is_no_page(status, headers):
    assert page_of(status, headers) is None


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "TEXT/HTML",
        "text/html;charset=utf8",
        'text/html; charset="UTF-8"',
        "text/html ; charset = iso-8859-1",
        "text/html; charset=windows-1252",
        "text/html; charset=Shift_JIS",
        "text/html; profile=x; charset=euc-kr",
    ],
)
def test_page_that_may_change(kind):
    assert page_of("200 OK", [("content-type", kind)]) == Page(
        changeable=True, same_headers=True, inflatable=False
    )


@pytest.mark.parametrize(
    ("header", "changeable"),
    [
        (("Content-Type", "text/html; charset=utf-16"), False),
        (("Content-Type", "text/html; charset=utf-7"), False),
        (("Content-Type", "text/html; charset=iso-2022-jp"), False),
        (("Content-Type", "text/html; charset=klingon"), False),
        (("Content-Encoding", "gzip"), False),
        (("Content-Encoding", "br"), False),
        (("content-encoding", "Identity"), True),
        (("Content-Encoding", ""), True),
        (("Content-Range", "bytes 0-1/2"), False),
        (("Content-Digest", "sha-256=:x:"), False),
        (("Content-MD5", "x"), False),
        (("Transfer-Encoding", "chunked"), False),
        (("Cache-Control", "public, No-Transform"), False),
        (("Cache-Control", "no-store"), True),
        (("Content-Length", "12"), True),
        (("Content-Length", "twelve"), False),
        (("Content-Length", "-12"), False),
        (("Content-Length", "\xb2"), False),
        (("ETag", '"x"'), True),
        (("Content-Disposition", "inline"), True),
    ],
)
def test_which_pages_may_change(header, changeable):
    headers = [header] if header[0] == "Content-Type" else [HTML, header]
    assert page_of("200 OK", headers).changeable is changeable


def test_a_page_with_two_lengths_is_left_alone():
    length = ("Content-Length", "12")
    assert not page_of("200 OK", [HTML, length, length]).changeable


@pytest.mark.parametrize(
    ("header", "same"),
    [
        (("Content-Length", "12"), False),
        (("ETag", '"x"'), False),
        (("ETag", 'W/"x"'), True),
        (("Accept-Ranges", "bytes"), False),
        (("Last-Modified", "Sat, 07 Nov 2026 12:00:00 GMT"), True),
    ],
)
def test_which_pages_have_the_same_headers_with_the_tag(header, same):
    assert page_of("200 OK", [HTML, header]).same_headers is same


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_which_pages_can_be_unpacked(encoding):
    assert page_of("200 OK", [HTML, ("Content-Encoding", encoding)]).inflatable


def test_headers_of_a_page_with_the_tag():
    headers = [
        HTML,
        ("content-length", "12"),
        ("ETag", '"abc"'),
        ("Accept-Ranges", "bytes"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    assert with_tag(headers, 30) == [
        HTML,
        ("content-length", "42"),
        ("ETag", 'W/"abc"'),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    assert with_tag([("ETag", 'W/"abc"')], 30) == [("ETag", 'W/"abc"')]

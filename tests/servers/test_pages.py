"""Pages with the tag put in, and pages that are counted, on every server, over sockets."""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress

import pytest
from page_site import OTHERS, PAGE, WAYS
from servers import FIREFOX, KINDS, Server, folder_for

CONFIG = """
script: /js/ztas.js
sites:
  injected: {domain: injected.example, inject: true}
  counted: {domain: counted.example, count_pages: true}
  plain: {domain: plain.example}
"""
TAG = b'<script defer src="/js/ztas.js" data-site="injected"></script>'
TAGGED = PAGE.replace(b"<title>", TAG + b"<title>")


@pytest.fixture(scope="module", params=KINDS)
def server(request, tmp_path_factory):
    with folder_for(request.param, tmp_path_factory) as folder:
        started = Server(KINDS[request.param], folder, app="page_site", config=CONFIG)
        yield started
        started.process.kill()


def get(server, path, host, method="GET"):
    headers = {"Host": f"{host}.example", "User-Agent": FIREFOX, "Sec-Fetch-Mode": "navigate"}
    return server.request(method, path, headers)


def has_way(server, path):
    """granian gives a WSGI app nothing to write with, and answers 500 when it tries."""
    return (server.kind, path) != (KINDS["granian"], "/write")


@pytest.mark.parametrize("path", WAYS)
def test_page_arrives_whole_and_with_the_tag(server, path):
    plain, tagged = get(server, path, "plain"), get(server, path, "injected")
    if not has_way(server, path):
        assert (plain.status, tagged.status) == (500, 500)
        return
    assert (plain.body, tagged.body) == (PAGE, TAGGED)
    for answer in (plain, tagged):
        assert answer.status == 200
        assert answer.headers.get("content-length") in (None, str(len(answer.body)))
    assert tagged.headers.get("content-type") == plain.headers.get("content-type")
    assert ("content-length" in tagged.headers) >= ("content-length" in plain.headers)
    assert tagged.headers.get("etag") == ('W/"x"' if "etag" in plain.headers else None)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_everything_else_is_left_alone(server, other, method):
    answers = [get(server, other, host, method) for host in ("plain", "injected", "counted")]
    for answer in answers:
        answer.headers.pop("date", None)
    assert answers[0] == answers[1] == answers[2]


def test_head_of_a_page_is_left_alone(server):
    plain, other = get(server, "/list", "plain", "HEAD"), get(server, "/list", "injected", "HEAD")
    assert plain.headers["content-length"] == other.headers["content-length"] == str(len(PAGE))


@pytest.mark.parametrize("path", WAYS)
def test_page_is_counted_and_unchanged(server, path):
    answer = get(server, path, "counted")
    if not has_way(server, path):
        assert (answer.status, server.hits(path)) == (500, [])
        return
    assert (answer.status, answer.body) == (200, PAGE)
    # It is counted when it is out, which is a moment after it is here.
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(sqlite3.OperationalError):  # nor is the table, for the first one
            if server.hits(path):
                break
        time.sleep(0.02)
    assert [row["site_id"] for row in server.hits(path)] == ["counted"]

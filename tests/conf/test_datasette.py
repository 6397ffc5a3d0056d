"""A real database in Datasette, with our metadata."""

from __future__ import annotations

import importlib.util
import io
import json
import sys
from urllib.parse import quote

import pytest
import yaml
from missing import missing
from processes import ROOT, start_on_free_port
from rawhttp import request

from ztas_middleware.middleware import ZTASMiddleware

METADATA = ROOT / "conf" / "metadata.yaml"
ZTAS = yaml.safe_load(METADATA.read_text("utf-8"))["databases"]["ztas"]


def track(middleware, document, agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/125.0"):
    body = json.dumps(document).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/track",
        "REMOTE_ADDR": "192.0.2.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "HTTP_USER_AGENT": agent,
    }
    assert b"".join(middleware(environ, lambda *_: None)) == b'{"success": true}'


@pytest.fixture(scope="module")
def datasette(tmp_path_factory):
    if importlib.util.find_spec("datasette") is None:
        missing("datasette is not installed, and its metadata not tried")
    folder = tmp_path_factory.mktemp("datasette")
    database = folder / "ztas.db"
    middleware = ZTASMiddleware(
        None, {"database": str(database), "sites": {"shop": {"domain": "shop.example"}}}
    )
    track(middleware, {"siteId": "shop", "type": "pageview", "path": "/a"})
    track(middleware, {"siteId": "shop", "type": "event", "path": "/a", "action": "signup"})
    track(middleware, {"siteId": "shop", "type": "pageview"}, agent="Googlebot/2.1")
    middleware.close()
    process, port = start_on_free_port(
        lambda port: [
            *(sys.executable, "-m", "datasette", "serve", str(database), "--port", str(port)),
            *("--metadata", str(METADATA)),
        ],
        folder=folder,
    )
    process.port = port
    yield process
    process.kill()


def rows(datasette, path):
    answer = request(datasette.port, "GET", path)
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("views_by_day", {"site_id": "shop", "pageviews": 1, "visitors": 1}),
        ("top_pages", {"path": "/a", "pageviews": 1}),
        ("last_events", {"site_id": "shop", "path": "/a", "action": "signup"}),
        ("why_dropped", {"reason": "bot", "hits": 1}),
    ],
)
def test_each_query_answers(datasette, query, expected):
    (row,) = rows(datasette, f"/ztas/{query}.json?_shape=array&site_id=shop")
    assert row | expected == row


def test_every_query_is_tested():
    assert list(ZTAS["queries"]) == ["views_by_day", "top_pages", "last_events", "why_dropped"]


def test_every_table_and_column_is_there(datasette):
    for table, described in ZTAS["tables"].items():
        answer = rows(datasette, f"/ztas/{quote(table)}.json?_size=0")
        assert set(described.get("columns", {})) <= set(answer["columns"])
    tables = rows(datasette, "/ztas.json")["tables"]
    assert {table["name"] for table in tables} == set(ZTAS["tables"])
    hidden = {table["name"] for table in tables if table["hidden"]}
    assert hidden == {name for name, table in ZTAS["tables"].items() if table.get("hidden")}


def test_the_table_of_hits_says_what_its_columns_are(datasette):
    page = request(datasette.port, "GET", "/ztas/hits").body.decode()
    assert "When it came, in UTC milliseconds since 1970" in page

"""Exports: complete, in order, in constant memory, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import json
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.store import export as module
from ztas_middleware.store.export import COLUMNS, export_hits, guarded, unguarded
from ztas_middleware.store.hits import INSERT, Hit
from ztas_middleware.store.schema import migrate


def hit(time=0, site_id="a", type="pageview", path="/", **fields):  # noqa: A002 - the column's name
    values = dict.fromkeys(Hit._fields) | {
        "time": time,
        "site_id": site_id,
        "type": type,
        "path": path,
        "visitor": "abcdefgh",
        "browser": "Chrome",
        "os": "Linux",
        "device": "desktop",
    }
    return Hit(**(values | fields))


@pytest.fixture
def connection():
    connection = sqlite3.connect(":memory:", isolation_level=None)
    migrate(connection)
    yield connection
    connection.close()


def fill(connection, *hits):
    connection.executemany(INSERT, hits)


def csv_rows(connection, **settings):
    return list(csv.DictReader("".join(export_hits(connection, "a", **settings)).splitlines()))


def paths(connection, **settings):
    return [row["path"] for row in csv_rows(connection, **settings)]


def test_a_site_without_hits_is_a_header_and_no_object(connection):
    assert "".join(export_hits(connection, "a")) == ",".join(COLUMNS) + "\n"
    assert "".join(export_hits(connection, "a", form="ndjson")) == ""


def test_rows_are_the_sites_own_ordered_by_time_then_id(connection):
    fill(
        connection,
        hit(3, path="/late"),
        hit(1, path="/first"),
        hit(2, path="/x", site_id="b"),
        hit(1, path="/second"),
    )
    assert paths(connection) == ["/first", "/second", "/late"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("hits", ["/p", "/e", "/g", "/h"]),
        ("pageviews", ["/p"]),
        ("events", ["/e"]),
    ],
)
def test_kinds(connection, kind, expected):
    fill(
        connection,
        hit(1, type="pageview", path="/p"),
        hit(2, type="event", path="/e"),
        hit(3, type="engagement", path="/g"),
        hit(4, type="heartbeat", path="/h"),
    )
    assert paths(connection, kind=kind) == expected


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, ["/1", "/2", "/3", "/4"]),
        ({"start": 2}, ["/2", "/3", "/4"]),
        ({"end": 3}, ["/1", "/2"]),
        ({"start": 2, "end": 4}, ["/2", "/3"]),
        ({"start": 3, "end": 3}, []),
        ({"start": 4, "end": 2}, []),
    ],
    ids=str,
)
def test_a_period_has_its_start_and_not_its_end(connection, bounds, expected):
    fill(connection, *(hit(time, path=f"/{time}") for time in (1, 2, 3, 4)))
    assert paths(connection, **bounds) == expected


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_no_row_is_lost_or_doubled_between_pages(connection, monkeypatch, page):
    monkeypatch.setattr(module, "PAGE", page)
    times = [5, 1, 3, 3, 3, 3, 2, 3, 9]
    fill(connection, *(hit(time, path=f"/{number}") for number, time in enumerate(times)))
    expected = [f"/{number}" for number, _ in sorted(enumerate(times), key=lambda pair: pair[1])]
    assert paths(connection) == expected


def test_rows_that_come_meanwhile_are_left_for_the_next_export(connection, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 1)
    fill(connection, hit(1, path="/1"), hit(2, path="/2"))
    pieces = export_hits(connection, "a", form="ndjson")
    found = [json.loads(next(pieces))["path"]]
    fill(connection, hit(3, path="/3"))
    found += [json.loads(piece)["path"] for piece in pieces]
    assert found == ["/1", "/2"]


def test_ndjson_names_every_column_and_keeps_types(connection):
    row = hit(7, label='ü, "x"\n', value=0.1, time_on_page=3.0, is_bounce=True, country="DE")
    fill(connection, row)
    (line,) = "".join(export_hits(connection, "a", form="ndjson")).splitlines()
    assert json.loads(line) == row._asdict() | {"is_bounce": 1}


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@sum(a1)", "\tx", "\rx", "'", "'=1", "''", "it's", "", "plain"]
)
def test_text_that_a_spreadsheet_would_run_is_guarded_and_comes_back(text):
    row = guarded(hit(label=text))
    cell = row[COLUMNS.index("label")]
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(cell) == text


@given(st.text())
def test_guarding_loses_nothing(text):
    assert unguarded(guarded(hit(label=text))[COLUMNS.index("label")]) == text


def test_numbers_are_not_guarded():
    assert guarded(hit(time=-5, value=-2.5))[COLUMNS.index("value")] == -2.5

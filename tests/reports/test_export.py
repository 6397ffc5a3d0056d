"""Hits on their way out, and back again."""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reports.history import make_hit, make_site, random_history
from ztas_middleware.reports import export as export_module
from ztas_middleware.reports.export import COLUMNS
from ztas_middleware.reports.tables import guard, unguard
from ztas_middleware.store.hits import Hit

NUMBERS = {"time": int, "value": float, "time_on_page": float, "is_bounce": int}


def exported(world, **options):
    return b"".join(world.reports.export("site_a", **options)).decode()


def read_back(text, file_format):
    """The hits in an export of all columns, as an import reads them."""
    if file_format == "ndjson":
        return [Hit(**json.loads(line)) for line in text.split("\n") if line]
    return [
        Hit(**{name: _column(name, cell) for name, cell in row.items()})
        for row in csv.DictReader(io.StringIO(text, newline=""))
    ]


def _column(name, cell):
    if name not in NUMBERS:
        return unguard(cell)
    return NUMBERS[name](cell) if cell else None


def stored(world):
    columns = ", ".join(Hit._fields)
    rows = world.query(f"select {columns} from hits where site_id = 'site_a' order by time, id")
    return [Hit(*row) for row in rows]


SITES = ("site_a", "site_b")
HOSTILE = ["=1+1", "+49 30", "-1", "@SUM(A1)", "\ttab", "\rcr", "\nlf", "'quoted", "''", "", "a,b"]
HOSTILE += ['say "hi"', "two\r\nlines", "=cmd|' /C calc'!A0", "ünï", "\u2028", "ends\\"]


@pytest.mark.parametrize("file_format", ["csv", "ndjson"])
def test_an_export_of_hits_is_lossless(world, file_format):
    world.store(
        *random_history(2, 2_500, date(2026, 11, 1), date(2026, 11, 5), sites=("site_a", "b"))
    )
    world.store(
        *(
            make_hit(5, path=text, action=text, label=text, referrer=text, value=-0.1, visitor=text)
            for text in HOSTILE
        )
    )
    world.store(make_hit(6, value=1.7e308, time_on_page=5e-324, is_bounce=0))
    assert read_back(exported(world, file_format=file_format), file_format) == stored(world)


ANYTHING = st.text(max_size=8) | st.text(";='+x \n\t\u3000", max_size=9) | st.sampled_from(HOSTILE)


@given(ANYTHING | st.none())
def test_what_is_guarded_can_be_undone(text):
    cell = guard(text)
    assert unguard(cell) == text
    parts = re.split("[;\t\r\n]", cell)
    assert not [part for part in parts if part.strip().startswith(("=", "+", "-", "@"))]
    assert not cell.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        (" =1+1", "' =1+1"),
        ("x;=1+1", "x;'=1+1"),
        ("x; =1+1", "x;' =1+1"),
        ("x;\u00a0@a; -1", "x;'\u00a0@a;' -1"),
        ("x\n=1", "x\n'=1"),
        ("\uff1d1", "'\uff1d1"),
        ("a; b", "a; b"),
        ("it's", "it's"),
    ],
)
def test_what_a_cell_looks_like(text, cell):
    assert guard(text) == cell


def test_no_cell_of_text_begins_like_a_formula(world):
    world.store(*(make_hit(5, path=text, action=text, kind="event") for text in HOSTILE))
    for kind in ("hits", "events"):
        for row in csv.DictReader(io.StringIO(exported(world, kind=kind), newline="")):
            assert not row["action"].startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("kind", ["pageviews", "events"])
def test_exports_for_people_have_their_columns_and_local_times(world, kind):
    world.configure(make_site(zone="Europe/Berlin"))
    for type_of_hit in ("pageview", "event", "heartbeat"):
        world.store(make_hit(1_762_516_800_123, kind=type_of_hit, value=-3.5))
    (row,) = csv.DictReader(io.StringIO(exported(world, kind=kind), newline=""))
    assert tuple(row) == COLUMNS[kind]
    assert row["time"] == "2025-11-07T13:00:00.123+01:00"
    if kind == "events":
        assert row["value"] == "-3.5"


def test_days_are_the_sites_own(world):
    world.configure(make_site(zone="Asia/Tokyo"))
    midnight = 1_762_527_600_000  # 8 November 2025 in Tokyo
    world.store(*(make_hit(midnight + off) for off in (-1, 0, 86_399_999, 86_400_000)))

    def number(**days):
        return len(read_back(exported(world, file_format="ndjson", **days), "ndjson"))

    day = date(2025, 11, 8)
    assert number() == 4
    assert number(first=day) == 3
    assert number(last=day) == 3
    assert number(first=day, last=day) == 2


@pytest.mark.parametrize("number", [0, 1, 9, 10, 11, 20])
def test_chunks_join_where_many_hits_have_one_time(world, monkeypatch, number):
    monkeypatch.setattr(export_module, "CHUNK", 10)
    world.store(*[make_hit(7, path=f"/{index}") for index in range(number)])
    hits = read_back(exported(world, file_format="ndjson"), "ndjson")
    assert [hit.path for hit in hits] == [f"/{index}" for index in range(number)]


def test_hits_that_come_meanwhile_are_left_for_the_next_export(world, monkeypatch):
    monkeypatch.setattr(export_module, "CHUNK", 10)
    world.store(*[make_hit(7)] * 15)
    pieces = world.reports.export("site_a", file_format="ndjson")
    first = next(pieces)
    world.store(*[make_hit(8)] * 15)
    assert (first + b"".join(pieces)).count(b"\n") == 15


def test_memory_does_not_grow_with_the_export(world):
    world.store(*[make_hit(7, label="x" * 200)] * 20_000)
    tracemalloc.start()
    total = sum(map(len, world.reports.export("site_a")))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 5_000_000
    assert peak < total / 2

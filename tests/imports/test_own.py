"""Our own exports come back exactly as they were; what can't be one of ours is refused."""

from __future__ import annotations

import json
from datetime import timezone
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ztas_middleware.days import Day
from ztas_middleware.imports import own
from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.imports.records import csv_records
from ztas_middleware.imports.sources import Line
from ztas_middleware.intake.properties import clean_properties
from ztas_middleware.intake.text import scrub
from ztas_middleware.intake.wire import TYPES
from ztas_middleware.reports.export import Selection, export
from ztas_middleware.store.database import Database
from ztas_middleware.store.hits import Hit

TIME = 1_780_000_000_000
COLUMNS = Hit._fields

TEXT = st.text(min_size=1, max_size=256).map(scrub).filter(bool)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
HASH = st.text("abcABC019_-", min_size=1, max_size=12)
PROPERTIES = st.dictionaries(
    st.text(max_size=9), st.text(max_size=9) | NUMBER | st.booleans() | st.integers(), max_size=3
).map(clean_properties)
HITS = st.builds(
    Hit,
    st.integers(0, TIME),
    st.just("a"),
    st.sampled_from(sorted(TYPES)),
    TEXT.map(lambda text: "/" + text[:200]),
    *(st.none() | TEXT for _ in range(7)),
    st.none() | NUMBER,
    st.none() | HASH,
    st.none() | st.floats(0, 1e9),
    st.none() | st.booleans(),
    HASH,
    TEXT,
    TEXT,
    TEXT,
    st.none() | st.sampled_from(["DE", "US"]),
    st.none() | TEXT,
    st.none() | TEXT,
    st.none() | PROPERTIES,
    st.none() | TEXT,
    st.none() | st.integers(0, 99_999),
    st.none() | st.sampled_from(["de", "haw"]),
    st.none() | st.sampled_from([480, 9999]),
    st.none() | st.sampled_from(["DE-BE", "FR-75C"]),
    st.none() | TEXT,
)

ROW = Hit(
    TIME,
    "a",
    "event",
    "/x",
    "https://g.example/",
    "s",
    "m",
    "c",
    "act",
    "cat",
    "=lab",
    -2.5,
    "-sess",
    1.5,
    True,
    "visitor_",
    "Chrome",
    "Linux",
    "desktop",
    "DE",
    "term",
    "content",
    '{"a":true}',
    "/x/<id>",
    141,
    "de",
    480,
    "DE-BE",
    "Berlin",
)


class Anywhen:
    """A destination for rows of any time."""

    class site:  # noqa: N801 - stands for an object
        id = "a"

    def day_at(self, instant):
        return Day("2026-05-28", 0, instant)


@pytest.fixture(scope="module")
def export_of(tmp_path_factory):
    """What an export of these rows looks like."""
    database = Database(tmp_path_factory.mktemp("own") / "ztas.db")

    def make(hits, form):
        database.transact(lambda connection: connection.execute("delete from hits") and None)
        database.append(hits)
        return b"".join(export(database.path, Selection("a", timezone.utc, "hits", form)))

    yield make
    database.close()


def in_order(hits):
    return sorted(hits, key=lambda hit: hit.time)


@given(st.lists(HITS, min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_csv_comes_back_as_it_was(export_of, hits):
    lines, end = [], 0
    for number, line in enumerate(BytesIO(export_of(hits, "csv")).readlines(), 1):
        end += len(line)
        lines.append(Line(number, end, line))
    header, *records = csv_records(iter(lines))
    read = own.csv_reader(Anywhen(), own.columns_of(header.content))
    back = [read(record.content) for record in records]
    hits = in_order(hits)
    assert back == hits
    assert [list(map(type, hit)) for hit in back] == [list(map(type, hit)) for hit in hits]


@given(st.lists(HITS, min_size=1, max_size=20))
@settings(max_examples=25, deadline=None)
def test_ndjson_comes_back_as_it_was(export_of, hits):
    lines = export_of(hits, "ndjson").decode().split("\n")[:-1]
    assert list(map(own.json_reader(Anywhen()), lines)) == in_order(hits)


def changed(**fields):
    return own.json_reader(Anywhen())(json.dumps(ROW._asdict() | fields))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"time": None}, "time is no whole number of milliseconds"),
        ({"time": 1.5}, "time is no whole number of milliseconds"),
        ({"time": "2026-01-01"}, "time is no whole number of milliseconds"),
        ({"time": True}, "time is no whole number of milliseconds"),
        ({"time": 10**30}, "time is no whole number of milliseconds"),
        ({"type": "click"}, "type is none of ours"),
        ({"type": None}, "type is none of ours"),
        ({"type": ["event"]}, "type is no text"),
        ({"value": "many"}, "value is no number"),
        ({"value": "nan"}, "value is no number"),
        ({"value": 10**400}, "value is no number"),
        ({"value": True}, "value is no number"),
        ({"time_on_page": -1}, "time_on_page is below 0"),
        ({"is_bounce": 2}, "is_bounce is neither 0 nor 1"),
        ({"is_bounce": "yes"}, "is_bounce is neither 0 nor 1"),
        ({"visitor": 5}, "visitor is no hash"),
        ({"visitor": "203.0.113.9"}, "visitor is no hash"),
        ({"visitor": "2001:db8::1"}, "visitor is no hash"),
        ({"visitor": "ada@example.com"}, "visitor is no hash"),
        ({"session_id": "a b"}, "session_id is no hash"),
        ({"country": "Germany"}, "country is no ISO 3166 code"),
        ({"region": "Berlin"}, "region is no ISO 3166-2 code"),
        ({"language": "de-AT"}, "language is no language's subtag"),
        ({"screen": 1440.5}, "screen is no small whole number"),
        ({"browser_version": True}, "browser_version is no small whole number"),
        ({"browser_version": -1}, "browser_version is no small whole number"),
        ({"properties": "[1]"}, "properties is no JSON object"),
        ({"properties": [1]}, "properties is no JSON object"),
    ],
    ids=str,
)
def test_what_could_not_have_come_from_an_export_is_refused(fields, reason):
    assert changed(**fields) == Refused(reason)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"is_bounce": 0}, {"is_bounce": False}),
        ({"browser": None, "os": "", "device": None}, {"browser": "Other", "os": "Other"}),
        ({"site_id": "another"}, {"site_id": "a"}),
        ({"id": 5, "unknown": 1}, {"path": "/x"}),
        ({"label": ""}, {"label": None}),
        ({"value": 3}, {"value": 3.0}),
        ({"screen": "480", "browser_version": "141"}, {"screen": 480, "browser_version": 141}),
        (
            {"properties": {"b": 1, "a": [2], "c": "me@example.com"}},
            {"properties": '{"b":1,"c":"[email]"}'},
        ),
        ({"value": ""}, {"value": None}),
        ({"visitor": ""}, {"visitor": ""}),
        ({"label": "a\nb"}, {"label": "a b"}),
        ({"label": "ask ada@example.com\r\n"}, {"label": "ask [email]"}),
        ({"label": "\ud800"}, {"label": None}),
        ({"label": "x" * 257}, {"label": "x" * 256}),
        ({"path": "x"}, {"path": "/x"}),
        ({"path": "https://example.com/x?y=1"}, {"path": "/x"}),
        ({"path": None}, {"path": "/"}),
        ({"path": "/" + "x" * 2048}, {"path": "/" + "x" * 2047}),
        ({"path": "/a\x1b[2J"}, {"path": "/a[2J"}),
        ({"path": "/a\u202egpj.exe"}, {"path": "/agpj.exe"}),
        ({"referrer": "x" * 2049}, {"referrer": "x" * 2048}),
        ({"browser": "\x9b2J"}, {"browser": "2J"}),
    ],
    ids=lambda fields: str(fields)[:50],
)
def test_what_is_taken_all_the_same(fields, expected):
    hit = changed(**fields)
    assert {name: getattr(hit, name) for name in expected} == expected


def test_rows_that_do_not_say_whose_they_are_are_visitors_of_their_own():
    first, second = changed(visitor=None), changed(visitor=None)
    assert len(first.visitor) == len(second.visitor) == 8
    assert first.visitor != second.visitor


@pytest.mark.parametrize(
    ("header", "is_ours"),
    [
        (list(COLUMNS), True),
        (["id", *COLUMNS], True),
        (list(reversed(COLUMNS)), True),
        (list(COLUMNS[:20]), True),
        (["time", "type", "path", "visitor"], True),
        (["time", "type", "path"], False),
        ([*COLUMNS, "address"], False),
        ([*COLUMNS, "time"], False),
        (["2Path", "Title"], False),
        ([""], False),
    ],
    ids=[
        "all",
        "with id",
        "reversed",
        "of 0.1",
        "the least",
        "too few",
        "unknown",
        "twice",
        "goatcounter",
        "empty",
    ],
)
def test_headers(header, is_ours):
    assert (own.columns_of(header) is not None) is is_ours


def test_a_record_with_another_number_of_cells_is_refused():
    assert own.csv_reader(Anywhen(), COLUMNS)(["1", "2"]) == Refused("has not 29 cells")


@given(
    st.dictionaries(
        st.sampled_from([*COLUMNS, "x"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.lists(st.integers()),
    )
)
def test_any_object_is_read_or_refused(fields):
    own.json_reader(Anywhen())(json.dumps(fields))


@given(st.text())
def test_any_line_is_read_or_refused(line):
    own.json_reader(Anywhen())(line)
    own.recognise(line)

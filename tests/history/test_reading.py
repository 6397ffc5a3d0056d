"""From SQLite into DuckDB: whatever is there arrives as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rows import PAGEVIEW

from ztas_middleware.history.columns import HIT_NAMES
from ztas_middleware.history.engine import Engine
from ztas_middleware.history.forming import make_hits_table
from ztas_middleware.history.reading import CHUNK, copy_hits
from ztas_middleware.store.hits import INSERT, Hit
from ztas_middleware.store.schema import migrate

ANY_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0\r\n\x1f\x1e,\"'\\"), max_size=12
)
ANY_NUMBER = st.floats(allow_nan=False) | st.sampled_from([0.0, -0.0, 0.1, 19.95, 1e300, 5e-324])
ENGINE = Engine()


@pytest.fixture(scope="module")
def connection():
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection)
        yield connection


def carried(connection, spans=((-(2**63), 2**63 - 1),), start=-(2**63), end=2**63 - 1):
    with closing(ENGINE.cursor()) as cursor:
        make_hits_table(cursor, "raw")
        number = copy_hits(
            connection,
            cursor,
            "raw",
            site_id=PAGEVIEW.site_id,
            spans=spans,
            start=start,
            end=end,
        )
        rows = cursor.execute(f"select {HIT_NAMES} from raw order by id").fetchall()
    assert number == len(rows)
    return rows


def stored(connection):
    return connection.execute(f"select {HIT_NAMES} from hits order by id").fetchall()


@given(
    st.lists(
        st.tuples(ANY_TEXT, st.none() | ANY_TEXT, st.none() | ANY_NUMBER, st.none() | ANY_TEXT),
        max_size=20,
    )
)
@settings(max_examples=60)
@example([("a\nb", "c\x1fd", 0.1, "")])
@example([("", "", -0.0, None), ("cut\0here", None, 9e999, "e")])
@example([("x", "y", 1 / 3, None), ("x", "y", 2.5e-310, "\r")])
def test_any_text_and_number_arrives(connection, hits):
    connection.execute("delete from hits")
    for path, label, value, referrer in hits:
        hit = PAGEVIEW._replace(path=path, label=label, value=value, referrer=referrer)
        connection.execute(INSERT, hit)

    rows = carried(connection)

    assert repr(rows) == repr(stored(connection))


def test_text_that_is_no_utf_8_is_repaired(connection):
    connection.execute("delete from hits")
    connection.execute(INSERT, PAGEVIEW._replace(label="here"))
    connection.execute("update hits set label = cast(x'61ff62' as text)")
    assert carried(connection)[0][1 + Hit._fields.index("label")] == "a\ufffdb"


@pytest.mark.parametrize(
    "ids",
    [
        [1],
        [CHUNK, CHUNK + 1],
        [-7, 0, 3],
        [1, 2**62],
        [-(2**63), 2**63 - 1],
        list(range(1, 3 * CHUNK)),
    ],
    ids=["one", "border", "not positive", "far apart", "both ends", "several steps"],
)
def test_ids_may_be_anything(connection, ids):
    connection.execute("delete from hits")
    insert = INSERT.replace("(time", "(id, time").replace("values (", "values (?, ")
    connection.executemany(insert, [(id_, *PAGEVIEW) for id_ in ids])
    assert [row[0] for row in carried(connection)] == ids


def test_only_what_is_asked_for(connection):
    connection.execute("delete from hits")
    for time in range(10):
        connection.execute(INSERT, PAGEVIEW._replace(time=time))
        connection.execute(INSERT, PAGEVIEW._replace(time=time, site_id="another"))
    first = connection.execute("select min(id) from hits").fetchone()[0]

    rows = carried(connection, spans=[(first + 4, first + 15)], start=3, end=7)

    assert [row[1] for row in rows] == [3, 4, 5, 6]

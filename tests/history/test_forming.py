"""Sessions, formed by DuckDB and by walking over the rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest

from tests.reports import independent
from tests.reports.history import make_hit, make_site, random_history, store
from ztas_middleware.acquisition.channels import channel_of
from ztas_middleware.acquisition.sources import source_of
from ztas_middleware.history.clock import date_at
from ztas_middleware.history.engine import Engine
from ztas_middleware.history.forming import form, make_hits_table, make_table
from ztas_middleware.history.reading import copy_hits
from ztas_middleware.store.schema import migrate

ENGINE = Engine()


def formed(hits, zone, first, last):
    """The rows as they are stored, and as they are formed."""
    site = make_site(zone=zone)
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as connection,
        closing(ENGINE.cursor()) as cursor,
    ):
        migrate(connection)
        connection.isolation_level = None
        rows = store(connection, hits)
        make_hits_table(cursor, "raw")
        copy_hits(
            connection,
            cursor,
            "raw",
            site_id="site_a",
            spans=[(-(2**63), 2**63 - 1)],
            start=-(2**63),
            end=2**63 - 1,
        )
        make_table(cursor, "formed")
        form(
            cursor,
            hits="raw",
            rows="formed",
            first=first,
            last=last,
            zone=site.timezone,
            domains=site.domains,
        )
        found = cursor.execute("from formed")
        names = [column[0] for column in found.description]
        return rows, [dict(zip(names, row, strict=True)) for row in found.fetchall()], site


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]
)
@pytest.mark.parametrize("seed", range(3))
def test_what_belongs_to_a_session(zone, seed):
    first, last = date(2026, 10, 23), date(2026, 10, 27)
    hits = random_history(seed, 400, first, last)
    rows, found, site = formed(hits, zone, first, last)
    own = {"own_hosts": {"shop.example"}, "source": source_of, "channel": channel_of}
    by_id = {row["id"]: row for row in found}
    wanted = [row for row in rows if first <= date_at(row["time"], site.timezone) <= last]
    assert {row["id"] for row in wanted} == set(by_id)
    order = [(row["day"], row["session"], row["time"], row["id"]) for row in found]
    assert order == sorted(order)
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        of_day = [
            dict.fromkeys(independent.TAGS) | row
            for row in wanted
            if date_at(row["time"], site.timezone) == day
        ]
        sessions = independent.sessions_of(of_day)
        sessions.sort(key=lambda session: (session[0]["time"], session[0]["id"]))
        for index, session in enumerate(sessions):
            origin = independent.origin_of(session, own)
            seen = independent.views(session)
            expected = {
                "day": day,
                "session": index,
                "entry_page": origin["entry_page"],
                "exit_page": origin["exit_page"],
                "session_referrer": origin["referrer"],
                "source": origin["source"],
                "channel": origin["channel"],
                "session_utm_source": origin["utm_source"],
                "session_counts": independent.counts(session),
                "session_views": len(seen),
                "session_bounced": independent.is_bounce(session),
                "session_duration": round(independent.duration(session) * 1_000_000),
                "session_start": session[0]["time"],
            }
            for row in session:
                assert {key: by_id[row["id"]][key] for key in expected} == expected
                assert (
                    by_id[row["id"]]["hour"] == independent.local(row["time"], site.timezone).hour
                )
                stored = {key: row[key] for key in row if key in by_id[row["id"]]}
                assert by_id[row["id"]].items() >= stored.items()


def test_nobodys_rows_are_of_no_session():
    day = date(2026, 11, 7)
    noon = 1_794_052_800_000
    rows, found, _ = formed(
        [
            make_hit(noon, kind="event", visitor="", action="paid", value=24.5),
            make_hit(noon, kind="event", visitor="", session_id="s", action="paid"),
            make_hit(noon + 1, visitor="v", referrer="https://google.com/"),
        ],
        "UTC",
        day,
        day,
    )
    assert len(rows) == 3
    by_id = {row["id"]: row for row in found}
    assert [by_id[number]["session"] for number in (1, 2, 3)] == [None, 0, 1]
    assert [by_id[number]["source"] for number in (1, 2, 3)] == [None, "Direct", "Google"]
    assert by_id[1]["channel"] is None


def test_a_day_that_never_was_has_no_rows():
    # Samoa went from 29 to 31 December.
    first, last = date(2011, 12, 29), date(2011, 12, 31)
    hits = random_history(1, 200, first, last)
    _, found, _ = formed(hits, "Pacific/Apia", first, last)
    assert {row["day"] for row in found} == {first, last}


@pytest.mark.parametrize("seconds", [1e18, 1e300, float("inf")])
def test_times_that_nobody_can_have_spent_break_nothing(seconds):
    day = date(2026, 11, 7)
    noon = 1_794_052_800_000
    _, found, _ = formed(
        [
            make_hit(noon, kind="engagement", time_on_page=seconds),
            make_hit(noon, path="/b", time_on_page=seconds),
        ],
        "UTC",
        day,
        day,
    )
    assert {row["session_duration"] for row in found} <= {0, 9_000_000_000_000_000_000}

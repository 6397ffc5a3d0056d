"""Hits that come after their day was rolled up: noticed by their id, however they got there.

All hits up to the watermark have been looked at. Readers look at those above it themselves; from
time to time somebody who may write moves the watermark up and marks the days that are out of date.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ztas_middleware.days import EARLIEST, LATEST
from ztas_middleware.store.publication import distrust

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping

    from ztas_middleware.days import Day
    from ztas_middleware.store.rollups import RolledDay

CHUNK = 20_000
"""Hits looked at in one go."""

# Timezones are whole quarters of an hour, so that a quarter lies within one day of any site;
# hits that come in order are a handful of quarters.
QUARTER = 900_000

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def lag(connection: sqlite3.Connection) -> int | None:
    """How many ids the watermark is behind; None where it can't be relied on."""
    watermark, time, found, newest = connection.execute(
        """
        select
            watermark, watermark_time,
            (select time from hits where id = watermark),
            (select max(id) from hits)
        from rollup_state
        """
    ).fetchone()
    if watermark and found != time:
        return None
    return (newest or 0) - int(watermark)


def late_days(
    connection: sqlite3.Connection, site_id: str, rolled: Mapping[str, RolledDay], before: int
) -> set[str]:
    """The rolled days that have got hits which nobody has looked at; `before` is an instant."""
    if lag(connection) is None:
        return set(rolled)
    late: set[str] = set()
    by_start = sorted(rolled.values(), key=lambda day: day.starts)
    starts = [day.starts for day in by_start]
    for quarter, newest in connection.execute(
        """
        select time / :quarter, max(id) from hits not indexed
        where id > (select watermark from rollup_state) and site_id = :site and time < :before
        group by 1
        """,
        {"quarter": QUARTER, "site": site_id, "before": before},
    ):
        time = quarter * QUARTER
        index = bisect_right(starts, time) - 1
        if index >= 0 and time < by_start[index].ends and newest > by_start[index].through:
            late.add(by_start[index].day)
    return late


def newest_hit(connection: sqlite3.Connection) -> int:
    """The largest id there is."""
    (newest,) = connection.execute("select ifnull(max(id), 0) from hits").fetchone()
    return int(newest)


def has_hits_since(connection: sqlite3.Connection, site_id: str, stretch: Day, hit: int) -> bool:
    """Whether hits with ids above `hit` are in a stretch."""
    found = connection.execute(
        # By id: what came since is little, the day may be a million rows.
        """
        select 1 from hits not indexed
        where id > :hit and site_id = :site and time >= :start and time < :end
        limit 1
        """,
        {"hit": hit, "site": site_id, "start": stretch.start, "end": stretch.end},
    )
    return found.fetchone() is not None


def advance(connection: sqlite3.Connection) -> Iterator[None]:
    """Look at all hits above the watermark, step by step, and mark the days they are late for."""
    while behind := lag(connection):
        watermark, until = connection.execute(
            """
            select watermark, (
                select max(id) from (
                    select id from hits where id > watermark order by id limit :chunk
                )
            )
            from rollup_state
            """,
            {"chunk": CHUNK},
        ).fetchone()
        groups = connection.execute(
            """
            select site_id, time / :quarter, max(id) from hits not indexed
            where id > :watermark and id <= :until and time >= :earliest and time < :latest
            group by 1, 2
            """,
            {
                "quarter": QUARTER,
                "watermark": watermark,
                "until": until,
                "earliest": EARLIEST,
                "latest": LATEST,
            },
        ).fetchall()
        for site_id, quarter, newest in groups:
            _mark_stale(connection, site_id, quarter * QUARTER, newest)
            yield
        # A day that is published meanwhile has itself looked at all hits there are, so that the
        # watermark may move in a later transaction than the marks.
        _move_to(connection, until)
        yield
    if behind is None:
        yield from _start_over(connection)


def _mark_stale(connection: sqlite3.Connection, site_id: str, time: int, newest: int) -> None:
    date = (_EPOCH + timedelta(milliseconds=time)).date()
    connection.execute(
        """
        update rollup_days set stale = 1
        where site_id = :site and day between :first and :last
            and starts <= :time and ends > :time and through < :newest
            and stale = 0 and sealed = 0
        """,
        {
            "site": site_id,
            # A site's date is at most one off.
            "first": (date - timedelta(days=1)).isoformat(),
            "last": (date + timedelta(days=1)).isoformat(),
            "time": time,
            "newest": newest,
        },
    )


def _start_over(connection: sqlite3.Connection) -> Iterator[None]:
    """Distrust every day: hits were deleted by hand, and which ids are new can't be told."""
    yield from distrust(connection, None)
    connection.execute("update rollup_state set watermark = 0")
    _move_to(connection, None)
    yield


def _move_to(connection: sqlite3.Connection, until: int | None) -> None:
    """Move the watermark up to the last hit at or before an id, or of all."""
    connection.execute(
        """
        update rollup_state set (watermark, watermark_time) = (
            select id, time from hits where :until is null or id <= :until order by id desc limit 1
        )
        where ifnull(:until, 9223372036854775807) > watermark and exists (select 1 from hits)
        """,
        {"until": until},
    )

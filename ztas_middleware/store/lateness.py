"""Hits that come after their day was rolled up: noticed by their id, however they got there.

All hits up to the watermark have been looked at. Readers look at those above it themselves; from
time to time somebody who may write moves the watermark up, marks the days that are out of date,
and notes where the hits are, see ranges.py. Hits that are deleted or changed by hand are noticed
by triggers, see range_tables.py.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ztas_middleware.store.islands import cover, forget, islands
from ztas_middleware.store.publication import distrust
from ztas_middleware.store.ranges import AFTER, BEFORE, QUARTER, state_of
from ztas_middleware.store.reading import rolling
from ztas_middleware.store.steps import write_in_steps

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ztas_middleware.days import Day
    from ztas_middleware.store.islands import Island
    from ztas_middleware.store.ranges import SiteHits, State
    from ztas_middleware.store.rollups import RolledDay

CHUNK = 5_000
"""Hits looked at in one go, in a few milliseconds."""

TOLERATED_LAG = 5_000
"""Hits that every reader looks at again before somebody moves the watermark."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def is_far_behind(state: State) -> bool:
    """Whether whoever may write should look at the hits above the watermark, for those who read."""
    return state.lag is None or state.lag > TOLERATED_LAG


def late_days(hits: SiteHits, rolled: Mapping[str, RolledDay], before: int) -> set[str]:
    """The rolled days that have got hits which nobody has looked at; `before` is an instant."""
    if hits.state.watermark is None:
        return set(rolled)
    late: set[str] = set()
    by_start = sorted(rolled.values(), key=lambda day: day.starts)
    starts = [day.starts for day in by_start]
    for quarter, (_, newest) in hits.tail().items():
        time = quarter * QUARTER
        index = bisect_right(starts, time) - 1
        if (
            time < before
            and index >= 0
            and time < by_start[index].ends
            and newest > by_start[index].through
        ):
            late.add(by_start[index].day)
    return late


def has_hits_since(connection: sqlite3.Connection, site_id: str, stretch: Day, hit: int) -> bool:
    """Whether hits with ids above `hit` are in a stretch."""
    found = connection.execute(
        """
        select 1 from hits
        where id > :hit and site_id = :site and time >= :start and time < :end
        limit 1
        """,
        {"hit": hit, "site": site_id, "start": stretch.start, "end": stretch.end},
    )
    return found.fetchone() is not None


def catch_up(path: Path) -> None:
    """Look at all hits above the watermark.

    Raises:
        StorageError: the database can't be written.
    """
    with rolling(path) as connection:
        write_in_steps(connection, advance(connection))


def advance(connection: sqlite3.Connection) -> Iterator[None]:
    """Look at all hits above the watermark, step by step.

    Their ranges are noted, and the days they are late for marked.
    """
    while (state := state_of(connection)).lag != 0:
        if state.watermark is None:
            yield from _start_over(connection)
            continue
        until, found = islands(connection, state.watermark, CHUNK)
        for island in found:
            cover(connection, island)
            if BEFORE < island.quarter < AFTER:
                _mark_stale(connection, island)
            yield
        # A day that is published meanwhile has itself looked at all hits there are, so that the
        # watermark may move in a later transaction than the marks. It stays where somebody else
        # has moved it, or where hits with the same ids may have become others.
        connection.execute(
            """
            update rollup_state set (watermark, watermark_time) = (
                select id, time from hits where id <= :until order by id desc limit 1
            )
            where watermark = :watermark and changes = :changes
                and exists (select 1 from hits where id > :watermark and id <= :until)
            """,
            {"until": until, "watermark": state.watermark, "changes": state.changes},
        )
        yield


def look_again(connection: sqlite3.Connection) -> Iterator[None]:
    """Look at all hits there are, as if nobody had."""
    forget(connection)
    yield
    yield from advance(connection)


def _mark_stale(connection: sqlite3.Connection, island: Island) -> None:
    time = island.quarter * QUARTER
    date = (_EPOCH + timedelta(milliseconds=time)).date()
    connection.execute(
        """
        update rollup_days set stale = 1
        where site_id = :site and day between :first and :last
            and starts <= :time and ends > :time and through < :newest
            and stale = 0 and sealed = 0
        """,
        {
            "site": island.site_id,
            # A site's date is at most one off.
            "first": (date - timedelta(days=1)).isoformat(),
            "last": (date + timedelta(days=1)).isoformat(),
            "time": time,
            "newest": island.last,
        },
    )


def _start_over(connection: sqlite3.Connection) -> Iterator[None]:
    """Distrust every day and range: which ids are new can't be told."""
    yield from distrust(connection, None)
    forget(connection)
    yield

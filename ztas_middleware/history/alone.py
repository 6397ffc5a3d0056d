"""Hits of moved days, by their times: what rows of an import may be already."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.history import files, state
from ztas_middleware.history.clock import bounds_of, date_at
from ztas_middleware.history.desk import look_around, with_desk
from ztas_middleware.history.gathering import columns_in, zone_of
from ztas_middleware.history.marks import bad_months
from ztas_middleware.history.state import MOVED, MOVING, month_of
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection
    from datetime import date

    from ztas_middleware.history.desk import Filing
    from ztas_middleware.history.state import Rules, State

NEAR = timedelta(days=2)
"""How far the days of a time may be from each other, whatever the timezones."""

Days = frozenset[tuple[str, str]]
"""Moved days, each with the generation of its files."""


class Alone(NamedTuple):
    """The hits that the files of moved days have at some times."""

    days: Days
    """What they are true of: as long as `moved_near` says the same."""
    hits: dict[int, Hit]
    """By id. A late one may be in the database, too."""


def moved_near(connection: sqlite3.Connection, site_id: str, times: Collection[int]) -> Days:
    """The moved days that some times, UTC milliseconds, may be of."""
    if not times:
        return frozenset()
    first, last = (date_at(time, timezone.utc) for time in (min(times), max(times)))
    found = connection.execute(
        """
        select day, generation from history_days
        where site_id = :site and day between :first and :last and state in ('moving', 'moved')
        """,
        {"site": site_id, "first": str(first - NEAR), "last": str(last + NEAR)},
    )
    return frozenset(found)


def hits_at(filing: Filing, times: Collection[int]) -> Alone:
    """The hits of moved days at some times, UTC milliseconds.

    Raises:
        StorageError: the database or a file can't be read.
    """
    site = filing.rules.site_id
    with reading(filing.path) as connection:
        near = moved_near(connection, site, times)
        found = state.load_state(connection, site) if near else None
    hits: dict[int, Hit] = {}
    if found is None:
        return Alone(near, hits)
    wanted = [
        day
        for day, start, end in moved_days(found, filing.rules)
        if any(start <= time < end for time in times)
    ]
    found = found._replace(days={day: found.days[day] for day in wanted})
    with closing(filing.engine.cursor()) as cursor:
        if bad_months(filing.folder, cursor, site, found):
            # Whoever wrote them has not given them their names yet, or they are lost.
            with_desk(filing, look_around)
        for month in sorted({month_of(day) for day in wanted}):
            file = filing.folder.file(files.HITS, site, month)
            with files.as_storage_error(file):
                rows = cursor.execute(
                    f"""
                    select id, {", ".join(Hit._fields)} from (
                        select {columns_in(cursor, file)}
                        from read_parquet($file, hive_partitioning = false) as old
                        where day in (select unnest($days::date[]))
                            and time in (select unnest($times::bigint[]))
                    )
                    """,
                    {"file": str(file), "days": wanted, "times": list(times)},
                ).fetchall()
            hits |= {number: Hit._make(row) for number, *row in rows}
    return Alone(near, hits)


def moved_days(found: State, rules: Rules) -> list[tuple[date, int, int]]:
    """The days that are in the history alone, or will be soon: each with its own bounds."""
    return [
        (day, *bounds_of(day, day, zone_of(rules, filed)))
        for day, filed in sorted(found.days.items())
        if filed.state in {MOVING, MOVED}
    ]

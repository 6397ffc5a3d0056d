"""When each day and hour of a site begins, as a table that hits are joined with.

Days are those of `ztas_middleware.days`; DuckDB's own time zones would need an extension, and know
other tables than Python does.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from ztas_middleware.days import local_time, start_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from duckdb import DuckDBPyConnection

ONE_DAY = timedelta(days=1)
QUARTER = 900_000
"""Milliseconds: offsets from UTC, and changes of clocks, are whole quarters of an hour."""


def bounds_of(first: date, last: date, zone: tzinfo) -> tuple[int, int]:
    """The first instant of some days, and the first behind them, in UTC milliseconds."""
    return start_of(first, zone), start_of(last + ONE_DAY, zone)


def date_at(instant: int, zone: tzinfo) -> date:
    """The day that has `instant` in it."""
    day = local_time(instant, zone).date()
    # Where clocks went back over midnight (Newfoundland, until 2011), the last hour of a date
    # came again after the next date had begun; a day has one beginning, so it belongs to that.
    while instant >= start_of(day + ONE_DAY, zone):
        day += ONE_DAY
    return day


def make_clock(
    cursor: DuckDBPyConnection, table: str, first: date, last: date, zone: tzinfo
) -> None:
    """Make a table `(starts BIGINT, day DATE, hour UTINYINT)` of the hours of some days."""
    hours = list(_hours(first, last, zone))
    cursor.execute(
        f"""
        create or replace temp table {table} as
        select
            unnest($starts::bigint[]) as starts,
            unnest($days::date[]) as day,
            unnest($hours::utinyint[]) as hour
        """,
        {
            "starts": [starts for starts, _, _ in hours],
            "days": [day for _, day, _ in hours],
            "hours": [hour for _, _, hour in hours],
        },
    )


def _hours(first: date, last: date, zone: tzinfo) -> Iterator[tuple[int, date, int]]:
    for number in range((last - first).days + 1):
        day = first + number * ONE_DAY
        start, end = bounds_of(day, day, zone)
        before = None
        # A day begins where it begins, and everything else at whole quarters.
        for instant in (start, *range(start - start % QUARTER + QUARTER, end, QUARTER)):
            hour = local_time(instant, zone).hour
            if hour != before and instant < end:
                yield instant, day, hour
            before = hour

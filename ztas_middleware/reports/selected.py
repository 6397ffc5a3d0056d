"""Which rows a question is about: of some days or hours, and of these what filters keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztas_middleware.history.clock import ONE_DAY, date_at
from ztas_middleware.history.columns import HIT_NAMES, ROW_NAMES
from ztas_middleware.history.forming import form, make_table
from ztas_middleware.reports.conditions import Bound, keeps
from ztas_middleware.reports.periods import Days, stretch_of

if TYPE_CHECKING:
    from datetime import date

    from duckdb import DuckDBPyConnection

    from ztas_middleware.config.model import Site
    from ztas_middleware.filters import Filters
    from ztas_middleware.history.asked import Asked
    from ztas_middleware.reports.periods import Period


@dataclass(frozen=True, slots=True)
class Selected:
    """Rows, as two relations that are put into statements."""

    cursor: DuckDBPyConnection
    every: str
    """All rows of the period."""
    kept: str
    """Those that the filters keep."""
    every_values: dict[str, object]
    """What the one is bound with."""
    kept_values: dict[str, object]
    """What the other is bound with."""


def answers_from(asked: Asked, period: Period) -> str | None:
    """The first day of a period whose rows are there, where earlier ones were pruned."""
    sealed = asked.sealed_until
    if sealed is None or period.first > sealed:
        return None
    return (sealed + ONE_DAY).isoformat()


def select(
    asked: Asked, site: Site, period: Period, filters: Filters, *, until: int | None = None
) -> Selected:
    """The rows of a period that filters keep.

    Args:
        asked: has the rows of these days.
        site: whose.
        period: which days or hours.
        filters: what is kept.
        until: the last instant of the period that is looked at; None is its end.
    """
    bound = Bound()
    every = _every(asked, site, period, until, bound)
    values = dict(bound.values)
    kept = f"(select * from {every} where {keeps(filters, site, bound)})" if filters else every
    return Selected(asked.cursor, every, kept, values, bound.values)


def _every(asked: Asked, site: Site, period: Period, until: int | None, bound: Bound) -> str:
    if isinstance(period, Days):
        if until is None:
            return _whole(asked, period.first, period.last, bound)
        last = stretch_of(period.last, period.zone)
        parts = [
            _whole(asked, period.first, period.last - ONE_DAY, bound),
            _cut(asked, site, last.start, min(last.end, until + 1), bound),
        ]
    else:
        end = period.end if until is None else min(period.end, until + 1)
        first, last_day = date_at(period.start, period.zone), date_at(end - 1, period.zone)
        parts = [
            _whole(asked, first + ONE_DAY, last_day - ONE_DAY, bound),
            _cut(asked, site, period.start, end, bound),
        ]
    return f"(select * from {' union all select * from '.join(parts)})"


def _whole(asked: Asked, first: date, last: date, bound: Bound) -> str:
    """The rows of whole days; of none where `last` is before `first`."""
    days = f"day between {bound.name(first)} and {bound.name(last)}"
    return f"(select {ROW_NAMES} from {asked.rows} where {days})"


def _cut(asked: Asked, site: Site, start: int, end: int, bound: Bound) -> str:
    """The rows of the days that a stretch begins and ends on, as far as they are in it.

    A session that reaches out of the stretch is formed anew of what is in it.
    """
    cursor = asked.cursor
    zone = site.timezone
    first, last = date_at(start, zone), date_at(end - 1, zone)
    ends = {"first": first, "last": last, "start": start, "end": end}
    name = f"cut_{abs(start)}_{abs(end)}"
    cursor.execute(
        f"""
        create or replace temp table {name}_torn as
        select day, session from {asked.rows}
        where day in ($first, $last) and session is not null
        group by day, session
        having bool_or(time < $start or time >= $end)
            and bool_or(time >= $start and time < $end)
        """,
        ends,
    )
    torn = f"(day, session) in (select (day, session) from {name}_torn)"
    named = {key: bound.name(value) for key, value in ends.items()}
    inside = "day in ({first}, {last}) and time >= {start} and time < {end}".format(**named)
    whole = f"select {ROW_NAMES} from {asked.rows} where {inside} and not ifnull({torn}, false)"
    if cursor.execute(f"select count(*) from {name}_torn").fetchone() == (0,):
        return f"({whole})"
    cursor.execute(
        f"""
        create or replace temp table cut_hits as select {HIT_NAMES} from {asked.rows}
        where day in ($first, $last) and time >= $start and time < $end and {torn}
        """,
        ends,
    )
    make_table(cursor, name)
    form(
        cursor,
        hits="cut_hits",
        rows=name,
        first=first,
        last=last,
        zone=zone,
        domains=site.domains,
    )
    # Numbers that no whole session has.
    formed = f"select {ROW_NAMES} from (select * replace (-1 - session as session) from {name})"
    return f"({whole} union all {formed})"

"""From a relation of totals to the numbers of a report: summaries, points, lists.

It does not matter whether the totals are those of the history or of the rows that a filter keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ztas_middleware.dimensions import LISTS, PROPERTIES, WEEK_HOURS
from ztas_middleware.reports.answers import Entry, Summary, WeekHour
from ztas_middleware.reports.conversions import added
from ztas_middleware.reports.rounding import mean, percent, units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from duckdb import DuckDBPyConnection

    from ztas_middleware.dimensions import List

_KEYS = ("key1", "key2", "key3")
_ADDED = ("pageviews", "visitors", "events", "value")


@dataclass(frozen=True, slots=True)
class Totals:
    """A relation of totals, as far as it is about some days."""

    cursor: DuckDBPyConnection
    relation: str
    first: date
    last: date

    def rows(self, sql: str, **values: object) -> list[Any]:
        """What a statement over `totals` gives."""
        within = f"""
            with totals as not materialized (
                select * from {self.relation} where day between $first and $last
            )
        """
        bound = {"first": self.first, "last": self.last, **values}
        return self.cursor.execute(within + sql, bound).fetchall()


def days_of(totals: Totals) -> dict[date, tuple[int, ...]]:
    """The numbers of each day that has any, as `summary_of` wants them."""
    rows = totals.rows(
        """
        select
            day, pageviews, visitors, sessions, viewing, bounces, duration, page_times, page_time
        from totals where dimension = ''
        """
    )
    return {day: tuple(int(number or 0) for number in numbers) for day, *numbers in rows}


def summary_of(days: Mapping[date, Sequence[int]]) -> Summary:
    """The summary of some days."""
    (pageviews, visitors, sessions, viewing, bounces, duration, page_times, page_time) = added(
        days.values(), 8
    )
    return Summary(
        pageviews,
        visitors,
        sessions,
        percent(bounces, viewing),
        mean(duration, sessions),
        mean(page_time, page_times),
    )


def lists_of(
    totals: Totals, names: Sequence[str], limit: int, offset: int
) -> dict[str, tuple[Entry, ...]]:
    """Some entries of lists, or of the names of properties."""
    if not names:
        return {}
    order = _order([_BY_NAME[name] for name in names])
    rows = totals.rows(
        f"""
        select dimension, {", ".join(_KEYS)}, pageviews, visitors, sessions, events, value
        from (
            select
                dimension, {", ".join(_KEYS)},
                {", ".join(f"sum({name}) as {name}" for name in _ADDED)},
                case when count(sessions) = count(*) then sum(sessions) end as sessions
            from totals
            where list_contains($names, dimension)
            group by all
        )
        qualify row_number() over (partition by dimension order by {order})
            between $offset + 1 and $offset + $limit
        order by dimension, {order}
        """,
        names=names,
        offset=offset,
        limit=limit,
    )
    found: dict[str, list[Entry]] = {name: [] for name in names}
    for name, *row in rows:
        found[name].append(_entry(name, row[: len(_KEYS)], row[len(_KEYS) :]))
    return {name: tuple(entries) for name, entries in found.items()}


def week_hours_of(totals: Totals) -> tuple[WeekHour, ...]:
    """The visitors of each hour of a week."""
    rows = totals.rows(
        f"""
        select isodow(day), cast(key1 as integer), sum(visitors)
        from totals where dimension = '{WEEK_HOURS.name}' group by all
        """
    )
    found = {(weekday, hour): int(visitors) for weekday, hour, visitors in rows}
    return tuple(
        WeekHour(weekday, hour, found.get((weekday, hour), 0))
        for weekday in range(1, 8)
        for hour in range(24)
    )


def kept_of(totals: Totals) -> dict[tuple[str, str, int], tuple[int, ...]]:
    """What days that were sealed keep of goals and funnels, as they were configured then.

    Returns:
        By `goals` or `funnels`, the name and the step: events, visitors, millionths and sessions.
    """
    rows = totals.rows(
        """
        select
            dimension, key1, ifnull(cast(key2 as integer), 0),
            sum(events), sum(visitors), sum(value), sum(sessions)
        from totals where dimension in ('goals', 'funnels') group by all
        """
    )
    return {
        (dimension, name, step): tuple(int(number or 0) for number in numbers)
        for dimension, name, step, *numbers in rows
    }


def _entry(name: str, keys: list[Any], numbers: list[Any]) -> Entry:
    listed = _BY_NAME[name]
    pageviews, visitors, sessions, events, value = numbers
    return Entry(
        tuple(
            int(key) if key is not None and of in listed.numbers else key
            for of, key in zip(listed.keys, keys, strict=False)
        ),
        int(pageviews or 0),
        int(visitors or 0),
        None if sessions is None else int(sessions),
        int(events or 0),
        units(int(value or 0)),
    )


_BY_NAME = {found.name: found for found in (*LISTS.values(), PROPERTIES)}


def _sorted(listed: Sequence[List], index: int) -> str:
    """A key as it is ordered: numbers as numbers."""
    numbers = [
        f"'{found.name}'"
        for found in listed
        if list(found.keys)[index : index + 1] and list(found.keys)[index] in found.numbers
    ]
    key = _KEYS[index]
    if numbers:
        number = f"dimension in ({', '.join(numbers)})"
        key = f"if({number}, lpad({key}, 20, '0'), {key})"
    return f"{key} nulls first"


def _order(listed: Sequence[List]) -> str:
    cases = " ".join(f"when '{found.name}' then {found.counts.value[0]}" for found in listed)
    number = f"case dimension {cases} end"
    keys = ", ".join(_sorted(listed, index) for index in range(len(_KEYS)))
    # Without sessions, in days that were sealed before they were counted, page views decide.
    return f"{number} desc nulls last, if({number} is null, pageviews, null) desc, {keys}"

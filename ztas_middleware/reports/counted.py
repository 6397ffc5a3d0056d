"""Totals of the rows that a question keeps, counted when it is asked, in bounded memory.

Nobody and nothing outlives a day, so that the totals of some days after the other add up to those
of all. As many days are counted together as have `TOGETHER` rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.dimensions import CLIENT
from ztas_middleware.history.numbers import people_of
from ztas_middleware.history.totals import (
    COUNTED_NAMES,
    PEOPLE,
    VISITS,
    make_totals_table,
    queries,
    totals_of,
    visits_of,
)
from ztas_middleware.reports.conditions import Bound
from ztas_middleware.reports.numbers import Totals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from duckdb import DuckDBPyConnection

    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.selected import Selected

TOGETHER = 1_000_000
"""Rows that are counted at once: what is told apart of them has to find room in memory."""

FEW = 100_000
"""Rows that are picked out once, rather than once for each list, and counted in one statement."""


def count(selected: Selected, period: Period) -> Totals:
    """The totals of the rows that are kept; those of lists are not told apart by day."""
    cursor = selected.cursor
    make_totals_table(cursor, "counted")
    for first, last, number in _stretches(selected):
        bound = Bound(selected.values)
        days = f"day between {bound.name(first)} and {bound.name(last)}"
        rows = f"(select * from {selected.kept} where {days})"
        if number <= FEW:
            _make(cursor, "counted_rows", f"select {COUNTED_NAMES} from {rows}", bound)
            query = totals_of("counted_rows", day=_sql(first))
            cursor.execute(f"insert into counted {query}")
            continue
        _make(cursor, PEOPLE, people_of(rows, *CLIENT), bound)
        _make(cursor, VISITS, visits_of(rows), bound)
        for query in queries(rows, day=_sql(first)):
            values = bound.values if rows in query else {}
            cursor.execute(f"insert into counted {query}", values)
    return Totals(cursor, "counted", period.first, period.last)


def _make(cursor: DuckDBPyConnection, table: str, query: str, bound: Bound) -> None:
    cursor.execute(f"create or replace temp table {table} as {query}", bound.values)


def _sql(day: date) -> str:
    return f"date '{day}'"


def _stretches(selected: Selected) -> Iterator[tuple[date, date, int]]:
    """The days that have rows, some together, with the number of their rows."""
    days = selected.cursor.execute(
        f"select day, count(*) from {selected.kept} group by day order by day", selected.values
    ).fetchall()
    while days:
        first, number = days.pop(0)
        last = first
        while days and number + days[0][1] <= TOGETHER:
            last, more = days.pop(0)
            number += more
        yield first, last, number

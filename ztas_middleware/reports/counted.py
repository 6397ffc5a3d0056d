"""Totals of the rows that a question keeps, counted when it is asked, in bounded memory.

Nobody and nothing outlives a day, so that the totals of some days after the other add up to those
of all. As many days are counted together as have `TOGETHER` rows.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ztas_middleware.dimensions import CLIENT
from ztas_middleware.history.numbers import NUMBERED_NAMES, people_of
from ztas_middleware.history.totals import (
    COUNTED_NAMES,
    PEOPLE,
    TOLD,
    VISITS,
    lists_of_rows,
    make_totals_table,
    queries,
    totals_of,
    totals_of_days,
    visits_of,
)
from ztas_middleware.reports.conditions import Bound
from ztas_middleware.reports.numbers import Totals

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from duckdb import DuckDBPyConnection

    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.selected import Selected

TOGETHER = 500_000
"""Rows that are counted at once: what is told apart of them has to find room in memory."""

FEW = 100_000
"""Rows that are picked out once, rather than once for each list, and counted in one statement."""


def count(
    selected: Selected, period: Period, lists: Collection[str] | None, *, parts: int = 1
) -> tuple[Totals, Selected]:
    """The totals of the rows that are kept, and these rows, picked out where they are few.

    Args:
        selected: the rows.
        period: which days or hours they are of.
        lists: which lists are wanted, None for all; their totals are not told apart by day.
        parts: how many times fewer rows are counted at once than usual.
    """
    cursor = selected.cursor
    told = [listed for listed in TOLD if lists is None or listed.name in lists]
    make_totals_table(cursor, "counted")
    lots = list(stretches(selected, TOGETHER // parts))
    if [number <= FEW for *_, number in lots] == [True]:
        selected = pick(selected)
        query = totals_of(selected.kept, day=_sql(lots[0][0]), lists=told)
        cursor.execute(f"insert into counted {query}")
        lots = []
    for first, last, _ in lots:
        bound = Bound(selected.kept_values)
        days = f"day between {bound.name(first)} and {bound.name(last)}"
        rows = f"(select * from {selected.kept} where {days})"
        _make(cursor, PEOPLE, people_of(rows, *CLIENT), bound)
        _make(cursor, VISITS, visits_of(rows), bound)
        for query in queries(rows, day=_sql(first), lists=told):
            values = bound.values if rows in query else {}
            cursor.execute(f"insert into counted {query}", values)
    return Totals(cursor, "counted", period.first, period.last), selected


def count_days(selected: Selected, period: Period) -> Totals:
    """The totals of the rows that are kept, without any list."""
    cursor = selected.cursor
    # Statements over many files take longer to plan than a few rows to pick out.
    rows = f"select {NUMBERED_NAMES} from {selected.kept}"
    _make(cursor, "picked_numbers", rows, Bound(selected.kept_values))
    _make(cursor, "counted_days", totals_of_days("picked_numbers"), Bound())
    return Totals(cursor, "counted_days", period.first, period.last)


def count_lists(cursor: DuckDBPyConnection, rows: str, day: date, lists: Collection[str]) -> Totals:
    """The totals of some lists alone, of a few rows that take no values; they are as of one day."""
    told = [listed for listed in TOLD if listed.name in lists]
    return Totals(cursor, f"({lists_of_rows(rows, day=_sql(day), lists=told)})", day, day)


def pick(selected: Selected) -> Selected:
    """Few rows, with the columns that questions are asked of, in memory."""
    query = f"select {COUNTED_NAMES}, time, id from {selected.kept}"
    _make(selected.cursor, "picked", query, Bound(selected.kept_values))
    if selected.kept == selected.every:
        return replace(selected, every="picked", kept="picked", every_values={}, kept_values={})
    return replace(selected, kept="picked", kept_values={})


def _make(cursor: DuckDBPyConnection, table: str, query: str, bound: Bound) -> None:
    cursor.execute(f"create or replace temp table {table} as {query}", bound.values)


def _sql(day: date) -> str:
    return f"date '{day}'"


def stretches(selected: Selected, most: int) -> Iterator[tuple[date, date, int]]:
    """The days that have rows, some together, with the number of their rows."""
    days = selected.cursor.execute(
        f"select day, count(*) from {selected.kept} group by day order by day", selected.kept_values
    ).fetchall()
    while days:
        first, number = days.pop(0)
        last = first
        while days and number + days[0][1] <= most:
            last, more = days.pop(0)
            number += more
        yield first, last, number

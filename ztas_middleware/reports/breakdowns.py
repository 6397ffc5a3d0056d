"""A report taken apart: the numbers of each combination of one to three keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.filters import NAMED, PROPERTY, Filter, Filters
from ztas_middleware.history.numbers import NUMBERS, numbers_of
from ztas_middleware.reports.answers import Breakdown
from ztas_middleware.reports.conditions import Bound, keeps, known_names, property_of
from ztas_middleware.reports.counted import TOGETHER, stretches
from ztas_middleware.reports.rounding import mean, percent, units
from ztas_middleware.reports.selected import answers_from, select

if TYPE_CHECKING:
    from collections.abc import Callable

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.asked import Asked
    from ztas_middleware.reports.answers import Json
    from ztas_middleware.reports.questions import BreakdownQuestion

_TIMES = {"day": "day", "hour": "hour", "weekday": "isodow(day)"}

Numbers = dict[str, int]

METRICS: dict[str, Callable[[Numbers], float]] = {
    "pageviews": lambda row: row["pageviews"],
    "uniqueVisitors": lambda row: row["visitors"],
    "sessions": lambda row: row["sessions"],
    "events": lambda row: row["events"],
    "value": lambda row: units(row["value"]),
    "bounceRate": lambda row: percent(row["bounces"], row["viewing"]),
    "avgSessionDuration": lambda row: mean(row["duration"], row["sessions"]),
    "avgTimeOnPage": lambda row: mean(row["page_time"], row["page_times"]),
}
"""What each metric is, of the numbers of a row."""

_COLUMNS = {
    "pageviews": "pageviews",
    "uniqueVisitors": "visitors",
    "sessions": "sessions",
    "events": "events",
}
"""Metrics that are whole numbers, by which the engine can order."""


def breakdown_of(asked: Asked, question: BreakdownQuestion) -> Breakdown:
    """Answer a question about the days that the history was asked for."""
    selected = select(asked, question.site, question.period, question.filters)
    cursor = selected.cursor
    keys = {f"k{number}": _expression(name) for number, name in enumerate(question.by)}
    whole = [(question.period.first, question.period.last, 0)]
    into = "create or replace temp table broken_parts as"
    # Nobody and nothing outlives a day, so that some days after the other add up to all.
    for first, last, _ in list(stretches(selected, TOGETHER // asked.parts)) or whole:
        bound = Bound(selected.kept_values)
        days = f"day between {bound.name(first)} and {bound.name(last)}"
        named = _named(question, f"(select * from {selected.kept} where {days})", bound)
        cursor.execute(f"{into} {numbers_of(named, keys)}", bound.values)
        into = "insert into broken_parts"
    cursor.execute(
        f"""
        create or replace temp table broken_down as
        select {", ".join(keys)}, {", ".join(f"sum({name}) as {name}" for name in NUMBERS)}
        from broken_parts group by all
        having sum(pageviews) > 0 or sum(visitors) > 0 or sum(sessions) > 0 or sum(events) > 0
        """
    )
    (total,) = cursor.execute("select count(*) from broken_down").fetchone() or (0,)
    rows = [_row(question, row) for row in _ordered(cursor, question, list(keys))]
    return Breakdown(tuple(rows), total, answers_from(asked, question.period))


def _ordered(
    cursor: DuckDBPyConnection, question: BreakdownQuestion, keys: list[str]
) -> list[tuple[Any, ...]]:
    """The rows that are wanted, each with its keys and `NUMBERS`."""
    names = ", ".join((*keys, *NUMBERS))
    order = ", ".join(_by_name(key, name) for key, name in zip(keys, question.by, strict=True))
    start, end = question.offset, question.offset + question.limit
    column = _COLUMNS.get(question.order)
    if column is not None:
        return cursor.execute(
            f"""
            select {names} from broken_down order by {column} desc, {order}
            limit {question.limit} offset {start}
            """
        ).fetchall()
    # What is rounded ties where the exact numbers do not: rows are ordered as they are shown.
    rows = cursor.execute(f"select {names} from broken_down order by {order}").fetchall()
    metric = METRICS[question.order]
    rows.sort(key=lambda row: -metric(_numbers(row, len(keys))))
    return rows[start:end]


def _row(question: BreakdownQuestion, row: tuple[Any, ...]) -> Json:
    numbers = _numbers(row, len(question.by))
    return {
        **{name: _shown(name, value) for name, value in zip(question.by, row, strict=False)},
        **{metric: METRICS[metric](numbers) for metric in question.metrics},
    }


def _numbers(row: tuple[Any, ...], keys: int) -> Numbers:
    return {name: int(number or 0) for name, number in zip(NUMBERS, row[keys:], strict=True)}


def _named(question: BreakdownQuestion, rows: str, bound: Bound) -> str:
    """The rows, once for each goal or segment that they match, where it is asked by these."""
    for name in NAMED:
        if name not in question.by:
            continue
        matched = "[]::varchar[]"
        for value in known_names(question.site)[name]:
            one = Filters((Filter(name, (value,)),))
            kept = keeps(one, question.site, bound)
            matched += f" || if({kept}, [{bound.name(value)}::varchar], [])"
        rows = f"""(
            select *, unnest(if(len(matched) = 0, [null], matched)) as by_{name}
            from (select *, {matched} as matched from {rows})
        )"""
        rows = f"(select * exclude (matched) from {rows})"
    return rows


def _expression(name: str) -> str:
    if name in NAMED:
        return f"by_{name}"
    if name.startswith(PROPERTY):
        return property_of(name.removeprefix(PROPERTY))
    return _TIMES.get(name) or DIMENSIONS[name].column


def _by_name(key: str, name: str) -> str:
    """How rows are ordered by a key: nothing first, numbers as numbers."""
    if name.startswith(PROPERTY):
        return f"{key} is not null, try_cast({key} as double) nulls last, {key} ->> '$'"
    return f"{key} nulls first"


def _shown(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever a key's values are
    if value is None:
        return None
    if name.startswith(PROPERTY):
        return json.loads(value)
    return value.isoformat() if name == "day" else value

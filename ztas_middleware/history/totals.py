"""The numbers of each day, dimension and value: what a question without filter is answered from.

One statement, made from the table of dimensions, for the days that are filed and the running one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.dimensions import COUNTED, Counts, List
from ztas_middleware.history.columns import Column, millionths
from ztas_middleware.history.numbers import NUMBERS, numbers_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

KEYS = ("key1", "key2", "key3")
_COUNTS = ("pageviews", "visitors", "sessions", "events", "viewing", "bounces", "page_times")
_AMOUNTS = ("value", "duration", "page_time")

TOTALS: tuple[Column, ...] = (
    Column("day", "DATE", is_nullable=False),
    Column("dimension", "VARCHAR", is_nullable=False),
    *(Column(key, "VARCHAR") for key in KEYS),
    *(Column(name, "BIGINT") for name in _COUNTS),
    *(Column(name, "DECIMAL(38, 0)") for name in _AMOUNTS),
)
"""The relation `totals`. `dimension` is the name of a list, or empty for the day itself; what a
list does not count is NULL. `value` is in millionths; `duration`, `page_time` in microseconds."""

TOTAL_NAMES = ", ".join(column.name for column in TOTALS)

VISITORS = "count(distinct nullif(visitor, ''))"

_NUMBERS: dict[Counts, tuple[dict[str, str], str]] = {
    Counts.VIEWS: ({"pageviews": "count(*)", "visitors": VISITORS}, "type = 'pageview'"),
    Counts.EVENTS: (
        {"events": "count(*)", "visitors": VISITORS, "value": f"sum({millionths('value')})"},
        "type = 'event'",
    ),
    Counts.ENDS: ({"sessions": "count(distinct session)"}, "session_counts"),
    Counts.ORIGINS: (
        {
            "sessions": "count(distinct session)",
            "visitors": f"{VISITORS} filter (where type in ('pageview', 'event'))",
            "pageviews": "count(*) filter (where type = 'pageview')",
        },
        "session_counts",
    ),
    # How many rows have the property; the number is kept where events are.
    Counts.HITS: ({"events": "count(*)"}, "true"),
}
"""What a list counts, and of which rows."""


def make_totals_table(cursor: DuckDBPyConnection, table: str, *, temp: bool = True) -> None:
    """Make an empty table with the columns of the relation `totals`."""
    columns = ", ".join(f"{column.name} {column.type}" for column in TOTALS)
    cursor.execute(f"create or replace {'temp ' if temp else ''}table {table} ({columns})")


def totals_of(rows: str) -> str:
    """The query for the totals of all days of a relation `rows`."""
    return " union all ".join([totals_of_days(rows), *(_of_list(found, rows) for found in COUNTED)])


def _selected(dimension: str, keys: list[str], numbers: dict[str, str], day: str = "day") -> str:
    keys = [*keys, *["null"] * (len(KEYS) - len(keys))]
    parts = [day, f"'{dimension}' as dimension"]
    parts += [f"cast({value} as varchar) as {key}" for value, key in zip(keys, KEYS, strict=True)]
    parts += [
        f"cast({numbers.get(column.name, 'null')} as {column.type}) as {column.name}"
        for column in TOTALS[len(KEYS) + 2 :]
    ]
    return ", ".join(parts)


def _of_list(found: List, rows: str) -> str:
    numbers, condition = _NUMBERS[found.counts]
    names = [f"k{number}" for number in range(len(found.keys))]
    keys = ", ".join(
        f"{value} as {name}" for value, name in zip(found.keys.values(), names, strict=True)
    )
    return f"""
        select {_selected(found.name, names, numbers)}
        from (
            select day, visitor, session, type, value, session_counts, {keys}
            from {rows} where ({condition}) and ({found.condition})
        )
        group by day, {", ".join(names)}
    """


def totals_of_days(rows: str) -> str:
    """The query for the days' own totals of a relation `rows`, without any list."""
    numbers = {name: name for name in NUMBERS}
    return f"""
        select {_selected("", [], numbers, "the_day as day")}
        from ({numbers_of(rows, {"the_day": "day"})})
    """

"""The numbers of each dimension and value, by day: what a question without filter is answered from.

The queries are made from the table of dimensions, and are the same for days that are filed, for the
running one, and for the rows that a filter keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.dimensions import CLIENT, COUNTED, SESSION, WEEK_HOURS, Counts, List
from ztas_middleware.history.columns import ROWS, UTM, Column, millionths
from ztas_middleware.history.numbers import NUMBERS, numbers_of, people_of

if TYPE_CHECKING:
    from collections.abc import Iterable

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

_UNCOUNTED = {
    *("id", "time", "site_id", "referrer", "session_id", "is_bounce", "session_start"),
    *UTM,
}
COUNTED_NAMES = ", ".join(column.name for column in ROWS if column.name not in _UNCOUNTED)
"""The columns of `rows` that totals are made of: those that are left out take the most room."""

TOTAL_NAMES = ", ".join(column.name for column in TOTALS)

_VISITORS = "count(*) filter (where visitor != '')"
"""Of groups by visitor: rows without one are nobody's."""


TOLD = (WEEK_HOURS, *COUNTED)
"""All that the totals of a day have besides its own numbers."""


def make_totals_table(cursor: DuckDBPyConnection, table: str, *, temp: bool = True) -> None:
    """Make an empty table with the columns of the relation `totals`."""
    columns = ", ".join(f"{column.name} {column.type}" for column in TOTALS)
    cursor.execute(f"create or replace {'temp ' if temp else ''}table {table} ({columns})")


def totals_of(rows: str, *, day: str = "day", lists: Iterable[List] = TOLD) -> str:
    """The query for the totals of a relation `rows`; arguments as in `queries`."""
    return f"""
        with
            {PEOPLE} as materialized ({people_of(rows, *CLIENT)}),
            {VISITS} as materialized ({visits_of(rows)})
        {" union all ".join(queries(rows, day=day, lists=lists))}
    """


PEOPLE, VISITS = "totals_people", "totals_visits"
"""The names that `queries` knows `people_of(rows, *CLIENT)` and `visits_of(rows)` by."""


def queries(rows: str, *, day: str = "day", lists: Iterable[List] = TOLD) -> list[str]:
    """The queries for the totals of a relation `rows`: of its days, their hours, and each list.

    Args:
        rows: the relation.
        day: which day a list is of, as SQL: each its own, or one date for all days together.
        lists: which ones are wanted.
    """
    made = _queries(rows, day, lists)
    wide = [query for query in made if rows in query]
    narrow = [query for query in made if rows not in query]
    return [
        _selected_days(numbers_of(rows, _DAY, people=PEOPLE, visits=VISITS)),
        # What is told of visitors and sessions takes less time than a statement of its own.
        *([" union all ".join(narrow)] if narrow else []),
        *wide,
    ]


def lists_of_rows(rows: str, *, day: str, lists: Iterable[List]) -> str:
    """The query for the totals of some lists alone; arguments as in `queries`."""
    made = " union all ".join(_queries(rows, day, lists))
    made_of = {PEOPLE: people_of(rows, *CLIENT), VISITS: visits_of(rows)}
    named = (f"{name} as materialized ({query})" for name, query in made_of.items() if name in made)
    return f"with {', '.join(named)} {made}"


def _queries(rows: str, day: str, lists: Iterable[List]) -> list[str]:
    return [
        _QUERIES[listed.counts](listed, rows, "day" if listed is WEEK_HOURS else day)
        for listed in lists
    ]


def totals_of_days(rows: str) -> str:
    """The query for the days' own totals of a relation `rows`, without any list."""
    return _selected_days(numbers_of(rows, _DAY))


_DAY = {"the_day": "day"}


def _selected_days(numbers: str) -> str:
    columns = _selected("", [], {name: name for name in NUMBERS}, "the_day")
    return f"select {columns} from ({numbers})"


def visits_of(rows: str) -> str:
    """The query for the sessions of a relation `rows`, with one row each for nearly all."""
    columns = (*SESSION, "session_views", "session_bounced", "session_duration")
    return f"""
        select
            day, session, visitor, {", ".join(f"any_value({name}) as {name}" for name in columns)},
            count(*) filter (where type = 'pageview') as number,
            bool_or(type in ('pageview', 'event')) as is_counted
        from {rows} where session_counts group by day, session, visitor
    """


def _of_views(listed: List, rows: str, day: str) -> str:
    source, number = rows, "count(*)"
    condition = f"type = 'pageview' and ({listed.condition})"
    if set(listed.keys.values()) <= set(CLIENT):
        # Nearly all visitors have one row a day there.
        source, number, condition = PEOPLE, "sum(views)", f"views > 0 and ({listed.condition})"
    return f"""
        select {_selected(listed.name, _names(listed), _counted("pageviews"), day)}
        from (
            select day, visitor, {_made(listed)}, {number} as pageviews
            from {source} where {condition} group by all
        )
        group by all
    """


def _of_events(listed: List, rows: str, day: str) -> str:
    value = f"sum({millionths('value')})"
    return f"""
        select {_selected(listed.name, _names(listed), _counted("events", "value"), day)}
        from (
            select day, visitor, {_made(listed)}, count(*) as events, {value} as value
            from {rows} where type = 'event' and ({listed.condition}) group by all
        )
        group by all
    """


def _of_properties(listed: List, rows: str, day: str) -> str:
    return f"""
        select {_selected(listed.name, _names(listed), {"events": "count(*)"}, day)}
        from (select day, {_made(listed)} from {rows} where properties is not null)
        group by all
    """


def _of_ends(listed: List, _rows: str, day: str) -> str:
    return f"""
        select {_selected(listed.name, _names(listed), {"sessions": "count(*)"}, day)}
        from (select distinct day, session, {_made(listed)} from {VISITS} where {listed.condition})
        group by all
    """


def _of_origins(listed: List, _rows: str, day: str) -> str:
    names = ", ".join(_names(listed))
    added = {name: f"sum({name})" for name in ("sessions", "visitors", "pageviews")}
    return f"""
        select {_selected(listed.name, _names(listed), added, "day")}
        from (
            select {day} as day, {names}, count(*) as sessions, 0 as visitors, 0 as pageviews
            from (
                select distinct day, session, {_made(listed)} from {VISITS}
                where {listed.condition}
            )
            group by all
            union all
            select
                {day} as day, {names}, 0 as sessions,
                count(*) filter (where visitor != '' and is_counted) as visitors,
                sum(number) as pageviews
            from (
                select
                    day, visitor, {_made(listed)}, sum(number) as number,
                    bool_or(is_counted) as is_counted
                from {VISITS} where {listed.condition} group by all
            )
            group by all
        )
        group by all
    """


_QUERIES = {
    Counts.VIEWS: _of_views,
    Counts.EVENTS: _of_events,
    Counts.ENDS: _of_ends,
    Counts.ORIGINS: _of_origins,
    Counts.HITS: _of_properties,
}


def _counted(*names: str) -> dict[str, str]:
    """What is added up of groups by visitor."""
    return {"visitors": _VISITORS, **{name: f"sum({name})" for name in names}}


def _names(listed: List) -> list[str]:
    return [f"k{number}" for number in range(len(listed.keys))]


def _made(listed: List) -> str:
    """The keys of each row."""
    pairs = zip(listed.keys.values(), _names(listed), strict=True)
    return ", ".join(f"{value} as {name}" for value, name in pairs)


def _selected(dimension: str, keys: list[str], numbers: dict[str, str], day: str) -> str:
    """The columns of `totals`, of which the last depend on the list."""
    keys = [*keys, *["null"] * (len(KEYS) - len(keys))]
    parts = [f"{day} as day", f"'{dimension}' as dimension"]
    parts += [f"cast({value} as varchar) as {key}" for value, key in zip(keys, KEYS, strict=True)]
    parts += [
        f"cast({numbers.get(column.name, 'null')} as {column.type}) as {column.name}"
        for column in TOTALS[len(KEYS) + 2 :]
    ]
    return ", ".join(parts)

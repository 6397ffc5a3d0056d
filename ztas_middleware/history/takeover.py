"""Taking over a database of version 0.1: its sealed days, whose hits are gone, keep their totals.

Everything else is filed from the hits. What 0.1 counted by page view counts so still: for a sealed
day it is not known how many sessions a source brought.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ztas_middleware.history.sealed import FUNNELS, GOALS, pack_totals, total_row
from ztas_middleware.store.steps import write_in_steps

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

# Its dimensions by number: the list of today, and what its `number` is.
_LISTS = {
    1: ("pages", "pageviews"),
    2: ("entryPages", "sessions"),
    3: ("exitPages", "sessions"),
    4: ("referrers", "pageviews"),
    5: ("sources", "pageviews"),
    6: ("campaigns", "pageviews"),
    7: ("events", "events"),
    8: ("browsers", "pageviews"),
    9: ("systems", "pageviews"),
    10: ("devices", "pageviews"),
    11: ("countries", "pageviews"),
}
_SEVERAL_KEYS = {6, 7}
_ONLY_SESSIONS = {2, 3}

TRIGGERS = (
    *("hit_deleted", "hit_changed", "newest_hit_deleted", "newest_hit_renumbered"),
    *("watermark_deleted", "watermark_renumbered"),
)
TABLES = (
    "hit_ranges",
    *("rollup_rows", "rollup_packs", "rollup_values", "rollup_goals", "rollup_funnels"),
    *("rollup_blocks", "rollup_runs", "rollup_state", "rollup_days"),
)

_LARGE = {
    "rollup_rows": "run, dimension, value_id",
    "rollup_packs": "run, dimension, part",
    "rollup_values": "id",
    "hit_ranges": "site_id, quarter, first_id",
}

CHUNK = 500
"""Rows that go in one step."""


def is_to_be_taken_over(connection: sqlite3.Connection) -> bool:
    """Whether the tables of version 0.1 are there still."""
    (number,) = connection.execute(
        "select count(*) from sqlite_schema where type = 'table' and name = 'rollup_days'"
    ).fetchone()
    return bool(number)


def take_over(connection: sqlite3.Connection) -> None:
    """Turn sealed days into ours, then remove the tables of 0.1; for whoever may write.

    Raises:
        sqlite3.Error: the database can't be written; what was done stays done.
    """
    write_in_steps(connection, _steps(connection))


def _steps(connection: sqlite3.Connection) -> Iterator[None]:
    days = connection.execute(
        "select site_id, day, run from rollup_days where sealed = 1 order by day"
    ).fetchall()
    for site_id, day, run in days:
        packed = pack_totals(_totals(connection, site_id, day, run))
        connection.execute("insert or ignore into history_sites (site_id) values (?)", (site_id,))
        # Another process may have been here, and sealed days stay what they are.
        connection.execute(
            """
            insert or ignore into history_days
                (site_id, day, state, rows, last_id, generation, rules, totals)
            values (?, ?, 'sealed', 0, 0, '', '', ?)
            """,
            (site_id, day, packed),
        )
        yield
    connection.execute("drop view if exists rollups")
    for name in TRIGGERS:
        connection.execute(f"drop trigger if exists {name}")
    yield
    for name, key in _LARGE.items():
        yield from _empty(connection, name, key)
    for name in TABLES:
        connection.execute(f"drop table if exists {name}")


def _empty(connection: sqlite3.Connection, table: str, key: str) -> Iterator[None]:
    """Delete a large table's rows, step by step; to drop it at once would keep hits waiting."""
    if not connection.execute("select 1 from sqlite_schema where name = ?", (table,)).fetchone():
        return  # made by a version before 0.1 was out
    names = key.split(", ")
    condition = " and ".join(f"{name} = ?" for name in names)
    while keys := connection.execute(f"select {key} from {table} limit {CHUNK}").fetchall():
        connection.executemany(f"delete from {table} where {condition}", keys)
        yield


def _totals(
    connection: sqlite3.Connection, site_id: str, day: str, run: int
) -> Iterator[tuple[object, ...]]:
    (pageviews, visitors, sessions, viewing, bounces, duration, page_times, page_time) = (
        connection.execute(
            """
            select
                pageviews, visitors, sessions, viewing_sessions, bounces, session_time,
                page_times, page_time
            from rollup_days where site_id = ? and day = ?
            """,
            (site_id, day),
        ).fetchone()
    )
    rows = connection.execute(
        """
        select dimension, value, number, visitors, amount from rollup_rows
        join rollup_values on rollup_values.id = rollup_rows.value_id
        where run = ? order by dimension, value
        """,
        (run,),
    ).fetchall()
    events = [row for row in rows if _LISTS[row[0]][0] == "events"]
    yield total_row(
        day,
        "",
        pageviews=pageviews,
        visitors=visitors,
        sessions=sessions,
        events=sum(number for _, _, number, _, _ in events),
        viewing=viewing,
        bounces=bounces,
        page_times=page_times,
        value=sum(int(amount) for *_, amount in events),
        duration=int(duration),
        page_time=int(page_time),
    )
    for dimension, value, number, people, amount in rows:
        name, counted = _LISTS[dimension]
        keys = json.loads(value) if dimension in _SEVERAL_KEYS else [value]
        numbers: dict[str, object] = {counted: number}
        if dimension not in _ONLY_SESSIONS:
            numbers["visitors"] = people
        if name == "events":
            numbers["value"] = int(amount)
        numbers |= {f"key{index}": key for index, key in enumerate(keys, start=1)}
        yield total_row(day, name, **numbers)
    yield from _conversions(connection, day, run)


def _conversions(
    connection: sqlite3.Connection, day: str, run: int
) -> Iterator[tuple[object, ...]]:
    for name, conversions, people, amount in connection.execute(
        "select name, conversions, visitors, amount from rollup_goals where run = ?", (run,)
    ).fetchall():
        yield total_row(
            day, GOALS, key1=name, events=conversions, visitors=people, value=int(amount)
        )
    for name, sessions in connection.execute(
        "select name, sessions from rollup_funnels where run = ?", (run,)
    ).fetchall():
        for step, number in enumerate(json.loads(sessions)):
            yield total_row(day, FUNNELS, key1=name, key2=step, sessions=number)

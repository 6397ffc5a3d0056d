"""The local file as an outbox: its hits in the order of their ids, cut into batches.

Hits of moved days are in the history alone, and lie between the others by their ids.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from heapq import merge
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ztas_middleware.cluster.schema import HIT_COLUMNS
from ztas_middleware.days import EARLIEST
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.membership import FIRST_ID

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

    from ztas_middleware.config.model import Config

ROWS: Final = 8_000
"""Hits of one batch at most: what is in memory at a time."""

_DAY: Final = 86_400_000
_LAST_DAY: Final = 65_535
"""ClickHouse's dates are 16 bits."""

_COLUMNS: Final = ", ".join(("id", *Hit._fields))
_TIME: Final = 1

Row = tuple[Any, ...]
"""`id`, and the columns of `hits`."""


class Span(NamedTuple):
    """Ids from `first` to `last`, both included."""

    first: int
    last: int


def next_rows(
    config: Config, connection: sqlite3.Connection, span: Span, moved_until: int = FIRST_ID
) -> list[Row]:
    """The next hits of a span, as one batch: of one month, and `ROWS` at most.

    Args:
        config: where the history is.
        connection: a reading one.
        span: of which ids.
        moved_until: up to which id hits may be in the history alone.

    Raises:
        StorageError: a file of the history can't be read.
    """
    rows = connection.execute(
        f"select {_COLUMNS} from hits where id between ? and ? order by id limit {ROWS}", span
    ).fetchall()
    if span.first <= moved_until:
        rows = _merged([rows, *moved_rows(config, connection, span)])
    if not rows:
        return []
    month = _month(rows[0])
    end = next((number for number, row in enumerate(rows) if _month(row) != month), len(rows))
    return rows[:end]


def columns_of(member: str, rows: Sequence[Row]) -> tuple[list[str], list[Sequence[object]]]:
    """The names of the cluster's columns, and their values."""
    ids, *fields = zip(*rows, strict=True)
    days = [_day(row) for row in rows]
    return list(HIT_COLUMNS), [[member] * len(rows), ids, days, *fields]


def moved_rows(config: Config, connection: sqlite3.Connection, span: Span) -> Iterator[list[Row]]:
    """Of each site the first hits of a span that are in the history alone."""
    from ztas_middleware.history import files  # loads DuckDB
    from ztas_middleware.history.engine import Engine
    from ztas_middleware.history.gathering import columns_in

    folder = files.Folder(config.history_folder)
    moved: dict[str, list[str]] = {}
    for site_id, day in connection.execute(
        "select site_id, day from history_days where state in ('moving', 'moved') order by day"
    ):
        moved.setdefault(site_id, []).append(day)
    if not moved:
        return
    cursor = Engine(config.reports.memory, 1).cursor()
    for site_id, days in moved.items():
        months = dict.fromkeys(day[:7] for day in days)
        paths = [folder.file(files.HITS, site_id, month) for month in months]
        with files.as_storage_error(paths[0]):
            yield cursor.execute(
                f"""
                select {columns_in(cursor, *paths)}
                from read_parquet($files, hive_partitioning = false, union_by_name = true) as old
                where day in (select unnest($days::date[])) and id between $first and $last
                order by id
                limit {ROWS}
                """,
                {"files": list(map(str, paths)), "days": days, **span._asdict()},
            ).fetchall()


def _merged(parts: Iterable[Iterable[Row]]) -> list[Row]:
    """The first rows of them all, each id once: a late one is in both for a moment."""
    rows: list[Row] = []
    for row in merge(*parts, key=itemgetter(0)):
        if len(rows) == ROWS:
            break
        if not rows or rows[-1][0] != row[0]:
            rows.append(row)
    return rows


@cache
def _date(day: int) -> date:
    """Of a day that is counted from 1970."""
    return date(1970, 1, 1) + timedelta(days=day)


def _day(row: Row) -> date:
    return _date(min(max(row[_TIME], EARLIEST) // _DAY, _LAST_DAY))


def _month(row: Row) -> tuple[int, int]:
    day = _day(row)
    return day.year, day.month

"""Sealing: of a day past its time the totals stay, and nothing rebuilds it.

Its numbers are taken from its rows for the last time, together with the goals and funnels as they
are configured then; the month's files are written without its rows; and only then its hits are
deleted, which somebody else does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.history import files
from ztas_middleware.history.columns import ROW_NAMES
from ztas_middleware.history.desk import Desk, Filing, look_around, with_desk
from ztas_middleware.history.filing import file_days
from ztas_middleware.history.publishing import identify, publish
from ztas_middleware.history.sealed import pack_totals
from ztas_middleware.history.state import SEALED, month_of
from ztas_middleware.history.totals import TOTAL_NAMES
from ztas_middleware.history.writing import write_month

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from duckdb import DuckDBPyConnection

    Conversions = Callable[[DuckDBPyConnection, str, date], Iterable[Sequence[object]]]


def seal_days(filing: Filing, conversions: Conversions) -> int:
    """File and then seal all days up to `filing.last`.

    Args:
        filing: of a site.
        conversions: gives the rows of totals of a day's goals and funnels, from DuckDB and the
            name of a table with its rows.

    Returns:
        How many days that were.

    Raises:
        StorageError: the database or the folder can't be read or written.
    """
    file_days(filing)

    def seal(filing: Filing, connection: sqlite3.Connection, cursor: DuckDBPyConnection) -> int:
        desk = look_around(filing, connection, cursor)
        months: dict[str, list[date]] = {}
        for day, filed in sorted(desk.state.days.items()):
            if day <= filing.last and filed.state != SEALED and day not in desk.due.days:
                months.setdefault(month_of(day), []).append(day)
        identify(desk)
        for month, days in months.items():
            packed = {day: _packed(desk, day, conversions) for day in days}
            publish(desk, write_month(desk, month, lambda _: None, packed))
        return sum(map(len, months.values()))

    return with_desk(filing, seal)


def _packed(desk: Desk, day: date, conversions: Conversions) -> bytes:
    filing, cursor = desk.filing, desk.cursor
    hits, totals = (
        str(filing.folder.file(kind, filing.rules.site_id, month_of(day))) for kind in files.KINDS
    )
    rows = cursor.execute(
        f"""
        select {TOTAL_NAMES} from read_parquet(?, hive_partitioning = false)
        where day = ? order by all
        """,
        [totals, day],
    ).fetchall()
    cursor.execute(
        f"""
        create or replace temp table sealing_rows as
        select {ROW_NAMES} from read_parquet(?, hive_partitioning = false) where day = ?
        """,
        [hits, day],
    )
    rows += [tuple(row) for row in conversions(cursor, "sealing_rows", day)]
    cursor.execute("drop table sealing_rows")
    return pack_totals(rows)

"""Answering a question, while files may be replaced: the answer is of one moment, or is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import StorageError
from ztas_middleware.history import state
from ztas_middleware.history.state import month_of
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.asked import Asked
    from ztas_middleware.history.desk import Desk, Filing
    from ztas_middleware.history.state import State

T = TypeVar("T")


class ShortOfMemoryError(StorageError):
    """DuckDB was not allowed as much memory as a question would have taken."""


def answer(desk: Desk, asked: Asked, question: Callable[[Asked], T]) -> tuple[T] | None:
    """The answer, alone; None where a file was replaced meanwhile, or is damaged.

    Raises:
        ShortOfMemoryError: in smaller lots there may be enough.
    """
    import duckdb

    failure: duckdb.Error | None = None
    found = None
    desk.cursor.execute("begin")
    try:
        found = (question(asked),)
    except duckdb.Error as error:
        failure = error
        desk.cursor.execute("rollback")
    except BaseException:
        desk.cursor.execute("rollback")
        raise
    else:
        desk.cursor.execute("commit")
        asked.keep()
    with reading(desk.filing.path) as connection:
        now = state.load_state(connection, desk.filing.rules.site_id)
    if _generations(now, desk.filing) != _generations(desk.state, desk.filing):
        return None
    if failure is None:
        return found
    if isinstance(failure, duckdb.OutOfMemoryException):
        raise ShortOfMemoryError(str(desk.filing.folder.path), _first_line(failure)) from failure
    damaged = [file for file in asked.files if _is_damaged(desk.cursor, file)]
    if not damaged:
        raise failure
    for file in damaged:
        desk.filing.folder.distrust(file)
    return None


def _generations(found: State, filing: Filing) -> dict[date, str]:
    return {
        day: of_day.generation
        for day, of_day in found.days.items()
        if month_of(filing.first) <= month_of(day) <= month_of(filing.last)
    }


def _is_damaged(cursor: DuckDBPyConnection, file: Path) -> bool:
    import duckdb

    try:
        cursor.execute(
            "select bit_xor(hash(rows)) from read_parquet(?, hive_partitioning = false) as rows",
            [str(file)],
        ).fetchall()
    except duckdb.Error:
        return True
    return False


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]

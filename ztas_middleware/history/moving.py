"""`keep_hits_days`: older days leave the database, and are in the history alone.

A day's file is read back and compared with the hits, value by value; then the database says that
the file is the truth; and only then the hits are deleted, a few at a time. Late hits of such a day
are filed into it, and follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.history import files
from ztas_middleware.history.clock import bounds_of
from ztas_middleware.history.columns import HIT_NAMES
from ztas_middleware.history.desk import Desk, Filing, look_around, with_desk
from ztas_middleware.history.filing import file_days
from ztas_middleware.history.gathering import gather, zone_of
from ztas_middleware.history.state import FILED, MOVED, MOVING, month_of, newest_of_days
from ztas_middleware.store.backlog import shipped_until
from ztas_middleware.store.prune import delete_between
from ztas_middleware.store.steps import immediate

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from datetime import date

    from duckdb import DuckDBPyConnection


def move_days(filing: Filing, progress: Callable[[int], object] = lambda _: None) -> int:
    """Move all finished days up to `filing.last`; how many hits left the database.

    Raises:
        StorageError: the database or the folder can't be read or written, or a file is not what
            it should be; what was moved stays so.
    """
    file_days(filing)
    filing.full = True

    def move(filing: Filing, connection: sqlite3.Connection, cursor: DuckDBPyConnection) -> int:
        desk = look_around(filing, connection, cursor)
        there = newest_of_days(desk.survey, filing.rules.zone).keys()
        number = 0
        shipped = shipped_until(connection)
        for day, filed in sorted(desk.state.days.items()):
            if day > filing.last or day in desk.due.days or filed.last_id > shipped:
                continue
            if filed.state in {FILED, MOVING} or (filed.state == MOVED and day in there):
                number += _move(desk, day, progress)
        return number

    return with_desk(filing, move)


def _move(desk: Desk, day: date, progress: Callable[[int], object]) -> int:
    filing, filed = desk.filing, desk.state.days[day]
    _compare(desk, day)
    with immediate(desk.connection):
        # Whoever deletes hits meanwhile means those of the day as it was filed.
        changed = desk.connection.execute(
            """
            update history_days set state = 'moving'
            where site_id = :site and day = :day and generation = :generation
                and last_id = :last
                and (select changes from history_sites where site_id = :site) = :changes
            """,
            {
                "site": filing.rules.site_id,
                "day": day.isoformat(),
                "generation": filed.generation,
                "last": filed.last_id,
                "changes": desk.state.changes,
            },
        ).rowcount
    if not changed:
        return 0
    start, end = bounds_of(day, day, zone_of(filing.rules, filed))
    # The newest hit stays: SQLite would give its id to another, which the history has already.
    (newest,) = desk.connection.execute("select max(id) from hits").fetchone()
    number = delete_between(
        filing.path,
        filing.rules.site_id,
        start,
        end,
        upto=min(filed.last_id, newest - 1),
        spans=desk.survey.between(start, end),
        progress=progress,
    )
    with immediate(desk.connection):
        desk.connection.execute(
            """
            update history_days set state = 'moved'
            where site_id = ? and day = ? and state = 'moving'
            """,
            (filing.rules.site_id, day.isoformat()),
        )
        # What was deleted was ours to delete, and is no change of the history.
        (changes,) = desk.connection.execute(
            "select changes from history_sites where site_id = ?", (filing.rules.site_id,)
        ).fetchone()
    desk.state = desk.state._replace(changes=changes)
    return number


def _compare(desk: Desk, day: date) -> None:
    """Look whether every hit of a day that is in the database is in the file as it is."""
    filing, cursor = desk.filing, desk.cursor
    filed = desk.state.days[day]
    gather(desk, [day], zone_of(filing.rules, filed), is_from_database=True)
    file = filing.folder.file(files.HITS, filing.rules.site_id, month_of(day))
    there = "read_parquet($file, hive_partitioning = false) where day = $day"
    bound = {"file": str(file), "day": day}
    with files.as_storage_error(file):
        missing, rows = cursor.execute(
            f"""
            select
                (
                    select count(*) from (
                        select {HIT_NAMES} from filing_hits where id <= $last
                        except all select {HIT_NAMES} from {there}
                    )
                ),
                (select count(*) from {there})
            """,
            {**bound, "last": filed.last_id},
        ).fetchone() or (1, 0)
        (number,) = cursor.execute(
            "select count(*) from filing_hits where id <= ?", [filed.last_id]
        ).fetchone() or (0,)
    cursor.execute("drop table filing_hits")
    if missing or rows != filed.rows or (filed.state == FILED and number != rows):
        raise StorageError(
            str(file),
            f"the hits of {day} in it are not those of the database, so that they stay there; "
            "ztas rollup --again files them anew",
        )

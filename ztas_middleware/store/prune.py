"""Deleting a site's old hits, and giving the space they took back to the disk.

Both go in short transactions, so that hits that come in meanwhile hardly wait. What is deleted is
overwritten, as salts are. Which hits may go, and that their totals stay, is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.store.connection import open_connection
from ztas_middleware.store.steps import write_in_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CHUNK = 100
"""Hits deleted in one step: a millisecond or two."""

PATIENCE = 5.0
"""Seconds to wait for somebody else's lock."""

INCREMENTAL = 2
"""SQLite's number for files that can give single pages back."""


def count_before(connection: sqlite3.Connection, site_id: str, end: int) -> int:
    """How many hits a site has before an instant."""
    (number,) = connection.execute(
        "select count(*) from hits where site_id = :site_id and time < :end",
        {"site_id": site_id, "end": end},
    ).fetchone()
    return int(number)


def delete_before(
    path: Path, site_id: str, end: int, progress: Callable[[int], object] = lambda _: None
) -> int:
    """Delete a site's hits before an instant.

    Args:
        path: the database.
        site_id: whose hits.
        end: UTC milliseconds.
        progress: told how many hits each step deleted.

    Returns:
        How many there were.

    Raises:
        StorageError: busy for too long, or out of order; what was deleted stays so.
    """
    deleted = 0

    def steps(connection: sqlite3.Connection) -> Iterator[None]:
        nonlocal deleted
        while True:
            number = connection.execute(
                f"""
                delete from hits where id in (
                    select id from hits
                    where site_id = :site_id and time < :end
                    order by time limit {CHUNK}
                )
                """,
                {"site_id": site_id, "end": end},
            ).rowcount
            if not number:
                return
            deleted += number
            progress(number)
            yield

    with _pruning(path) as connection:
        write_in_steps(connection, steps(connection))
    return deleted


def give_back(path: Path) -> int | None:
    """Cut free pages off the file; the rest of its last pages is moved to where there is room.

    Returns:
        How many bytes the file became shorter; None where it was made without this ability, and
        keeps its free pages for new hits.

    Raises:
        StorageError: as `delete_before`.
    """

    def steps(connection: sqlite3.Connection) -> Iterator[None]:
        while connection.execute("pragma freelist_count").fetchone()[0]:
            # One page at a time: the module runs only the first step of this pragma.
            connection.execute("pragma incremental_vacuum(1)")
            yield

    with _pruning(path) as connection:
        (kind,) = connection.execute("pragma auto_vacuum").fetchone()
        if kind != INCREMENTAL:
            return None
        (size,) = connection.execute("pragma page_size").fetchone()
        (before,) = connection.execute("pragma page_count").fetchone()
        write_in_steps(connection, steps(connection))
        (after,) = connection.execute("pragma page_count").fetchone()
    return int(before - after) * int(size)


@contextlib.contextmanager
def _pruning(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = open_connection(str(path), synchronous="normal").connection
        try:
            connection.execute(f"pragma busy_timeout = {PATIENCE * 1000:.0f}")
            # A checkpoint runs after the commit, when the write lock is free again.
            connection.execute("pragma wal_autocheckpoint = 1000")
            yield connection
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as failure:
        raise StorageError(str(path), str(failure)) from failure

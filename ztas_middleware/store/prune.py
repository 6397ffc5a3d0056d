"""Deleting a site's old hits, and giving the space they took back to the disk.

Both go in short transactions, so that hits that come in meanwhile hardly wait. What is deleted is
overwritten, as salts are. Which hits may go, and that their totals stay, is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.store import lateness
from ztas_middleware.store.connection import open_connection
from ztas_middleware.store.ranges import BEFORE, STRETCH, bounds_of, quarter_of
from ztas_middleware.store.steps import write_in_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ztas_middleware.store.ranges import SiteHits

CHUNK = 100
"""Hits deleted in one step: a millisecond or two."""

PATIENCE = 5.0
"""Seconds to wait for somebody else's lock."""

INCREMENTAL = 2
"""SQLite's number for files that can give single pages back."""


def count_before(hits: SiteHits, end: int) -> int:
    """How many hits a site has before an instant."""
    (number,) = hits.connection.execute(
        f"select count(*) from {STRETCH}", hits.bind(-(2**63), end)
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
    bound: dict[str, int | str] = {"site": site_id, "end": end, "last": quarter_of(end - 1)}

    def steps(connection: sqlite3.Connection) -> Iterator[None]:
        nonlocal deleted
        yield from lateness.advance(connection)
        for number in _deletions(connection, bound):
            deleted += number
            progress(number)
            yield

    with _pruning(path) as connection:
        write_in_steps(connection, steps(connection))
    return deleted


def _deletions(connection: sqlite3.Connection, bound: dict[str, int | str]) -> Iterator[int]:
    """Delete range by range, step by step; how many hits went with each."""
    at = (BEFORE, -(2**63))
    while (found := _next_range(connection, bound, at)) is not None:
        quarter, first, last = found
        yield from _delete_between(connection, bound, first, last)
        # Nothing is left there but of the quarter that `end` is in.
        if bounds_of(quarter)[1] > int(bound["end"]) or _delete_range(connection, bound, found):
            at = (quarter, first + 1)
        yield 0
    # What came meanwhile, and ids that were given by hand.
    (watermark,) = connection.execute("select watermark from rollup_state").fetchone()
    yield from _delete_between(connection, bound, watermark + 1, 2**63 - 1)
    yield from _delete_between(connection, bound, -(2**63), 0)


def _delete_between(
    connection: sqlite3.Connection, bound: dict[str, int | str], first: int, last: int
) -> Iterator[int]:
    """Delete the hits of a range of ids, a few in each step."""
    number = CHUNK
    while number == CHUNK:
        ids = connection.execute(
            f"""
            delete from hits where id in (
                select id from hits
                where id between :first_id and :last_id and site_id = :site and time < :end
                order by id limit {CHUNK}
            )
            returning id
            """,
            {**bound, "first_id": first, "last_id": last},
        ).fetchall()
        number = len(ids)
        if number:
            first = max(ids)[0] + 1
            yield number


def _next_range(
    connection: sqlite3.Connection, bound: dict[str, int | str], at: tuple[int, int]
) -> tuple[int, int, int] | None:
    """The quarter, first and last id of a site's next range; in the order of quarters."""
    row: tuple[int, int, int] | None = connection.execute(
        """
        select quarter, first_id, last_id from hit_ranges
        where site_id = :site and (quarter, first_id) >= (:quarter, :first) and quarter <= :last
        order by quarter, first_id
        limit 1
        """,
        {**bound, "quarter": at[0], "first": at[1]},
    ).fetchone()
    return row


def _delete_range(
    connection: sqlite3.Connection, bound: dict[str, int | str], found: tuple[int, int, int]
) -> bool:
    """Delete a range; False if it has become longer meanwhile."""
    number = connection.execute(
        """
        delete from hit_ranges
        where site_id = ? and quarter = ? and first_id = ? and last_id = ?
        """,
        (bound["site"], *found),
    ).rowcount
    return number > 0


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

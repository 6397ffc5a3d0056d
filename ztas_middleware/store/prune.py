"""Deleting a site's old hits, and giving the space they took back to the disk.

Both go in short transactions, so that hits that come in meanwhile hardly wait. What is deleted is
overwritten, as salts are. Which hits may go, and that their totals stay, is decided elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.store.history_tables import QUARTER
from ztas_middleware.store.reading import filing
from ztas_middleware.store.steps import write_in_steps
from ztas_middleware.store.survey import FIRST_ID, merged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ztas_middleware.store.survey import Span

CHUNK = 100
"""Hits deleted in one step: a millisecond or two."""

LOOK = 5_000
"""Ids looked at in one step, where there is nothing to delete."""

INCREMENTAL = 2
"""SQLite's number for files that can give single pages back."""


def count_before(connection: sqlite3.Connection, site_id: str, end: int) -> int:
    """How many hits a site has before an instant."""
    (number,) = connection.execute(
        "select count(*) from hits where site_id = ? and time < ?", (site_id, end)
    ).fetchone()
    return int(number)


def delete_between(
    path: Path,
    site_id: str,
    start: int,
    end: int,
    *,
    upto: int = 2**63 - 1,
    spans: Iterable[Span] | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Delete a site's hits of a stretch of time.

    Args:
        path: the database.
        site_id: whose hits.
        start: the first instant, UTC milliseconds.
        end: the first instant behind.
        upto: the newest id that may go.
        spans: ids among which they are; None are all.
        progress: told how many hits each step deleted.

    Returns:
        How many there were.

    Raises:
        StorageError: busy for too long, or out of order; what was deleted stays so.
    """
    deleted = 0
    bound: dict[str, int | str] = {"site": site_id, "start": start, "end": end}
    ids = merged(spans) if spans is not None else [(FIRST_ID, upto)]

    def steps(connection: sqlite3.Connection) -> Iterator[None]:
        nonlocal deleted
        for first, last in ids:
            for number in _deletions(connection, bound, first, min(last, upto)):
                deleted += number
                if number:
                    progress(number)
                yield

    with filing(path, overwrite=True) as connection:
        write_in_steps(connection, steps(connection))
    return deleted


def _deletions(
    connection: sqlite3.Connection, bound: dict[str, int | str], first: int, last: int
) -> Iterator[int]:
    """Delete the hits of a span of ids, a few in each step."""
    at: int | None = first
    while at is not None and at <= last:
        # Ids may have gaps of any size.
        window = connection.execute(
            "select id from hits where id between ? and ? order by id limit ?", (at, last, LOOK)
        ).fetchall()
        if not window:
            return
        until = window[-1][0]
        number = CHUNK
        while number == CHUNK:
            ids = connection.execute(
                f"""
                delete from hits where id in (
                    select id from hits
                    where id between :first and :last
                        and site_id = :site and time >= :start and time < :end
                    order by id limit {CHUNK}
                )
                returning id
                """,
                {**bound, "first": at, "last": until},
            ).fetchall()
            number = len(ids)
            # Of these the history knows; the triggers need not tell.
            connection.execute(
                f"""
                delete from history_changes
                where site_id = :site and quarter >= :start / {QUARTER}
                    and quarter * {QUARTER} < :end
                """,
                bound,
            )
            yield number
        at = until + 1


def give_back(path: Path) -> int | None:
    """Cut free pages off the file; the rest of its last pages is moved to where there is room.

    Returns:
        How many bytes the file became shorter; None where it was made without this ability, and
        keeps its free pages for new hits.

    Raises:
        StorageError: as `delete_between`.
    """

    def steps(connection: sqlite3.Connection) -> Iterator[None]:
        while connection.execute("pragma freelist_count").fetchone()[0]:
            # One page at a time: the module runs only the first step of this pragma.
            connection.execute("pragma incremental_vacuum(1)")
            yield

    with filing(path, overwrite=True) as connection:
        (kind,) = connection.execute("pragma auto_vacuum").fetchone()
        if kind != INCREMENTAL:
            return None
        (size,) = connection.execute("pragma page_size").fetchone()
        (before,) = connection.execute("pragma page_count").fetchone()
        write_in_steps(connection, steps(connection))
        (after,) = connection.execute("pragma page_count").fetchone()
    return int(before - after) * int(size)

"""Noting where hits are: what lies close together becomes a range.

When hits are looked at is decided in lateness.py; what ranges promise, and how they are read, is
in ranges.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.store import ranges

if TYPE_CHECKING:
    import sqlite3


class Island(NamedTuple):
    """Hits of one site and one quarter, with few others between them."""

    site_id: str
    quarter: int
    first: int
    last: int


def islands(
    connection: sqlite3.Connection, watermark: int, number: int
) -> tuple[int, list[Island]]:
    """The islands of the next hits above the watermark, and the last id that was looked at."""
    found: list[Island] = []
    running: dict[tuple[str, int], list[int]] = {}
    last = watermark
    for last, site_id, quarter in connection.execute(
        f"select id, site_id, {ranges.QUARTER_OF} from hits where id > ? order by id limit ?",
        (watermark, number),
    ):
        key = (site_id, quarter)
        island = running.get(key)
        if island is not None and last - island[1] <= ranges.GAP:
            island[1] = last
            continue
        if island is not None:
            found.append(Island(*key, *island))
        running[key] = [last, last]
    found += [Island(*key, *island) for key, island in running.items()]
    return last, found


def cover(connection: sqlite3.Connection, island: Island) -> None:
    """See to it that a range has an island in it; in a transaction."""
    bound = {**island._asdict(), "near": island.first - ranges.GAP}
    extended = connection.execute(
        """
        update hit_ranges set last_id = max(last_id, :last)
        where site_id = :site_id and quarter = :quarter and last_id >= :near and first_id = (
            select max(first_id) from hit_ranges
            where site_id = :site_id and quarter = :quarter and first_id <= :first
        )
        """,
        bound,
    ).rowcount
    if not extended:
        connection.execute(
            """
            insert into hit_ranges (site_id, quarter, first_id, last_id)
            values (:site_id, :quarter, :first, :last)
            """,
            bound,
        )


def forget(connection: sqlite3.Connection) -> None:
    """Delete all ranges, so that every hit is to be looked at again; in a transaction."""
    connection.execute("delete from hit_ranges")
    connection.execute(
        "update rollup_state set watermark = 0, watermark_time = 0, changes = changes + 1"
    )

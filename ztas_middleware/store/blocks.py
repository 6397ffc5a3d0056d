"""Blocks: the sums of 2, 4, 8, ... rolled days in a row, so that a year is read from a dozen.

A block of level N covers 2**N days and begins at a multiple of that, counted from the first day
of the calendar, so that any stretch of days falls into at most two blocks of each level. It is
the sum of two blocks of the level below, and goes when one of its days is rolled up anew.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.store.packs import Pack, add_packs, from_bytes, pack_of, to_bytes
from ztas_middleware.store.tallies import Count, Dimension

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, Mapping, Sequence

TOP_LEVEL = 9
"""512 days."""

PART = 20_000
"""Values in one stored pack, so that writing one takes a millisecond or two."""


class Block(NamedTuple):
    """Where a block is."""

    level: int
    first: int
    """Ordinal of its first day."""

    @property
    def days(self) -> int:
        """How many it covers."""
        return 1 << self.level

    def halves(self) -> tuple[Block, Block]:
        """The two blocks that it is the sum of; a day is one of level 0."""
        level = self.level - 1
        return Block(level, self.first), Block(level, self.first + (1 << level))


Runs = dict[Block, int]
"""The runs of blocks, and of days as blocks of level 0."""


def stored_blocks(
    connection: sqlite3.Connection, site_id: str, first: int, last: int
) -> dict[Block, int]:
    """The runs of the stored blocks that begin between two days, both included."""
    rows = connection.execute(
        """
        select level, first, run from rollup_blocks
        where site_id = :site and level between 1 and :top and first between :first and :last
        """,
        {"site": site_id, "top": TOP_LEVEL, "first": _text(first), "last": _text(last)},
    )
    return {Block(level, date.fromisoformat(text).toordinal()): run for level, text, run in rows}


def cover(runs: Runs, first: int, last: int) -> list[int]:
    """The runs of the fewest blocks that make up the days from `first` to `last`.

    Days that have no run are left out, and with them every block that they are part of.
    """
    pieces = []
    day = first
    while day <= last:
        found = None
        for level in range(TOP_LEVEL + 1):
            block = Block(level, day)
            if day % block.days or day + block.days - 1 > last or block not in runs:
                break
            found = block
        if found is None:
            day += 1
        else:
            pieces.append(runs[found])
            day += found.days
    return pieces


def missing_blocks(runs: Runs) -> list[Block]:
    """The blocks that could be made of what there is, halves before wholes."""
    missing = []
    known = set(runs)
    level_below = [block for block in runs if block.level == 0]
    for level in range(1, TOP_LEVEL + 1):
        firsts = {block.first & -(1 << level) for block in level_below}
        candidates = [Block(level, first) for first in sorted(firsts)]
        complete = [block for block in candidates if known.issuperset(block.halves())]
        missing += [block for block in complete if block not in known]
        known.update(complete)
        level_below = complete
    return missing


def read_packs(
    connection: sqlite3.Connection, runs: Collection[int]
) -> dict[Dimension, list[Pack]]:
    """Everything that some days and blocks hold, by dimension."""
    packs: dict[Dimension, list[Pack]] = {dimension: [] for dimension in Dimension}
    for run in runs:
        for dimension, pack in connection.execute(
            "select dimension, pack from rollup_packs where run = ?", (run,)
        ):
            packs[Dimension(dimension)].append(from_bytes(pack))
        counts: dict[int, list[tuple[int, Count]]] = {}
        for dimension, value_id, number, visitors, amount in connection.execute(
            """
            select dimension, value_id, number, visitors, amount
            from rollup_rows where run = ? order by dimension, value_id
            """,
            (run,),
        ):
            counts.setdefault(dimension, []).append(
                (value_id, Count(number, visitors, int(amount)))
            )
        for dimension, listed in counts.items():
            packs[Dimension(dimension)].append(pack_of(listed))
    return packs


def write_block(
    connection: sqlite3.Connection, run: int, packs: Mapping[Dimension, Pack]
) -> Iterator[None]:
    """Write a block's sums under a run, step by step."""
    for dimension, pack in packs.items():
        for part, slice_of_pack in enumerate(pack.slices(PART)):
            connection.execute(
                "insert into rollup_packs (run, dimension, part, pack) values (?, ?, ?, ?)",
                (run, int(dimension), part, to_bytes(slice_of_pack)),
            )
            yield


def publish_block(
    connection: sqlite3.Connection, site_id: str, block: Block, run: int, halves: Sequence[int]
) -> bool:
    """Put a block in its place, if it is still the sum of what is there; in a transaction.

    Returns:
        Whether it was; if not, somebody else was faster, and the run is waste.
    """
    if not is_current(connection, site_id, block, None, halves):
        return False
    connection.execute(
        "insert into rollup_blocks (site_id, level, first, run) values (?, ?, ?, ?)",
        (site_id, block.level, _text(block.first), run),
    )
    connection.execute("delete from rollup_runs where run = ?", (run,))
    return True


def is_current(
    connection: sqlite3.Connection,
    site_id: str,
    block: Block,
    run: int | None,
    halves: Sequence[int],
) -> bool:
    """Whether a block and its halves have these runs."""
    return [_run_of(connection, site_id, one) for one in (block, *block.halves())] == [
        run,
        *halves,
    ]


def drop_blocks(connection: sqlite3.Connection, site_id: str, day: int) -> None:
    """Take away the blocks that a day is part of; in a transaction. Their runs become waste."""
    for block in blocks_around(day):
        key = (site_id, block.level, _text(block.first))
        connection.execute(
            """
            insert into rollup_runs (run, since)
            select run, 0 from rollup_blocks where site_id = ? and level = ? and first = ?
            """,
            key,
        )
        connection.execute(
            "delete from rollup_blocks where site_id = ? and level = ? and first = ?", key
        )


def blocks_around(day: int) -> list[Block]:
    """The blocks that a day is part of, one of each level."""
    return [Block(level, day & -(1 << level)) for level in range(1, TOP_LEVEL + 1)]


def sums(packs: Mapping[Dimension, Sequence[Pack]]) -> dict[Dimension, Pack]:
    """The sum of each dimension's packs."""
    return {dimension: add_packs(listed) for dimension, listed in packs.items()}


def _run_of(connection: sqlite3.Connection, site_id: str, block: Block) -> int | None:
    if block.level:
        query = "select run from rollup_blocks where site_id = ? and level = ? and first = ?"
        key: tuple[str | int, ...] = (site_id, block.level, _text(block.first))
    else:
        query = "select run from rollup_days where site_id = ? and day = ?"
        key = (site_id, _text(block.first))
    row = connection.execute(query, key).fetchone()
    return None if row is None else int(row[0])


def _text(day: int) -> str:
    return date.fromordinal(day).isoformat()

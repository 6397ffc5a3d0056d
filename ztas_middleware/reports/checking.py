"""Checking rollups: every good day is counted again, and every block added up again.

Days that are known to be out of date are no differences; the next reader has them rolled up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ztas_middleware.days import Day
from ztas_middleware.reports.ledger import load_ledger
from ztas_middleware.reports.periods import day_containing
from ztas_middleware.reports.stretches import tally
from ztas_middleware.store import blocks, rollups
from ztas_middleware.store.ranges import QUARTER_OF, SiteHits, state_of
from ztas_middleware.store.reading import reading
from ztas_middleware.store.tallies import NO_COUNT, Dimension, Totals

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ztas_middleware.reports.rolling import Progress
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.blocks import Block
    from ztas_middleware.store.packs import Pack
    from ztas_middleware.store.rollups import RolledDay
    from ztas_middleware.store.tallies import Count, Tally


CHUNK = 100_000
"""Hits looked at in one transaction."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Hits that reports can't find, see store/ranges.py."""

    site_id: str
    number: int
    first: int
    """The smallest id of theirs."""

    def __str__(self) -> str:
        return (
            f"{self.site_id} hits: {self.number}, the first with id {self.first}, lie in no range "
            "of ids, and are missing in what is counted"
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """A number that is not what the hits say."""

    site_id: str
    day: str
    """The day, or the first of a block's."""
    what: str
    """Which number."""
    rolled: object
    counted: object

    def __str__(self) -> str:
        return (
            f"{self.site_id} {self.day}: {self.what}: "
            f"{self.rolled} rolled up, {self.counted} counted"
        )


def check_rollups(
    path: Path, rules: Rules, now: int, *, progress: Progress | None = None
) -> Iterator[Difference | Hidden]:
    """Compare a site's rollups with its hits.

    Where hits are hidden, they are all that is said: what can't be found can't be counted.

    Args:
        path: the database.
        rules: the site's.
        now: UTC milliseconds.
        progress: told after each day how many are done, and how many there are.

    Raises:
        StorageError: the database can't be read.
    """
    hidden = _hidden(path, rules.site_id)
    if hidden is not None:
        yield hidden
        return
    with reading(path) as connection:
        first = rollups.first_rolled_day(connection, rules.site_id)
        today = date.fromisoformat(day_containing(now, rules.zone).date)
        if first is None:
            return
        hits = SiteHits(connection, rules.site_id)
        ledger = load_ledger(hits, rules, date.fromisoformat(first), today, now)
    days = [rolled for rolled in ledger.good.values() if not rolled.sealed]
    # One transaction a day: a long one would let the write-ahead log grow behind it.
    for number, rolled in enumerate(days, start=1):
        with reading(path) as connection:
            day = date.fromisoformat(rolled.day)
            # What was done again meanwhile, or has got hits, is for the next check.
            hits = SiteHits(connection, rules.site_id)
            current = load_ledger(hits, rules, day, day, now).good
            if current.get(day.toordinal()) == rolled:
                yield from _day_differences(hits, rules, rolled)
        if progress is not None:
            progress(number, len(days))
    for block in sorted(block for block in ledger.runs if block.level):
        with reading(path) as connection:
            yield from _block_differences(connection, rules, block, ledger.runs)


def _hidden(path: Path, site_id: str) -> Hidden | None:
    """The hits of a site that are in no range of their quarter, though they were looked at."""
    number, smallest, after = 0, None, 0
    candidates = """
        hit_ranges where site_id = :site and quarter = filed.quarter and first_id <= id
    """
    while True:
        # By id, so that wrong ranges hide nothing here.
        with reading(path) as connection:
            found, first, last = connection.execute(
                f"""
                with
                    looked_at as (
                        select id, site_id, time from hits
                        where id > :after and id <= :watermark order by id limit {CHUNK}
                    ),
                    filed as (
                        select id, site_id, {QUARTER_OF} as quarter from looked_at
                        where site_id = :site
                    )
                select count(*), min(id), (select max(id) from looked_at) from filed
                where id > ifnull((select last_id from {candidates} order by first_id desc), id - 1)
                    and not exists (select 1 from {candidates} and last_id >= id)
                """,
                {"after": after, "site": site_id, "watermark": state_of(connection).watermark or 0},
            ).fetchone()
        number += found
        smallest = smallest or first
        if last is None:
            return Hidden(site_id, number, smallest) if smallest else None
        after = last


def _day_differences(hits: SiteHits, rules: Rules, rolled: RolledDay) -> Iterator[Difference]:
    counted = tally(hits, rules, Day(rolled.day, rolled.starts, rolled.ends))
    for what, one, other in _compare(rollups.load_tally(hits.connection, rolled), counted):
        yield Difference(rules.site_id, rolled.day, what, one, other)


def _compare(rolled: Tally, counted: Tally) -> Iterator[tuple[str, object, object]]:
    for name, one, other in zip(Totals._fields, rolled.totals, counted.totals, strict=True):
        if one != other:
            yield name, one, other
    for dimension in Dimension:
        label = dimension.name.lower()
        yield from _compare_counts(
            label, rolled.lists.get(dimension, {}), counted.lists.get(dimension, {})
        )
    yield from _compare_counts("goal", rolled.goals, counted.goals)
    for name, reached in counted.funnels.items():
        if rolled.funnels.get(name) != reached:
            yield f"funnel {name}", rolled.funnels.get(name), reached


def _compare_counts(
    label: str, rolled: Mapping[str, Count], counted: Mapping[str, Count]
) -> Iterator[tuple[str, object, object]]:
    for value in sorted({*rolled, *counted}):
        one, other = rolled.get(value, NO_COUNT), counted.get(value, NO_COUNT)
        if one != other:
            yield f"{label} {value}", tuple(one), tuple(other)


def _block_differences(
    connection: sqlite3.Connection, rules: Rules, block: Block, runs: Mapping[Block, int]
) -> Iterator[Difference]:
    halves = [runs[half] for half in block.halves()]
    sums = blocks.sums(blocks.read_packs(connection, halves))
    stored = blocks.sums(blocks.read_packs(connection, [runs[block]]))
    if not blocks.is_current(connection, rules.site_id, block, runs[block], halves):
        return
    for dimension in Dimension:
        if _columns(stored[dimension]) != _columns(sums[dimension]):
            yield Difference(
                rules.site_id,
                date.fromordinal(block.first).isoformat(),
                f"{dimension.name.lower()} list of {block.days} days",
                sum(stored[dimension].numbers),
                sum(sums[dimension].numbers),
            )


def _columns(pack: Pack) -> list[list[int]]:
    return [list(column) for column in pack]

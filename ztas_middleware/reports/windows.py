"""Sums over rolled days that were asked for before, and the tops of lists.

A run never changes, so that the sum of some runs needs no other proof of being up to date than
being the sum of exactly these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.reports.lists import least_number, top
from ztas_middleware.reports.recall import Recall
from ztas_middleware.store.blocks import read_packs, sums
from ztas_middleware.store.tallies import NO_COUNT, Count
from ztas_middleware.store.values import texts_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from ztas_middleware.reports.lists import Entry
    from ztas_middleware.store.packs import Pack
    from ztas_middleware.store.tallies import Dimension, List
    from ztas_middleware.store.values import ValueIds

REMEMBERED = 500_000
"""Counted values that may be remembered in all; some 15 MB."""


class Windows:
    """The sums of runs. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: Recall[Mapping[Dimension, Pack]] = Recall(
            REMEMBERED, lambda window: sum(len(pack.ids) for pack in window.values())
        )

    def sums(self, connection: sqlite3.Connection, runs: Sequence[int]) -> Mapping[Dimension, Pack]:
        """The sums of some days and blocks, by dimension."""
        key = tuple(runs)
        known = self._known.get(key)
        return known or self._known.put(key, sums(read_packs(connection, runs)))


def top_of(
    connection: sqlite3.Connection,
    values: ValueIds,
    dimension: Dimension,
    pack: Pack,
    counted: List,
    *,
    limit: int,
) -> list[Entry]:
    """The first entries of a list that is the sum of rolled days and of counted ones."""
    ids = values.find(connection, counted)
    numbers = list(pack.numbers)
    at: dict[int, Count] = {}
    entries: list[tuple[str, Count]] = []
    for text, count in counted.items():
        index = pack.place_of(ids[text]) if text in ids else None
        if index is None:
            entries.append((text, count))
        else:
            numbers[index] += count.number
            at[index] = count
    # Only of those that may be in the list the names and the other numbers are looked up.
    least = least_number([*numbers, *(count.number for _, count in entries)], limit)
    chosen = [index for index, number in enumerate(numbers) if number >= least]
    texts = texts_of(connection, [pack.ids[index] for index in chosen])
    entries += [
        (texts[pack.ids[index]], pack.count_at(index).plus(at.get(index, NO_COUNT)))
        for index in chosen
    ]
    return top(dimension, entries, limit)

"""Packs: the counts of many values as arrays, which are stored, read and added up at once.

A list of a year is the sum of a dozen packs. As rows it would be millions of them, at half a
microsecond each; arrays are read at the speed of memory.

Bytes: width of the numbers (4 or 8), flags (1: visitors), how many values (4 bytes), then the
values' ids (4 bytes each, ascending), their numbers, their visitors if there are any (`width`
bytes each), all little-endian, and the amounts as a JSON array if there are any.
"""

from __future__ import annotations

import json
import sys
from array import array
from bisect import bisect_left
from collections import defaultdict
from itertools import chain, compress, count
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.store.tallies import Count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_HEADER = 6
_NARROW, _WIDE = 4, 8
_TYPES = {_NARROW: "I", _WIDE: "Q"}
_HAS_VISITORS = 1

_SPARSE = 20
"""How many times more ids than values there may be before adding up in a list is a waste."""


class Pack(NamedTuple):
    """The counts of some values."""

    ids: Sequence[int]
    """Ascending."""
    numbers: Sequence[int]
    visitors: Sequence[int] = ()
    """Empty where all are zero."""
    amounts: Sequence[int] = ()
    """Empty where all are zero."""

    def count_at(self, index: int) -> Count:
        """The counts of the value at an index."""
        return Count(
            self.numbers[index],
            self.visitors[index] if self.visitors else 0,
            self.amounts[index] if self.amounts else 0,
        )

    def place_of(self, value_id: int) -> int | None:
        """Where a value is."""
        index = bisect_left(self.ids, value_id)
        return index if index < len(self.ids) and self.ids[index] == value_id else None

    def slices(self, size: int) -> list[Pack]:
        """The same in several packs of at most `size` values."""
        return [
            Pack(*(column[start : start + size] for column in self))
            for start in range(0, len(self.ids), size)
        ]


NO_PACK = Pack((), ())


def pack_of(counts: Iterable[tuple[int, Count]]) -> Pack:
    """A pack of counts by value id, which come in ascending order."""
    columns = list(zip(*((value_id, *count) for value_id, count in counts), strict=True))
    if not columns:
        return NO_PACK
    ids, numbers, visitors, amounts = columns
    return Pack(ids, numbers, visitors if any(visitors) else (), amounts if any(amounts) else ())


def add_packs(packs: Sequence[Pack]) -> Pack:
    """The sum of some packs."""
    packs = [pack for pack in packs if pack.ids]
    if len(packs) <= 1:
        return packs[0] if packs else NO_PACK
    values = sum(len(pack.ids) for pack in packs)
    end = 1 + max(pack.ids[-1] for pack in packs)
    numbers, visitors, amounts = (
        _add([(pack.ids, column) for pack in packs if (column := pack[which])], values, end)
        for which in (1, 2, 3)
    )
    # What is in a pack has occurred, so its number is not zero.
    occurred = sorted(numbers) if isinstance(numbers, dict) else compress(count(), numbers)
    ids = array(_TYPES[_NARROW], occurred)
    return Pack(ids, _pick(numbers, ids), _pick(visitors, ids), _pick(amounts, ids))


def to_bytes(pack: Pack) -> bytes:
    """A pack as it is stored."""
    width = _NARROW if max(chain(pack.numbers, pack.visitors), default=0) < 1 << 32 else _WIDE
    return b"".join(
        (
            bytes((width, _HAS_VISITORS if pack.visitors else 0)),
            len(pack.ids).to_bytes(_HEADER - 2, "little"),
            _column_bytes(_NARROW, pack.ids),
            _column_bytes(width, pack.numbers),
            _column_bytes(width, pack.visitors),
            json.dumps(list(pack.amounts)).encode() if pack.amounts else b"",
        )
    )


def from_bytes(stored: bytes) -> Pack:
    """The pack that `to_bytes` was given."""
    width, flags = stored[:2]
    length = int.from_bytes(stored[2:_HEADER], "little")
    numbers = _HEADER + length * _NARROW
    visitors = numbers + length * width
    amounts = visitors + (length * width if flags & _HAS_VISITORS else 0)
    return Pack(
        _column(_NARROW, stored[_HEADER:numbers]),
        _column(width, stored[numbers:visitors]),
        _column(width, stored[visitors:amounts]),
        json.loads(stored[amounts:]) if amounts < len(stored) else (),
    )


def _add(
    columns: Sequence[tuple[Sequence[int], Sequence[int]]], values: int, end: int
) -> list[int] | dict[int, int]:
    """The sums by value id, in a list where that is not mostly empty; nothing for nothing."""
    if not columns:
        return []
    sums: Any = [0] * end if end <= _SPARSE * values else defaultdict(int)
    for ids, numbers in columns:
        for value_id, number in zip(ids, numbers, strict=True):
            sums[value_id] += number
    added: list[int] | dict[int, int] = sums
    return added


def _pick(sums: list[int] | dict[int, int], ids: Sequence[int]) -> Sequence[int]:
    return [sums[value_id] for value_id in ids] if sums else ()


def _column_bytes(width: int, numbers: Sequence[int]) -> bytes:
    column = array(_TYPES[width], numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def _column(width: int, stored: bytes) -> Sequence[int]:
    column = array(_TYPES[width], stored)
    if sys.byteorder == "big":
        column.byteswap()
    return column

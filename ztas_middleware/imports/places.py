"""Places in files: how far an import got, and how it is known to be the same place again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.imports.sources import Source
    from ztas_middleware.imports.terms import Terms


COST = 2**14
"""Of a digest, see `fingerprint`: a twentieth of a second."""


class Tail(NamedTuple):
    """What a place in a file is known by: a digest of some bytes before an offset."""

    at: int
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file the import stands, and what came of it so far, in all runs."""

    id: int | None = None
    """In the table `imports`; None for a file that is new."""
    offset: int = 0
    """Bytes of the unpacked file that are done with."""
    rows_into: int = 0
    """Rows that are stored already of the record that begins at the offset."""
    lines: int = 0
    stored: int = 0
    left_out: int = 0
    refused: int = 0
    days: Mapping[str, int] = field(default_factory=dict)
    """How many rows it stored of each day; empty where version 0.1 did not note it."""
    refused_days: frozenset[str] = frozenset()
    """The days whose rows were refused for those of another origin."""
    tail: Tail | None = None
    replaces: int | None = None
    """The id of what was imported of the file before somebody rewrote it."""


class Sibling(NamedTuple):
    """A run over the same file on other terms."""

    place: Place
    terms: Terms

    def has_taken(self, end: int, day: str) -> bool:
        """Whether it has taken a record that ends at an offset, whose rows are of a day."""
        place = self.place
        return end <= place.offset and self.terms.includes(day) and day not in place.refused_days


def is_there(source: Source, place: Place) -> bool:
    """Whether the place is one in this file: whether what lies before it is what was read.

    Raises:
        ZtasError: the file can't be read.
    """
    tail = place.tail
    if tail is not None:
        found = source.before(tail.at, tail.size)
        if found is None or fingerprint(found) != tail.digest:
            return False
        # A run that was killed had got further than it could prove.
        if tail.at == place.offset or not source.rewinds:
            return True
    elif not source.rewinds or place.offset == 0:
        return True
    last = source.before(place.offset, 1)
    if last is None or last == b"\n":
        return last is not None
    # A last line without a line end may have got one since.
    return source.before(place.offset + 1, 1) in (None, b"\r", b"\n")


def tail_of(source: Source, offset: int) -> Tail | None:
    """What a place that was just reached is to be known by; None where nothing is at hand."""
    content = source.behind(offset)
    return Tail(offset, len(content), fingerprint(content)) if content else None


def fingerprint(content: bytes, terms: str = "") -> bytes:
    """What a piece of a file is known by.

    A log's first lines have addresses in them. Were this a plain digest, then whoever knows the
    rest of a short file could try out all addresses; at a twentieth of a second each, they can't.
    """
    if terms:
        content += b"\0" + terms.encode()
    return hashlib.scrypt(content, salt=b"ztas import", n=COST, r=8, p=1, dklen=16)

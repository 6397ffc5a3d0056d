"""The lists of a report: what each is called, what its entries are made of, how it is ordered."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.reports.counting import from_text
from ztas_middleware.reports.rounding import units
from ztas_middleware.store.tallies import Count, Dimension

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


class Shape(NamedTuple):
    """How a list looks from outside."""

    key: str
    """Its name in the JSON answer."""
    names: tuple[str, ...]
    """What an entry is known by."""
    number: str
    """What entries are ordered by."""
    has_visitors: bool = True
    has_value: bool = False


SHAPES: Mapping[Dimension, Shape] = {
    Dimension.PAGE: Shape("pages", ("path",), "pageviews"),
    Dimension.ENTRY: Shape("entryPages", ("path",), "sessions", has_visitors=False),
    Dimension.EXIT: Shape("exitPages", ("path",), "sessions", has_visitors=False),
    Dimension.REFERRER: Shape("referrers", ("referrer",), "pageviews"),
    Dimension.SOURCE: Shape("sources", ("source",), "pageviews"),
    Dimension.CAMPAIGN: Shape("campaigns", ("source", "medium", "campaign"), "pageviews"),
    Dimension.EVENT: Shape("events", ("action", "category"), "events", has_value=True),
    Dimension.BROWSER: Shape("browsers", ("browser",), "pageviews"),
    Dimension.OS: Shape("systems", ("os",), "pageviews"),
    Dimension.DEVICE: Shape("devices", ("device",), "pageviews"),
    Dimension.COUNTRY: Shape("countries", ("country",), "pageviews"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list."""

    names: tuple[str | None, ...]
    number: int
    visitors: int = 0
    value: float = 0.0

    def to_json(self, shape: Shape) -> dict[str, str | int | float | None]:
        """The entry as the JSON API gives it."""
        entry: dict[str, str | int | float | None] = dict(zip(shape.names, self.names, strict=True))
        entry[shape.number] = self.number
        if shape.has_visitors:
            entry["uniqueVisitors"] = self.visitors
        if shape.has_value:
            entry["value"] = self.value
        return entry


def names_of(dimension: Dimension, value: str) -> tuple[str | None, ...]:
    """What an entry is known by, from the text it is counted under."""
    return (value,) if len(SHAPES[dimension].names) == 1 else tuple(from_text(value))


def order_of(names: tuple[str | None, ...], number: int) -> tuple[int, list[str]]:
    """Sorts largest number first, then by name."""
    return -number, [name or "" for name in names]


def top(dimension: Dimension, counts: Iterable[tuple[str, Count]], limit: int) -> list[Entry]:
    """The first `limit` entries of a list."""
    listed = list(counts)
    least = least_number([count.number for _, count in listed], limit)
    entries = [
        Entry(names_of(dimension, value), count.number, count.visitors, units(count.amount))
        for value, count in listed
        if count.number >= least
    ]
    entries.sort(key=lambda entry: order_of(entry.names, entry.number))
    return entries[:limit]


def least_number(numbers: Collection[int], limit: int) -> int:
    """What an entry must have to be among the first `limit`, names aside."""
    return heapq.nlargest(limit, numbers)[-1] if len(numbers) > limit else 0

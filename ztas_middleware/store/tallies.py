"""Tallies: the additive numbers of some hits, which is all that a report is made of.

A visitor and a session belong to one day, so the tallies of two days, or of two sets of hits
that share neither, are added field by field, and what was added can be taken away again.
Everything is an integer, so that sums are exact and their order does not matter: times are
microseconds, amounts millionths. What a hit counts for is decided in `reports/counting.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from itertools import zip_longest
from operator import add, sub
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Key = TypeVar("Key")


class Dimension(IntEnum):
    """What a list is a list of; the numbers are stored, so they are only ever appended to."""

    PAGE = 1
    ENTRY = 2
    EXIT = 3
    REFERRER = 4
    SOURCE = 5
    CAMPAIGN = 6
    EVENT = 7
    BROWSER = 8
    OS = 9
    DEVICE = 10
    COUNTRY = 11


class Totals(NamedTuple):
    """The numbers that belong to no list."""

    hits: int = 0
    pageviews: int = 0
    visitors: int = 0
    """Distinct ones with a page view or an event."""
    sessions: int = 0
    viewing_sessions: int = 0
    """Sessions with a page view: what bounces are a share of."""
    bounces: int = 0
    session_time: int = 0
    """Microseconds, over all sessions."""
    page_times: int = 0
    """How many (session, path) have a time on page."""
    page_time: int = 0
    """Microseconds, over all of those."""


class Count(NamedTuple):
    """The numbers of one value in a list."""

    number: int = 0
    """Page views, events, sessions or conversions: what the list is ordered by."""
    visitors: int = 0
    amount: int = 0
    """The sum of `value`, in millionths."""

    def plus(self, other: Count) -> Count:
        """The counts of both."""
        return Count(*map(add, self, other))


NO_TOTALS = Totals()
NO_COUNT = Count()

List = dict[str, Count]


@dataclass(slots=True)
class Tally:
    """The additive numbers of some hits."""

    totals: Totals = NO_TOTALS
    lists: dict[Dimension, List] = field(default_factory=dict)
    goals: dict[str, Count] = field(default_factory=dict)
    """By the goal's name."""
    funnels: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """By the funnel's name: how many sessions reached each step."""
    points: dict[int, Count] = field(default_factory=dict)
    """By the hour's first instant: page views and visitors of that hour."""

    def plus(self, other: Tally) -> Tally:
        """The tally of both."""
        return add_up([self, other])

    def minus(self, other: Tally) -> Tally:
        """The tally without `other`, which must be part of it."""
        rest = add_up([self])
        _combine(rest, other, sub)
        return rest


def add_up(tallies: Iterable[Tally]) -> Tally:
    """The tally of all."""
    total = Tally()
    for tally in tallies:
        _combine(total, tally, add)
    return total


def add_totals(totals: Iterable[Totals]) -> Totals:
    """The sum of all."""
    return Totals(*map(sum, zip(NO_TOTALS, *totals, strict=True)))


def _combine(into: Tally, other: Tally, operation: Callable[[int, int], int]) -> None:
    into.totals = Totals(*map(operation, into.totals, other.totals))
    for dimension, counts in other.lists.items():
        if operation is add and not into.lists.get(dimension):
            into.lists[dimension] = dict(counts)
        else:
            _combine_counts(into.lists.setdefault(dimension, {}), counts, operation)
    _combine_counts(into.goals, other.goals, operation)
    _combine_counts(into.points, other.points, operation)
    for name, reached in other.funnels.items():
        # A funnel that has had steps added counts for the older days as far as it went then.
        pairs = zip_longest(into.funnels.get(name, ()), reached, fillvalue=0)
        into.funnels[name] = tuple(operation(*pair) for pair in pairs)


def _combine_counts(
    into: dict[Key, Count], other: dict[Key, Count], operation: Callable[[int, int], int]
) -> None:
    for key, count in other.items():
        combined = Count(*map(operation, into.get(key, NO_COUNT), count))
        if combined == NO_COUNT:
            into.pop(key, None)
        else:
            into[key] = combined

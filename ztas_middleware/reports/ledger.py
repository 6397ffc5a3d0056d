"""Which days of a site can be answered from rollups, and which from their hits.

A rolled day is good if it was counted by today's rules and no hit has come for it since. The
ledger is read in one transaction with the numbers, so that nothing can come between.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.reports.periods import day_containing, stretch_of
from ztas_middleware.store import blocks, lateness
from ztas_middleware.store.blocks import Block
from ztas_middleware.store.ranges import QUARTER
from ztas_middleware.store.rollups import last_seal, rolled_days

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from datetime import tzinfo

    from ztas_middleware.days import Day
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.blocks import Runs
    from ztas_middleware.store.ranges import SiteHits
    from ztas_middleware.store.rollups import RolledDay, Seal

ONE_DAY = timedelta(days=1)


class Extent(NamedTuple):
    """From when to when a site has hits."""

    first_day: str
    last_day: str
    ends: int
    """An instant after the last hit, and of its day or the next one's first."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The days of one site between two dates. Days are known by their ordinals."""

    good: dict[int, RolledDay]
    """Days to be answered from rollups."""
    counted: dict[int, Day]
    """Days that have or may have hits, and must be counted."""
    due: list[Day]
    """Days to be rolled up: over, and not good."""
    goals_due: list[RolledDay]
    """Days that are good but for goals and funnels, which are new."""
    runs: Runs
    """The good days, and the blocks that have only good days in them."""
    seal: Seal | None
    is_far_behind: bool
    """As `lateness.is_far_behind`."""

    @property
    def wants_work(self) -> bool:
        """Whether whoever may write should bring the rollups up to date."""
        return bool(
            self.due or self.goals_due or self.is_far_behind or blocks.missing_blocks(self.runs)
        )


def load_ledger(hits: SiteHits, rules: Rules, first: date, last: date, now: int) -> Ledger:
    """The ledger of the days from `first` to `last`, both included, at an instant."""
    connection = hits.connection
    today = day_containing(now, rules.zone)
    rolled = rolled_days(connection, rules.site_id, first.isoformat(), last.isoformat())
    late = lateness.late_days(hits, rolled, today.start)
    extent = extent_of(hits, rules)
    seal = last_seal(connection, rules.site_id)
    good: dict[int, RolledDay] = {}
    counted: dict[int, Day] = {}
    due: list[Day] = []
    goals_due: list[RolledDay] = []
    for day in _days_with_numbers(first, last, extent, rolled):
        known = rolled.get(day.isoformat())
        fresh = (
            known is not None
            and known.ends <= today.start
            and not known.stale
            and known.mark == rules.mark
            and known.day not in late
        )
        if known is not None and (known.sealed or (fresh and known.goals_mark == rules.goals_mark)):
            good[day.toordinal()] = known
            continue
        stretch = unsealed_stretch(day, rules.zone, seal)
        if extent is not None and stretch.start < extent.ends:
            counted[day.toordinal()] = stretch
        if known is not None and fresh:
            goals_due.append(known)
        elif stretch.end <= today.start:
            due.append(stretch)
    runs = {Block(0, ordinal): known.run for ordinal, known in good.items()}
    runs |= _good_blocks(connection, rules.site_id, good, first, last)
    return Ledger(good, counted, due, goals_due, runs, seal, lateness.is_far_behind(hits.state))


def extent_of(hits: SiteHits, rules: Rules) -> Extent | None:
    """From when to when a site has hits; None if it has none."""
    first, last = hits.first_quarter(), hits.last_quarter()
    if first is None or last is None:
        return None
    first_day, last_day = (
        day_containing(quarter * QUARTER, rules.zone).date for quarter in (first, last)
    )
    return Extent(first_day, last_day, (last + 1) * QUARTER)


def unsealed_stretch(day: date, zone: tzinfo, seal: Seal | None) -> Day:
    """What of a day can be counted. Where the timezone has changed since, days leave no gap."""
    stretch = stretch_of(day, zone)
    if seal is None or stretch.date > (date.fromisoformat(seal.day) + ONE_DAY).isoformat():
        return stretch
    return stretch._replace(start=seal.ends, end=max(seal.ends, stretch.end))


def _days_with_numbers(
    first: date, last: date, extent: Extent | None, rolled: Mapping[str, RolledDay]
) -> Iterator[date]:
    """The days that may have numbers; before a site's first hit there is nothing to look for."""
    starts = [next(iter(rolled), None), None if extent is None else extent.first_day]
    known = [start for start in starts if start is not None]
    if known:
        begin = max(first, date.fromisoformat(min(known)))
        for ordinal in range(begin.toordinal(), last.toordinal() + 1):
            yield date.fromordinal(ordinal)


def _good_blocks(
    connection: sqlite3.Connection,
    site_id: str,
    good: Mapping[int, RolledDay],
    first: date,
    last: date,
) -> Runs:
    stored = blocks.stored_blocks(connection, site_id, first.toordinal(), last.toordinal())
    bad = {
        block
        for ordinal in range(first.toordinal(), last.toordinal() + 1)
        if ordinal not in good
        for block in blocks.blocks_around(ordinal)
    }
    return {block: run for block, run in stored.items() if block not in bad}

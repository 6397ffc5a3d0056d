"""Rolling up: finished days from their hits to rollups, one after the other.

A day is counted in a reading transaction, written in short ones, and published in the last, if
nobody else was faster. So it may be interrupted anywhere, be done by several processes at once,
and never holds up whoever writes hits.
"""

from __future__ import annotations

import contextlib
import os
from datetime import date
from typing import TYPE_CHECKING

from ztas_middleware.days import Day
from ztas_middleware.reports.ledger import ONE_DAY, extent_of, load_ledger, unsealed_stretch
from ztas_middleware.reports.periods import day_containing
from ztas_middleware.reports.stretches import tally
from ztas_middleware.store import blocks, lateness, publication, rollups
from ztas_middleware.store.ranges import SiteHits, state_of
from ztas_middleware.store.reading import rolling
from ztas_middleware.store.rollups import RolledDay
from ztas_middleware.store.steps import immediate, write_in_steps
from ztas_middleware.store.values import ValueIds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ztas_middleware.reports.ledger import Ledger
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.blocks import Block
    from ztas_middleware.store.tallies import Tally

    Progress = Callable[[int, int], object]
    """Told how many days are done, and how many there are to do."""


def roll_up(
    path: Path,
    rules: Rules,
    now: int,
    *,
    first: date | None = None,
    last: date | None = None,
    again: bool = False,
    progress: Progress | None = None,
) -> int:
    """Bring a site's rollups up to date.

    Args:
        path: the database.
        rules: the site's.
        now: UTC milliseconds; days that end later are not over.
        first: the first day of interest; None is the first there is.
        last: the last day of interest; None is yesterday.
        again: whether to do good days again, all that the site has, as if nothing were known of
            any hit.
        progress: told after each day.

    Returns:
        How many days were rolled up.

    Raises:
        StorageError: the database can't be written; what was done stays done.
    """
    with rolling(path) as connection:
        if again:
            write_in_steps(connection, lateness.look_again(connection))
            write_in_steps(connection, publication.distrust(connection, rules.site_id))
        else:
            write_in_steps(connection, lateness.advance(connection))
        roller = _Roller(connection, rules, now)
        bounds = _bounds(connection, rules, now, first, last)
        done = 0
        if bounds is not None:
            done = roller.roll_days(*bounds, progress)
            roller.build_blocks(*bounds)
        write_in_steps(connection, publication.clear_waste(connection, now))
    return done


def seal_day(path: Path, rules: Rules, day: date, now: int) -> RolledDay | None:
    """Roll up a day for the last time, goals and funnels included: its hits may be deleted now.

    Days are sealed in order. To be deleted are the hits whose time is from `starts` to before
    `ends`, up to the id `through`; from then on nothing rebuilds the day.

    Returns:
        What was sealed, now or before; None if hits keep coming for the day, or it is not over.

    Raises:
        StorageError: the database can't be written.
    """
    roll_up(path, rules, now, first=day, last=day)
    with rolling(path) as connection, immediate(connection):
        ledger = load_ledger(SiteHits(connection, rules.site_id), rules, day, day, now)
        good = ledger.good.get(day.toordinal())
        if good is not None:
            publication.seal(connection, rules.site_id, good.day)
        return good


class _Roller:
    """One go at the rollups of a site."""

    def __init__(self, connection: sqlite3.Connection, rules: Rules, now: int) -> None:
        self._connection = connection
        self._rules = rules
        self._now = now
        self._values = ValueIds()

    def roll_days(self, first: date, last: date, progress: Progress | None) -> int:
        """Roll up what is due between two days; how many there were."""
        with self._snapshot() as hits:
            ledger = self._load(hits, first, last)
        work = [date.fromisoformat(stretch.date) for stretch in ledger.due]
        work += [date.fromisoformat(rolled.day) for rolled in ledger.goals_due]
        # Processes that are asked for the same days at once begin at different ones.
        start = os.getpid() * 7919 % (len(work) or 1)
        done = 0
        for number, day in enumerate(work[start:] + work[:start], start=1):
            done += self._roll_day(day)
            if progress is not None:
                progress(number, len(work))
        return done

    def build_blocks(self, first: date, last: date) -> None:
        """Add up what can be added up between two days."""
        with self._snapshot() as hits:
            runs = dict(self._load(hits, first, last).runs)
        for block in blocks.missing_blocks(runs):
            halves = [runs.get(half) for half in block.halves()]
            known = [run for run in halves if run is not None]
            if len(known) == len(halves):
                run = self._build_block(block, known)
                if run is not None:
                    runs[block] = run

    def _roll_day(self, day: date) -> bool:
        """Roll up a day, unless somebody else has done it by now."""
        rules = self._rules
        with self._snapshot() as hits:
            ledger = self._load(hits, day, day)
            if not ledger.due and not ledger.goals_due:
                return False
            stretch = ledger.counted.get(day.toordinal()) or unsealed_stretch(
                day, rules.zone, ledger.seal
            )
            before = rollups.rolled_day(self._connection, rules.site_id, stretch.date)
            counted = tally(hits, rules, stretch)
        rolled = RolledDay(
            stretch.date,
            0,
            stretch.start,
            stretch.end,
            rules.mark,
            rules.goals_mark,
            hits.state.newest,
            0,
            0,
            counted.totals,
        )
        if ledger.goals_due and before is not None:
            steps = self._write_goals(before, counted)
        else:
            steps = self._write_day(rolled, before, counted, hits.state.changes)
        write_in_steps(self._connection, steps)
        return True

    def _write_day(
        self, rolled: RolledDay, before: RolledDay | None, counted: Tally, changes: int
    ) -> Iterator[None]:
        connection, site_id = self._connection, self._rules.site_id
        stretch = Day(rolled.day, rolled.starts, rolled.ends)
        # Most of what came while the day was counted is looked at before the lock is taken.
        looked_at = state_of(connection).newest
        late = lateness.has_hits_since(connection, site_id, stretch, rolled.through)
        run = publication.begin_run(connection, self._now)
        yield
        yield from publication.write_tally(connection, self._values, run, counted)
        now_there = rollups.rolled_day(connection, site_id, rolled.day)
        if now_there != before or not publication.has_run(connection, run):
            publication.abandon_run(connection, run)
        else:
            late = (
                late
                or lateness.has_hits_since(connection, site_id, stretch, looked_at)
                or state_of(connection).changes != changes
            )
            published = rolled._replace(run=run, stale=int(late))
            publication.publish_day(connection, site_id, published)
            blocks.drop_blocks(connection, site_id, date.fromisoformat(rolled.day).toordinal())
        yield

    def _write_goals(self, before: RolledDay, counted: Tally) -> Iterator[None]:
        connection, rules = self._connection, self._rules
        if rollups.rolled_day(connection, rules.site_id, before.day) == before:
            publication.write_goals(connection, before.run, counted)
            publication.set_goals_mark(connection, rules.site_id, before.day, rules.goals_mark)
        yield

    def _build_block(self, block: Block, halves: list[int]) -> int | None:
        connection = self._connection
        with self._snapshot():
            sums = blocks.sums(blocks.read_packs(connection, halves))
        run = None
        published = False

        def steps() -> Iterator[None]:
            nonlocal run, published
            run = publication.begin_run(connection, self._now)
            yield
            yield from blocks.write_block(connection, run, sums)
            published = publication.has_run(connection, run) and blocks.publish_block(
                connection, self._rules.site_id, block, run, halves
            )
            if not published:
                publication.abandon_run(connection, run)
            yield

        write_in_steps(connection, steps())
        return run if published else None

    def _load(self, hits: SiteHits, first: date, last: date) -> Ledger:
        return load_ledger(hits, self._rules, first, last, self._now)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[SiteHits]:
        """Everything read is of one moment; writers are not held up."""
        self._connection.execute("begin")
        try:
            yield SiteHits(self._connection, self._rules.site_id)
        finally:
            self._connection.execute("rollback")


def _bounds(
    connection: sqlite3.Connection, rules: Rules, now: int, first: date | None, last: date | None
) -> tuple[date, date] | None:
    """From when to when to roll up; None if there is nothing."""
    yesterday = date.fromisoformat(day_containing(now, rules.zone).date) - ONE_DAY
    last = yesterday if last is None else min(last, yesterday)
    if first is None:
        known = [
            day
            for day in (
                rollups.first_rolled_day(connection, rules.site_id),
                getattr(extent_of(SiteHits(connection, rules.site_id), rules), "first_day", None),
            )
            if day is not None
        ]
        if not known:
            return None
        first = date.fromisoformat(min(known))
    return (first, last) if first <= last else None

"""The report on a period: from rolled and counted days to every number of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ztas_middleware.reports.filters import NO_FILTERS
from ztas_middleware.reports.ledger import ONE_DAY, extent_of, unsealed_stretch
from ztas_middleware.reports.lists import SHAPES, top
from ztas_middleware.reports.periods import HOUR, Hours
from ztas_middleware.reports.report import (
    FunnelResult,
    GoalResult,
    Point,
    Report,
    Summary,
    display_name,
)
from ztas_middleware.reports.stretches import tally
from ztas_middleware.reports.windows import top_of
from ztas_middleware.store.blocks import cover
from ztas_middleware.store.rollups import last_seal, load_goals
from ztas_middleware.store.tallies import NO_COUNT, NO_TOTALS, Tally, add_totals, add_up

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from ztas_middleware.config.goals import Funnel
    from ztas_middleware.days import Day
    from ztas_middleware.reports.filters import Filters
    from ztas_middleware.reports.ledger import Extent, Ledger
    from ztas_middleware.reports.lists import Entry
    from ztas_middleware.reports.memory import Memory
    from ztas_middleware.reports.periods import Days, Period
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.rollups import Seal
    from ztas_middleware.store.tallies import Dimension, Totals


@dataclass(frozen=True, slots=True)
class _Numbers:
    """Everything that a report says, before it is rounded and named."""

    totals: Totals
    previous: Totals
    points: list[tuple[int, int]]
    """Page views and visitors of each of the period's points."""
    lists: Mapping[Dimension, list[Entry]]
    rest: Tally
    """Goals and funnels."""


def rolled_report(
    connection: sqlite3.Connection,
    rules: Rules,
    ledger: Ledger,
    memory: Memory,
    period: Days,
    limit: int,
) -> Report:
    """The report on whole days, from rollups as far as they go.

    Args:
        connection: in the transaction in which the ledger was loaded.
        rules: the site's.
        ledger: of the period and the one before.
        memory: what is remembered of this database.
        period: which days.
        limit: how long a list may be.
    """
    first, last = period.first.toordinal(), period.last.toordinal()
    counted = {
        ordinal: memory.running.tally(connection, rules, stretch)
        for ordinal, stretch in ledger.counted.items()
    }
    totals = {ordinal: rolled.totals for ordinal, rolled in ledger.good.items()}
    totals |= {ordinal: one.totals for ordinal, one in counted.items()}
    here = add_up(one for ordinal, one in counted.items() if ordinal >= first)
    window = memory.windows.sums(connection, cover(ledger.runs, first, last))
    lists = {
        dimension: top_of(
            connection,
            memory.values,
            dimension,
            window[dimension],
            here.lists.get(dimension, {}),
            limit,
        )
        for dimension in SHAPES
    }
    goals = load_goals(
        connection, [good.run for ordinal, good in ledger.good.items() if ordinal >= first]
    )
    numbers = _Numbers(
        add_totals(one for ordinal, one in totals.items() if ordinal >= first),
        add_totals(one for ordinal, one in totals.items() if ordinal < first),
        [totals.get(ordinal, NO_TOTALS)[1:3] for ordinal in range(first, last + 1)],
        lists,
        goals.plus(here),
    )
    return _report(rules, period, numbers)


def counted_report(
    connection: sqlite3.Connection,
    rules: Rules,
    memory: Memory,
    period: Period,
    filters: Filters,
    limit: int,
) -> Report:
    """The report on hours, or under filters, from the hits themselves.

    Args:
        connection: in a transaction.
        rules: the site's.
        memory: what is remembered of this database.
        period: which days or hours.
        filters: which hits are kept.
        limit: how long a list may be.
    """
    seal = last_seal(connection, rules.site_id)
    before = period.previous()
    phase = period.start % HOUR if isinstance(period, Hours) else None

    def count(stretch: Day, phase: int | None = None) -> Tally:
        if filters == NO_FILTERS:
            return memory.running.tally(connection, rules, stretch, phase=phase)
        return tally(connection, rules, stretch, filters=filters, phase=phase)

    extent = extent_of(connection, rules)
    counted = {
        stretch.date: count(stretch, phase) for stretch in _stretches(period, extent, seal)
    }
    here = add_up(counted.values())
    if isinstance(period, Hours):
        points = [here.points.get(start, NO_COUNT)[:2] for start in period.starts()]
    else:
        days = (counted.get(label) for label in period.labels())
        points = [(NO_TOTALS if day is None else day.totals)[1:3] for day in days]
    numbers = _Numbers(
        here.totals,
        add_totals(count(stretch).totals for stretch in _stretches(before, extent, seal)),
        points,
        {
            dimension: top(dimension, here.lists.get(dimension, {}).items(), limit)
            for dimension in SHAPES
        },
        here,
    )
    return _report(rules, period, numbers, seal)


def _stretches(period: Period, extent: Extent | None, seal: Seal | None) -> list[Day]:
    """The parts of a period that have hits."""
    if extent is None:
        return []
    if isinstance(period, Hours):
        return [part for part in period.stretches() if extent.first < part.end]
    first = max(period.first, date.fromisoformat(extent.first_day))
    last = min(period.last, date.fromisoformat(extent.last_day))
    return [
        unsealed_stretch(date.fromordinal(ordinal), period.zone, seal)
        for ordinal in range(first.toordinal(), last.toordinal() + 1)
    ]


def _report(rules: Rules, period: Period, numbers: _Numbers, seal: Seal | None = None) -> Report:
    """Round and name the numbers; `seal`: they are from hits, and can't go back beyond it."""
    labels = period.labels()
    answers_from = None
    previous: Summary | None = Summary.of(numbers.previous)
    if seal is not None:
        if _reaches(period, seal):
            answers_from = (date.fromisoformat(seal.day) + ONE_DAY).isoformat()
        if _reaches(period.previous(), seal):
            previous = None
    goals = [
        GoalResult.of(goal.name, numbers.rest.goals.get(goal.name, NO_COUNT), numbers.totals.visitors)
        for goal in rules.goals
    ]
    return Report(
        site_id=rules.site_id,
        domain=display_name(rules.site),
        start=labels[0],
        end=labels[-1],
        timezone=str(rules.zone),
        answers_from=answers_from,
        summary=Summary.of(numbers.totals),
        previous=previous,
        timeseries=tuple(
            Point(label, *point) for label, point in zip(labels, numbers.points, strict=True)
        ),
        lists={dimension: tuple(entries) for dimension, entries in numbers.lists.items()},
        goals=tuple(sorted(goals, key=lambda goal: (-goal.conversions, goal.name))),
        funnels=tuple(
            FunnelResult.of(funnel, _fitted(numbers.rest.funnels.get(funnel.name, ()), funnel))
            for funnel in rules.funnels
        ),
    )


def _reaches(period: Period, seal: Seal) -> bool:
    """Whether a period begins before the hits do."""
    if isinstance(period, Hours):
        return period.start < seal.ends
    return period.first.isoformat() <= seal.day


def _fitted(reached: tuple[int, ...], funnel: Funnel) -> tuple[int, ...]:
    """As many numbers as the funnel has steps; a sealed day may have had more or fewer."""
    length = len(funnel.steps)
    return (reached + (0,) * length)[:length]

"""The report on a period: from rolled and counted days to every number of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

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
from ztas_middleware.store.rollups import load_goals
from ztas_middleware.store.tallies import NO_COUNT, NO_TOTALS, Tally, add_totals, add_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ztas_middleware.config.goals import Funnel
    from ztas_middleware.days import Day
    from ztas_middleware.reports.filters import Filters
    from ztas_middleware.reports.ledger import Extent, Ledger
    from ztas_middleware.reports.lists import Entry
    from ztas_middleware.reports.memory import Memory
    from ztas_middleware.reports.periods import Days, Period
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.reports.selections import Selection
    from ztas_middleware.store.ranges import SiteHits
    from ztas_middleware.store.rollups import Seal
    from ztas_middleware.store.tallies import Dimension, Totals


class Question(NamedTuple):
    """What every report is made with."""

    hits: SiteHits
    """The site's, in a transaction."""
    rules: Rules
    memory: Memory
    limit: int
    """How long a list may be."""


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


def report_on(question: Question, period: Period, ledger: Ledger, filters: Filters) -> Report:
    """The report on a period.

    Args:
        question: who asks for what.
        period: which days or hours.
        ledger: of those days and the ones before, loaded in the same transaction.
        filters: which hits are kept.
    """
    if isinstance(period, Hours):
        return _hours_report(question, period, ledger, filters)
    if filters == NO_FILTERS:
        return _rolled_report(question, period, ledger)
    return _filtered_report(question, period, ledger, filters)


def _rolled_report(question: Question, period: Days, ledger: Ledger) -> Report:
    """On whole days, from rollups as far as they go."""
    hits, rules, memory, limit = question
    first, last = period.first.toordinal(), period.last.toordinal()
    counted = {
        ordinal: memory.running.tally(hits, rules, stretch)
        for ordinal, stretch in ledger.counted.items()
    }
    totals = {ordinal: rolled.totals for ordinal, rolled in ledger.good.items()}
    totals |= {ordinal: day.totals for ordinal, day in counted.items()}
    here = add_up(day for ordinal, day in counted.items() if ordinal >= first)
    window = memory.windows.sums(hits.connection, cover(ledger.runs, first, last))
    lists = {
        dimension: top_of(
            hits.connection,
            memory.values,
            dimension,
            window[dimension],
            here.lists.get(dimension, {}),
            limit=limit,
        )
        for dimension in SHAPES
    }
    rolled_here = [good.run for ordinal, good in ledger.good.items() if ordinal >= first]
    numbers = _Numbers(
        add_totals(day for ordinal, day in totals.items() if ordinal >= first),
        add_totals(day for ordinal, day in totals.items() if ordinal < first),
        _points(totals.get(ordinal, NO_TOTALS) for ordinal in range(first, last + 1)),
        lists,
        load_goals(hits.connection, rolled_here).plus(here),
    )
    return _report(rules, period, numbers)


def _filtered_report(question: Question, period: Days, ledger: Ledger, filters: Filters) -> Report:
    """On whole days under filters, from the hits."""
    hits, rules, memory, limit = question
    extent = extent_of(hits, rules)
    runs = {good.day: good.run for good in ledger.good.values()}

    def select(days: Days, *, lists: bool = True) -> Selection:
        stretches = _stretches(days, extent, ledger.seal)
        return memory.selections.count(hits, rules, stretches, filters, runs, lists=lists)

    here, before = select(period), select(period.previous(), lists=False)
    numbers = _Numbers(
        add_totals(here.totals.values()),
        add_totals(before.totals.values()),
        _points(here.totals.get(label, NO_TOTALS) for label in period.labels()),
        _lists(here.tally, limit),
        here.tally,
    )
    return _report(rules, period, numbers, ledger.seal)


def _hours_report(question: Question, period: Hours, ledger: Ledger, filters: Filters) -> Report:
    """On hours, from the hits."""
    hits, rules, memory, limit = question
    runs = {good.day: good.run for good in ledger.good.values()}

    def count(hours: Hours, phase: int | None = None) -> Tally:
        parts = hours.stretches()
        if filters == NO_FILTERS:
            return add_up(
                memory.running.tally(hits, rules, part, phase=phase, run=runs.get(part.date))
                for part in parts
            )
        return add_up(tally(hits, rules, part, filters=filters, phase=phase) for part in parts)

    here, before = count(period, period.start % HOUR), count(period.previous())
    points = [here.points.get(start, NO_COUNT) for start in period.starts()]
    numbers = _Numbers(
        here.totals,
        before.totals,
        [(point.number, point.visitors) for point in points],
        _lists(here, limit),
        here,
    )
    return _report(rules, period, numbers, ledger.seal)


def _points(totals: Iterable[Totals]) -> list[tuple[int, int]]:
    return [(day.pageviews, day.visitors) for day in totals]


def _lists(counted: Tally, limit: int) -> dict[Dimension, list[Entry]]:
    return {
        dimension: top(dimension, counted.lists.get(dimension, {}).items(), limit)
        for dimension in SHAPES
    }


def _stretches(period: Days, extent: Extent | None, seal: Seal | None) -> list[Day]:
    """The days of a period that may have hits."""
    if extent is None:
        return []
    first = max(period.first, date.fromisoformat(extent.first_day)).toordinal()
    last = min(period.last, date.fromisoformat(extent.last_day)).toordinal()
    return [
        unsealed_stretch(date.fromordinal(ordinal), period.zone, seal)
        for ordinal in range(first, last + 1)
    ]


def _report(rules: Rules, period: Period, numbers: _Numbers, seal: Seal | None = None) -> Report:
    """Round and name the numbers; with `seal` they are from hits, which begin only there."""
    labels = period.labels()
    answers_from = None
    previous: Summary | None = Summary.of(numbers.previous)
    if seal is not None:
        if _begins_before(period, seal):
            answers_from = (date.fromisoformat(seal.day) + ONE_DAY).isoformat()
        if _begins_before(period.previous(), seal):
            previous = None
    totals, rest = numbers.totals, numbers.rest
    goals = [
        GoalResult.of(goal.name, rest.goals.get(goal.name, NO_COUNT), totals.visitors)
        for goal in rules.goals
    ]
    return Report(
        site_id=rules.site_id,
        domain=display_name(rules.site),
        start=labels[0],
        end=labels[-1],
        timezone=str(rules.zone),
        answers_from=answers_from,
        summary=Summary.of(totals),
        previous=previous,
        timeseries=tuple(
            Point(label, *point) for label, point in zip(labels, numbers.points, strict=True)
        ),
        lists={dimension: tuple(entries) for dimension, entries in numbers.lists.items()},
        goals=tuple(sorted(goals, key=lambda goal: (-goal.conversions, goal.name))),
        funnels=tuple(
            FunnelResult.of(funnel, _fitted(rest.funnels.get(funnel.name, ()), funnel))
            for funnel in rules.funnels
        ),
    )


def _begins_before(period: Period, seal: Seal) -> bool:
    if isinstance(period, Hours):
        return period.start < seal.ends
    return period.first.isoformat() <= seal.day


def _fitted(reached: tuple[int, ...], funnel: Funnel) -> tuple[int, ...]:
    """As many numbers as the funnel has steps; a sealed day may have had more or fewer."""
    length = len(funnel.steps)
    return (reached + (0,) * length)[:length]

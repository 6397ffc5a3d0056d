"""The report on a period: which rows and totals it is made of, and what they amount to."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from ztas_middleware.days import local_time, milliseconds
from ztas_middleware.dimensions import LISTS, PROPERTIES
from ztas_middleware.history.clock import date_at
from ztas_middleware.reports.answers import (
    FunnelResult,
    GoalResult,
    Report,
    StepResult,
    Summary,
    display_name,
)
from ztas_middleware.reports.conversions import added, goals_by_day, reached_by_day
from ztas_middleware.reports.counted import count, count_days
from ztas_middleware.reports.numbers import (
    Totals,
    days_of,
    kept_of,
    lists_of,
    summary_of,
    week_hours_of,
)
from ztas_middleware.reports.periods import HOUR, HOURS, Days, Hours
from ztas_middleware.reports.points import points_of_days, points_of_hours
from ztas_middleware.reports.rounding import percent, units
from ztas_middleware.reports.selected import answers_from, select

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ztas_middleware.config.goals import Funnel, Goal
    from ztas_middleware.history.asked import Asked
    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.questions import Question
    from ztas_middleware.reports.remembered import ByDay, Remembered
    from ztas_middleware.reports.selected import Selected

    Sealed = Mapping[tuple[str, str, int], tuple[int, ...]]
    Known = dict[Period, ByDay]
    Counted = Callable[[object, Callable[[Selected], ByDay], int], list[int]]

NOTHING = (0, 0, 0, 0)


def reports_on(asked: Asked, questions: Sequence[Question], remembered: Remembered) -> list[Report]:
    """Answer questions about the days that the history was asked for, with the same filters.

    Args:
        asked: what they are asked of.
        questions: what is asked.
        remembered: what is known of finished days from other questions.
    """
    known: Known = {}
    # From the last on: what one is held against may be what the next is about.
    found = [_report_on(asked, question, remembered, known) for question in reversed(questions)]
    return found[::-1]


def _report_on(asked: Asked, question: Question, remembered: Remembered, known: Known) -> Report:
    period, site, lists = question.period, question.site, question.lists
    is_plain = _is_plain(question)
    selected = select(asked, site, period, question.filters)
    if is_plain:
        totals = Totals(asked.cursor, asked.totals, period.first, period.last)
    elif lists is not None and not lists:
        totals = count_days(selected, period)
    else:
        totals, selected = count(selected, period, lists, parts=asked.parts)
    known[period] = days = days_of(totals)
    summary = summary_of(days)
    names = [*LISTS, PROPERTIES.name] if lists is None else sorted(lists)
    listed = lists_of(totals, names, question.limit, question.offset)
    properties = listed.pop(PROPERTIES.name, ())
    week_hours = week_hours_of(totals) if lists is None else ()
    # Of days that were sealed there are no rows to look at.
    sealed = kept_of(totals) if is_plain and asked.sealed_until and lists is None else {}
    previous, so_far = _compared(asked, question, remembered, known)
    counted = partial(_counted, asked, question, selected, remembered)
    labels = period.labels()
    by_hour = isinstance(period, Hours) or question.interval == "hour"
    return Report(
        site_id=site.id,
        domain=display_name(site),
        start=labels[0],
        end=labels[-1],
        timezone=str(site.timezone),
        answers_from=None if is_plain and not by_hour else answers_from(asked, period),
        summary=summary,
        is_compared=question.before is not None,
        previous=previous,
        previous_so_far=so_far,
        timeseries=(
            points_of_hours(selected, period)
            if isinstance(period, Hours) or by_hour
            else points_of_days(period, question.interval, days)
        ),
        lists=listed,
        properties=tuple(str(entry.names[0]) for entry in properties),
        week_hours=week_hours,
        goals=_goals(site.goals, counted, sealed, summary) if lists is None else (),
        funnels=tuple(_funnel(one, counted, sealed, question) for one in site.funnels)
        if lists is None
        else (),
    )


def _is_plain(question: Question) -> bool:
    """Whether the totals of whole days answer it."""
    return isinstance(question.period, Days) and not question.filters


def _compared(
    asked: Asked, question: Question, remembered: Remembered, known: Known
) -> tuple[Summary | None, Summary | None]:
    """The period before, and the part of it that is as long as this one is so far."""
    before = question.before
    if before is None:
        return None, None
    sealed = asked.sealed_until or date.min
    until = _until(question, before)
    is_plain = isinstance(before, Days) and not question.filters
    if not is_plain and before.first <= sealed:
        return None, None
    days = known.get(before)
    if days is None and is_plain:
        days = days_of(Totals(asked.cursor, asked.totals, before.first, before.last))
    elif days is None:
        days = _whole_before(asked, question, before, remembered)
    previous = summary_of(days)
    if until is None:
        return previous, previous
    if isinstance(before, Hours):
        return previous, summary_of(_days_of(asked, question, before, until))
    edge = date_at(until, before.zone)
    if edge > before.last:
        return previous, previous
    if edge <= sealed and edge in days:
        return previous, None
    so_far = {day: numbers for day, numbers in days.items() if day < edge}
    if edge >= before.first and edge > sealed:
        so_far |= _days_of(asked, question, Days(before.zone, edge, edge), until)
    return previous, summary_of(so_far)


def _whole_before(
    asked: Asked, question: Question, before: Period, remembered: Remembered
) -> ByDay:
    """The numbers of each day of the period before, from its rows or as they are known."""

    def count(first: date, last: date) -> ByDay:
        period = Days(before.zone, first, last) if isinstance(before, Days) else before
        return _days_of(asked, question, period, None)

    start = before.start if isinstance(before, Hours) else ""
    what = f"{question.site.id} {question.filters!r} {start}"
    return remembered.days(what, asked, before.first, before.last, count)


def _days_of(asked: Asked, question: Question, period: Period, until: int | None) -> ByDay:
    """The numbers of each day of a period, from its rows."""
    selected = select(asked, question.site, period, question.filters, until=until)
    return days_of(count_days(selected, period))


def _until(question: Question, before: Period) -> int | None:
    """The instant of the period before that is now in this one; None if this one is over."""
    period, now = question.period, question.now
    if isinstance(period, Hours):
        start = before.start if isinstance(before, Hours) else period.start - HOURS * HOUR
        return start + now - period.start
    if period.last < date_at(now, period.zone) or isinstance(before, Hours):
        return None
    time = local_time(now, period.zone).time()
    return milliseconds(datetime.combine(before.last, time, tzinfo=before.zone))


def _counted(  # noqa: PLR0917 - the first four are bound where it is called
    asked: Asked,
    question: Question,
    selected: Selected,
    remembered: Remembered,
    what: object,
    count: Callable[[Selected], ByDay],
    numbers: int,
) -> list[int]:
    """What a goal or funnel comes to, of all days together."""
    period, site = question.period, question.site
    if not isinstance(period, Days):
        return added(count(selected).values(), numbers)
    zone = period.zone

    def count_some(first: date, last: date) -> ByDay:
        if (first, last) == (period.first, period.last):
            return count(selected)
        return count(select(asked, site, Days(zone, first, last), question.filters))

    what = f"{site.id} {question.filters!r} {what!r}"
    days = remembered.days(what, asked, period.first, period.last, count_some)
    return added(days.values(), numbers)


def _goals(
    goals: tuple[Goal, ...], counted: Counted, sealed: Sealed, summary: Summary
) -> tuple[GoalResult, ...]:
    """How often each goal was reached, and by which share of everyone."""
    numbers = counted(goals, partial(goals_by_day, goals=goals), 3 * len(goals))
    found = []
    for index, goal in enumerate(goals):
        now, then = numbers[3 * index :], sealed.get(("goals", goal.name, 0), NOTHING)
        number, visitors, value = (now[at] + then[at] for at in range(3))
        rate = percent(visitors, summary.unique_visitors)
        found.append(GoalResult(goal.name, number, visitors, rate, units(value)))
    return tuple(sorted(found, key=lambda goal: (-goal.conversions, goal.name)))


def _funnel(funnel: Funnel, counted: Counted, sealed: Sealed, question: Question) -> FunnelResult:
    """How far sessions got."""
    count = partial(reached_by_day, funnel=funnel, is_filtered=bool(question.filters))
    # A sealed day may have had more steps or fewer.
    sessions = [
        number + sealed.get(("funnels", funnel.name, step), NOTHING)[3]
        for step, number in enumerate(counted(funnel, count, len(funnel.steps)))
    ]
    steps = zip(funnel.steps, sessions, strict=True)
    return FunnelResult(
        funnel.name,
        tuple(
            StepResult(step.name, number, percent(number, sessions[0])) for step, number in steps
        ),
    )

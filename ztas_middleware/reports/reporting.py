"""The report on a period: which rows and totals it is made of, and what they amount to."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from ztas_middleware.history.clock import date_at
from ztas_middleware.history.numbers import NUMBERED_NAMES
from ztas_middleware.history.totals import totals_of_days
from ztas_middleware.reports.answers import (
    FunnelResult,
    GoalResult,
    Report,
    StepResult,
    Summary,
    display_name,
)
from ztas_middleware.reports.conversions import goals_by_day, reached_by_day
from ztas_middleware.reports.counted import count
from ztas_middleware.reports.numbers import (
    Totals,
    days_of,
    kept_of,
    lists_of,
    summary_of,
    week_hours_of,
)
from ztas_middleware.reports.periods import Days, Hours, local_time, milliseconds
from ztas_middleware.reports.points import points_of_days, points_of_hours
from ztas_middleware.reports.rounding import percent, units
from ztas_middleware.reports.selected import answers_from, select

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.config.goals import Funnel
    from ztas_middleware.history.asking import Asked
    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.questions import Question
    from ztas_middleware.reports.remembered import Numbers, Remembered
    from ztas_middleware.reports.selected import Selected

    Sealed = Mapping[tuple[str, str, int], tuple[int, int, int, int]]

_HOURS_24 = 24 * 3_600_000

NOTHING = (0, 0, 0, 0)


def report_on(asked: Asked, question: Question, remembered: Remembered) -> Report:
    """Answer a question about the days that the history was asked for.

    Args:
        asked: what it is asked of.
        question: what is asked.
        remembered: what is known of finished days from other questions.
    """
    selected = select(asked, question.site, question.period, question.filters)
    if _is_plain(question):
        totals = Totals(asked.cursor, asked.totals, question.period.first, question.period.last)
    else:
        totals = count(selected, question.period)
    days = days_of(totals)
    summary = summary_of(list(days.values()))
    lists = lists_of(totals, question.limit, question.offset)
    properties = lists.pop("properties")
    previous, so_far = _compared(asked, question)
    # Of days that were sealed there are no rows to look at.
    sealed = kept_of(totals) if _is_plain(question) and asked.sealed_until else {}
    conversions = _Conversions(asked, question, selected, sealed, remembered)
    period = question.period
    labels = period.labels()
    return Report(
        site_id=question.site.id,
        domain=display_name(question.site),
        start=labels[0],
        end=labels[-1],
        timezone=str(question.site.timezone),
        answers_from=_answers_from(asked, question),
        summary=summary,
        is_compared=question.before is not None,
        previous=previous,
        previous_so_far=so_far,
        timeseries=(
            points_of_days(period, question.interval, days)
            if isinstance(period, Days) and question.interval != "hour"
            else points_of_hours(selected, period)
        ),
        lists=lists,
        properties=tuple(str(entry.names[0]) for entry in properties),
        week_hours=week_hours_of(totals),
        goals=conversions.goals(summary.unique_visitors),
        funnels=tuple(map(conversions.funnel, question.site.funnels)),
    )


def _is_plain(question: Question) -> bool:
    """Whether the totals of whole days answer it."""
    return isinstance(question.period, Days) and not question.filters


def _answers_from(asked: Asked, question: Question) -> str | None:
    if _is_plain(question) and question.interval != "hour":
        return None
    return answers_from(asked, question.period)


def _compared(asked: Asked, question: Question) -> tuple[Summary | None, Summary | None]:
    """The period before, and the part of it that is as long as this one is so far."""
    before = question.before
    if before is None:
        return None, None
    sealed = asked.sealed_until or date.min
    until = _until(question, before)
    is_plain = isinstance(before, Days) and not question.filters
    if not is_plain and before.first <= sealed:
        return None, None
    if is_plain:
        days = days_of(Totals(asked.cursor, asked.totals, before.first, before.last))
    else:
        days = _days_of(asked, question, before, None)
    previous = summary_of(list(days.values()))
    if until is None:
        return previous, previous
    if isinstance(before, Hours):
        return previous, summary_of(list(_days_of(asked, question, before, until).values()))
    edge = date_at(until, before.zone)
    if edge > before.last:
        return previous, previous
    if edge <= sealed and edge in days:
        return previous, None
    so_far = {day: numbers for day, numbers in days.items() if day < edge}
    if edge >= before.first and edge > sealed:
        so_far |= _days_of(asked, question, Days(before.zone, edge, edge), until)
    return previous, summary_of(list(so_far.values()))


def _days_of(
    asked: Asked, question: Question, period: Period, until: int | None
) -> dict[date, tuple[int, ...]]:
    """The numbers of each day of a period, from its rows."""
    selected = select(asked, question.site, period, question.filters, until=until)
    cursor = selected.cursor
    # Statements over many files take longer to plan than a few rows to pick out.
    cursor.execute(
        f"create or replace temp table rows_before as select {NUMBERED_NAMES} from {selected.kept}",
        selected.values,
    )
    cursor.execute(f"create or replace temp table days_before as {totals_of_days('rows_before')}")
    return days_of(Totals(cursor, "days_before", period.first, period.last))


def _until(question: Question, before: Period) -> int | None:
    """The instant of the period before that is now in this one; None if this one is over."""
    period, now = question.period, question.now
    if isinstance(period, Hours):
        start = before.start if isinstance(before, Hours) else period.start - _HOURS_24
        return start + now - period.start
    if period.last < date_at(now, period.zone) or isinstance(before, Hours):
        return None
    time = local_time(now, period.zone).time()
    return milliseconds(datetime.combine(before.last, time, tzinfo=before.zone))


class _Conversions:
    """Goals and funnels of one question."""

    def __init__(
        self,
        asked: Asked,
        question: Question,
        selected: Selected,
        sealed: Sealed,
        remembered: Remembered,
    ) -> None:
        self._asked = asked
        self._question = question
        self._selected = selected
        self._sealed = sealed
        self._remembered = remembered

    def goals(self, everyone: int) -> tuple[GoalResult, ...]:
        """How often each goal was reached, and by which share of everyone."""
        goals = self._question.site.goals
        found = []
        counted = iter(
            self._added(goals, partial(goals_by_day, goals=goals), numbers=3 * len(goals))
        )
        for goal in goals:
            then = self._sealed.get(("goals", goal.name, 0), NOTHING)
            number, visitors, value = (next(counted) + then[at] for at in range(3))
            rate = percent(visitors, everyone)
            found.append(GoalResult(goal.name, number, visitors, rate, units(value)))
        return tuple(sorted(found, key=lambda goal: (-goal.conversions, goal.name)))

    def funnel(self, funnel: Funnel) -> FunnelResult:
        """How far sessions got."""
        is_filtered = bool(self._question.filters)
        count = partial(reached_by_day, funnel=funnel, is_filtered=is_filtered)
        # A sealed day may have had more steps or fewer.
        sessions = [
            number + self._sealed.get(("funnels", funnel.name, step), NOTHING)[3]
            for step, number in enumerate(self._added(funnel, count, numbers=len(funnel.steps)))
        ]
        return FunnelResult(
            funnel.name,
            tuple(
                StepResult(step.name, number, percent(number, sessions[0]))
                for step, number in zip(funnel.steps, sessions, strict=True)
            ),
        )

    def _added(
        self, what: object, count: Callable[[Selected], Mapping[date, Numbers]], *, numbers: int
    ) -> list[int]:
        """The numbers of all days together."""
        question, selected = self._question, self._selected
        period = question.period
        if not isinstance(period, Days) or question.filters:
            days = list(count(selected).values())
        else:
            site, zone = question.site, period.zone
            days = self._remembered.days(
                f"{site.id} {what!r}",
                self._asked,
                period.first,
                period.last,
                lambda first, last: count(
                    select(self._asked, site, Days(zone, first, last), question.filters)
                ),
            )
        return [sum(column) for column in zip(*days, strict=True)] or [0] * numbers

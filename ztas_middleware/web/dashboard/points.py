"""The points that a site's chart is made of, and those of the period it is held against."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.reports.periods import HOUR, HOURS, MAX_DAYS, Days, stretch_of
from ztas_middleware.reports.questions import BreakdownQuestion
from ztas_middleware.web.dashboard.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ztas_middleware.reports.answers import Report
    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.questions import Question as Asked
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.questions import Question

    Values = Mapping[str, Sequence[float]]

MOST_DAYS_BY_HOUR = 7


class Points(NamedTuple):
    """What a chart shows."""

    labels: Sequence[str]
    """Dates, or hours with their offset."""
    now: Values
    """By measure; a value for each label."""
    before: Values | None
    """None where they can't be told; may be fewer or more where the other dates are."""

    @property
    def is_hourly(self) -> bool:
        """Whether a point is an hour."""
        return len(self.labels[0]) > len("2026-11-07")


def points_of(
    reports: Reports, question: Question, report: Report, before: Report | None
) -> Points:
    """The points for a report's chart.

    Args:
        reports: answers the questions.
        question: the page's.
        report: on the period.
        before: on what it is held against.

    Raises:
        StorageError: the database can't be read.
    """
    asked, period, other = question.asked, question.period, question.asked.before
    if isinstance(period, Days) and is_hourly(question) and report.answers_from is not None:
        # The hits of a pruned day are gone, and its hours with them.
        report = reports.stats(_by_day(asked, period))
        if before is not None and other is not None:
            before = reports.stats(_by_day(asked, other))
    labels = [point.date for point in report.timeseries]
    keys = ("visitors", "views") if question.metric == "visitors" else (question.metric,)
    return Points(
        labels,
        {key: _values(reports, asked, period, report, key) for key in keys},
        None
        if before is None or other is None
        else {key: _values(reports, asked, other, before, key) for key in keys},
    )


def is_hourly(question: Question) -> bool:
    """Whether the chart's points are hours: of 24 hours, and of a day on which no clock changes."""
    period = question.period
    if not isinstance(period, Days):
        return True
    if "interval" in question.given:
        return question.asked.interval == "hour" and period.length <= MOST_DAYS_BY_HOUR
    day = stretch_of(period.first, period.zone)
    return period.length == 1 and day.end - day.start == HOURS * HOUR


def _by_day(asked: Asked, period: Period) -> Asked:
    return replace(asked, period=period, before=None, interval="day", lists=frozenset())


def _values(
    reports: Reports, asked: Asked, period: Period, report: Report, key: str
) -> Sequence[float]:
    if key == "visitors":
        return [point.unique_visitors for point in report.timeseries]
    if key == "views":
        return [point.pageviews for point in report.timeseries]
    labels = [point.date for point in report.timeseries]
    is_hourly = "T" in labels[0]
    found = _broken_down(reports, asked, period, MEASURES[key].metric, is_hourly=is_hourly)
    return [found.get(label[:13], 0) for label in labels]


def _broken_down(
    reports: Reports, asked: Asked, period: Period, metric: str, *, is_hourly: bool
) -> dict[str, float]:
    """A metric by day, or by hours of the clock as in `2026-11-07T14`."""
    question = BreakdownQuestion(
        site=asked.site,
        period=period,
        now=asked.now,
        filters=asked.filters,
        by=("day", "hour") if is_hourly else ("day",),
        metrics=(metric,),
        limit=MAX_DAYS,
    )
    return {
        f"{row['day']}T{row['hour']:02}" if is_hourly else row["day"]: row[metric]
        for row in reports.breakdown(question).rows
    }

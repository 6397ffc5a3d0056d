"""The points that a site's chart is made of, and those of the period before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.reports.periods import HOUR, HOURS, Days, Hours, stretch_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.config.model import Site
    from ztas_middleware.reports.answers import Point, Report
    from ztas_middleware.reports.periods import Period
    from ztas_middleware.reports.questions import Interval
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.questions import Question


class Points(NamedTuple):
    """What a chart shows."""

    period: Period
    """What the points are of: a single day is shown by its hours."""
    now: Sequence[Point]
    before: Sequence[Point] | None
    """As many; None where they can't be told."""


def points_of(reports: Reports, site: Site, question: Question, report: Report, now: int) -> Points:
    """The points for a report's chart.

    Raises:
        StorageError: the database can't be read.
    """
    asked = reports.question(site.id, question.parameters(), now=now)

    def ask(period: Period) -> Report:
        interval: Interval = "hour" if isinstance(period, Hours) else "day"
        before = period.previous()
        return reports.stats(
            replace(asked, period=period, before=before, interval=interval, limit=1)
        )

    period = question.period
    hours = _hours_of(period)
    if hours is not None:
        hourly = ask(hours)
        # The hits of a pruned day are gone, and its hours with them.
        if hourly.answers_from is None:
            report, period = hourly, hours
    before = None if report.previous is None else ask(period.previous()).timeseries
    return Points(period, report.timeseries, before)


def _hours_of(period: Period) -> Hours | None:
    """The hours of a single day; None if there are more days, or the clocks change on it."""
    if not isinstance(period, Days) or period.length > 1:
        return None
    day = stretch_of(period.first, period.zone)
    return Hours(period.zone, day.start) if day.end - day.start == HOURS * HOUR else None

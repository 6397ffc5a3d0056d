"""What a site's page asks the reports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ztas_middleware.dimensions import LISTS
from ztas_middleware.filters import PROPERTY
from ztas_middleware.reports.agents import agents
from ztas_middleware.reports.changes import LONGEST as COMPARED
from ztas_middleware.reports.changes import LOOKED_AT
from ztas_middleware.reports.drops import dropped
from ztas_middleware.reports.periods import Hours
from ztas_middleware.web.dashboard.journeys import journeys_view
from ztas_middleware.web.dashboard.lists import SHORT
from ztas_middleware.web.dashboard.points import is_hourly, points_of
from ztas_middleware.web.dashboard.tables import LONGEST, property_table, table_of
from ztas_middleware.web.dashboard.views import Answers

if TYPE_CHECKING:
    from ztas_middleware.reports.answers import Report
    from ztas_middleware.reports.questions import Interval
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.reports.realtime import Realtime
    from ztas_middleware.web.dashboard.questions import Question

NOW_ROWS: Final = 5
"""Pages and sources of the last five minutes, and the latest page views."""


def report_of(reports: Reports, question: Question, *lists: str) -> Report:
    """A report with a point for each day or hour, and these lists at length.

    Raises:
        HistoryBusyError: finished days are being filed, which takes longer than an answer may.
        StorageError: the database can't be read.
    """
    return reports.stats(
        replace(
            question.asked,
            interval="hour" if isinstance(question.period, Hours) else "day",
            limit=LONGEST,
            offset=0,
            lists=frozenset(lists),
        )
    )


def answers_of(reports: Reports, question: Question) -> Answers:
    """Everything that a site's page needs; errors as in `report_of`."""
    is_listed = question.chosen in LISTS
    limit = LONGEST if is_listed else COMPARED
    interval: Interval = "hour" if is_hourly(question) else "day"
    asked = replace(question.asked, interval=interval, limit=limit, offset=0)
    questions = [asked]
    if asked.before is not None:
        is_alike = isinstance(asked.before, type(asked.period))
        compared = replace(asked, period=asked.before, before=None, limit=COMPARED)
        questions.append(
            replace(
                compared,
                interval=interval if is_alike else "day",
                lists=frozenset(LOOKED_AT),
            )
        )
    report, *earlier = reports.stats_of(questions)
    before = earlier[0] if report.previous is not None else None
    table = None
    if question.chosen is not None and is_listed:
        table = table_of(report, question.chosen, question)
    elif question.chosen is not None and question.chosen.startswith(PROPERTY):
        table = property_table(reports, question)
    period, site = question.period, question.asked.site
    lost = dropped(reports.database, site.id, period.first, period.last)
    return Answers(
        report,
        before,
        points_of(reports, question, report, before),
        journeys_view(reports, question) if table is None else None,
        agents(reports.database, site.id, period.first, period.last, limit=SHORT),
        sum(row.count for row in lost),
        table,
    )


def realtime_of(reports: Reports, question: Question, limit: int = NOW_ROWS) -> Realtime:
    """What happens right now, of what the filters keep; errors as in `report_of`."""
    asked = question.asked
    parameters = {**asked.filters.parameters(), "limit": (str(limit),)}
    return reports.realtime(reports.realtime_question(asked.site.id, parameters, now=asked.now))

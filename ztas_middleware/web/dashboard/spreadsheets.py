"""What a page shows as CSV (RFC 4180), safe to be opened in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.dimensions import LISTS
from ztas_middleware.reports.answers import COUNTED
from ztas_middleware.reports.tables import csv_of
from ztas_middleware.web.dashboard.tables import METRICS, found_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.reports.agents import AgentReads
    from ztas_middleware.reports.answers import Point, Report
    from ztas_middleware.web.dashboard.questions import Question
    from ztas_middleware.web.dashboard.tables import Value


def list_csv(report: Report, key: str, question: Question) -> bytes:
    """A list of a report as it is searched and sorted, under the names of the JSON API."""
    if key == "goals":
        return _records(goal.to_json() for goal in report.goals)
    if key == "funnels":
        return _records(
            {"funnel": funnel.name, **step.to_json()}
            for funnel in report.funnels
            for step in funnel.steps
        )
    listed = LISTS[key]
    names = [*listed.keys, *(name for name, _ in COUNTED[listed.counts])]
    entries = found_of(report, key, question)
    return csv_of([names, *(list(entry.to_json(listed).values()) for entry in entries)])


def agents_csv(found: Iterable[AgentReads]) -> bytes:
    """Who read pages without being a visitor, a line for each page."""
    rows = [[one.name, one.kind, page.path, page.reads] for one in found for page in one.pages]
    return csv_of([["name", "kind", "path", "reads"], *rows])


def values_csv(name: str, values: Iterable[Value]) -> bytes:
    """The values of a property as they are searched and sorted, under the names of a breakdown."""
    return csv_of([[name, *METRICS], *([value.json, *value.numbers] for value in values)])


def series_csv(points: Iterable[Point]) -> bytes:
    """The points of a period."""
    return _records(point.to_json() for point in points)


def _records(records: Iterable[dict[str, object]]) -> bytes:
    rows = list(records)
    return csv_of([list(rows[0]) if rows else [], *(list(row.values()) for row in rows)])

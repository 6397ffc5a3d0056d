"""What a page shows as CSV (RFC 4180), safe to be opened in a spreadsheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.dimensions import LISTS
from ztas_middleware.reports.answers import COUNTED
from ztas_middleware.reports.tables import csv_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.reports.answers import Point, Report


def list_csv(report: Report, key: str) -> bytes:
    """A list of a report, under the names of the JSON API."""
    listed = LISTS[key]
    names = [*listed.keys, *(name for name, _ in COUNTED[listed.counts])]
    return csv_of(names, [list(entry.to_json(listed).values()) for entry in report.lists[key]])


def series_csv(points: Iterable[Point]) -> bytes:
    """The points of a period."""
    names = ["date", "pageviews", "uniqueVisitors"]
    return csv_of(names, [list(point.to_json().values()) for point in points])

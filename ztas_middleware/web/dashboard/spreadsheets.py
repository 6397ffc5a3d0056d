"""What a page shows as CSV (RFC 4180), safe to be opened in a spreadsheet."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ztas_middleware.reports.export import guard
from ztas_middleware.reports.lists import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ztas_middleware.reports.report import Point, Report
    from ztas_middleware.store.tallies import Dimension

Cell = str | int | float | None


def list_csv(report: Report, dimension: Dimension) -> str:
    """A list of a report, under the names of the JSON API."""
    shape = SHAPES[dimension]
    names = [*shape.names, shape.number]
    names += ["uniqueVisitors"] if shape.has_visitors else []
    names += ["value"] if shape.has_value else []
    return _csv(names, [list(entry.to_json(shape).values()) for entry in report.lists[dimension]])


def series_csv(points: Iterable[Point]) -> str:
    """The points of a period."""
    names = ["date", "pageviews", "uniqueVisitors"]
    return _csv(names, [list(point.to_json().values()) for point in points])


def _csv(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(names)
    # Paths, campaigns and events are whatever a stranger sent.
    writer.writerows(
        [guard(cell) if isinstance(cell, str) and cell else cell for cell in row] for row in rows
    )
    return file.getvalue()

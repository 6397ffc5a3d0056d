"""The hours of the week as a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from ztas_middleware.reports.answers import Report

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHADES: Final = 5


class Cell(NamedTuple):
    """An hour of the week."""

    visitors: int
    shade: int
    """0 for nobody, up to `SHADES`."""


class Grid(NamedTuple):
    """A week of hours."""

    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    """Monday first."""
    busiest: str
    """In words."""


def grid_of(report: Report) -> Grid | None:
    """When people came; None where nobody did."""
    most = max(report.week_hours, key=lambda hour: hour.unique_visitors, default=None)
    if most is None or not most.unique_visitors:
        return None
    cells: dict[int, list[Cell]] = {}
    for hour in report.week_hours:
        shade = -(-SHADES * hour.unique_visitors // most.unique_visitors)
        cells.setdefault(hour.weekday, []).append(Cell(hour.unique_visitors, shade))
    rows = tuple((WEEKDAYS[weekday - 1], tuple(row)) for weekday, row in sorted(cells.items()))
    day = WEEKDAYS[most.weekday - 1]
    return Grid(rows, f"{day}, {most.hour}:00 to {most.hour + 1}:00")

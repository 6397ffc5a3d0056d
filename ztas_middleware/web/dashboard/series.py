"""The points of a period, in as many steps as a chart can show.

A year of days is a thicket; it is shown by weeks, and more than that by months. Page views and
visitors of several days are their sums (nobody is known for longer than a day), so that a step
is as exact as a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from ztas_middleware.reports.periods import Hours
from ztas_middleware.web.dashboard import dates
from ztas_middleware.web.dashboard.charts import Slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.reports.answers import Point
    from ztas_middleware.reports.periods import Period

MOST_DAYS = 120
MOST_WEEKS = 160


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chart."""

    slot: Slot
    pageviews: int
    visitors: int
    pageviews_before: int | None
    """In the period before; None where that is not known."""
    visitors_before: int | None


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart shows."""

    unit: str
    """`hour`, `day`, `week` or `month`."""
    steps: tuple[Step, ...]


def series_of(period: Period, points: Sequence[Point], before: Sequence[Point] | None) -> Series:
    """The steps of a period.

    Args:
        period: which one.
        points: its points.
        before: those of the period before, as many.
    """
    if isinstance(period, Hours):
        labels = [point.date for point in points]
        slots = [Slot(dates.hour(label), dates.full_hour(label)) for label in labels]
        return Series("hour", _steps(list(range(len(points) + 1)), slots, points, before))
    days = [date.fromisoformat(point.date) for point in points]
    if len(days) <= MOST_DAYS:
        edges, unit = list(range(len(days) + 1)), "day"
    elif len(days) <= MOST_WEEKS * 7:
        # Whole weeks up to the end; what is left over makes the first one longer.
        edges, unit = [0, *range(len(days) % 7 + 7, len(days) + 1, 7)], "week"
    else:
        starts = [index for index, day in enumerate(days) if day.day == 1 and index]
        edges, unit = [0, *starts, len(days)], "month"
    slots = [_slot(unit, days[start], days[end - 1]) for start, end in pairwise(edges)]
    return Series(unit, _steps(edges, slots, points, before))


def _slot(unit: str, first: date, last: date) -> Slot:
    if unit == "day":
        return Slot(dates.day_and_month(first), dates.full_day(first))
    if unit == "week":
        return Slot(dates.day_and_month(first), dates.day_range(first, last))
    return Slot(dates.month_and_year(first), dates.day_range(first, last))


def _steps(
    edges: Sequence[int],
    slots: Sequence[Slot],
    points: Sequence[Point],
    before: Sequence[Point] | None,
) -> tuple[Step, ...]:
    steps = []
    for slot, (start, end) in zip(slots, pairwise(edges), strict=True):
        past = before[start:end] if before is not None else None
        steps.append(
            Step(
                slot,
                sum(point.pageviews for point in points[start:end]),
                sum(point.unique_visitors for point in points[start:end]),
                None if past is None else sum(point.pageviews for point in past),
                None if past is None else sum(point.unique_visitors for point in past),
            )
        )
    return tuple(steps)

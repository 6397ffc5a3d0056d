"""The points of a period, in as many steps as a chart can show.

A year of days is a thicket; it is shown by weeks, and more than that by months. Page views,
visitors and sessions of several days are their sums (nobody is known for longer than a day), so
that a step is as exact as a day. Rates and times are no sums: they stay days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from ztas_middleware.web.dashboard import dates
from ztas_middleware.web.dashboard.charts import Slot
from ztas_middleware.web.dashboard.measures import MEASURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.reports.questions import Interval
    from ztas_middleware.web.dashboard.measures import Measure
    from ztas_middleware.web.dashboard.points import Points

MOST_DAYS = 120
MOST_WEEKS = 160
WEEK = 7


@dataclass(frozen=True, slots=True)
class Track:
    """A number over time."""

    measure: Measure
    now: tuple[float, ...]
    before: tuple[float | None, ...]
    """Each None where it is not known."""


@dataclass(frozen=True, slots=True)
class Series:
    """What a chart shows."""

    unit: Interval
    slots: tuple[Slot, ...]
    tracks: tuple[Track, ...]
    starts: tuple[date, ...]
    """The first day of each step."""
    is_first_cut: bool = False
    """Whether the period begins within the first step."""
    is_last_cut: bool = False
    """Whether it ends within the last one."""

    @property
    def has_before(self) -> bool:
        """Whether there was anything in the other period."""
        return any(any(track.before) for track in self.tracks)

    def step_of(self, day: date) -> int | None:
        """In which step a day is; None where it is in none."""
        found = [index for index, start in enumerate(self.starts) if start <= day]
        # The last step ends with the period, which whoever asks knows.
        return found[-1] if found else None


def series_of(points: Points, unit: Interval | None = None) -> Series:
    """The steps of a period.

    Args:
        points: its points.
        unit: how long a step is; None leaves it to the number of points.
    """
    labels = points.labels
    if points.is_hourly:
        slots = tuple(Slot(dates.hour(label), dates.full_hour(label)) for label in labels)
        starts = tuple(date.fromisoformat(label[:10]) for label in labels)
        return Series("hour", slots, _tracks(points, range(len(labels) + 1)), starts)
    days = [date.fromisoformat(label) for label in labels]
    unit = _unit(points, unit)
    edges = _edges(days, unit)
    steps = [(days[start], days[end - 1]) for start, end in pairwise(edges)]
    return Series(
        unit,
        tuple(_slot(unit, *step) for step in steps),
        _tracks(points, edges),
        tuple(first for first, _ in steps),
        is_first_cut=unit != "day" and not _begins(days[0], unit),
        is_last_cut=unit != "day" and not _begins(days[-1] + timedelta(days=1), unit),
    )


def _unit(points: Points, unit: Interval | None) -> Interval:
    days = len(points.labels)
    if unit == "day" or not all(MEASURES[key].is_sum for key in points.now):
        return "day"
    if unit in ("week", "month"):
        return unit
    return "day" if days <= MOST_DAYS else "week" if days <= MOST_WEEKS * WEEK else "month"


def _edges(days: Sequence[date], unit: Interval) -> Sequence[int]:
    """The index of each step's first day, and the end."""
    starts = [index for index, day in enumerate(days) if index and _begins(day, unit)]
    return [0, *starts, len(days)]


def _begins(day: date, unit: Interval) -> bool:
    if unit == "week":
        return day.weekday() == 0
    return unit == "day" or day.day == 1


def _slot(unit: Interval, first: date, last: date) -> Slot:
    if unit == "day":
        return Slot(dates.day_and_month(first), dates.full_day(first))
    if unit == "week":
        return Slot(dates.day_and_month(first), dates.day_range(first, last))
    return Slot(dates.month_and_year(first), dates.day_range(first, last))


def _tracks(points: Points, edges: Sequence[int]) -> tuple[Track, ...]:
    before = points.before or {}
    return tuple(
        Track(
            MEASURES[key],
            tuple(sum(values[start:end]) for start, end in pairwise(edges)),
            tuple(
                sum(past) if (past := before.get(key, ())[start:end]) else None
                for start, end in pairwise(edges)
            ),
        )
        for key, values in points.now.items()
    )

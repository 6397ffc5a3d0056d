"""The points of a time series: hours from the rows, days and what they add up to from totals."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ztas_middleware.days import local_time
from ztas_middleware.reports.answers import Point
from ztas_middleware.reports.conditions import Bound
from ztas_middleware.reports.periods import HOUR, Hours, stretch_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from ztas_middleware.reports.periods import Days, Period
    from ztas_middleware.reports.questions import Interval
    from ztas_middleware.reports.selected import Selected


def points_of_days(
    period: Days, interval: Interval, days: Mapping[date, tuple[int, ...]]
) -> tuple[Point, ...]:
    """A point for each day, week or month, with zeros where there is nothing.

    Args:
        period: the days.
        interval: how many make a point; weeks and months are cut to the period.
        days: page views and visitors of each day, in front of other numbers.
    """
    points: dict[str, tuple[int, int]] = {}
    for number in range(period.length):
        day = period.first + timedelta(days=number)
        views, visitors = points.get(label := _label(day, interval), (0, 0))
        here = days.get(day, (0, 0))
        points[label] = views + here[0], visitors + here[1]
    return tuple(Point(label, *numbers) for label, numbers in points.items())


def points_of_hours(selected: Selected, period: Period) -> tuple[Point, ...]:
    """A point for each hour."""
    starts = list(_starts(period))
    bound = Bound(selected.kept_values)
    rows = selected.cursor.execute(
        f"""
        select hours.starts, sum(views)::bigint, count(*) filter (where visitor != '')
        from (
            select starts, day, visitor, count(*) filter (where type = 'pageview') as views
            from (
                select time, type, day, visitor from {selected.kept}
                where type in ('pageview', 'event')
            ) as kept
            asof join (select unnest({bound.name(starts)}::bigint[]) as starts) as hours
            on kept.time >= hours.starts
            group by all
        ) as hours
        group by all
        """,
        bound.values,
    ).fetchall()
    found = {start: (views, visitors) for start, views, visitors in rows}
    return tuple(
        Point(
            local_time(start, period.zone).isoformat(timespec="minutes"),
            *found.get(start, (0, 0)),
        )
        for start in starts
    )


def _label(day: date, interval: Interval) -> str:
    if interval == "week":
        return (day - timedelta(days=day.weekday())).isoformat()
    return f"{day:%Y-%m}" if interval == "month" else day.isoformat()


def _starts(period: Period) -> Iterator[int]:
    """The first instant of each hour; those of a day are counted from where it begins."""
    if isinstance(period, Hours):
        yield from period.starts()
        return
    for number in range(period.length):
        day = stretch_of(period.first + timedelta(days=number), period.zone)
        yield from range(day.start, day.end, HOUR)

"""The six numbers of a period, each with its change since the period before."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.web.dashboard.numbers import (
    Change,
    duration,
    exact,
    percent,
    points_change,
    relative_change,
    short,
)

if TYPE_CHECKING:
    from ztas_middleware.reports.answers import Summary


class Tile(NamedTuple):
    """One of the six numbers of a period."""

    name: str
    shown: str
    exact: str
    change: Change | None
    before: str | None
    """The exact number for the period before."""


def tiles_of(now: Summary, before: Summary | None) -> tuple[Tile, ...]:
    """The numbers, in the order of the page; without `before` they have no changes."""
    # A rate of no sessions is nothing to compare with.
    rate_before = None if before is None or not before.sessions else before.bounce_rate
    rate = None
    if rate_before is not None:
        rate = points_change(now.bounce_rate, rate_before, less_is_better=True)
    return (
        _count("Visitors", now.unique_visitors, before.unique_visitors if before else None),
        _count("Page views", now.pageviews, before.pageviews if before else None),
        _count("Sessions", now.sessions, before.sessions if before else None),
        Tile(
            "Bounce rate",
            percent(now.bounce_rate),
            percent(now.bounce_rate),
            rate,
            None if rate_before is None else percent(rate_before),
        ),
        _time(
            "Session duration",
            now.avg_session_duration,
            before.avg_session_duration if before else None,
        ),
        _time("Time on page", now.avg_time_on_page, before.avg_time_on_page if before else None),
    )


def _count(name: str, number: int, before: int | None) -> Tile:
    if before is None:
        return Tile(name, short(number), exact(number), None, None)
    change = relative_change(number, before)
    return Tile(name, short(number), exact(number), change, exact(before))


def _time(name: str, seconds: float, before: float | None) -> Tile:
    said = f"{exact(seconds)} seconds"
    if before is None:
        return Tile(name, duration(seconds), said, None, None)
    return Tile(name, duration(seconds), said, relative_change(seconds, before), duration(before))

"""The six numbers of a period: what each is called, said like, and compared like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

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
    from collections.abc import Callable, Mapping

    from ztas_middleware.reports.answers import Summary
    from ztas_middleware.web.dashboard.questions import Question


class Measure(NamedTuple):
    """One of the six numbers."""

    name: str
    field: str
    """Of a summary."""
    metric: str
    """Of a breakdown."""
    shown: Callable[[float], str]
    is_sum: bool = True
    """Whether those of days add up."""


MEASURES: Final[Mapping[str, Measure]] = {
    "visitors": Measure("Visitors", "unique_visitors", "uniqueVisitors", short),
    "views": Measure("Page views", "pageviews", "pageviews", short),
    "sessions": Measure("Sessions", "sessions", "sessions", short),
    "bounces": Measure("Bounce rate", "bounce_rate", "bounceRate", percent, is_sum=False),
    "duration": Measure(
        "Session duration", "avg_session_duration", "avgSessionDuration", duration, is_sum=False
    ),
    "time": Measure("Time on page", "avg_time_on_page", "avgTimeOnPage", duration, is_sum=False),
}
"""By what the address says, in the order of the page."""


class Tile(NamedTuple):
    """One of the six numbers of a period."""

    name: str
    shown: str
    exact: str
    change: Change | None
    before: str | None
    """The exact number that it is compared with."""
    href: str
    """Chooses it for the chart."""
    current: bool


def tiles_of(now: Summary, before: Summary | None, question: Question) -> tuple[Tile, ...]:
    """The numbers, in the order of the page; without `before` they have no changes."""
    return tuple(_tile(key, now, before, question) for key in MEASURES)


def _tile(key: str, now: Summary, before: Summary | None, question: Question) -> Tile:
    measure = MEASURES[key]
    number = getattr(now, measure.field)
    past = None if before is None else getattr(before, measure.field)
    change = None
    if key == "bounces":
        # A rate of no sessions is nothing to compare with.
        past = past if before is not None and before.sessions else None
        change = None if past is None else points_change(number, past, less_is_better=True)
    elif past is not None:
        change = relative_change(number, past)
    said = f"{exact(number)} seconds" if measure.shown is duration else exact(number)
    return Tile(
        name=measure.name,
        shown=measure.shown(number),
        exact=percent(number) if measure.shown is percent else said,
        change=change,
        before=None if past is None else exact(past) if measure.is_sum else measure.shown(past),
        href=question.query({"metric": None if key == "visitors" else key}),
        current=question.metric == key,
    )

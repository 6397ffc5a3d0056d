"""From a report to everything that a site's page says, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.reports.periods import Hours
from ztas_middleware.web.dashboard import charts, dates
from ztas_middleware.web.dashboard.charts import Line
from ztas_middleware.web.dashboard.lists import (
    CARDS,
    LONG,
    SHORT,
    Listing,
    chip_name,
    listing,
    shown_value,
)
from ztas_middleware.web.dashboard.names import site_name
from ztas_middleware.web.dashboard.questions import earlier, later, today_in
from ztas_middleware.web.dashboard.series import series_of
from ztas_middleware.web.dashboard.tiles import Tile, tiles_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config.model import Site
    from ztas_middleware.reports.answers import FunnelResult, GoalResult, Report
    from ztas_middleware.web.dashboard.points import Points
    from ztas_middleware.web.dashboard.questions import Question
    from ztas_middleware.web.dashboard.series import Series

PERIOD_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "24h": ("24 hours", "24 h"),
    "7d": ("7 days", "7 d"),
    "30d": ("30 days", "30 d"),
    "90d": ("90 days", "90 d"),
    "365d": ("12 months", "12 m"),
}
"""What the periods are called, and where there is little room."""


class PeriodLink(NamedTuple):
    """A link to a period, and whether it is the one that is shown."""

    text: str
    brief: str
    href: str
    current: bool


class Chip(NamedTuple):
    """An active filter."""

    name: str
    value: str
    href: str
    """Takes it away."""


class GoalRow(NamedTuple):
    """A goal with what it links to."""

    goal: GoalResult
    href: str | None
    active: bool


class Card(NamedTuple):
    """Lists that share a place on the page."""

    key: str
    title: str
    listings: tuple[Listing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """Everything on a site's page but what happens right now."""

    domain: str
    site_id: str
    dates: str
    """Of the period, in words."""
    timezone: str
    periods: tuple[PeriodLink, ...]
    earlier: str | None
    later: str | None
    first: str
    """ISO dates for the form."""
    last: str
    today: str
    hidden: tuple[tuple[str, str], ...]
    """What the form sends along."""
    is_custom: bool
    chips: tuple[Chip, ...]
    clear: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    tiles: tuple[Tile, ...]
    series: Series
    chart: str
    """SVG."""
    has_before: bool
    """Whether there was anything in the period before."""
    cards: Mapping[str, Card]
    goals: tuple[GoalRow, ...]
    funnels: tuple[FunnelResult, ...]
    alone: Listing | None
    """The one list that is asked for, at length."""
    back: str
    csv_query: str
    is_empty: bool


def site_view(site: Site, report: Report, points: Points, question: Question, now: int) -> SiteView:
    """The page of a site.

    Args:
        site: whose page it is.
        report: on the period asked for.
        points: for the chart.
        question: what is asked for.
        now: UTC milliseconds.
    """
    first, last = date.fromisoformat(report.start[:10]), date.fromisoformat(report.end[:10])
    today = today_in(site.timezone, now)
    before_period = earlier(question.period, now)
    after_period = later(question.period, now)
    series = series_of(points.period, points.now, points.before)
    alone = listing(report, question.list, question, LONG) if question.list else None
    is_hours = isinstance(question.period, Hours)
    filters = question.filters.pairs()
    return SiteView(
        domain=site_name(site),
        site_id=site.id,
        dates="Last 24 hours" if is_hours else dates.day_range(first, last),
        timezone=report.timezone,
        periods=period_links(question),
        earlier=None if before_period is None else question.for_period(before_period),
        later=None if after_period is None else question.for_period(after_period),
        first=first.isoformat(),
        last=last.isoformat(),
        today=today.isoformat(),
        hidden=(
            *filters,
            *([("share", question.share)] if question.share else []),
            *([("list", question.list)] if question.list else []),
        ),
        is_custom="startDate" in question.period_query,
        chips=tuple(
            Chip(chip_name(name), shown_value(name, value), question.query(**{name: None}))
            for name, value in filters
        ),
        clear=question.without_filters(),
        problems=question.problems,
        notes=_notes(report),
        tiles=tiles_of(report.summary, report.previous),
        series=series,
        chart=_chart(series, is_running=is_hours or last == today),
        has_before=_has_before(series),
        cards={} if alone else _cards(report, question),
        goals=tuple(_goal_row(goal, question) for goal in report.goals),
        funnels=report.funnels,
        alone=alone,
        back=question.query(),
        csv_query=question.query(series="1"),
        is_empty=not report.summary.sessions and not filters,
    )


def period_links(question: Question) -> tuple[PeriodLink, ...]:
    """The same question for each of the periods that end now."""
    return tuple(
        PeriodLink(
            *names,
            question.for_period({"period": key}),
            question.period_query.get("period") == key,
        )
        for key, names in PERIOD_NAMES.items()
    )


def _notes(report: Report) -> tuple[str, ...]:
    if report.answers_from is None:
        return ()
    day = dates.full_day(date.fromisoformat(report.answers_from))
    return (
        f"Older hits have been pruned: with a filter or by the hour, the numbers begin on {day}.",
    )


def _chart(series: Series, *, is_running: bool) -> str:
    steps = series.steps
    lines = []
    if _has_before(series):
        lines += [
            Line("page views before", [step.pageviews_before or 0 for step in steps], "before"),
            Line("visitors before", [step.visitors_before or 0 for step in steps], "before"),
        ]
    lines += [
        Line("page views", [step.pageviews for step in steps], "views", filled=True),
        Line("visitors", [step.visitors for step in steps], "now", filled=True),
    ]
    title = f"Page views and visitors by {series.unit}. The same numbers are in the table below."
    # The last week of a chart ends with the period; it may be over but for an hour.
    is_running = is_running and series.unit != "week"
    return charts.line_chart([step.slot for step in steps], lines, title, is_running=is_running)


def _has_before(series: Series) -> bool:
    return any(step.pageviews_before or step.visitors_before for step in series.steps)


def _cards(report: Report, question: Question) -> dict[str, Card]:
    return {
        key: Card(key, title, tuple(listing(report, name, question, SHORT) for name in names))
        for key, (title, names) in CARDS.items()
    }


def _goal_row(goal: GoalResult, question: Question) -> GoalRow:
    active = ("goal", goal.name) in question.filters.pairs()
    return GoalRow(goal, question.query(goal=None if active else goal.name), active)

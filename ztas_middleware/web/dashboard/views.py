"""From answers to everything that a site's page says, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.days import local_time
from ztas_middleware.filters import PROPERTY
from ztas_middleware.reports.changes import largest_change
from ztas_middleware.reports.periods import Days, Hours
from ztas_middleware.web.dashboard import dates
from ztas_middleware.web.dashboard.comparing import Comparison, comparison_of
from ztas_middleware.web.dashboard.countries import country_name
from ztas_middleware.web.dashboard.drawing import Happening, chart_of, happenings_of
from ztas_middleware.web.dashboard.filtering import Chip, FilterForm, chips_of, filter_form
from ztas_middleware.web.dashboard.hours import Grid, grid_of
from ztas_middleware.web.dashboard.lists import CARDS, FACES, Listing, filter_link, listing
from ztas_middleware.web.dashboard.measures import Tile, tiles_of
from ztas_middleware.web.dashboard.names import site_name
from ztas_middleware.web.dashboard.neighbours import earlier, later, today_in
from ztas_middleware.web.dashboard.periods import MORE, PeriodLink, period_links
from ztas_middleware.web.dashboard.series import series_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ztas_middleware.config.model import Site
    from ztas_middleware.reports.agents import AgentReads
    from ztas_middleware.reports.answers import FunnelResult, GoalResult, Report
    from ztas_middleware.web.dashboard.journeys import JourneysView
    from ztas_middleware.web.dashboard.points import Points
    from ztas_middleware.web.dashboard.questions import Question
    from ztas_middleware.web.dashboard.series import Series
    from ztas_middleware.web.dashboard.tables import Table

A_WEEK = 7


class Answers(NamedTuple):
    """What a site's page is made of."""

    report: Report
    before: Report | None
    """On what it is held against; None where there is nothing, or it can't be told."""
    points: Points
    journeys: JourneysView | None
    agents: tuple[AgentReads, ...]
    """Who read pages without being a visitor."""
    lost: int
    """Hits that were dropped, whatever the filter."""
    table: Table | None
    """The one list that is asked for, at length."""


class Tab(NamedTuple):
    """A list that shares a card with others."""

    title: str
    href: str
    current: bool


class Card(NamedTuple):
    """Lists that share a place on the page, one of which is open."""

    key: str
    title: str
    tabs: tuple[Tab, ...]
    open: Listing | None
    """None where it is the properties."""
    properties: tuple[tuple[str, str], ...]
    """What each is called, and where its values are."""


class GoalRow(NamedTuple):
    """A goal with what it links to."""

    goal: GoalResult
    href: str | None
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """Everything on a site's page but what happens right now."""

    domain: str
    site_id: str
    dates: str
    """Of the period, in words."""
    timezone: str
    time: str
    """By the site's clock: the numbers are of then."""
    periods: tuple[PeriodLink, ...]
    more: tuple[PeriodLink, ...]
    earlier: str | None
    later: str | None
    first: str
    """ISO dates for the form."""
    last: str
    today: str
    is_custom: bool
    comparison: Comparison
    chips: tuple[Chip, ...]
    form: FilterForm
    clear: str
    problems: tuple[str, ...]
    notes: tuple[str, ...]
    tiles: tuple[Tile, ...]
    changed: str
    """What changed most, as a sentence; empty where nothing did."""
    series: Series
    units: tuple[Tab, ...]
    """How long the steps of the chart may be, where there is a choice."""
    chart: str
    """SVG."""
    happenings: tuple[Happening, ...]
    cards: dict[str, Card]
    goals: tuple[GoalRow, ...]
    funnels: tuple[FunnelResult, ...]
    grid: Grid | None
    answers: Answers
    is_empty: bool


LATE = 60_000
"""Milliseconds that machines may lag behind before it is said."""


def site_view(site: Site, answers: Answers, question: Question) -> SiteView:
    """The page of a site."""
    report, now = answers.report, question.asked.now
    first, last = date.fromisoformat(report.start[:10]), date.fromisoformat(report.end[:10])
    today = today_in(site.timezone, now)
    before_period, after_period = earlier(question.period, now), later(question.period, now)
    unit = question.asked.interval if "interval" in question.given else None
    series = series_of(answers.points, unit)
    comparison = comparison_of(report, question)
    is_hours = isinstance(question.period, Hours)
    is_running = is_hours or last == today
    return SiteView(
        domain=site_name(site),
        site_id=site.id,
        dates="Last 24 hours" if is_hours else dates.day_range(first, last),
        timezone=report.timezone,
        time=f"{local_time(now, site.timezone):%H:%M}" if is_running else "",
        periods=period_links(question),
        more=period_links(question, MORE),
        earlier=None if before_period is None else question.for_period(before_period),
        later=None if after_period is None else question.for_period(after_period),
        first=first.isoformat(),
        last=last.isoformat(),
        today=today.isoformat(),
        is_custom=question.period_name is None or question.period_name in MORE,
        comparison=comparison,
        chips=chips_of(question),
        form=filter_form(site, report.properties, question),
        clear=question.without_filters(),
        problems=question.problems,
        notes=tuple(_notes(report, now)),
        tiles=tiles_of(report.summary, comparison.summary, question),
        changed=_changed(answers, question, is_running=is_running),
        series=series,
        units=_units(question, series),
        chart=chart_of(series, site, last, is_running=is_running),
        happenings=happenings_of(site, first, last),
        cards={} if answers.table else _cards(report, question),
        goals=tuple(_goal_row(goal, question) for goal in report.goals),
        funnels=report.funnels,
        grid=grid_of(report),
        answers=answers,
        is_empty=not report.summary.sessions and not question.filters,
    )


def _notes(report: Report, now: int) -> Iterator[str]:
    if report.answers_from is not None:
        day = dates.full_day(date.fromisoformat(report.answers_from))
        pruned = "Older hits have been pruned: with a filter or by the hour, the numbers begin on"
        yield f"{pruned} {day}."
    if report.completeness is None:
        return
    until = report.completeness.until
    if not until:
        yield "Not every machine has said yet how far its hits have come."
    elif until < now - LATE:
        instant = dates.full_hour(report.completeness.shown(report.timezone))
        yield (
            f"The hits of all machines have come together up to {instant}; one that "
            "never returns can be retired: ztas cluster status."
        )


def _changed(answers: Answers, question: Question, *, is_running: bool) -> str:
    if answers.before is None or not answers.before.summary.unique_visitors:
        return ""
    period = question.period
    # A morning is not held against a whole day.
    if is_running and isinstance(period, Days) and period.length < A_WEEK:
        return ""
    found = largest_change(answers.report, answers.before)
    if found is None:
        return ""
    if found.list == "countries":
        found = found._replace(name=country_name(found.name))
    return str(found)


def _units(question: Question, series: Series) -> tuple[Tab, ...]:
    period = question.period
    is_sum = all(track.measure.is_sum for track in series.tracks)
    if not is_sum or not isinstance(period, Days) or period.length <= A_WEEK:
        return ()
    return tuple(
        Tab(unit, question.query({"interval": unit}), unit == series.unit)
        for unit in ("day", "week", "month")
    )


def _cards(report: Report, question: Question) -> dict[str, Card]:
    return {key: _card(key, report, question) for key in CARDS}


def _card(key: str, report: Report, question: Question) -> Card:
    title, names = CARDS[key]
    chosen = question.look.get("tab", "").split(",")
    shown = [name for name in names if _is_shown(name, report, chosen)]
    opened = next((name for name in shown if name in chosen), shown[0])
    others = [name for name in chosen if name and name not in names]
    tabs = tuple(
        Tab(
            FACES[name].title if name in FACES else "Properties",
            # The first one is open where none is named.
            question.query({"tab": ",".join(others + [name] * (name != names[0])) or None}),
            name == opened,
        )
        for name in shown
    )
    properties = tuple(
        (name, question.query({"list": f"{PROPERTY}{name}"})) for name in report.properties
    )
    opened_list = listing(report, opened, question) if opened in FACES else None
    return Card(key, title, tabs, opened_list, properties)


def _is_shown(name: str, report: Report, chosen: list[str]) -> bool:
    """Whether a list has a tab: those that most sites have nothing in have none without it."""
    if name in chosen or name not in ("routes", "regions", "cities", "properties"):
        return True
    return bool(report.properties if name == "properties" else report.lists[name])


def _goal_row(goal: GoalResult, question: Question) -> GoalRow:
    return GoalRow(goal, *filter_link({"goal": goal.name}, question))

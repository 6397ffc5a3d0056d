"""Answers as values, and the JSON they are outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from ztas_middleware.dimensions import LISTS, Counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config.model import Site
    from ztas_middleware.dimensions import List

Json = dict[str, Any]

COUNTED: Mapping[Counts, tuple[tuple[str, str], ...]] = {
    Counts.VIEWS: (("pageviews", "pageviews"), ("uniqueVisitors", "visitors")),
    Counts.ENDS: (("sessions", "sessions"),),
    Counts.ORIGINS: (
        ("pageviews", "pageviews"),
        ("uniqueVisitors", "visitors"),
        ("sessions", "sessions"),
    ),
    Counts.EVENTS: (("events", "events"), ("uniqueVisitors", "visitors"), ("value", "value")),
}
"""The numbers of an entry: what each is called outside, and the field it is in."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A period in six numbers."""

    pageviews: int = 0
    unique_visitors: int = 0
    sessions: int = 0
    bounce_rate: float = 0.0
    """Percent."""
    avg_session_duration: float = 0.0
    """Seconds."""
    avg_time_on_page: float = 0.0
    """Seconds."""

    def to_json(self) -> Json:
        """The summary as the JSON API gives it."""
        return {
            "pageviews": self.pageviews,
            "uniqueVisitors": self.unique_visitors,
            "sessions": self.sessions,
            "bounceRate": self.bounce_rate,
            "avgSessionDuration": self.avg_session_duration,
            "avgTimeOnPage": self.avg_time_on_page,
        }


@dataclass(frozen=True, slots=True)
class Point:
    """One hour, day, week or month of a period."""

    date: str
    """`2026-11-07T13:00+01:00` for an hour, `2026-11-07`, a week's Monday, `2026-11`."""
    pageviews: int = 0
    unique_visitors: int = 0

    def to_json(self) -> Json:
        """The point as the JSON API gives it."""
        return {
            "date": self.date,
            "pageviews": self.pageviews,
            "uniqueVisitors": self.unique_visitors,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list; what the list does not count is 0."""

    names: tuple[str | int | None, ...]
    """In the order of the list's keys."""
    pageviews: int = 0
    visitors: int = 0
    sessions: int | None = 0
    """None where some of the days were sealed before sessions were counted."""
    events: int = 0
    value: float = 0.0

    @property
    def name(self) -> str:
        """Its names in one line."""
        return " / ".join(str(name) for name in self.names if name is not None)

    def number(self, found: List) -> int:
        """What entries of this list are ordered by."""
        return int(getattr(self, found.counts.value[0]) or 0)

    def to_json(self, found: List) -> Json:
        """The entry of a list as the JSON API gives it."""
        numbers = COUNTED[found.counts]
        return {
            **dict(zip(found.keys, self.names, strict=True)),
            **{name: getattr(self, field) for name, field in numbers},
        }


@dataclass(frozen=True, slots=True)
class WeekHour:
    """An hour of a week, over all weeks of a period."""

    weekday: int
    """Monday is 1."""
    hour: int
    visitors: int

    def to_json(self) -> Json:
        """The hour as the JSON API gives it."""
        return {"weekday": self.weekday, "hour": self.hour, "uniqueVisitors": self.visitors}


@dataclass(frozen=True, slots=True)
class GoalResult:
    """How often a goal was reached."""

    name: str
    conversions: int
    unique_visitors: int
    conversion_rate: float
    """Percent of the period's visitors."""
    value: float

    def to_json(self) -> Json:
        """The result as the JSON API gives it."""
        return {
            "name": self.name,
            "conversions": self.conversions,
            "uniqueVisitors": self.unique_visitors,
            "conversionRate": self.conversion_rate,
            "value": self.value,
        }


@dataclass(frozen=True, slots=True)
class StepResult:
    """How many sessions got as far as a step."""

    name: str
    sessions: int
    rate: float
    """Percent of the first step's sessions."""

    def to_json(self) -> Json:
        """The step as the JSON API gives it."""
        return {"name": self.name, "sessions": self.sessions, "rate": self.rate}


@dataclass(frozen=True, slots=True)
class FunnelResult:
    """How far sessions got in a funnel."""

    name: str
    steps: tuple[StepResult, ...]

    def to_json(self) -> Json:
        """The funnel as the JSON API gives it."""
        return {"name": self.name, "steps": [step.to_json() for step in self.steps]}


class Completeness(NamedTuple):
    """How far the hits of all machines have come together."""

    until: int | None
    """All that were acknowledged until then are there, UTC milliseconds; None is unknown."""

    def shown(self, zone: str) -> str | None:
        """The instant as the API gives it, in a timezone."""
        if self.until is None:
            return None
        instant = datetime.fromtimestamp(self.until / 1000, ZoneInfo(zone))
        return instant.isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything about one site and period."""

    site_id: str
    domain: str
    start: str
    """The first day, or the first hour."""
    end: str
    """The last day, or the last hour."""
    timezone: str
    answers_from: str | None = None
    """The first day that a filtered report can still tell about, where earlier ones were pruned."""
    completeness: Completeness | None = None
    """Where hits come from several machines."""
    summary: Summary
    is_compared: bool = True
    """Whether there is a period that this one is held against."""
    previous: Summary | None = None
    """The period before; None where its hits were pruned and the filter can't be answered."""
    previous_so_far: Summary | None = None
    """The same up to the time of the day that it is now, where the period is not over."""
    timeseries: tuple[Point, ...]
    lists: Mapping[str, tuple[Entry, ...]]
    """By the names of `dimensions.LISTS`."""
    properties: tuple[str, ...] = ()
    """The names of properties there are."""
    week_hours: tuple[WeekHour, ...] = ()
    """Of Monday first, each of its 24 hours."""
    goals: tuple[GoalResult, ...] = ()
    funnels: tuple[FunnelResult, ...] = ()

    def to_json(self) -> Json:
        """The report as the JSON API gives it."""
        period: Json = {"start": self.start, "end": self.end, "timezone": self.timezone}
        if self.answers_from is not None:
            period["answersFrom"] = self.answers_from
        if self.completeness is not None:
            period["completeUntil"] = self.completeness.shown(self.timezone)
        compared = {"previous": self.previous, "previousSoFar": self.previous_so_far}
        return {
            "site": {"id": self.site_id, "domain": self.domain},
            "period": period,
            "summary": self.summary.to_json(),
            **{
                key: None if summary is None else summary.to_json()
                for key, summary in compared.items()
                if self.is_compared
            },
            "timeseries": [point.to_json() for point in self.timeseries],
            **{
                name: [entry.to_json(found) for entry in self.lists[name]]
                for name, found in LISTS.items()
            },
            "properties": list(self.properties),
            "weekHours": [hour.to_json() for hour in self.week_hours],
            "goals": [goal.to_json() for goal in self.goals],
            "funnels": [funnel.to_json() for funnel in self.funnels],
        }


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A report taken apart by the values of some keys together."""

    rows: tuple[Json, ...]
    """Each with its keys and metrics by the names they have outside."""
    total: int
    """How many rows there are in all."""
    answers_from: str | None = None
    """As in `Report`."""

    def to_json(self) -> Json:
        """The breakdown as the JSON API gives it."""
        found: Json = {"rows": list(self.rows), "total": self.total}
        if self.answers_from is not None:
            found["answersFrom"] = self.answers_from
        return found


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A path before or after another in some sessions."""

    path: str
    """`(entry)` and `(exit)` where there is none."""
    sessions: int

    def to_json(self) -> Json:
        """The neighbour as the JSON API gives it."""
        return {"path": self.path, "sessions": self.sessions}


@dataclass(frozen=True, slots=True)
class Journeys:
    """What comes directly before and after a page or an event in its session."""

    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]
    answers_from: str | None = None
    """As in `Report`."""

    def to_json(self) -> Json:
        """The journeys as the JSON API gives it."""
        found: Json = {
            "before": [found.to_json() for found in self.before],
            "after": [found.to_json() for found in self.after],
        }
        if self.answers_from is not None:
            found["answersFrom"] = self.answers_from
        return found


def display_name(site: Site) -> str:
    """The domain that a site is shown under."""
    return site.domains[0].name

"""Answers as values, and the JSON they are outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from ztas_middleware.dimensions import LISTS, Counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


class Part:
    """A part of an answer, which outside has the names of its fields in camel case."""

    __slots__: tuple[str, ...] = ()

    def to_json(self) -> Json:
        """As the JSON API gives it, without what is None."""
        values = ((name, getattr(self, field)) for field, name in _names(self.__slots__))
        return {name: _outside(value) for name, value in values if value is not None}


@cache
def _names(fields: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Fields, and what each is called outside."""
    return tuple((field, re.sub("_(.)", lambda found: found[1].upper(), field)) for field in fields)


def _outside(value: Any) -> Any:  # noqa: ANN401 - whatever fields have
    if isinstance(value, tuple):
        return [_outside(one) for one in value]
    return value.to_json() if isinstance(value, Part) else value


@dataclass(frozen=True, slots=True)
class Summary(Part):
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


@dataclass(frozen=True, slots=True)
class Point(Part):
    """One hour, day, week or month of a period."""

    date: str
    """`2026-11-07T13:00+01:00` for an hour, `2026-11-07`, a week's Monday, `2026-11`."""
    pageviews: int = 0
    unique_visitors: int = 0


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


def lists_to_json(lists: Mapping[str, Iterable[Entry]]) -> Json:
    """Lists by their names in the order of the answer, as the JSON API gives them."""
    return {
        name: [entry.to_json(found) for entry in lists[name]]
        for name, found in LISTS.items()
        if name in lists
    }


@dataclass(frozen=True, slots=True)
class WeekHour(Part):
    """An hour of a week, over all weeks of a period."""

    weekday: int
    """Monday is 1."""
    hour: int
    unique_visitors: int


@dataclass(frozen=True, slots=True)
class GoalResult(Part):
    """How often a goal was reached."""

    name: str
    conversions: int
    unique_visitors: int
    conversion_rate: float
    """Percent of the period's visitors."""
    value: float


@dataclass(frozen=True, slots=True)
class StepResult(Part):
    """How many sessions got as far as a step."""

    name: str
    sessions: int
    rate: float
    """Percent of the first step's sessions."""


@dataclass(frozen=True, slots=True)
class FunnelResult(Part):
    """How far sessions got in a funnel."""

    name: str
    steps: tuple[StepResult, ...]


class Completeness(NamedTuple):
    """How far the hits of all machines have come together."""

    until: int
    """All that were acknowledged until then are there, UTC milliseconds; 0 is unknown."""

    def shown(self, zone: str) -> str:
        """The instant as the API gives it, in a timezone."""
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
            **{key: _outside(summary) for key, summary in compared.items() if self.is_compared},
            "timeseries": _outside(self.timeseries),
            **lists_to_json(self.lists),
            "properties": list(self.properties),
            "weekHours": _outside(self.week_hours),
            "goals": _outside(self.goals),
            "funnels": _outside(self.funnels),
        }


@dataclass(frozen=True, slots=True)
class Breakdown(Part):
    """A report taken apart by the values of some keys together."""

    rows: tuple[Json, ...]
    """Each with its keys and metrics by the names they have outside."""
    total: int
    """How many rows there are in all."""
    answers_from: str | None = None
    """As in `Report`."""


@dataclass(frozen=True, slots=True)
class Neighbour(Part):
    """A path before or after another in some sessions."""

    path: str
    """`(entry)` and `(exit)` where there is none."""
    sessions: int


@dataclass(frozen=True, slots=True)
class Journeys(Part):
    """What comes directly before and after a page or an event in its session."""

    before: tuple[Neighbour, ...]
    after: tuple[Neighbour, ...]
    answers_from: str | None = None
    """As in `Report`."""


def display_name(site: Site) -> str:
    """The domain that a site is shown under."""
    return site.domains[0].name

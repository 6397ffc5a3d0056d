"""A report as a value, and the JSON it is outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ztas_middleware.reports.lists import SHAPES
from ztas_middleware.reports.rounding import mean, percent, units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ztas_middleware.config.goals import Funnel
    from ztas_middleware.config.model import Site
    from ztas_middleware.reports.lists import Entry
    from ztas_middleware.store.tallies import Count, Dimension, Totals


@dataclass(frozen=True, slots=True)
class Summary:
    """A period in six numbers."""

    pageviews: int
    unique_visitors: int
    sessions: int
    bounce_rate: float
    """Percent."""
    avg_session_duration: float
    """Seconds."""
    avg_time_on_page: float
    """Seconds."""

    @classmethod
    def of(cls, totals: Totals) -> Summary:
        """The summary that these totals amount to."""
        return cls(
            totals.pageviews,
            totals.visitors,
            totals.sessions,
            percent(totals.bounces, totals.viewing_sessions),
            mean(totals.session_time, totals.sessions),
            mean(totals.page_time, totals.page_times),
        )

    def to_json(self) -> dict[str, int | float]:
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
    """One day or hour of a period."""

    date: str
    """`2026-11-07`, or `2026-11-07T13:00+01:00` for an hour."""
    pageviews: int
    unique_visitors: int

    def to_json(self) -> dict[str, str | int]:
        """The point as the JSON API gives it."""
        return {
            "date": self.date,
            "pageviews": self.pageviews,
            "uniqueVisitors": self.unique_visitors,
        }


@dataclass(frozen=True, slots=True)
class GoalResult:
    """How often a goal was reached."""

    name: str
    conversions: int
    unique_visitors: int
    conversion_rate: float
    """Percent of the period's visitors."""
    value: float

    @classmethod
    def of(cls, name: str, count: Count, visitors: int) -> GoalResult:
        """A goal's result among so many visitors."""
        rate = percent(count.visitors, visitors)
        return cls(name, count.number, count.visitors, rate, units(count.amount))

    def to_json(self) -> dict[str, str | int | float]:
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

    def to_json(self) -> dict[str, str | int | float]:
        """The step as the JSON API gives it."""
        return {"name": self.name, "sessions": self.sessions, "rate": self.rate}


@dataclass(frozen=True, slots=True)
class FunnelResult:
    """How far sessions got in a funnel."""

    name: str
    steps: tuple[StepResult, ...]

    @classmethod
    def of(cls, funnel: Funnel, reached: Sequence[int]) -> FunnelResult:
        """A funnel's result from the sessions that reached each step."""
        return cls(
            funnel.name,
            tuple(
                StepResult(step.name, sessions, percent(sessions, reached[0]))
                for step, sessions in zip(funnel.steps, reached, strict=True)
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """The funnel as the JSON API gives it."""
        return {"name": self.name, "steps": [step.to_json() for step in self.steps]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything about one site and period."""

    site_id: str
    domain: str
    start: str
    """The first point's date."""
    end: str
    """The last point's date."""
    timezone: str
    answers_from: str | None
    """The first day that a filtered report can still tell about, where earlier ones were pruned."""
    summary: Summary
    previous: Summary | None
    """The period before; None where its hits were pruned and the filter can't be answered."""
    timeseries: tuple[Point, ...]
    lists: Mapping[Dimension, tuple[Entry, ...]]
    goals: tuple[GoalResult, ...]
    funnels: tuple[FunnelResult, ...]

    def to_json(self) -> dict[str, Any]:
        """The report as the JSON API gives it."""
        period = {"start": self.start, "end": self.end, "timezone": self.timezone}
        if self.answers_from is not None:
            period["answersFrom"] = self.answers_from
        return {
            "site": {"id": self.site_id, "domain": self.domain},
            "period": period,
            "summary": self.summary.to_json(),
            "previous": None if self.previous is None else self.previous.to_json(),
            "timeseries": [point.to_json() for point in self.timeseries],
            **{
                shape.key: [entry.to_json(shape) for entry in self.lists[dimension]]
                for dimension, shape in SHAPES.items()
            },
            "goals": [goal.to_json() for goal in self.goals],
            "funnels": [funnel.to_json() for funnel in self.funnels],
        }


def display_name(site: Site) -> str:
    """The domain that a site is shown under."""
    return site.domains[0].name

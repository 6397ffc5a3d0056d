"""What is going on right now: the last half hour of a site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.days import local_time
from ztas_middleware.history.clock import date_at
from ztas_middleware.reports.answers import Part, lists_to_json
from ztas_middleware.reports.conditions import Bound, keeps
from ztas_middleware.reports.counted import count_lists, pick
from ztas_middleware.reports.numbers import lists_of
from ztas_middleware.reports.selected import Selected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ztas_middleware.history.asked import Asked
    from ztas_middleware.reports.answers import Entry, Json
    from ztas_middleware.reports.questions import RealtimeQuestion

MINUTE = 60_000
ACTIVE = 5 * MINUTE
MINUTES = 30

LISTED = ("pages", "sources")


def start_of(now: int) -> int:
    """The first instant that is looked at: the beginning of a minute."""
    return now - now % MINUTE - (MINUTES - 1) * MINUTE


@dataclass(frozen=True, slots=True)
class Minute(Part):
    """One of the last 30 minutes."""

    minute: str
    """`14:28`, by the site's clock."""
    visitors: int
    """Distinct ones with any hit."""


@dataclass(frozen=True, slots=True)
class View(Part):
    """A page view."""

    time: str
    """`2026-11-07T14:28:05+01:00`, by the site's clock."""
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Realtime:
    """A site right now."""

    active_visitors: int
    """Distinct ones with any hit in the last five minutes."""
    pageviews_last_5_min: int
    lists: Mapping[str, tuple[Entry, ...]]
    """Pages and sources of the last five minutes, as in a report."""
    visitors_per_minute: tuple[Minute, ...]
    """Thirty of them, the running one last."""
    recent: tuple[View, ...]
    """Latest first, none older than half an hour."""

    def to_json(self) -> Json:
        """The answer of the JSON API."""
        return {
            "activeVisitors": self.active_visitors,
            "pageviewsLast5Min": self.pageviews_last_5_min,
            **lists_to_json(self.lists),
            "visitorsPerMinute": [minute.to_json() for minute in self.visitors_per_minute],
            "recent": [view.to_json() for view in self.recent],
        }


class _Row(NamedTuple):
    time: int
    type: str
    path: str
    visitor: str


def realtime_of(asked: Asked, question: RealtimeQuestion) -> Realtime:
    """Answer a question about the days that the history was asked for."""
    now, limit, zone = question.now, question.limit, question.site.timezone
    cursor, active_since = asked.cursor, now - ACTIVE
    picked = _pick(asked, question)
    rows = [
        _Row(*row)
        for row in cursor.execute(
            f"select time, type, path, visitor from {picked} order by time desc, id desc"
        ).fetchall()
    ]
    active = [row for row in rows if row.time >= active_since]
    views = [row for row in rows if row.type == "pageview"]
    minutes: defaultdict[int, set[str]] = defaultdict(set)
    for row in rows:
        minutes[row.time - row.time % MINUTE].add(row.visitor)
    lately = f"(select * from {picked} where time >= {active_since})"
    totals = count_lists(cursor, lately, date_at(now, zone), LISTED)
    return Realtime(
        active_visitors=_people(row.visitor for row in active),
        pageviews_last_5_min=sum(row.type == "pageview" for row in active),
        lists=lists_of(totals, LISTED, limit, 0),
        visitors_per_minute=tuple(
            Minute(f"{local_time(start, zone):%H:%M}", _people(minutes.get(start, ())))
            for start in range(start_of(now), now + 1, MINUTE)
        ),
        recent=tuple(
            View(local_time(row.time, zone).isoformat(timespec="seconds"), row.path)
            for row in views[:limit]
        ),
    )


def _pick(asked: Asked, question: RealtimeQuestion) -> str:
    """The relation of the rows of the last half hour; their sessions are whole."""
    bound = Bound()
    stretch = f"time between {bound.name(start_of(question.now))} and {bound.name(question.now)}"
    kept = keeps(question.filters, question.site, bound)
    rows = f"(select * from {asked.rows} where {stretch} and {kept})"
    return pick(Selected(asked.cursor, rows, rows, bound.values, bound.values)).kept


def _people(visitors: Iterable[str]) -> int:
    return len(set(visitors) - {""})

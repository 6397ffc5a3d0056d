"""What is going on right now: the last half hour of a site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.dimensions import LISTS
from ztas_middleware.reports.answers import Entry
from ztas_middleware.reports.conditions import Bound, keeps
from ztas_middleware.reports.periods import local_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.dimensions import List
    from ztas_middleware.history.asking import Asked
    from ztas_middleware.reports.answers import Json
    from ztas_middleware.reports.questions import RealtimeQuestion

MINUTE = 60_000
ACTIVE = 5 * MINUTE
MINUTES = 30


def start_of(now: int) -> int:
    """The first instant that is looked at: the beginning of a minute."""
    return now - now % MINUTE - (MINUTES - 1) * MINUTE


@dataclass(frozen=True, slots=True)
class Minute:
    """One of the last 30 minutes."""

    label: str
    """`14:28`, by the site's clock."""
    visitors: int
    """Distinct ones with any hit."""

    def to_json(self) -> Json:
        """The minute as the JSON API gives it."""
        return {"minute": self.label, "visitors": self.visitors}


@dataclass(frozen=True, slots=True)
class View:
    """A page view."""

    time: str
    """`2026-11-07T14:28:05+01:00`, by the site's clock."""
    path: str

    def to_json(self) -> Json:
        """The page view as the JSON API gives it."""
        return {"time": self.time, "path": self.path}


@dataclass(frozen=True, slots=True, kw_only=True)
class Realtime:
    """A site right now."""

    active_visitors: int
    """Distinct ones with any hit in the last five minutes."""
    pageviews_last_5_min: int
    pages: tuple[Entry, ...]
    """Of the last five minutes, as in a report."""
    sources: tuple[Entry, ...]
    """Of the last five minutes, as in a report."""
    visitors_per_minute: tuple[Minute, ...]
    """Thirty of them, the running one last."""
    recent: tuple[View, ...]
    """Latest first, none older than half an hour."""

    def to_json(self) -> Json:
        """The answer of the JSON API."""
        return {
            "activeVisitors": self.active_visitors,
            "pageviewsLast5Min": self.pageviews_last_5_min,
            "pages": [entry.to_json(LISTS["pages"]) for entry in self.pages],
            "sources": [entry.to_json(LISTS["sources"]) for entry in self.sources],
            "visitorsPerMinute": [minute.to_json() for minute in self.visitors_per_minute],
            "recent": [view.to_json() for view in self.recent],
        }


class _Row(NamedTuple):
    time: int
    type: str
    path: str
    source: str | None
    visitor: str
    session: tuple[object, ...] | None
    """None for a row whose session does not count."""


def realtime_of(asked: Asked, question: RealtimeQuestion) -> Realtime:
    """Answer a question about the days that the history was asked for."""
    now, limit, zone = question.now, question.limit, question.site.timezone
    rows = _rows(asked, question)
    active = [row for row in rows if row.time >= now - ACTIVE]
    views = [row for row in active if row.type == "pageview"]
    minutes: defaultdict[int, set[str]] = defaultdict(set)
    for row in rows:
        minutes[row.time - row.time % MINUTE].add(row.visitor)
    starts = range(start_of(now), now + 1, MINUTE)
    recent = [row for row in rows if row.type == "pageview"][:limit]
    return Realtime(
        active_visitors=_people(row.visitor for row in active),
        pageviews_last_5_min=len(views),
        pages=_listed(((row.path, row) for row in views), LISTS["pages"], limit),
        sources=_listed(
            ((row.source, row) for row in active if row.session and row.source),
            LISTS["sources"],
            limit,
        ),
        visitors_per_minute=tuple(
            Minute(f"{local_time(start, zone):%H:%M}", _people(minutes.get(start, ())))
            for start in starts
        ),
        recent=tuple(
            View(local_time(row.time, zone).isoformat(timespec="seconds"), row.path)
            for row in recent
        ),
    )


def _rows(asked: Asked, question: RealtimeQuestion) -> list[_Row]:
    bound = Bound()
    since, until = bound.name(start_of(question.now)), bound.name(question.now)
    kept = keeps(question.filters, question.site, bound)
    found = asked.cursor.execute(
        f"""
        select time, type, path, source, visitor, if(session_counts, (day, session), null)
        from {asked.rows} where time between {since} and {until} and {kept}
        order by time desc, id desc
        """,
        bound.values,
    ).fetchall()
    return [_Row(*row) for row in found]


@dataclass(slots=True)
class _Group:
    views: int = 0
    visitors: set[str] = field(default_factory=set)
    sessions: set[object] = field(default_factory=set)


def _listed(
    pairs: Iterable[tuple[str | None, _Row]], listed: List, limit: int
) -> tuple[Entry, ...]:
    groups: defaultdict[str | None, _Group] = defaultdict(_Group)
    for name, row in pairs:
        group = groups[name]
        group.views += row.type == "pageview"
        group.sessions.add(row.session)
        if row.type in {"pageview", "event"}:
            group.visitors.add(row.visitor)
    entries = [
        Entry((name,), group.views, _people(group.visitors), len(group.sessions))
        for name, group in groups.items()
    ]
    entries.sort(key=lambda entry: (-entry.number(listed), entry.names[0] or ""))
    return tuple(entries[:limit])


def _people(visitors: Iterable[str]) -> int:
    return len(set(visitors) - {""})

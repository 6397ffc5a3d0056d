"""What is going on right now: the last half hour of a site, from its hits."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from ztas_middleware.store.ranges import STRETCH

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.ranges import SiteHits

MINUTE = 60_000
ACTIVE = 5 * MINUTE
MINUTES = 30

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Seen:
    """A path or source of the last five minutes."""

    name: str
    pageviews: int
    visitors: int

    def to_json(self, key: str) -> dict[str, str | int]:
        """The entry as the JSON API gives it."""
        return {key: self.name, "pageviews": self.pageviews, "uniqueVisitors": self.visitors}


@dataclass(frozen=True, slots=True)
class Minute:
    """One of the last 30 minutes."""

    label: str
    """`14:28`, by the site's clock."""
    visitors: int
    """Distinct ones with any hit."""

    def to_json(self) -> dict[str, str | int]:
        """The minute as the JSON API gives it."""
        return {"minute": self.label, "visitors": self.visitors}


@dataclass(frozen=True, slots=True)
class View:
    """A page view."""

    time: str
    """`2026-11-07T14:28:05+01:00`, by the site's clock."""
    path: str

    def to_json(self) -> dict[str, str]:
        """The page view as the JSON API gives it."""
        return {"time": self.time, "path": self.path}


@dataclass(frozen=True, slots=True, kw_only=True)
class Realtime:
    """A site right now."""

    active_visitors: int
    """Distinct ones with any hit in the last five minutes."""
    pageviews_last_5_min: int
    pages: tuple[Seen, ...]
    """Of the last five minutes."""
    sources: tuple[Seen, ...]
    """Of the last five minutes."""
    visitors_per_minute: tuple[Minute, ...]
    """Thirty of them, the running one last."""
    recent: tuple[View, ...]
    """Latest first, none older than half an hour."""

    def to_json(self) -> dict[str, Any]:
        """The answer of the JSON API."""
        return {
            "activeVisitors": self.active_visitors,
            "pageviewsLast5Min": self.pageviews_last_5_min,
            "pages": [page.to_json("path") for page in self.pages],
            "sources": [source.to_json("source") for source in self.sources],
            "visitorsPerMinute": [minute.to_json() for minute in self.visitors_per_minute],
            "recent": [view.to_json() for view in self.recent],
        }


def realtime(hits: SiteHits, rules: Rules, limit: int, now: int) -> Realtime:
    """A site right now.

    Args:
        hits: the site's.
        rules: the site's.
        limit: how long a list may be.
        now: UTC milliseconds; hits that claim to be later are left out.
    """
    active: set[str] = set()
    views: list[tuple[str, str, str]] = []
    minutes: defaultdict[int, set[str]] = defaultdict(set)
    recent: list[View] = []
    running = now - now % MINUTE
    for time, kind, path, referrer, utm_source, visitor in hits.connection.execute(
        f"""
        select time, type, path, referrer, utm_source, visitor from {STRETCH}
        order by time desc, id desc
        """,
        hits.bind(running - (MINUTES - 1) * MINUTE, now + 1),
    ):
        minutes[time - time % MINUTE].add(visitor)
        is_active = time >= now - ACTIVE
        if is_active:
            active.add(visitor)
        if kind == "pageview":
            if is_active:
                views.append((path, rules.referrers.source(referrer, utm_source), visitor))
            if len(recent) < limit:
                recent.append(View(_local(time, rules.zone).isoformat(timespec="seconds"), path))
    starts = range(running - (MINUTES - 1) * MINUTE, running + 1, MINUTE)
    return Realtime(
        active_visitors=len(active),
        pageviews_last_5_min=len(views),
        pages=_seen(((path, visitor) for path, _, visitor in views), limit),
        sources=_seen(((source, visitor) for _, source, visitor in views), limit),
        visitors_per_minute=tuple(
            Minute(f"{_local(start, rules.zone):%H:%M}", len(minutes.get(start, ())))
            for start in starts
        ),
        recent=tuple(recent),
    )


def _seen(views: Iterable[tuple[str, str]], limit: int) -> tuple[Seen, ...]:
    pairs = list(views)
    numbers = Counter(name for name, _ in pairs)
    visitors = Counter(name for name, _ in set(pairs))
    entries = [Seen(name, number, visitors[name]) for name, number in numbers.items()]
    return tuple(sorted(entries, key=lambda entry: (-entry.pageviews, entry.name))[:limit])


def _local(instant: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=instant)).astimezone(zone)

"""Page views, events and their distinct visitors: from hits to a tally.

Hits come ordered by visitor, so that only one visitor's distinct values are held at a time, and
memory follows the number of distinct values, not of hits. Sessions are counted elsewhere.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ztas_middleware.reports.goals import Matcher
from ztas_middleware.reports.occurrences import Combinations, Occurrences
from ztas_middleware.store.tallies import Count, Dimension, Tally, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ztas_middleware.config.goals import Goal
    from ztas_middleware.reports.referrers import Referrers
    from ztas_middleware.store.tallies import List

HOUR = 3_600_000
"""Milliseconds."""

COLUMNS = (
    "visitor, type, time, path, action, category, label, value, "
    "referrer, utm_source, utm_medium, utm_campaign, browser, os, device, country"
)
"""What is looked at of each hit, in this order."""

COUNTED = ("pageview", "event")
"""The types that are looked at; the others only tell how long a visit is."""

_MATCHED, _ORIGIN, _AGENT = slice(3, 7), slice(8, 12), slice(12, 16)
_ORIGINS = (Dimension.REFERRER, Dimension.SOURCE, Dimension.CAMPAIGN)
_AGENTS = (Dimension.BROWSER, Dimension.OS, Dimension.DEVICE, Dimension.COUNTRY)

_REMEMBERED = 10_000
"""Combinations of path, action, category and label whose goals are remembered."""


def as_text(values: Iterable[str | None]) -> str:
    """Several columns as one text, for a list whose entries have more than one name."""
    return json.dumps(list(values), ensure_ascii=False)


def from_text(text: str) -> list[str | None]:
    """What `as_text` was given."""
    values: list[str | None] = json.loads(text)
    return values


class HitCounter:
    """Counts the page views and events of one day, or of a part of it.

    Args:
        referrers: the site's view of referrers.
        goals: the site's goals.
        phase: milliseconds past an hour of UTC at which the site's hours begin; None if the
            hours are not wanted.
    """

    def __init__(
        self, referrers: Referrers, goals: Sequence[Goal], *, phase: int | None = None
    ) -> None:
        self._goals = [(goal.name, Matcher(goal.match)) for goal in goals]
        self._goals_of: dict[tuple[str | None, ...], list[str]] = {}
        self._phase = phase
        self._hour_views: defaultdict[int, int] = defaultdict(int)
        self._pages, self._events, self._conversions, self._hours = self._single = (
            Occurrences(),
            Occurrences(),
            Occurrences(),
            Occurrences(),
        )
        self._origins = Combinations(
            {
                Dimension.REFERRER: lambda origin: referrers.host(origin[0]),
                Dimension.SOURCE: lambda origin: referrers.source(origin[0], origin[1]),
                Dimension.CAMPAIGN: lambda origin: as_text(origin[1:]) if any(origin[1:]) else None,
            }
        )
        self._agents = Combinations(
            {
                Dimension.BROWSER: lambda agent: agent[0],
                Dimension.OS: lambda agent: agent[1],
                Dimension.DEVICE: lambda agent: agent[2],
                Dimension.COUNTRY: lambda agent: agent[3],
            }
        )

    def count(self, rows: Iterable[tuple[Any, ...]]) -> Tally:
        """The tally of page views and events with `COLUMNS`, each visitor's together."""
        pages, origins, agents = self._pages, self._origins, self._agents
        visitor = None
        visitors = pageviews = 0
        for row in rows:
            if row[0] != visitor:
                visitor = row[0]
                visitors += 1
                self._next_visitor()
            is_view = row[1] == "pageview"
            if is_view:
                pageviews += 1
                path, origin, agent = row[3], row[_ORIGIN], row[_AGENT]
                pages.numbers[path] += 1
                pages.here.add(path)
                origins.numbers[origin] += 1
                origins.here.add(origin)
                agents.numbers[agent] += 1
                agents.here.add(agent)
            else:
                self._events.add(row[4:6], row[7])
            if self._goals:
                self._note_goals(row)
            if self._phase is not None:
                self._note_hour(row[2], self._phase, is_view)
        self._next_visitor()
        return self._tally(Totals(pageviews=pageviews, visitors=visitors))

    def _note_goals(self, row: tuple[Any, ...]) -> None:
        key = (row[1], *row[_MATCHED])
        names = self._goals_of.get(key)
        if names is None:
            if len(self._goals_of) >= _REMEMBERED:
                self._goals_of.clear()
            names = self._goals_of[key] = [
                name for name, matcher in self._goals if matcher.matches(*key)
            ]
        for name in names:
            self._conversions.add(name, row[7])

    def _note_hour(self, time: int, phase: int, is_view: bool) -> None:
        hour = time - (time - phase) % HOUR
        self._hour_views[hour] += is_view
        self._hours.here.add(hour)

    def _next_visitor(self) -> None:
        for occurrences in self._single:
            if occurrences.here:
                occurrences.next_visitor()
        if self._origins.here:
            self._origins.next_visitor()
            self._agents.next_visitor()

    def _tally(self, totals: Totals) -> Tally:
        events = self._events.counts()
        lists: dict[Dimension, List] = {
            Dimension.PAGE: self._pages.counts(),
            Dimension.EVENT: {as_text(key): count for key, count in events.items()},
            **{dimension: self._origins.counts(dimension) for dimension in _ORIGINS},
            **{dimension: self._agents.counts(dimension) for dimension in _AGENTS},
        }
        points = {
            hour: Count(self._hour_views[hour], count.visitors)
            for hour, count in self._hours.counts().items()
        }
        return Tally(totals, lists, self._conversions.counts(), points=points)

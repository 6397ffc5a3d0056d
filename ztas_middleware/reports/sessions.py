"""Sessions: which hits belong together, and what the visit amounts to.

Hits come ordered by session, time and id, so that one session is held at a time, and of it only
what the numbers need. A session that has neither a page view nor an event does not count, nor
does one of which a filter keeps no hit.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from ztas_middleware.reports.goals import Matcher
from ztas_middleware.reports.occurrences import millionths
from ztas_middleware.store.tallies import Count, Dimension, Tally, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ztas_middleware.config.goals import Funnel

GAP = 30 * 60 * 1000
"""Milliseconds without a hit after which a visitor's next hit begins a new session."""

COLUMNS = (
    "session_id, case when session_id is null then visitor end as owner, time, type, path, "
    "action, category, label, time_on_page, is_bounce"
)
"""What is looked at of each hit, in this order, and behind them whether the hit is kept."""

ORDER = "session_id, owner, time, id"

_MATCHED = slice(3, 8)


class _Session:
    """The session whose hits go by."""

    __slots__ = (
        "engaged",
        "entry",
        "exit",
        "first",
        "has_event",
        "kept",
        "kept_times",
        "last",
        "steps",
        "times",
        "views",
    )

    def __init__(self, first: int, funnels: int) -> None:
        self.first = self.last = first
        self.views = 0
        self.has_event = self.engaged = self.kept = False
        self.entry: str | None = None
        self.exit: str | None = None
        self.times: dict[str, float] = {}
        """The largest time on page, by path."""
        self.kept_times: dict[str, float] = {}
        """The same, of the hits that a filter keeps."""
        self.steps = [0] * funnels
        """How many steps of each funnel were taken."""

    def add(self, row: tuple[Any, ...]) -> None:
        """Note the next hit."""
        _, _, self.last, kind, path, _, _, _, seconds, is_bounce, kept = row
        if kind == "pageview":
            self.views += 1
            self.exit = path
            if self.entry is None:
                self.entry = path
        elif kind == "event":
            self.has_event = True
        elif kind == "engagement" and is_bounce == 0:
            self.engaged = True
        if seconds is not None and seconds > self.times.get(path, -1.0):
            self.times[path] = seconds
        if kept:
            self.kept = True
            if seconds is not None and seconds > self.kept_times.get(path, -1.0):
                self.kept_times[path] = seconds


class SessionCounter:
    """Counts the sessions of one day, or of a part of it.

    Args:
        funnels: the site's funnels.
    """

    def __init__(self, funnels: Sequence[Funnel]) -> None:
        self._names = [funnel.name for funnel in funnels]
        self._steps = [[Matcher(step.match) for step in funnel.steps] for funnel in funnels]
        self._reached = [[0] * len(steps) for steps in self._steps]
        self._entries: defaultdict[str, int] = defaultdict(int)
        self._exits: defaultdict[str, int] = defaultdict(int)
        self._sessions = self._viewing = self._bounces = 0
        self._session_time = self._page_times = self._page_time = 0

    def count(self, rows: Iterable[tuple[Any, ...]]) -> Tally:
        """The tally of hits with `COLUMNS` and whether they are kept, in `ORDER`."""
        session: _Session | None = None
        key: tuple[str | None, str | None] = (None, None)
        hits = 0
        for row in rows:
            time = row[2]
            if session is None or row[:2] != key or (row[0] is None and time - session.last > GAP):
                if session is not None:
                    self._finish(session)
                session = _Session(time, len(self._steps))
                key = row[:2]
            hits += 1
            session.add(row)
            if self._steps:
                self._note_steps(session, row)
        if session is not None:
            self._finish(session)
        return self._tally(hits)

    def _note_steps(self, session: _Session, row: tuple[Any, ...]) -> None:
        for number, steps in enumerate(self._steps):
            taken = session.steps[number]
            if taken < len(steps) and steps[taken].matches(*row[_MATCHED]):
                session.steps[number] += 1

    def _finish(self, session: _Session) -> None:
        if not session.kept or not (session.views or session.has_event):
            return
        self._sessions += 1
        if session.entry is not None and session.exit is not None:
            self._viewing += 1
            self._bounces += session.views == 1 and not session.has_event and not session.engaged
            self._entries[session.entry] += 1
            self._exits[session.exit] += 1
        length = (session.last - session.first) * 1000
        if session.times:
            length = max(length, sum(map(millionths, session.times.values())))
            self._page_times += len(session.kept_times)
            self._page_time += sum(map(millionths, session.kept_times.values()))
        self._session_time += length
        for reached, taken in zip(self._reached, session.steps, strict=True):
            for step in range(taken):
                reached[step] += 1

    def _tally(self, hits: int) -> Tally:
        totals = Totals(
            hits=hits,
            sessions=self._sessions,
            viewing_sessions=self._viewing,
            bounces=self._bounces,
            session_time=self._session_time,
            page_times=self._page_times,
            page_time=self._page_time,
        )
        lists = {
            Dimension.ENTRY: {path: Count(number) for path, number in self._entries.items()},
            Dimension.EXIT: {path: Count(number) for path, number in self._exits.items()},
        }
        funnels = {
            name: tuple(reached) for name, reached in zip(self._names, self._reached, strict=True)
        }
        return Tally(totals, lists, funnels=funnels)

"""The running day: counted once, then brought up to date with what has come since.

A new hit changes the numbers of its visitor and session only. So instead of counting the day
again, their hits up to now are counted twice, once without the new ones to be taken away, and
once with them. What is remembered are the tallies, never a visitor.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.reports import counting, sessions
from ztas_middleware.reports.recall import Recall
from ztas_middleware.reports.stretches import count_rows, tally
from ztas_middleware.store.ranges import STRETCH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.days import Day
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.ranges import SiteHits, State
    from ztas_middleware.store.tallies import Tally

REMEMBERED = 200_000
"""Counted values that may be remembered in all; some 40 MB."""


class _Known(NamedTuple):
    state: State
    tally: Tally


class Running:
    """Tallies of stretches that are asked for again and again. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: Recall[_Known] = Recall(
            REMEMBERED, lambda known: sum(map(len, known.tally.lists.values()))
        )

    def tally(
        self,
        hits: SiteHits,
        rules: Rules,
        stretch: Day,
        *,
        phase: int | None = None,
        run: int | None = None,
    ) -> Tally:
        """What `stretches.tally` counts, without counting everything each time.

        `run` is that of the day, if it was rolled up and has got no hits since.
        """
        key = (rules.site_id, rules.mark, rules.goals_mark, stretch, phase, run)
        known = self._known.get(key)
        if known is not None and run is not None:
            return known.tally
        state = hits.state
        is_same = known is not None and known.state.changes == state.changes
        if known is not None and is_same and known.state.newest == state.newest:
            return known.tally
        # Another thread may have read a later state of the database.
        if known is not None and is_same and known.state.newest < state.newest:
            counted = _catch_up(hits, rules, stretch, known, phase)
        else:
            counted = tally(hits, rules, stretch, phase=phase)
        return self._known.put(key, _Known(state, counted)).tally


_HIT = slice(0, 16)
_VISIT = slice(16, 27)


def _catch_up(
    hits: SiteHits, rules: Rules, stretch: Day, known: _Known, phase: int | None
) -> Tally:
    """The tally of a stretch that may have got new hits."""
    connection = hits.connection
    news = connection.execute(
        f"select visitor, session_id from {STRETCH}",
        hits.bind(stretch.start, stretch.end, after=known.state.newest),
    ).fetchall()
    if not news:
        return known.tally
    visitors = {visitor for visitor, _ in news}
    session_ids = {session_id for _, session_id in news if session_id is not None}
    touched = {"visitors": json.dumps(list(visitors)), "sessions": json.dumps(list(session_ids))}
    rows = connection.execute(
        f"""
        select {counting.COLUMNS}, {sessions.COLUMNS}, 1, id from {STRETCH} and (
            visitor in (select value from json_each(:visitors))
            or session_id in (select value from json_each(:sessions))
        )
        """,
        hits.bind(stretch.start, stretch.end) | touched,
    ).fetchall()
    views = [row for row in rows if row[0] in visitors and row[1] in counting.COUNTED]
    visits = [
        row for row in rows if (row[0] in visitors if row[16] is None else row[16] in session_ids)
    ]
    views.sort(key=itemgetter(0))
    visits.sort(key=_by_session)

    def count(newest: int) -> Tally:
        return count_rows(
            rules,
            [row[_HIT] for row in views if row[-1] <= newest],
            [row[_VISIT] for row in visits if row[-1] <= newest],
            phase,
        )

    return known.tally.minus(count(known.state.newest)).plus(count(2**63))


def _by_session(row: Sequence[Any]) -> tuple[Any, ...]:
    session_id, owner, time = row[16:19]
    return session_id or "", owner or "", time, row[-1]

"""Where a site's hits are: spans of ids for each quarter of an hour, found by looking at them.

`hits` has no index but its ids: every hit would pay for one. Hits come nearly in the order of time,
so that those of a stretch have ids beside each other, but for other sites' between them. To look at
all of a million takes a third of a second, outside the GIL; whoever keeps the survey looks at new
ones alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ztas_middleware.days import EARLIEST, LATEST
from ztas_middleware.store.history_tables import QUARTER

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

Span = tuple[int, int]
"""The first and the last of some ids."""

FIRST_ID = -(2**63)

CHUNK = 20_000
"""Ids looked at in one transaction."""

BEFORE, AFTER = -1, LATEST // QUARTER
"""The quarters of all times that are impossible."""

QUARTER_OF = f"""
case when time < {EARLIEST} then {BEFORE} when time >= {LATEST} then {AFTER}
else time / {QUARTER} end
"""

IN_SPANS = """
(
    select json_extract(value, '$[0]') as first_id, json_extract(value, '$[1]') as last_id
    from json_each(:spans)
) as listed cross join hits on hits.id between first_id and last_id
"""
"""The hits of some spans, in the place of a table; read in the order of ids."""

GAP = 2_000
"""How far apart two ids may be to be of one span: to skip another's hit takes 0.2 us."""


@dataclass
class Survey:
    """The hits that were looked at."""

    moment: tuple[int, int, int] = (0, 0, 0)
    """What proves that nothing of it has changed since, see history/state.py."""
    is_full: bool = True
    """Whether all hits were looked at, and not only some."""
    upto: int = FIRST_ID
    """The newest id that was looked at."""
    spans: dict[int, list[Span]] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def look(self, connection: sqlite3.Connection, site_id: str, ids: Iterable[Span]) -> None:
        """Look at the hits of some ids, in order; the connection is in autocommit mode."""
        for first, last in ids:
            at: int | None = first
            while at is not None and at <= last:
                at = self._look_at_some(connection, site_id, at, last)
            self.upto = max(self.upto, last)

    def _look_at_some(
        self, connection: sqlite3.Connection, site_id: str, first: int, last: int
    ) -> int | None:
        """Look at the next ids; where to go on, None if there are no more."""
        bound = {"first": first, "last": last, "site": site_id}
        connection.execute("begin")
        try:
            (until,) = connection.execute(
                f"""
                select max(id) from (
                    select id from hits where id between :first and :last order by id limit {CHUNK}
                )
                """,
                bound,
            ).fetchone()
            if until is None:
                return None
            rows = connection.execute(
                f"""
                select {QUARTER_OF}, min(id), max(id), count(*) from hits
                where id between :first and :last and site_id = :site
                group by 1
                """,
                {**bound, "last": until},
            ).fetchall()
        finally:
            connection.execute("rollback")
        for quarter, low, high, number in rows:
            spans = self.spans.setdefault(quarter, [])
            if spans and spans[-1][0] <= low <= spans[-1][1] + GAP:
                spans[-1] = (spans[-1][0], max(spans[-1][1], high))
            else:
                spans.append((low, high))
            self.counts[quarter] = self.counts.get(quarter, 0) + number
        return int(until) + 1

    @property
    def possible(self) -> list[int]:
        """The quarters with hits of possible times, in order."""
        return sorted(quarter for quarter in self.spans if BEFORE < quarter < AFTER)

    def between(self, start: int, end: int) -> list[Span]:
        """The spans of a stretch of time, merged."""
        first, last = start // QUARTER, (end - 1) // QUARTER
        if last - first < len(self.spans):
            wanted = [self.spans.get(quarter, []) for quarter in range(first, last + 1)]
        else:
            wanted = [spans for at, spans in self.spans.items() if first <= at <= last]
        return merged(span for spans in wanted for span in spans)

    def number(self, start: int, end: int) -> int:
        """How many hits there are in a stretch of whole quarters."""
        first, last = start // QUARTER, (end - 1) // QUARTER
        if last - first < len(self.counts):
            return sum(self.counts.get(quarter, 0) for quarter in range(first, last + 1))
        return sum(number for at, number in self.counts.items() if first <= at <= last)


def bounds_of(quarter: int) -> tuple[int, int]:
    """The first instant of a quarter, and the first behind it."""
    if quarter == BEFORE:
        return FIRST_ID, EARLIEST
    start = quarter * QUARTER
    return start, 2**63 - 1 if quarter == AFTER else start + QUARTER


def quarter_of(time: int) -> int:
    """The quarter that a hit of this time is found under."""
    if time < EARLIEST:
        return BEFORE
    return AFTER if time >= LATEST else time // QUARTER


def tie_of(connection: sqlite3.Connection) -> str:
    """The column that orders hits of one instant: their id, or what the cluster's copy has for it.

    See cluster/mirror_file.py.
    """
    found = connection.execute("select 1 from pragma_table_info('hits') where name = 'tie'")
    return "id" if found.fetchone() is None else "tie"


def survey_all(connection: sqlite3.Connection, site_id: str) -> Survey:
    """Look at all hits of a site; the connection is in autocommit mode."""
    survey = Survey()
    (newest,) = connection.execute("select max(id) from hits").fetchone()
    if newest is not None:
        survey.look(connection, site_id, [(FIRST_ID, newest)])
    return survey


def merged(spans: Iterable[Span], gap: int = GAP) -> list[Span]:
    """Spans in order, without overlaps and small gaps."""
    result: list[Span] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1] + gap:
            result[-1] = (result[-1][0], max(result[-1][1], last))
        else:
            result.append((first, last))
    return result

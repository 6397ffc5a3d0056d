"""Where a site's hits are: ranges of ids for each quarter of an hour.

Hits come nearly in the order of time, so that those of a stretch have ids beside each other, but
for other sites' between them. A range is a promise that nothing is missing and not that nothing
else is in it, so that whoever reads one still looks at site and time.

All hits up to the watermark are in a range (`lateness.py` moves it); those above are looked up
by whoever reads, so that nobody depends on somebody else having moved it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.days import EARLIEST, LATEST

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

QUARTER = 900_000
"""Milliseconds. Timezones are whole quarters of an hour: one lies within one day of any site."""

GAP = 32
"""How far apart the ids of two hits in one range may be. To skip somebody else's hit takes 0.2 us,
to look up another range 3 us and 25 bytes."""

BEFORE, AFTER = -1, LATEST // QUARTER
"""The quarters of all times that are impossible."""

QUARTER_OF = f"""
case when time < {EARLIEST} then {BEFORE} when time >= {LATEST} then {AFTER}
else time / {QUARTER} end
"""
"""The quarter of a hit, as SQL."""

IN_RANGES = """
(
    select json_extract(value, '$[0]') as first_id, json_extract(value, '$[1]') as last_id
    from json_each(:ranges)
) as listed cross join hits on hits.id between first_id and last_id
"""
"""The hits of some ranges, in the place of a table; read in the order of ids."""

STRETCH = f"{IN_RANGES} where site_id = :site and time >= :start and time < :end"
"""A site's hits of a stretch, in the place of a table and a condition; `SiteHits.bind` binds it."""

FIRST_ID = -(2**63)

Span = tuple[int, int]
"""The first and the last id of a range."""


class State(NamedTuple):
    """Which hits there are, of all sites."""

    watermark: int | None
    """The id up to which all have been looked at; None where that can't be relied on."""
    changes: int
    """While it stays, all hits are as they were, and new ones have the largest ids."""
    newest: int
    """The largest id."""

    @property
    def lag(self) -> int | None:
        """How many ids the watermark is behind; None where it can't be relied on."""
        return None if self.watermark is None else max(0, self.newest - self.watermark)


def quarter_of(time: int) -> int:
    """The quarter that a hit of this time is filed under."""
    if time < EARLIEST:
        return BEFORE
    return AFTER if time >= LATEST else time // QUARTER


def bounds_of(quarter: int) -> tuple[int, int]:
    """The first instant of a quarter, and the first behind it."""
    if quarter == BEFORE:
        return -(2**63), EARLIEST
    start = quarter * QUARTER
    return start, 2**63 - 1 if quarter == AFTER else start + QUARTER


def state_of(connection: sqlite3.Connection) -> State:
    """The state of all hits at the moment."""
    watermark, time, found, changes, newest = connection.execute(
        """
        select
            watermark, watermark_time, (select time from hits where id = watermark),
            changes, (select ifnull(max(id), 0) from hits)
        from rollup_state
        """
    ).fetchone()
    return State(None if watermark and found != time else watermark, changes, newest)


class SiteHits:
    """A site's hits in one transaction, and where they are.

    Args:
        connection: in a transaction.
        site_id: whose hits.
    """

    def __init__(self, connection: sqlite3.Connection, site_id: str) -> None:
        self.connection = connection
        self.site_id = site_id
        self.state = state_of(connection)
        self._tail: dict[int, Span] | None = None

    def later(self, connection: sqlite3.Connection) -> SiteHits:
        """The hits that there are now, in a later transaction; new ones may be missing."""
        hits = SiteHits(connection, self.site_id)
        now, then = hits.state, self.state
        if now.changes == then.changes and (now.watermark or 0) >= (then.watermark or 0):
            hits._tail = self._tail
        return hits

    def tail(self) -> dict[int, Span]:
        """The first and last ids of the hits that nobody has looked at, by quarter.

        Ids that are not positive, which somebody gave by hand, are not looked at by anybody else.
        """
        if self._tail is None:
            self._tail = {}
            for condition in ("id > :watermark", "id <= 0"):
                rows = self.connection.execute(
                    f"""
                    select {QUARTER_OF}, min(id), max(id) from hits
                    where {condition} and site_id = :site
                    group by 1
                    """,
                    {"watermark": self.state.watermark or 0, "site": self.site_id},
                )
                for quarter, first, last in rows:
                    known = self._tail.get(quarter, (first, last))
                    self._tail[quarter] = min(first, known[0]), max(last, known[1])
        return self._tail

    def bind(self, start: int, end: int, *, after: int = FIRST_ID) -> dict[str, int | str]:
        """The parameters of `STRETCH`: from `start` to before `end`, with ids above `after`."""
        first, last = quarter_of(start), quarter_of(end - 1)
        found = self.connection.execute(
            """
            select first_id, last_id from hit_ranges
            where site_id = :site and quarter between :first and :last
            """,
            {"site": self.site_id, "first": first, "last": last},
        )
        tail = self.tail()
        if last - first < len(tail):
            above = [tail[quarter] for quarter in range(first, last + 1) if quarter in tail]
        else:
            above = [span for quarter, span in tail.items() if first <= quarter <= last]
        return {
            "site": self.site_id,
            "start": start,
            "end": end,
            "ranges": _listed([*found, *above], after),
        }

    def bind_times(self, times: Iterable[int]) -> dict[str, str]:
        """The parameters of `IN_RANGES`, and `times` and `site`: for hits of these very times."""
        distinct = sorted(set(times))
        quarters = sorted({quarter_of(time) for time in distinct})
        found = self.connection.execute(
            """
            select first_id, last_id from hit_ranges
            where site_id = :site and quarter in (select value from json_each(:quarters))
            """,
            {"site": self.site_id, "quarters": json.dumps(quarters)},
        )
        tail = self.tail()
        known = [tail[quarter] for quarter in quarters if quarter in tail]
        return {
            "site": self.site_id,
            "times": json.dumps(distinct),
            "ranges": _listed([*found, *known]),
        }

    def quarters(self) -> list[int]:
        """The quarters that may have hits, in order, the impossible ones included."""
        found = self.connection.execute(
            "select distinct quarter from hit_ranges where site_id = ?", (self.site_id,)
        )
        return sorted({quarter for (quarter,) in found} | self.tail().keys())

    def first_quarter(self) -> int | None:
        """The quarter of the first hit of a possible time; None if there is none."""
        return self._edge(1)

    def last_quarter(self) -> int | None:
        """The quarter of the last hit of a possible time; None if there is none."""
        return self._edge(-1)

    def last_time(self) -> int | None:
        """The last hit's time, of those that are possible; None if there is none."""
        quarter = self.last_quarter()
        if quarter is None:
            return None
        (time,) = self.connection.execute(
            f"select max(time) from {STRETCH}", self.bind(*bounds_of(quarter))
        ).fetchone()
        return int(time)

    def _edge(self, sign: int) -> int | None:
        found = self.connection.execute(
            f"""
            select quarter, first_id, last_id from hit_ranges
            where site_id = :site and quarter > {BEFORE} and quarter < {AFTER}
            order by quarter {"asc" if sign > 0 else "desc"}
            """,
            {"site": self.site_id},
        )
        edge, aggregate = (min, "min") if sign > 0 else (max, "max")
        candidates = [quarter for quarter in self.tail() if BEFORE < quarter < AFTER]
        # The first ranges have hits in them, unless somebody deleted those by hand.
        size = 1
        while rows := found.fetchmany(size):
            size = min(size * 2, 1024)
            quarters = [quarter for quarter, _, _ in rows]
            bound = {
                "site": self.site_id,
                "start": min(quarters) * QUARTER,
                "end": (max(quarters) + 1) * QUARTER,
                "ranges": _listed([(first, last) for _, first, last in rows]),
            }
            (time,) = self.connection.execute(
                f"select {aggregate}(time) from {STRETCH}", bound
            ).fetchone()
            if time is not None:
                candidates.append(time // QUARTER)
                break
        return edge(candidates, default=None)


def _listed(spans: list[Span], after: int = FIRST_ID) -> str:
    """Spans as `IN_RANGES` takes them."""
    return json.dumps(list(_merged(sorted(spans), after)))


def _merged(spans: list[Span], after: int) -> Iterator[Span]:
    """Sorted spans without overlaps and small gaps, and without ids up to `after`."""
    at, end = after, after
    is_open = False
    for first, last in spans:
        if last <= after:
            continue
        if is_open and first <= end + GAP:
            end = max(end, last)
            continue
        if is_open:
            yield at, end
        at, end, is_open = max(first, after + 1), last, True
    if is_open:
        yield at, end

"""Tallies straight from the hits of a stretch: one day of a site, or a part of one.

This is the truth that rollups are made from and checked against, and what answers for the
running day and for every filter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.reports import counting, sessions
from ztas_middleware.reports.counting import HitCounter
from ztas_middleware.reports.sessions import SessionCounter

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from ztas_middleware.days import Day
    from ztas_middleware.reports.filters import Filters
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.tallies import Tally

HERE = "site_id = :site and time >= :start and time < :end"
"""A stretch, as SQL."""

_COUNTED = "type in ('pageview', 'event')"


class _Selection(NamedTuple):
    """Which hits of a stretch are looked at, as SQL."""

    kept: str = "1"
    """Hits that are counted."""
    visited: str = "1"
    """Hits of the sessions that are counted, whole."""
    parameters: Mapping[str, str] = {}


def tally(
    connection: sqlite3.Connection,
    rules: Rules,
    stretch: Day,
    *,
    filters: Filters | None = None,
    phase: int | None = None,
) -> Tally:
    """Count the hits of a stretch.

    Args:
        connection: where the hits are; reading two times, so in a transaction.
        rules: the site's.
        stretch: what is counted, and where sessions begin and end.
        filters: which hits are kept; None keeps all.
        phase: as in `HitCounter`.
    """
    selection = _Selection() if filters is None else _filtered(connection, rules, filters)
    bound = {
        "site": rules.site_id,
        "start": stretch.start,
        "end": stretch.end,
        **selection.parameters,
    }
    hits = f"""
        select {counting.COLUMNS} from hits
        where {HERE} and {_COUNTED} and {selection.kept}
        order by visitor
    """
    visits = f"""
        select {sessions.COLUMNS}, {selection.kept} from hits
        where {HERE} and {selection.visited}
        order by {sessions.ORDER}
    """
    return count_rows(
        rules, _rows(connection, hits, bound), _rows(connection, visits, bound), phase
    )


def count_rows(
    rules: Rules,
    hits: Iterable[tuple[Any, ...]],
    visits: Iterable[tuple[Any, ...]],
    phase: int | None,
) -> Tally:
    """The tally of hits as the two counters want them."""
    counted = HitCounter(rules.referrers, rules.goals, phase=phase).count(hits)
    return counted.plus(SessionCounter(rules.funnels).count(visits))


def _rows(
    connection: sqlite3.Connection, query: str, bound: Mapping[str, str | int]
) -> Iterator[tuple[Any, ...]]:
    # Run when the first row is asked for: only one of the two has to be sorted at a time.
    yield from connection.execute(query, bound)


def _filtered(connection: sqlite3.Connection, rules: Rules, filters: Filters) -> _Selection:
    if not filters.given():
        return _Selection()
    kept, parameters = filters.sql()
    referrers = rules.referrers
    connection.create_function("host_of", 1, referrers.host, deterministic=True)
    connection.create_function("source_of", 2, referrers.source, deterministic=True)
    visited = f"""(
        session_id in (
            select session_id from hits where {HERE} and {kept} and session_id is not null
        )
        or session_id is null and visitor in (
            select visitor from hits where {HERE} and {kept} and session_id is null
        )
    )"""
    return _Selection(kept, visited, parameters)

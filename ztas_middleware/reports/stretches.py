"""Tallies straight from the hits of a stretch: one day of a site, or a part of one.

This is the truth that rollups are made from and checked against, and what answers for the
running day and for every filter.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ztas_middleware.reports import counting, sessions
from ztas_middleware.reports.counting import COUNTED, HitCounter
from ztas_middleware.reports.filters import NO_FILTERS
from ztas_middleware.reports.sessions import SessionCounter
from ztas_middleware.store.ranges import STRETCH

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from ztas_middleware.days import Day
    from ztas_middleware.reports.filters import Filters
    from ztas_middleware.reports.rules import Rules
    from ztas_middleware.store.ranges import SiteHits
    from ztas_middleware.store.tallies import Tally

    Rows = Iterable[tuple[Any, ...]]


def tally(
    hits: SiteHits,
    rules: Rules,
    stretch: Day,
    *,
    filters: Filters = NO_FILTERS,
    phase: int | None = None,
) -> Tally:
    """Count the hits of a stretch.

    Args:
        hits: the site's; they are asked twice, so in a transaction.
        rules: the site's.
        stretch: what is counted, and where sessions begin and end.
        filters: which hits are kept.
        phase: as in `HitCounter`.
    """
    connection = hits.connection
    bound = hits.bind(stretch.start, stretch.end)
    if filters == NO_FILTERS:
        rows, visits = _all(connection, bound)
    else:
        _define_functions(connection, rules)
        rows, visits = _kept(connection, bound, filters)
    return count_rows(rules, rows, visits, phase)


def count_rows(rules: Rules, rows: Rows, visits: Rows, phase: int | None) -> Tally:
    """The tally of hits, in the forms and orders that the two counters want."""
    counted = HitCounter(rules.referrers, rules.goals, phase=phase).count(rows)
    return counted.plus(SessionCounter(rules.funnels).count(visits))


def _all(connection: sqlite3.Connection, bound: dict[str, Any]) -> tuple[Rows, Rows]:
    rows = connection.execute(
        f"""
        select {counting.COLUMNS} from {STRETCH} and type in ('{"', '".join(COUNTED)}')
        order by visitor
        """,
        bound,
    )

    def visits() -> Iterator[tuple[Any, ...]]:
        # Not sorted before the others have been read: a day may be large.
        yield from connection.execute(
            f"select {sessions.COLUMNS}, 1 from {STRETCH} order by {sessions.ORDER}", bound
        )

    return rows, visits()


def _kept(
    connection: sqlite3.Connection, bound: dict[str, Any], filters: Filters
) -> tuple[Rows, Rows]:
    """The hits that filters keep, and all hits of the sessions that have one of them."""
    kept, parameters = filters.sql()
    bound = bound | parameters
    visitors: set[str] = set()
    session_ids: set[str] = set()

    def rows() -> Iterator[tuple[Any, ...]]:
        for row in connection.execute(
            f"""
            select {counting.COLUMNS}, session_id from {STRETCH} and {kept}
            order by visitor
            """,
            bound,
        ):
            if row[-1] is None:
                visitors.add(row[0])
            else:
                session_ids.add(row[-1])
            if row[1] in COUNTED:
                yield row

    def visits() -> Iterator[tuple[Any, ...]]:
        # A generator begins when it is first asked, and by then the other one is through.
        touched = {
            "visitors": json.dumps(list(visitors)),
            "sessions": json.dumps(list(session_ids)),
        }
        yield from connection.execute(
            f"""
            select {sessions.COLUMNS}, {kept} from {STRETCH} and (
                session_id in (select value from json_each(:sessions))
                or session_id is null and visitor in (select value from json_each(:visitors))
            )
            order by {sessions.ORDER}
            """,
            bound | touched,
        )

    return rows(), visits()


def _define_functions(connection: sqlite3.Connection, rules: Rules) -> None:
    referrers = rules.referrers
    connection.create_function("host_of", 1, referrers.host, deterministic=True)
    connection.create_function("source_of", 2, referrers.source, deterministic=True)

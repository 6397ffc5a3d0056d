"""Rolled days as they are stored; `publication.py` puts them there.

Which days are to be rolled up, and how their hits are counted, is decided in `reports/`.
"""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.store.tallies import Count, Dimension, Tally, Totals, add_up

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


class RolledDay(NamedTuple):
    """One row of `rollup_days`."""

    day: str
    run: int
    starts: int
    ends: int
    mark: str
    goals_mark: str
    through: int
    stale: int
    sealed: int
    totals: Totals


class Seal(NamedTuple):
    """The last day of a site whose hits are gone."""

    day: str
    ends: int
    """The instant from which on there are hits."""


TOTALS = ", ".join(Totals._fields)
_COLUMNS = f"day, run, starts, ends, mark, goals_mark, through, stale, sealed, {TOTALS}"


def rolled_days(
    connection: sqlite3.Connection, site_id: str, first: str, last: str
) -> dict[str, RolledDay]:
    """The rolled days between two dates, both included, by date and in order."""
    rows = connection.execute(
        f"""
        select {_COLUMNS} from rollup_days
        where site_id = :site and day between :first and :last
        order by day
        """,
        {"site": site_id, "first": first, "last": last},
    )
    return {row[0]: RolledDay._make([*row[:9], Totals(*map(int, row[9:]))]) for row in rows}


def rolled_day(connection: sqlite3.Connection, site_id: str, day: str) -> RolledDay | None:
    """One rolled day."""
    return rolled_days(connection, site_id, day, day).get(day)


def first_rolled_day(connection: sqlite3.Connection, site_id: str) -> str | None:
    """The date of a site's first rolled day."""
    (day,) = connection.execute(
        "select min(day) from rollup_days where site_id = ?", (site_id,)
    ).fetchone()
    first: str | None = day
    return first


def last_seal(connection: sqlite3.Connection, site_id: str) -> Seal | None:
    """Up to when a site has been pruned; None if it never was."""
    row = connection.execute(
        """
        select day, ends from rollup_days
        where site_id = ? and sealed = 1
        order by day desc limit 1
        """,
        (site_id,),
    ).fetchone()
    return None if row is None else Seal(*row)


def load_tally(connection: sqlite3.Connection, rolled: RolledDay) -> Tally:
    """Everything that is stored about a rolled day."""
    lists: dict[Dimension, dict[str, Count]] = {}
    for dimension, value, number, visitors, amount in connection.execute(
        """
        select dimension, value, number, visitors, amount
        from rollup_rows
        join rollup_values on rollup_values.id = rollup_rows.value_id
        where run = :run
        """,
        {"run": rolled.run},
    ):
        count = Count(number, visitors, int(amount))
        lists.setdefault(Dimension(dimension), {})[value] = count
    return Tally(rolled.totals, lists).plus(load_goals(connection, [rolled.run]))


def load_goals(connection: sqlite3.Connection, runs: Iterable[int]) -> Tally:
    """The sums of goals and funnels over some days; a tally of nothing else."""
    listed = (json.dumps(list(runs)),)
    goals = connection.execute(
        """
        select name, conversions, visitors, amount from rollup_goals
        where run in (select value from json_each(?))
        """,
        listed,
    )
    funnels = connection.execute(
        """
        select name, sessions from rollup_funnels
        where run in (select value from json_each(?))
        """,
        listed,
    )
    return add_up(
        chain(
            (
                Tally(goals={name: Count(conversions, visitors, int(amount))})
                for name, conversions, visitors, amount in goals
            ),
            (Tally(funnels={name: tuple(json.loads(reached))}) for name, reached in funnels),
        )
    )

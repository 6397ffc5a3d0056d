"""The days that are not in files, as a table of DuckDB: the running day, and what can't be filed.

It is kept in the process and brought up to date with each question. A new hit changes what belongs
to its own session alone, so that only the hits of that one, or of its visitor, are formed again.
"""

from __future__ import annotations

import itertools
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.forking import lock_over_fork
from ztas_middleware.history.clock import bounds_of
from ztas_middleware.history.columns import HIT_NAMES, ROW_NAMES
from ztas_middleware.history.forming import form, make_hits_table, make_table
from ztas_middleware.history.gathering import gather, runs_of, zone_of_day
from ztas_middleware.history.reading import copy_hits
from ztas_middleware.history.totals import make_totals_table, totals_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.desk import Desk

KEPT = 4
"""Tables that questions may still be asked of."""

NOTHING = "loose_none"
"""The table where there are no such days; the cursor's own."""

_numbers = itertools.count(1)


class Key(NamedTuple):
    """What a table is good for; while it stays, there may only be new hits."""

    pid: int
    rules: str
    changes: int
    cuts: int
    days: frozenset[date]
    generations: frozenset[str]


class Loose:
    """A site's days that are not in files."""

    def __init__(self) -> None:
        self._lock = lock_over_fork()
        self._key: Key | None = None
        self._upto = 0
        self._tables: list[str] = []
        self._totals: dict[tuple[str, int], str] = {}
        self._made: dict[str, tuple[str, int]] = {}

    def rows(self, desk: Desk, days: frozenset[date]) -> str:
        """The name of a table with the rows of some days, as they are now."""
        if not days:  # a question about the past leaves what is kept of the running day
            make_table(desk.cursor, NOTHING)
            return NOTHING
        found, pid = desk.state, os.getpid()
        generations = frozenset(found.days[day].generation for day in days if day in found.days)
        mark = desk.filing.rules.mark
        key = Key(pid, mark, found.changes, found.cuts, days, generations)
        with self._lock:
            if key != self._key:
                if self._key is not None and self._key.pid != pid:
                    self._tables, self._totals = [], {}
                self._build(desk, sorted(days))
                self._key = key
            elif days and self._upto < desk.survey.upto:
                # Moved days may be of another timezone, and then overlap with their neighbours.
                is_one = len({zone_of_day(desk, day) for day in days}) == 1
                (self._add if is_one else self._build)(desk, sorted(days))
            self._upto = desk.survey.upto
            return self._tables[-1]

    def totals(self, cursor: DuckDBPyConnection, table: str) -> str:
        """The name of a table with the totals of `rows`' table; it is kept if `cursor` commits."""
        with self._lock:
            key = (table, self._upto)
            if key in self._totals:
                return self._totals[key]
        name = f"totals_{next(_numbers)}"
        make_totals_table(cursor, name, temp=table == NOTHING)
        if table == NOTHING:
            return name
        cursor.execute(f"insert into {name} {totals_of(table)}")
        self._made[name] = key
        return name

    def remember(self, cursor: DuckDBPyConnection, name: str) -> None:
        """Keep totals that were committed for the next question."""
        with self._lock:
            key = self._made.pop(name, None)
            if key is not None:
                self._totals[key] = name
            while len(self._totals) > KEPT:
                old = self._totals.pop(next(iter(self._totals)))
                cursor.execute(f"drop table if exists {old}")

    def _build(self, desk: Desk, days: list[date]) -> None:
        table = f"loose_{next(_numbers)}"
        make_table(desk.cursor, table, temp=False)
        for run in runs_of(desk, days, days):
            gather(desk, run, zone_of_day(desk, run[0]))
            _form(desk, "filing_hits", table, run)
            desk.cursor.execute("drop table filing_hits")
        self._tables.append(table)
        while len(self._tables) > KEPT:
            desk.cursor.execute(f"drop table if exists {self._tables.pop(0)}")

    def _add(self, desk: Desk, days: list[date]) -> None:
        """Add the hits with ids behind those that are there."""
        table, cursor = self._tables[-1], desk.cursor
        start, end = bounds_of(days[0], days[-1], zone_of_day(desk, days[0]))
        make_hits_table(cursor, "loose_new")
        number = copy_hits(
            desk.connection,
            cursor,
            "loose_new",
            site_id=desk.filing.rules.site_id,
            spans=[(self._upto + 1, desk.survey.upto)],
            start=start,
            end=end,
        )
        if number:
            with _transaction(cursor):
                _form_again(desk, table, days)
        cursor.execute("drop table loose_new")


def _form_again(desk: Desk, table: str, days: list[date]) -> None:
    """Form the new hits together with those of the same sessions and visitors."""
    cursor = desk.cursor
    same = f"""
        select id from {table} where
            session_id in (select session_id from loose_new where session_id is not null)
            or (session_id is null and visitor in (
                select visitor from loose_new where session_id is null
            ))
    """
    cursor.execute(f"create or replace temp table loose_same as {same}")
    cursor.execute(
        f"""
        insert into loose_new
        select {HIT_NAMES} from {table} where id in (select id from loose_same)
            and id not in (select id from loose_new)
        """
    )
    cursor.execute(f"delete from {table} where id in (select id from loose_same)")
    make_table(cursor, "loose_formed")
    _form(desk, "loose_new", "loose_formed", days)
    (number,) = cursor.execute(f"select ifnull(max(session), -1) from {table}").fetchone() or (0,)
    # Which number a session of the running day has says nothing yet; each has one of its own.
    cursor.execute(
        f"""
        insert into {table}
        select {ROW_NAMES} from (
            select * replace (session + {number + 1} as session) from loose_formed
        )
        """
    )
    cursor.execute("drop table loose_formed")
    cursor.execute("drop table loose_same")


def _form(desk: Desk, hits: str, table: str, days: list[date]) -> None:
    rules = desk.filing.rules
    form(
        desk.cursor,
        hits=hits,
        rows=table,
        first=days[0],
        last=days[-1],
        zone=zone_of_day(desk, days[0]),
        domains=rules.domains,
    )


@contextmanager
def _transaction(cursor: DuckDBPyConnection) -> Iterator[None]:
    cursor.execute("begin")
    try:
        yield
    except BaseException:
        cursor.execute("rollback")
        raise
    cursor.execute("commit")

"""Rows of an export that are there already: in the database, or in the history alone."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from ztas_middleware.history.alone import Alone, moved_near
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.reading import reading
from ztas_middleware.store.survey import IN_SPANS, Survey, merged, quarter_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from ztas_middleware.history.asking import History

_SAME_TIMES = f"""
select id, {", ".join(Hit._fields)} from {IN_SPANS}
where site_id = :site and time in (select value from json_each(:times))
"""


class MovedError(Exception):
    """Days have left the database since the history was looked at; look again."""


class Known:
    """The hits that a site has, which rows of an export are compared with.

    Args:
        path: the database.
        history: its finished days.
        site_id: whose hits.
    """

    def __init__(self, path: Path, history: History, site_id: str) -> None:
        self._path = path
        self._history = history
        self._site_id = site_id
        self._alone = Alone(frozenset(), {})
        self._survey = Survey()

    def look(self) -> None:
        """See where hits are that nobody has looked at; the others are found by looking at them.

        Raises:
            StorageError: the database can't be read.
        """
        with reading(self._path) as connection:
            connection.execute("rollback")
            (newest,) = connection.execute("select max(id) from hits").fetchone()
            if newest is not None:
                first = self._survey.upto + 1 if self._survey.spans else self._survey.upto
                self._survey.look(connection, self._site_id, [(first, newest)])

    def look_into_history(self, rows: Sequence[Hit]) -> None:
        """See what days that left the database have at the times of rows.

        Raises:
            StorageError: the database or a file can't be read.
        """
        self._alone = self._history.moved_hits(self._site_id, {row.time for row in rows})

    def fresh_of(self, connection: sqlite3.Connection, rows: Sequence[Hit]) -> list[Hit]:
        """The rows that are not there yet, each as often as it is missing.

        Args:
            connection: in a transaction.
            rows: those that the history was looked into for.

        Raises:
            MovedError: what was seen in the history is not true any more.
        """
        survey = self._survey
        times = sorted({row.time for row in rows})
        if moved_near(connection, self._site_id, times) - self._alone.days:
            raise MovedError
        spans = [
            span
            for quarter in {quarter_of(time) for time in times}
            for span in survey.spans.get(quarter, ())
        ]
        spans.append((survey.upto, 2**63 - 1))
        bound = {
            "site": self._site_id,
            "times": json.dumps(times),
            "spans": json.dumps(merged(spans, gap=0)),
        }
        found = {number: tuple(row) for number, *row in connection.execute(_SAME_TIMES, bound)}
        there: Counter[tuple[object, ...]] = Counter({**self._alone.hits, **found}.values())
        fresh = []
        for row in rows:
            if there[row] > 0:
                there[row] -= 1
            else:
                fresh.append(row)
        return fresh

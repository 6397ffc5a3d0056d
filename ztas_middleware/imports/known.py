"""Rows of an export that are in the database already."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from ztas_middleware.store.hits import Hit
from ztas_middleware.store.reading import reading
from ztas_middleware.store.survey import IN_SPANS, Survey, merged, quarter_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

_SAME_TIMES = f"""
select {", ".join(Hit._fields)} from {IN_SPANS}
where site_id = :site and time in (select value from json_each(:times))
"""


class Known:
    """The hits that a site has, which rows of an export are compared with.

    Args:
        path: the database.
        site_id: whose hits.
    """

    def __init__(self, path: Path, site_id: str) -> None:
        self._path = path
        self._site_id = site_id
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

    def fresh_of(self, connection: sqlite3.Connection, rows: Sequence[Hit]) -> list[Hit]:
        """The rows that are not in the database yet, each as often as it is missing."""
        survey = self._survey
        times = sorted({row.time for row in rows})
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
        there: Counter[tuple[object, ...]] = Counter(connection.execute(_SAME_TIMES, bound))
        fresh = []
        for row in rows:
            if there[row] > 0:
                there[row] -= 1
            else:
                fresh.append(row)
        return fresh

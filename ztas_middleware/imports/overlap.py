"""Which days a file may bring rows for: those it is asked for, which have none of another origin.

Two programs that counted the same days have counted the same visits, so that a day's rows must come
from one of them. What came in by other files is noted in the table `imports`; rows beyond that are
our own hits. Files of one log share their days, since a log is cut anywhere in a day; an export
of another program, taken again, has all of its days again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.imports.formats import is_log
from ztas_middleware.imports.outcomes import LeftOut, Overlap
from ztas_middleware.store.reading import reading
from ztas_middleware.store.survey import IN_SPANS, survey_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from ztas_middleware.days import Day
    from ztas_middleware.imports.terms import Terms
    from ztas_middleware.store.survey import Survey

NOT_ASKED_FOR = LeftOut("of other days")


class Origin(NamedTuple):
    """A file that rows came from."""

    id: int | None
    format: str
    days: Mapping[str, int] | None
    """How many rows of each day; None where version 0.1 did not note it."""
    changed: int
    """When it brought the last of them, UTC milliseconds."""


class Gate:
    """Lets the days of one file pass, or says what becomes of their rows.

    Args:
        path: the database.
        site_id: whose rows they would be.
        terms: which days are wanted.
        form: the file's format, as it is noted.
        family: what the file is noted under, on these terms and on others.
        refused: days of which rows were refused before; they stay so.
    """

    def __init__(
        self,
        path: Path,
        site_id: str,
        terms: Terms,
        form: str,
        *,
        family: Iterable[int],
        refused: Iterable[str],
    ) -> None:
        self._path = path
        self._site_id = site_id
        self._terms = terms
        self._form = form
        self._family = frozenset(family)
        self._verdicts: dict[str, LeftOut | Overlap | None] = {day: Overlap(day) for day in refused}
        self._origins: list[Origin] | None = None
        self._survey: Survey | None = None

    def __call__(self, day: Day) -> LeftOut | Overlap | None:
        """What becomes of a day's rows; None if they may come in.

        Raises:
            StorageError: the database can't be read.
        """
        try:
            return self._verdicts[day.date]
        except KeyError:
            verdict = self._verdicts[day.date] = self._judge(day)
            return verdict

    def _judge(self, day: Day) -> LeftOut | Overlap | None:
        if not self._terms.includes(day.date):
            return NOT_ASKED_FOR
        if self._terms.overlap:
            return None
        if self._form in ("csv", "ndjson"):
            # Rows of our own exports are compared one by one with those that are there.
            return None
        there = self._number(day)
        if not there:
            return None
        if self._origins is None:
            self._origins = _origins(self._path, self._site_id)
        known = 0
        for origin in self._origins:
            number = (origin.days or {}).get(day.date, 0)
            if self._shares(origin):
                if origin.days is None and day.start <= origin.changed:
                    return None  # rows of unknown origin may well be these
                known += number
            elif number:
                return Overlap(day.date)
        return Overlap(day.date) if there > known else None

    def _number(self, day: Day) -> int:
        """How many hits of a day there were when the file was begun."""
        if self._survey is None:
            with reading(self._path) as connection:
                connection.execute("rollback")
                self._survey = survey_all(connection, self._site_id)
        filed, last_id = moved_of(self._path, self._site_id, day)
        if not filed:
            return self._survey.number(day.start, day.end)
        with reading(self._path) as connection:
            (late,) = connection.execute(
                f"""
                select count(*) from {IN_SPANS}
                where site_id = :site and time >= :start and time < :end and id > :last
                """,
                {
                    "spans": json.dumps(self._survey.between(day.start, day.end)),
                    "site": self._site_id,
                    "start": day.start,
                    "end": day.end,
                    "last": last_id,
                },
            ).fetchone()
        return filed + int(late)

    def _shares(self, origin: Origin) -> bool:
        if origin.id in self._family:
            return True
        kinds = {origin.format, self._form}
        return (len(kinds) == 1 and is_log(self._form)) or kinds == PLAUSIBLE


PLAUSIBLE = {"plausible", "plausible-events"}


def moved_of(path: Path, site_id: str, day: Day) -> tuple[int, int]:
    """How many hits of a day the history has that leave the database or have; and the newest id.

    Raises:
        StorageError: the database can't be read.
    """
    with reading(path) as connection:
        found = connection.execute(
            """
            select rows, last_id from history_days
            where site_id = :site and day = :day and state in ('moving', 'moved')
            """,
            {"site": site_id, "day": day.date},
        ).fetchone()
    return found or (0, 0)


def _origins(path: Path, site_id: str) -> list[Origin]:
    with reading(path) as connection:
        rows = connection.execute(
            "select id, format, days, changed from imports where site_id = :site",
            {"site": site_id},
        ).fetchall()
    return [
        Origin(found, form, None if days is None else json.loads(days), changed)
        for found, form, days, changed in rows
    ]

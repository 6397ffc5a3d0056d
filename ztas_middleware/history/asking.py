"""The history of a configuration's sites: where all questions are asked.

A question is a function that is given relations: `rows`, which has every hit of the days that it
asks about, and `totals`, their numbers. What of them is due is filed first. A file may be replaced
while the question is being answered; then it is asked again.
"""

from __future__ import annotations

import time
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from ztas_middleware.errors import StorageError
from ztas_middleware.forking import lock_over_fork
from ztas_middleware.history import alone, state
from ztas_middleware.history.answering import ShortOfMemoryError, answer
from ztas_middleware.history.asked import relations_of
from ztas_middleware.history.checking import check_days
from ztas_middleware.history.clock import date_at
from ztas_middleware.history.desk import Filing, with_desk
from ztas_middleware.history.engine import Engine
from ztas_middleware.history.files import Folder
from ztas_middleware.history.filing import file_days, is_due, try_to_file
from ztas_middleware.history.loose import Loose
from ztas_middleware.history.moving import move_days
from ztas_middleware.history.sealing import seal_days
from ztas_middleware.history.state import SEALED, Rules, newest_of_days
from ztas_middleware.history.surveys import Surveys
from ztas_middleware.history.takeover import is_to_be_taken_over
from ztas_middleware.store.reading import reading
from ztas_middleware.store.survey import FIRST_ID

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from ztas_middleware.config.model import Config
    from ztas_middleware.history.asked import Asked
    from ztas_middleware.history.sealing import Conversions

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that a question may file for: servers kill workers that take 30."""

TRIES = 6

MOST_PARTS = 64
"""How often rows are divided when memory is short: by four each time."""

CHUNK = 5_000
"""Hits that are handed out at a time."""


class History:
    """The finished days of all sites, and the running ones.

    Safe for threads and to make before `fork()`; imports DuckDB when first asked.
    """

    def __init__(self, config: Config) -> None:
        self.path = config.database
        self.folder = Folder(config.history_folder)
        self.engine = Engine(config.reports.memory, config.reports.threads)
        self._rules = {site.id: Rules(site) for site in config.sites.values()}
        self._lock = lock_over_fork()
        self._surveys = Surveys()
        self._loose: dict[str, Loose] = {}

    def ask(
        self,
        site_id: str,
        first: date | None,
        last: date,
        *,
        now: int,
        question: Callable[[Asked], T],
        file: bool = True,
    ) -> T:
        """Ask a question about some days of a site.

        Args:
            site_id: a configured site's.
            first: the first day; None is the first that there is.
            last: the last day.
            now: UTC milliseconds.
            question: called with what it is asked of, more than once if files change meanwhile.
            file: whether days that are due are filed, as far as that is possible.

        Raises:
            KeyError: there is no such site.
            HistoryBusyError: so much is being filed that it takes longer than a question may.
            StorageError: the database can't be read, or what is only in a file.
        """
        rules = self._rules[site_id]
        deadline = time.monotonic() + PATIENCE
        with closing(self.engine.cursor()) as cursor:
            parts = 1
            for _ in range(TRIES):
                filing = self._filing(rules, now, first, last, deadline)
                with reading(self.path) as connection:
                    connection.execute("rollback")
                    if is_to_be_taken_over(connection):
                        with_desk(filing, lambda *_: None)
                    desk = self._surveys.look(filing, connection, cursor)
                    if file and is_due(desk):
                        file = try_to_file(filing)
                        continue
                    with self._lock:
                        keeper = self._loose.setdefault(site_id, Loose())
                    asked = relations_of(desk, keeper)
                asked.parts = parts
                try:
                    found = answer(desk, asked, question)
                except ShortOfMemoryError:
                    if parts == MOST_PARTS:
                        raise
                    parts *= 4
                else:
                    if found is not None:
                        return found[0]
        raise StorageError(str(self.folder.path), "files change all the time", is_busy=True)

    def file(
        self,
        site_id: str,
        *,
        now: int,
        again: bool = False,
        first: date = date.min,
        last: date = date.max,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> int:
        """File all that is due of a site, however long it takes; how many days that were.

        Args:
            site_id: a configured site's.
            now: UTC milliseconds.
            again: whether to file what is filed already, too.
            first: the first day; whole months are looked at.
            last: the last day.
            progress: told how many hits were read, and how many there are.

        Raises:
            StorageError: the database or the folder can't be read or written.
        """
        filing = self._filing(self._rules[site_id], now, first, last, None)
        filing.progress = progress
        filing.again = again
        return file_days(filing)

    def seal(self, site_id: str, last: date, *, now: int, conversions: Conversions) -> int:
        """Seal the days up to `last`, see sealing.py; how many that were.

        Raises:
            StorageError: the database or the folder can't be read or written.
        """
        filing = self._filing(self._rules[site_id], now, None, last, None)
        return seal_days(filing, conversions)

    def move(
        self,
        site_id: str,
        last: date,
        *,
        now: int,
        progress: Callable[[int], object] = lambda _: None,
    ) -> int:
        """Have the days up to `last` leave the database, see moving.py; how many hits did.

        Raises:
            StorageError: the database or the folder can't be read or written.
        """
        return move_days(self._filing(self._rules[site_id], now, None, last, None), progress)

    def check(
        self,
        site_id: str,
        *,
        now: int,
        progress: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> Iterator[str]:
        """Compare the files of a site with its hits, see checking.py; a sentence for each day.

        Raises:
            StorageError: the database or a file can't be read.
        """
        return check_days(self._filing(self._rules[site_id], now, None, date.max, None), progress)

    def moved(self, site_id: str) -> list[tuple[date, int, int]]:
        """The days that are in the history alone, or will be soon: each with its bounds.

        Raises:
            StorageError: the database can't be read.
        """
        with reading(self.path) as connection:
            found = state.load_state(connection, site_id)
        return alone.moved_days(found, self._rules[site_id])

    def hits_of(
        self, site_id: str, day: date, columns: Sequence[str], condition: str, *, now: int
    ) -> Iterator[list[Sequence[Any]]]:
        """The hits of a day in the order of time and id, some at a time, late ones included.

        Args:
            site_id: a configured site's.
            day: which day.
            columns: of `hits`.
            condition: which of them, as SQL.
            now: UTC milliseconds.

        Raises:
            StorageError: the database or a file can't be read.
        """
        names = ", ".join(columns)
        after = (FIRST_ID, FIRST_ID)

        def some(asked: Asked) -> list[tuple[Any, ...]]:
            rows = f"""
                select time, id, {names} from {asked.rows}
                where day = ? and {condition} and (time > ? or (time = ? and id > ?))
                order by time, id limit {CHUNK}
            """
            bound = [day, after[0], after[0], after[1]]
            return asked.cursor.execute(rows, bound).fetchall()

        while rows := self.ask(site_id, day, day, now=now, question=some, file=False):
            yield [tuple(row[2:]) for row in rows]
            after = (rows[-1][0], rows[-1][1])

    def moved_hits(self, site_id: str, times: Collection[int]) -> alone.Alone:
        """The hits that moved days have at some times, UTC milliseconds; see alone.py.

        Raises:
            StorageError: the database or a file can't be read.
        """
        filing = self._filing(self._rules[site_id], max(times, default=0), None, date.max, None)
        return alone.hits_at(filing, times)

    def first_open(self, site_id: str, last: date, *, now: int) -> tuple[date | None, int]:
        """The first day up to `last` that has hits and is not sealed, and the newest id there is.

        Raises:
            StorageError: the database can't be read.
        """
        filing = self._filing(self._rules[site_id], now, None, last, None)
        filing.full = True
        with reading(self.path) as connection, closing(self.engine.cursor()) as cursor:
            connection.execute("rollback")
            desk = self._surveys.look(filing, connection, cursor)
        filed = {day for day, of_day in desk.state.days.items() if of_day.state != SEALED}
        late = newest_of_days(desk.survey, filing.rules.zone).keys() - desk.state.days.keys()
        days = [day for day in filed | late if day <= last]
        return min(days, default=None), desk.survey.upto

    def _filing(
        self, rules: Rules, now: int, first: date | None, last: date, deadline: float | None
    ) -> Filing:
        return Filing(
            self.path,
            self.folder,
            self.engine,
            rules,
            date_at(now, rules.zone),
            deadline,
            first=first or date.min,
            last=last,
        )

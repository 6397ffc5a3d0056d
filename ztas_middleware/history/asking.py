"""The history of a configuration's sites: where all questions are asked.

A question is a function that is given relations: `rows`, which has every hit of the days that it
asks about, and `totals`, their numbers. What of them is due is filed first. A file may be replaced
while the question is being answered; then it is asked again.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar

from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.forking import lock_over_fork
from ztas_middleware.history import alone, files, state
from ztas_middleware.history.checking import check_days
from ztas_middleware.history.clock import bounds_of, date_at
from ztas_middleware.history.columns import ROW_NAMES
from ztas_middleware.history.desk import Desk, Filing, look_around, with_desk
from ztas_middleware.history.engine import Engine
from ztas_middleware.history.files import Folder
from ztas_middleware.history.filing import file_days
from ztas_middleware.history.gathering import zone_of
from ztas_middleware.history.loose import Loose
from ztas_middleware.history.marks import bad_months, refuse_lost
from ztas_middleware.history.moving import move_days
from ztas_middleware.history.sealed import insert_totals
from ztas_middleware.history.sealing import seal_days
from ztas_middleware.history.state import MOVED, MOVING, SEALED, Rules, month_of, newest_of_days
from ztas_middleware.history.takeover import is_to_be_taken_over
from ztas_middleware.history.totals import TOTAL_NAMES, make_totals_table
from ztas_middleware.store.reading import reading
from ztas_middleware.store.survey import FIRST_ID

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from ztas_middleware.config.model import Config
    from ztas_middleware.history.sealing import Conversions
    from ztas_middleware.history.state import State
    from ztas_middleware.store.survey import Survey

T = TypeVar("T")

PATIENCE = 20.0
"""Seconds that a question may file for: servers kill workers that take 30."""

TRIES = 6

CHUNK = 5_000
"""Hits that are handed out at a time."""


@dataclass
class Asked:
    """What a question is asked of; only while it is being answered."""

    cursor: DuckDBPyConnection
    rows: str
    """The relation `rows`: see columns.py."""
    first_day: date | None
    """The first day that has any hits, or had some before it was sealed."""
    sealed_until: date | None
    """The last day of which there are totals alone."""
    generations: Mapping[date, str]
    """Of the file that each finished day was read from: another one, and it may have changed."""
    files: list[Path]
    _totals: Callable[[], str]
    keep: Callable[[], object]
    """Called when it was answered, and committed."""

    @property
    def totals(self) -> str:
        """The relation `totals`: see totals.py."""
        return self._totals()


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
        self._surveys: dict[str, Survey] = {}
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
            for _ in range(TRIES):
                filing = self._filing(rules, now, first, last, deadline)
                with reading(self.path) as connection:
                    connection.execute("rollback")
                    if is_to_be_taken_over(connection):
                        with_desk(filing, lambda *_: None)
                    desk = self._look(filing, connection, cursor)
                    if file and _is_due(desk):
                        file = _try_to_file(filing)
                        continue
                    asked = self._asked(desk)
                answer = self._answer(desk, asked, question)
                if answer is not None:
                    return answer[0]
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
        rules = self._rules[site_id]
        with reading(self.path) as connection:
            found = state.load_state(connection, site_id)
        return [
            (day, *bounds_of(day, day, zone_of(rules, of_day)))
            for day, of_day in sorted(found.days.items())
            if of_day.state in {MOVING, MOVED}
        ]

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
            desk = self._look(filing, connection, cursor)
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

    def _look(
        self, filing: Filing, connection: sqlite3.Connection, cursor: DuckDBPyConnection
    ) -> Desk:
        rules = filing.rules
        site = rules.site_id
        connection.execute("begin")
        found = state.load_state(connection, site)
        connection.execute("rollback")
        bad = bad_months(self.folder, cursor, site, found)
        first, last = month_of(filing.first), month_of(filing.last)
        try:
            refuse_lost(
                self.folder, site, found, [month for month in bad if first <= month <= last]
            )
        except StorageError as lost:
            # Whoever wrote the files may not have given them their names yet.
            try:
                with_desk(filing, look_around)
            except HistoryBusyError:
                raise
            except StorageError:
                raise lost from None
            return self._look(filing, connection, cursor)
        full = filing.full or state.wants_full_survey(found, rules, bad)
        with self._lock:
            known = self._surveys.pop(site, None)
        survey = state.look(connection, site, found, full=full, known=known)
        due = state.find_due(found, survey, rules, filing.today, bad)
        with self._lock:
            self._surveys[site] = survey
        return Desk(filing, connection, cursor, found, survey, due)

    def _asked(self, desk: Desk) -> Asked:
        """The relations for a question."""
        filing, found, cursor = desk.filing, desk.state, desk.cursor
        site = filing.rules.site_id
        surveyed = newest_of_days(desk.survey, filing.rules.zone).keys()
        # A day that is bad has been found to be due, and is read from the hits.
        days = (set(surveyed) - found.days.keys()) | desk.due.days
        loose = frozenset(day for day in days if filing.first <= day <= filing.last)
        with self._lock:
            keeper = self._loose.setdefault(site, Loose())
        table = keeper.rows(desk, loose)
        filed = {
            day: of_day.state
            for day, of_day in found.days.items()
            if filing.first <= day <= filing.last and day not in loose
        }
        with_hits = {month_of(day) for day, kind in filed.items() if kind != SEALED}
        hits = [self.folder.file(files.HITS, site, month) for month in sorted(with_hits)]
        bad = bad_months(self.folder, cursor, site, found)
        # Where the file can't be made anew, what the database has of sealed days is as good.
        packed = state.sealed_totals(desk.connection, site, filing.first, filing.last, bad)
        months = sorted({month_of(day) for day in filed} - bad)
        totals = [self.folder.file(files.TOTALS, site, month) for month in months]
        sealed = [day for day, of_day in found.days.items() if of_day.state == SEALED]
        rows = _view(desk, "asked_rows", ROW_NAMES, hits, table, loose)
        made: list[str] = []

        def count() -> str:
            if not made:
                made.append(keeper.totals(cursor, table))
                make_totals_table(cursor, "asked_sealed")
                for of_day in packed:
                    insert_totals(cursor, "asked_sealed", of_day)
                there = f"(from {made[0]} union all from asked_sealed)"
                _view(desk, "asked_totals", TOTAL_NAMES, totals, there, loose)
            return "asked_totals"

        def keep() -> None:
            for name in made:
                keeper.remember(cursor, name)

        return Asked(
            cursor,
            rows,
            min({*found.days, *surveyed}, default=None),
            max(sealed, default=None),
            {day: found.days[day].generation for day, kind in filed.items() if kind != SEALED},
            [*hits, *totals],
            count,
            keep,
        )

    def _answer(self, desk: Desk, asked: Asked, question: Callable[[Asked], T]) -> tuple[T] | None:
        """The answer; None where a file was replaced meanwhile, or is damaged."""
        import duckdb

        failure: duckdb.Error | None = None
        answer = None
        desk.cursor.execute("begin")
        try:
            answer = (question(asked),)
        except duckdb.Error as error:
            failure = error
            desk.cursor.execute("rollback")
        except BaseException:
            desk.cursor.execute("rollback")
            raise
        else:
            desk.cursor.execute("commit")
            asked.keep()
        with reading(self.path) as connection:
            now = state.load_state(connection, desk.filing.rules.site_id)
        if _generations(now, desk.filing) != _generations(desk.state, desk.filing):
            return None
        if failure is None:
            return answer
        if isinstance(failure, duckdb.OutOfMemoryException):
            raise StorageError(str(self.folder.path), _first_line(failure)) from failure
        damaged = [file for file in asked.files if _is_damaged(desk.cursor, file)]
        if not damaged:
            raise failure
        for file in damaged:
            self.folder.distrust(file)
        return None


def _is_due(desk: Desk) -> bool:
    first, last = month_of(desk.filing.first), month_of(desk.filing.last)
    return any(first <= month <= last for month in desk.due.months)


def _try_to_file(filing: Filing) -> bool:
    """Whether it makes sense to try again: the disk may be full, or all of it read-only."""
    try:
        file_days(filing)
    except HistoryBusyError:
        raise
    except StorageError:
        return False
    return True


def _generations(found: State, filing: Filing) -> dict[date, str]:
    return {
        day: of_day.generation
        for day, of_day in found.days.items()
        if month_of(filing.first) <= month_of(day) <= month_of(filing.last)
    }


def _view(  # noqa: PLR0917 - the same for both relations
    desk: Desk, name: str, columns: str, listed: list[Path], table: str, loose: Iterable[date]
) -> str:
    """Make a view of files and the table of what is not in them; its name."""
    days = f"day between date '{desk.filing.first}' and date '{desk.filing.last}'"
    parts = [f"select {columns} from {table} where {days}"]
    if listed:
        names = ", ".join("'" + str(file).replace("'", "''") + "'" for file in listed)
        apart = ", ".join(f"date '{day}'" for day in sorted(loose))
        parts.append(
            f"select {columns} from read_parquet([{names}], hive_partitioning = false) "
            f"where {days}" + (f" and day not in ({apart})" if apart else "")
        )
    desk.cursor.execute(f"create or replace temp view {name} as {' union all '.join(parts)}")
    return name


def _is_damaged(cursor: DuckDBPyConnection, file: Path) -> bool:
    import duckdb

    try:
        cursor.execute(
            "select bit_xor(hash(rows)) from read_parquet(?, hive_partitioning = false) as rows",
            [str(file)],
        ).fetchall()
    except duckdb.Error:
        return True
    return False


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]

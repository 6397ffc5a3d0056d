"""Filing: finished days go from the database into the month files of the history.

Hits are read and formed some days at a time, so that memory follows neither their number nor the
length of the history. A month's two files are written aside and synced; the database is told of
them; and then they are given their names. Whoever is killed in between leaves files that say of
themselves whose they are, so that the next one finishes it, or does it again.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.history import files, state
from ztas_middleware.history.clock import ONE_DAY, bounds_of
from ztas_middleware.history.columns import HITS, ROW_NAMES
from ztas_middleware.history.forming import form, make_hits_table, make_table
from ztas_middleware.history.reading import copy_hits
from ztas_middleware.history.sealed import insert_totals
from ztas_middleware.history.state import MOVED, MOVING, SEALED, month_of
from ztas_middleware.history.takeover import is_to_be_taken_over, take_over
from ztas_middleware.history.totals import (
    TOTAL_NAMES,
    make_totals_table,
    totals_of,
)
from ztas_middleware.store.history_tables import QUARTER, TRIGGERS
from ztas_middleware.store.reading import filing as opened
from ztas_middleware.store.reading import reading
from ztas_middleware.store.survey import GAP, merged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.engine import Engine
    from ztas_middleware.history.files import Folder
    from ztas_middleware.history.state import Due, FiledDay, Rules, State
    from ztas_middleware.store.survey import Survey

T = TypeVar("T")

BATCH = 150_000
"""Hits that are formed at a time."""

TOLERATED = 20_000
"""Hits that every process looks at again before one notes that they were looked at."""

MOST_SPANS = 1_000
"""Spans that are written down; more are merged, and others' hits between them skipped."""

PACE = 100_000
"""Hits a second that a slow machine files: by it a month is not begun that takes too long."""

TRIES = 5

FOREVER = 86_400.0
"""Seconds to wait for another process, where nobody waits for us."""


@dataclass
class Filing:
    """What one site's filing needs to know."""

    path: Path
    folder: Folder
    engine: Engine
    rules: Rules
    today: date
    deadline: float | None = None
    """When to stop, by `time.monotonic()`."""
    progress: Callable[[int, int], object] = lambda _done, _total: None
    """Told how many hits were read, and how many there are."""
    first: date = date.min
    last: date = date.max
    """Which days are wanted."""
    again: bool = False
    """Whether to file what is filed already, too."""
    full: bool = False
    """Whether to look at all hits, and not only at those that may not be filed."""


@dataclass
class Desk:
    """What is at hand while a site is looked at."""

    filing: Filing
    connection: sqlite3.Connection
    """In autocommit mode."""
    cursor: DuckDBPyConnection
    state: State
    survey: Survey
    due: Due


def file_days(filing: Filing) -> int:
    """File what is due of a site; how many days that were.

    Raises:
        StorageError: the database or the folder can't be read or written.
        HistoryBusyError: there was no time for all; what was done stays done.
    """
    return with_desk(filing, _file_due)


def with_desk(
    filing: Filing, work: Callable[[Filing, sqlite3.Connection, DuckDBPyConnection], T]
) -> T:
    """Do something that nobody else may do meanwhile, on connections that may write.

    Raises:
        StorageError: the database or the folder can't be read or written.
        HistoryBusyError: somebody else was at it all the time.
    """
    patience = FOREVER
    if filing.deadline is not None:
        patience = max(0.0, filing.deadline - time.monotonic())
    with filing.folder.lock(filing.rules.site_id, patience) as is_ours:
        if not is_ours:
            raise HistoryBusyError(str(filing.folder.path), 0, 0)
        with (
            opened(filing.path) as connection,
            closing(filing.engine.cursor()) as cursor,
        ):
            connection.execute("pragma synchronous = full")
            if is_to_be_taken_over(connection):
                take_over(connection)
            _make_triggers(connection)
            for _ in range(TRIES):
                with contextlib.suppress(_Overtaken):
                    return work(filing, connection, cursor)
    raise StorageError(str(filing.path), "hits are deleted all the time", is_busy=True)


class _Overtaken(Exception):  # noqa: N818 - never leaves this module
    """The newest hit was deleted meanwhile, so that ids do not say any more what is new."""


def bad_months(
    folder: Folder, cursor: DuckDBPyConnection, site_id: str, found: State
) -> frozenset[str]:
    """The months whose files are not those that the database knows of."""
    generations: dict[str, set[tuple[str, bool]]] = {}
    for day, filed in found.days.items():
        of_month = generations.setdefault(month_of(day), set())
        of_month.add((filed.generation, filed.state != SEALED))
    bad = set()
    for month, known in generations.items():
        marks = {f"{found.identity} {generation}" for generation, _ in known}
        kinds = files.KINDS if any(has_hits for _, has_hits in known) else (files.TOTALS,)
        if {folder.mark(cursor, folder.file(kind, site_id, month)) for kind in kinds} != marks:
            bad.add(month)
    return frozenset(bad)


def look_around(
    filing: Filing,
    connection: sqlite3.Connection,
    cursor: DuckDBPyConnection,
    *,
    may_write: bool = True,
) -> Desk:
    """See what is due of a site; whoever has the lock, and may write, tidies up before."""
    rules = filing.rules
    with _snapshot(connection):
        found = state.load_state(connection, rules.site_id)
    if may_write:
        _finish_renaming(filing, cursor, found)
    bad = bad_months(filing.folder, cursor, rules.site_id, found)
    refuse_lost(filing.folder, rules.site_id, found, bad)
    if filing.again:
        found = found._replace(days=state.distrusted(found.days))
    full = filing.full or state.wants_full_survey(found, rules, bad)
    survey = state.look(connection, rules.site_id, found, full=full)
    due = state.find_due(found, survey, rules, filing.today, bad)
    return Desk(filing, connection, cursor, found, survey, due)


def _file_due(filing: Filing, connection: sqlite3.Connection, cursor: DuckDBPyConnection) -> int:
    desk = look_around(filing, connection, cursor)
    found, survey = desk.state, desk.survey
    first, last = month_of(filing.first), month_of(filing.last)
    wanted = sorted(month for month in desk.due.months if first <= month <= last)
    work = Work(desk)
    progress = _Progress(filing.progress, sum(map(work.size_of, wanted)))
    months = days = 0
    for written in work.write_months(wanted, progress):
        days += work.publish(written)
        months += 1
    if months < len(wanted):
        raise HistoryBusyError(str(filing.folder.path), months, len(wanted))
    if found.noted or survey.upto - found.watermark > TOLERATED or wanted:
        work.settle()
    return days


class _Progress:
    """Hits that were read of those that there are."""

    def __init__(self, tell: Callable[[int, int], object], total: int) -> None:
        self._tell = tell
        self._total = total
        self._done = 0
        self._lock = Lock()

    def __call__(self, hits: int) -> None:
        with self._lock:
            self._done += hits
            # Others' hits may be among those that were counted, and new ones come.
            self._tell(self._done, max(self._total, self._done))


class Written(NamedTuple):
    """A month that was written aside."""

    month: str
    generation: str
    due: set[date]
    counts: dict[date, int]
    """How many rows each day has."""
    sealed: Mapping[date, bytes]
    """Days whose rows are not in it any more, and what is left of each."""


class Work:
    """Filing months of one site, from one survey."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._filing = desk.filing
        self._rules = desk.filing.rules
        self._connection = desk.connection
        self._cursor = desk.cursor
        self._state = desk.state
        self._survey = desk.survey
        self._due = desk.due
        self._left = set(desk.due.days)
        """Days that are due still."""

    def size_of(self, month: str) -> int:
        """How many hits a month's due days have, about."""
        zone = self._rules.zone
        days = (day for day in self._due.days if month_of(day) == month)
        return sum(self._survey.number(*bounds_of(day, day, zone)) for day in days)

    def file_month(
        self,
        month: str,
        progress: Callable[[int], object],
        sealed: Mapping[date, bytes] | None = None,
    ) -> int:
        """Write a month's files anew, and let them count; how many days of it were due.

        Args:
            month: `YYYY-MM`.
            progress: told how many hits were read.
            sealed: days whose rows go, and what is left of each, from `pack_totals`.
        """
        return self.publish(self.write_month(month, progress, sealed or {}))

    def write_months(
        self, months: Iterable[str], progress: Callable[[int], object]
    ) -> Iterator[Written]:
        """Write months aside, in order, as many at a time as DuckDB has threads.

        What SQLite and DuckDB do to a month keeps one processor busy for most of the time, and
        needs the interpreter for next to none of it. Ends early where there is no time for more.
        """
        self._identity()
        desk = replace(self._desk, state=self._state)
        deadline, threads = self._filing.deadline, self._filing.engine.threads
        under_way: deque[Future[Written]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            for month in months:
                if len(under_way) == threads:
                    yield under_way.popleft().result()
                promised = time.monotonic() + self.size_of(month) / PACE
                if deadline is not None and promised > deadline:
                    break
                under_way.append(pool.submit(_write_apart, desk, month, progress))
            while under_way:
                yield under_way.popleft().result()

    def write_month(
        self, month: str, progress: Callable[[int], object], sealed: Mapping[date, bytes]
    ) -> Written:
        """Write a month aside; arguments as in `file_month`."""
        due = {day for day in self._due.days if month_of(day) == month} - sealed.keys()
        rows, totals = "filing_month", "filing_totals"
        make_table(self._cursor, rows)
        make_totals_table(self._cursor, totals)
        kept = {
            day
            for day, filed in self._state.days.items()
            if month_of(day) == month and filed.state != SEALED and day not in due
        } - sealed.keys()
        for run, is_due in self._runs(sorted(due | kept), due):
            if is_due:
                self._form(run, rows, totals, progress)
            else:
                self._keep(month, run, rows, totals)
        self._add_sealed(month, totals, sealed)
        counts = dict(
            self._cursor.execute(f"select day, count(*) from {rows} group by day").fetchall()
        )
        generation = files.new_generation()
        self._write(month, generation, rows, totals)
        for table in (rows, totals):
            self._cursor.execute(f"drop table {table}")
        return Written(month, generation, due, counts, sealed)

    def publish(self, written: Written) -> int:
        """Let what was written aside count from now on; how many days of it were due."""
        self._publish(*written)
        self._put_in_place(written.month)
        self._left -= written.due
        return len(written.due)

    def _runs(self, days: list[date], due: set[date]) -> Iterable[tuple[list[date], bool]]:
        """Days that can be done together: in order, and not too many hits at a time."""
        run: list[date] = []
        size = 0
        for day in days:
            number = self._survey.number(*bounds_of(day, day, self._rules.zone))
            is_next = run and day - run[-1] == ONE_DAY and (day in due) == (run[0] in due)
            if run and (
                not is_next
                or (day in due and size + number > BATCH)
                or self._zone_of(day) != self._zone_of(run[0])
            ):
                yield run, run[0] in due
                run, size = [], 0
            run.append(day)
            size += number
        if run:
            yield run, run[0] in due

    def _zone_of(self, day: date) -> tzinfo:
        filed = self._state.days.get(day)
        return self._rules.zone if filed is None else zone_of(self._rules, filed)

    def gather(self, days: list[date], *, is_from_database: bool = False) -> None:
        """Make a table `filing_hits` of the hits of some days; see `gather`."""
        gather(self._desk, days, self._zone_of(days[0]), is_from_database=is_from_database)

    def _form(
        self, days: list[date], rows: str, totals: str, progress: Callable[[int], object]
    ) -> None:
        zone = self._zone_of(days[0])
        gather(self._desk, days, zone, progress)
        form(
            self._cursor,
            hits="filing_hits",
            rows=rows,
            first=days[0],
            last=days[-1],
            zone=zone,
            domains=self._rules.domains,
        )
        self._cursor.execute("drop table filing_hits")
        formed = f"(from {rows} where day between date '{days[0]}' and date '{days[-1]}')"
        self._cursor.execute(f"insert into {totals} {totals_of(formed)}")

    def _keep(self, month: str, days: list[date], rows: str, totals: str) -> None:
        """Take some days over from the file that there is."""
        bound = {"first": days[0], "last": days[-1]}
        for kind, table, names in (
            (files.HITS, rows, ROW_NAMES),
            (files.TOTALS, totals, TOTAL_NAMES),
        ):
            file = self._filing.folder.file(kind, self._rules.site_id, month)
            self._cursor.execute(
                f"""
                insert into {table}
                select {names} from read_parquet($file, hive_partitioning = false)
                where day between $first and $last
                """,
                {**bound, "file": str(file)},
            )

    def _add_sealed(self, month: str, totals: str, sealed: Mapping[date, bytes]) -> None:
        """Add what is left of the days whose hits are gone."""
        found = self._connection.execute(
            """
            select totals from history_days
            where site_id = ? and day between ? and ? and state = 'sealed' order by day
            """,
            (self._rules.site_id, f"{month}-01", f"{month}-31"),
        )
        for packed in [*(packed for (packed,) in found), *sealed.values()]:
            insert_totals(self._cursor, totals, packed)

    def _write(self, month: str, generation: str, rows: str, totals: str) -> None:
        mark = f"{self._identity()} {generation}"
        for kind, query in (
            (files.HITS, f"select {ROW_NAMES} from {rows}"),
            (
                files.TOTALS,
                f"select {TOTAL_NAMES} from {totals} order by day, dimension, key1, key2, key3",
            ),
        ):
            file = self._filing.folder.file(kind, self._rules.site_id, month)
            with files.as_storage_error(file):
                files.write_aside(self._cursor, query, file, mark)

    def _identity(self) -> str:
        if not self._state.identity:
            self._connection.execute(
                "insert or ignore into history_sites (site_id) values (?)", (self._rules.site_id,)
            )
            (identity,) = self._connection.execute(
                "select identity from history_sites where site_id = ?", (self._rules.site_id,)
            ).fetchone()
            self._state = self._state._replace(identity=identity)
        return self._state.identity

    def _publish(
        self,
        month: str,
        generation: str,
        due: set[date],
        counts: dict[date, int],
        sealed: Mapping[date, bytes],
    ) -> None:
        """Let what was written aside count from now on; it gets its name right behind."""
        site = self._rules.site_id
        bound = {"site": site, "generation": generation}
        with self._transaction():
            self._connection.executemany(
                "delete from history_days where site_id = ? and day = ? and state = 'filed'",
                [(site, day.isoformat()) for day in due],
            )
            self._connection.executemany(
                """
                insert into history_days (site_id, day, state, rows, last_id, generation, rules)
                values (:site, :day, 'filed', :rows, :last, :generation, :rules)
                on conflict (site_id, day) do update set
                    rows = excluded.rows, last_id = excluded.last_id, rules = excluded.rules
                """,
                [
                    {
                        **bound,
                        "day": day.isoformat(),
                        "rows": counts[day],
                        "last": self._survey.upto,
                        "rules": f"{self._rules.mark.split(' ')[0]} {self._zone_of(day)}",
                    }
                    for day in due
                    if day in counts
                ],
            )
            self._connection.execute(
                """
                update history_days set generation = :generation
                where site_id = :site and day between :first and :last
                """,
                {**bound, "first": f"{month}-01", "last": f"{month}-31"},
            )
            self._connection.executemany(
                """
                update history_days set state = 'sealed', rows = 0, totals = ?
                where site_id = ? and day = ?
                """,
                [(packed, site, day.isoformat()) for day, packed in sealed.items()],
            )
            self._clear_noted(due)
            self._move_watermark(self._left - due)

    def _clear_noted(self, days: Iterable[date]) -> None:
        zone = self._rules.zone
        for day in days:
            start, end = bounds_of(day, day, zone)
            self._connection.execute(
                """
                delete from history_changes
                where site_id = :site and quarter between :first and :last and number <= :number
                """,
                {
                    "site": self._rules.site_id,
                    "first": start // QUARTER,
                    "last": (end - 1) // QUARTER,
                    "number": self._state.changes,
                },
            )

    def settle(self) -> None:
        """Note that everything was looked at; in the running day nothing else has to be done."""
        self._identity()
        with self._transaction():
            if not self._left:
                self._connection.execute(
                    "delete from history_changes where site_id = ? and number <= ?",
                    (self._rules.site_id, self._state.changes),
                )
            self._move_watermark(self._left)

    def _move_watermark(self, left: Iterable[date]) -> None:
        zone = self._rules.zone
        days = {
            day for day in state.newest_of_days(self._survey, zone) if day not in self._state.days
        }
        days = {day for day in days if day >= self._filing.today} | set(left)
        days |= {day for day in self._state.days if day >= self._filing.today}
        open_ = merged(
            span for day in days for span in self._survey.between(*bounds_of(day, day, zone))
        )
        gap = GAP
        while len(open_) > MOST_SPANS:
            gap *= 4
            open_ = merged(open_, gap)
        self._connection.execute(
            "update history_sites set watermark = ?, open = ? where site_id = ?",
            (self._survey.upto, json.dumps(open_), self._rules.site_id),
        )

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            (cuts,) = self._connection.execute(
                "select ifnull(max(cuts), 0) from history_sites where site_id = ?",
                (self._rules.site_id,),
            ).fetchone()
            if cuts == self._state.cuts:
                yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        if cuts != self._state.cuts:
            self._connection.execute("rollback")
            raise _Overtaken
        self._connection.execute("commit")

    def _put_in_place(self, month: str) -> None:
        for kind in files.KINDS:
            file = self._filing.folder.file(kind, self._rules.site_id, month)
            with files.as_storage_error(file):
                files.put_in_place(file)


def zone_of(rules: Rules, filed: FiledDay) -> tzinfo:
    """The timezone that a day is of: one that is in the history alone keeps its own."""
    if filed.state in {MOVING, MOVED}:
        name = filed.rules.split(" ")[1]
        if name != str(rules.zone):
            return ZoneInfo(name)
    return rules.zone


def _write_apart(desk: Desk, month: str, progress: Callable[[int], object]) -> Written:
    """Write a month aside on connections of its own."""
    filing = desk.filing
    with reading(filing.path) as connection, closing(filing.engine.cursor()) as cursor:
        connection.execute("rollback")
        apart = replace(desk, connection=connection, cursor=cursor)
        return Work(apart).write_month(month, progress, {})


def gather(
    desk: Desk,
    days: list[date],
    zone: tzinfo,
    progress: Callable[[int], object] = lambda _: None,
    *,
    is_from_database: bool = False,
) -> None:
    """Make a table `filing_hits` of all hits of some days, one after the other in a month.

    They are in the database; but a file has those that left it, and saves reading the others again
    where it is to be believed, unless they have to come from the database.
    """
    filing, cursor = desk.filing, desk.cursor
    make_hits_table(cursor, "filing_hits")
    start, end = bounds_of(days[0], days[-1], zone)
    copy_hits(
        desk.connection,
        cursor,
        "filing_hits",
        site_id=filing.rules.site_id,
        spans=desk.survey.between(start, end),
        start=start,
        end=end,
        progress=progress,
    )
    believed = [day for day in days if day in desk.state.days and day not in desk.due.anew]
    if believed and not is_from_database:
        file = filing.folder.file(files.HITS, filing.rules.site_id, month_of(days[0]))
        cursor.execute(
            f"""
            insert into filing_hits
            select {columns_in(cursor, file)}
            from read_parquet($file, hive_partitioning = false) as old
            where day in (select unnest($days::date[]))
                and id not in (select id from filing_hits)
            """,
            {"file": str(file), "days": believed},
        )


def columns_in(cursor: DuckDBPyConnection, file: Path) -> str:
    """The columns of `hits` as a file has them; what is newer than it is NULL."""
    there = {
        name
        for name, *_ in cursor.execute(
            "describe select * from read_parquet(?, hive_partitioning = false)", [str(file)]
        ).fetchall()
    }
    return ", ".join(
        column.name if column.name in there else f"null as {column.name}" for column in HITS
    )


def _finish_renaming(filing: Filing, cursor: DuckDBPyConnection, found: State) -> None:
    """Give their names to files that count already, whose writer was killed."""
    site = filing.rules.site_id
    for day, filed in found.days.items():
        for kind in files.KINDS:
            file = filing.folder.file(kind, site, month_of(day))
            aside = files.aside_of(file)
            mark = f"{found.identity} {filed.generation}"
            if aside.exists() and filing.folder.mark(cursor, aside) == mark:
                files.put_in_place(file)
    filing.folder.clear_aside(site)


def refuse_lost(folder: Folder, site_id: str, found: State, bad: Iterable[str]) -> None:
    """Say which file is missed, where it is the only one that has the hits."""
    for month in sorted(bad):
        days = sorted(
            day
            for day, filed in found.days.items()
            if month_of(day) == month and filed.state == MOVED
        )
        if days:
            file = folder.file(files.HITS, site_id, month)
            raise StorageError(
                str(file),
                f"the hits of {days[0]} to {days[-1]} are in this file alone, and it is "
                f"{'damaged or of another database' if file.exists() else 'not there'}: "
                "put it back from a backup",
            )


def _make_triggers(connection: sqlite3.Connection) -> None:
    """Make the triggers anew that some tool has dropped, and distrust what is filed."""
    (number,) = connection.execute(
        f"""
        select count(*) from sqlite_schema
        where type = 'trigger' and name in ({", ".join(f"'{name}'" for name in TRIGGERS)})
        """
    ).fetchone()
    if number == len(TRIGGERS):
        return
    connection.execute("begin immediate")
    for name, statement in TRIGGERS.items():
        connection.execute(f"drop trigger if exists {name}")
        connection.execute(statement)
    connection.execute("update history_days set rules = '' where state = 'filed'")
    connection.execute("update history_sites set changes = changes + 1, cuts = cuts + 1")
    connection.execute("commit")


@contextlib.contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("begin")
    try:
        yield
    finally:
        connection.execute("rollback")

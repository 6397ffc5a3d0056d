"""Reads a file record by record and commits its rows in small batches, each with its place.

Rows and the place behind them are one transaction: an import that is killed goes on where the
last commit was, and adds nothing twice. Batches are small so that hits that come in meanwhile
hardly wait.
"""

from __future__ import annotations

import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.imports import places, progress
from ztas_middleware.imports.known import Known, MovedError
from ztas_middleware.imports.outcomes import LeftOut, Overlap, Refused
from ztas_middleware.imports.progress import File, OtherImportError
from ztas_middleware.imports.results import Result
from ztas_middleware.store.history_tables import sealed_until
from ztas_middleware.store.hits import INSERT, Hit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence

    from ztas_middleware.history.asking import History
    from ztas_middleware.imports.formats import Reading
    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.places import Place, Sibling
    from ztas_middleware.imports.records import Record
    from ztas_middleware.imports.terms import Terms
    from ztas_middleware.store.database import Database

T = TypeVar("T")

BATCH = 1000
"""Rows a commit: some ten milliseconds of the database's write lock."""

RECORDS = 20_000
"""Records after which the place is noted even if they had few rows."""

MOST_AT_ONCE = 100_000
"""Rows of an export that may have one and the same time; they are compared in one go."""

LOOK = 5
"""Commits of an export's rows after which they are looked at, so that they are found quickly."""

CHECKPOINT = 20
"""Commits between two checkpoints: some 10 MB of log."""

PATIENCE = 60.0
"""Seconds to wait for somebody else's lock."""

PROOF_PAUSE = 5.0
"""Seconds between two digests of what lies before the place; each takes a twentieth of one."""

TAKEN = LeftOut("imported before")
PRUNED = Refused("is of a day whose hits were pruned, so that its totals can't change any more")
CUT_SHORT = Refused("is cut short")
CROWDED = Refused(f"is one of more than {MOST_AT_ONCE} rows of one millisecond")


class Import:
    """One file on its way into one site.

    Args:
        database: where rows go.
        history: its finished days; rows of an export may be there alone.
        file: what is imported.
        reading: how it is read.
        place: where an earlier run got to, from `progress.find`.
        siblings: runs over the same file on other terms; what they took is not taken again.
        was_wanted: whether on terms the row that was read last was wanted, whatever its day.
        date_of: from a row's time to the date that it is noted under.
        on_refused: told the number and the reason of each line that is refused.
        on_overlap: told the number of the first line of each day that has rows of another origin.
        on_commit: told the offset that was reached, after each commit.
    """

    def __init__(
        self,
        database: Database,
        history: History,
        file: File,
        reading: Reading,
        place: Place,
        *,
        siblings: Sequence[Sibling] = (),
        was_wanted: Callable[[Terms], bool] = lambda _: True,
        date_of: Callable[[int], str],
        on_refused: Callable[[int, str], None] = lambda *_: None,
        on_overlap: Callable[[int, str], None] = lambda *_: None,
        on_commit: Callable[[int], None] = lambda *_: None,
    ) -> None:
        self._database = database
        self._file = file
        self._reading = reading
        self._siblings = siblings
        self._was_wanted = was_wanted
        self._date_of = date_of
        self._on_refused = on_refused
        self._on_overlap = on_overlap
        self._on_commit = on_commit
        self._start = place
        self._committed = place
        self._offset = place.offset
        self._rows_into = place.rows_into
        self._rows: list[Hit] = []
        self._numbers: list[int] = []
        self._same_time = 0
        self._since = 0
        self._commits = 0
        self._known = Known(database.path, history, file.site_id)
        self._header = 0
        self._next_proof = time.monotonic() + PROOF_PAUSE
        self.result = Result()

    def run(self) -> Result:
        """Read what is new in the file and commit its rows.

        Raises:
            StorageError: the database can't take it; what was committed before is noted.
            ZtasError: the file can't be read to its end, or somebody else imports it.
        """
        start = self._start
        is_whole = start.offset == 0 or self._reading.counts_along
        source = self._file.source
        lines = source.lines() if is_whole else source.lines(start.offset, start.lines)
        records = self._reading.records(lines)
        if is_whole and self._reading.columns is not None:
            header = next(records, None)
            self._header = header.last if header and start.offset == 0 else 0
        try:
            for record in records:
                if record.end > start.offset:
                    self._take(record)
                elif not isinstance(record.content, Refused):
                    self._reading.read(record.content)
        except StorageError:
            raise
        except ZtasError:
            self.commit(is_last=True)
            raise
        self.commit(is_last=True)
        if self._has_nothing and self.result.refused:
            ((reason, _),) = self.result.refused.most_common(1)
            raise ZtasError(
                f"{source.name}: not one of its lines could be taken in the format "
                f"{self._reading.format}: {reason}"
            )
        return self.result

    @property
    def place(self) -> Place:
        """The place that is noted."""
        return self._committed

    @property
    def _has_nothing(self) -> bool:
        """Whether there is not a line yet that is what it should be.

        As long as there is none, no place is noted: the file may be in another format.
        """
        result = self.result
        return self._start.id is None and not (
            self._rows or result.stored or result.known or result.left_out or result.overlapping
        )

    def commit(self, *, is_last: bool = False) -> None:
        """Commit the rows that wait, and the place behind them.

        Args:
            is_last: whether the place is to be known again in any case.

        Raises:
            StorageError: nothing of it was committed.
            ZtasError: somebody else imports the same file.
        """
        before, rows, result = self._committed, self._rows, self.result
        after = self._place(is_last=is_last)
        if after is before or self._has_nothing:
            return
        head = progress.head_of(self._file, before, after)
        now = time.time_ns() // 1_000_000

        def write(connection: sqlite3.Connection) -> tuple[Place, str | None]:
            # Asked here, so that no day is sealed between the question and the rows.
            seal = sealed_until(connection, self._file.site_id)
            taken = [row for row in rows if seal is None or self._date_of(row.time) > seal]
            fresh = taken
            if self._reading.is_export and taken:
                fresh = self._known.fresh_of(connection, taken)
            connection.executemany(INSERT, fresh)
            refused = after.refused + len(rows) - len(taken)
            days = Counter(before.days) + Counter(self._date_of(row.time) for row in fresh)
            saved = replace(after, stored=before.stored + len(fresh), refused=refused, days=days)
            saved = progress.save(connection, self._file, before, saved, head=head, now=now)
            return saved, seal

        if self._reading.is_export and self._commits % LOOK == 0:
            self._known.look()
        try:
            saved, sealed = self._transact(write)
        except OtherImportError:
            raise ZtasError(f"{self._file.source.name}: another process is importing it") from None
        stored = saved.stored - before.stored
        result.stored += stored
        result.known += len(rows) - stored - (saved.refused - after.refused)
        for row, number in zip(rows, self._numbers, strict=True):
            if sealed is not None and self._date_of(row.time) <= sealed:
                self._refuse(number, PRUNED)
        self._committed = saved
        self._rows, self._numbers, self._since = [], [], 0
        self._commits += 1
        if self._commits % CHECKPOINT == 0:
            self._database.checkpoint()
        self._on_commit(saved.offset)

    def _transact(self, write: Callable[[sqlite3.Connection], T]) -> T:
        while True:
            if self._reading.is_export:
                self._known.look_into_history(self._rows)
            with suppress(MovedError):
                return self._database.transact(write, patience=PATIENCE)

    def _place(self, *, is_last: bool) -> Place:
        """The place that was reached, but for the rows that wait; the last one if it is that."""
        before, start, result = self._committed, self._start, self.result
        tail = before.tail
        is_new = (self._offset, self._rows_into) != (before.offset, before.rows_into)
        is_proven = self._offset == start.offset or (tail and tail.at == self._offset)
        if not is_proven and (is_last or time.monotonic() > self._next_proof):
            tail = places.tail_of(self._file.source, self._offset)
            self._next_proof = time.monotonic() + PROOF_PAUSE
        if not is_new and tail is before.tail:
            return before
        return replace(
            before,
            offset=self._offset,
            rows_into=self._rows_into,
            lines=start.lines + self._header + result.lines,
            left_out=start.left_out + result.left_out.total(),
            refused=start.refused + result.refused.total(),
            refused_days=start.refused_days | result.overlapping.keys(),
            tail=tail,
        )

    def _outcome(self, record: Record) -> Outcome:
        content = record.content
        if isinstance(content, Refused):
            return content
        if record.is_complete or self._reading.is_whole(content):
            return self._reading.read(content)
        return CUT_SHORT

    def _take(self, record: Record) -> None:
        outcome = self._outcome(record)
        if isinstance(outcome, Hit):
            outcome = self._add(outcome, record)
        if isinstance(outcome, LeftOut):
            self.result.left_out[outcome.reason] += 1
        elif isinstance(outcome, Overlap):
            if outcome.day not in self.result.overlapping:
                self._on_overlap(record.number, outcome.day)
            self.result.overlapping[outcome.day] += 1
        elif isinstance(outcome, Refused):
            self._refuse(record.number, outcome)
            if not record.is_complete:
                # More of it may come; then it is looked at again.
                return
        elif not isinstance(outcome, Hit):
            self._add_many(outcome, record)
        self._offset, self._rows_into = record.end, 0
        self.result.lines = record.last - self._start.lines - self._header
        self._since += 1
        if self._since >= RECORDS and not (self._reading.is_export and self._rows):
            self.commit()

    def _add(self, hit: Hit, record: Record) -> Hit | LeftOut | Refused:
        """Put a row to those that wait, or say why not."""
        if self._siblings and self._was_taken(hit, record):
            return TAKEN
        rows = self._rows
        if self._reading.is_export and rows and rows[-1].time == hit.time:
            # Rows of one time are compared with those that are there, so they stay together.
            self._same_time += 1
            if self._same_time > MOST_AT_ONCE:
                return CROWDED
        else:
            self._same_time = 1
            if len(rows) >= BATCH:
                self.commit()
                rows = self._rows
        rows.append(hit)
        self._numbers.append(record.number)
        return hit

    def _add_many(self, hits: Iterable[Hit], record: Record) -> None:
        """Put the rows of one record to those that wait, but for those stored by an earlier run."""
        for index, hit in enumerate(islice(hits, self._rows_into, None), self._rows_into):
            if self._siblings and self._was_taken(hit, record):
                self.result.left_out[TAKEN.reason] += 1
                return  # all of them are of one day
            if len(self._rows) >= BATCH:
                self._rows_into = index
                self.commit()
            self._rows.append(hit)
            self._numbers.append(record.number)

    def _was_taken(self, hit: Hit, record: Record) -> bool:
        """Whether a run on other terms has taken it."""
        day = self._date_of(hit.time)
        return any(
            sibling.has_taken(record.end, day)
            # Version 0.1 noted no hosts, whichever it was told.
            and (sibling.place.tail is None or self._was_wanted(sibling.terms))
            for sibling in self._siblings
        )

    def _refuse(self, number: int, refused: Refused) -> None:
        self._on_refused(number, refused.reason)
        self.result.refused[refused.reason] += 1

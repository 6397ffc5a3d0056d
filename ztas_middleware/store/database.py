"""The database as a serving process sees it: appending rows, durably and together.

Acknowledged means committed: `append` returns once the rows are in a committed transaction.
Writers of one process that arrive together share a commit: whoever gets the lock commits for
all who wait, so that no thread of ours has to run in the background. Between processes SQLite's
own lock decides; waiting for it is bounded.

What the rows mean is the intake's business, and reading them the reports'.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import StorageError
from ztas_middleware.forking import lock_over_fork
from ztas_middleware.store import checkpoints, hits
from ztas_middleware.store.connection import open_for_checkpoint
from ztas_middleware.store.places import real_name
from ztas_middleware.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ztas_middleware.config.model import Durability
    from ztas_middleware.store.hits import Hit

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds to wait for another program's lock before a hit is refused."""

SLOW = 0.002
REST = 50
"""A commit that took so many seconds was kept waiting by a disk, which may last: for so many times
as long, no other is made where nobody may wait."""

CATCH_UPS = 200
CATCH_UP_PAUSE = 0.001
"""How often, and how many seconds apart, the rest of a long log is tried while another
checkpoint is at work."""

_fork_guard = lock_over_fork()


class _Batch:
    """Rows of one caller on their way into a shared commit."""

    __slots__ = ("error", "rows", "settled")

    def __init__(self, rows: Sequence[Hit]) -> None:
        self.rows = rows
        self.settled = False
        self.error: StorageError | None = None


class Database:
    """One database file, opened lazily, and anew after `fork()`.

    Safe to use from many threads and to construct before forking.
    """

    def __init__(self, path: Path, durability: Durability = "commit") -> None:
        self.path = path
        self._filename = os.fspath(path)
        self._syncs = durability == "full"
        self._writer = Writer(self._filename, "full" if self._syncs else "normal")
        self._start()

    def _start(self) -> None:
        self._lock = lock_over_fork()
        self._checkpointing = lock_over_fork()
        self._waiting: deque[_Batch] = deque()
        self._generation = 0
        self._commits = 0
        self._log_is_long = False
        self.checkpoint_due = False
        """Whether somebody who has a moment should call `checkpoint`."""
        self.hurry: float | None = None
        """Until when to try at most, by `time.monotonic`: whoever calls next has waited already."""
        self._slow_until = 0.0
        self._pid = os.getpid()

    @property
    def generation(self) -> int:
        """Changes whenever another file is opened: what was read from the old one is void."""
        return self._writer.generation

    def append(self, rows: Sequence[Hit]) -> None:
        """Commit `rows`, in order, together with whatever else is waiting.

        Raises:
            StorageError: nothing of `rows` was stored.
        """
        if self._pid != os.getpid():
            self._restart_after_fork()
        deadline = self._deadline(PATIENCE)
        batch = _Batch(rows)
        self._waiting.append(batch)
        with self._lock:
            if not batch.settled:
                self._commit_waiting(deadline)
                if self._log_is_long:
                    self._catch_up()
        if batch.error is not None:
            raise batch.error

    @property
    def is_at_hand(self) -> bool:
        """Whether `append_at_once` is worth trying: the file is open, and no disk is waited for."""
        return (
            self._writer.is_open
            and not self._syncs
            and self._pid == os.getpid()
            and time.monotonic() > self._slow_until
        )

    def append_at_once(self, rows: Sequence[Hit]) -> bool:
        """Commit `rows` if that needs no wait; whether they are stored."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            # Who waits was there before, and a long log has to be caught up with.
            if self._waiting or self._log_is_long:
                return False
            began = time.monotonic()
            is_stored = self._writer.run_at_once(lambda connection: hits.insert(connection, rows))
            now = time.monotonic()
            if now - began > SLOW:
                self._slow_until = now + REST * (now - began)
            if not is_stored:
                return False
            self._look_at_log()
            return True
        finally:
            self._lock.release()

    def transact(
        self, work: Callable[[sqlite3.Connection], T], *, patience: float | None = None
    ) -> T:
        """Run `work` inside one `begin immediate` transaction and return what it returns.

        `work` may run again from the start when the database was busy. `patience` is in seconds,
        `PATIENCE` if None; with 0 it does not even wait for another thread of this process.

        Raises:
            StorageError: nothing of it was stored.
        """
        if self._pid != os.getpid():
            self._restart_after_fork()
        if patience is None:
            patience = PATIENCE
        deadline = self._deadline(patience)

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("begin immediate")
            result = work(connection)
            connection.execute("commit")
            return result

        if not self._lock.acquire(timeout=patience):
            raise StorageError(self._filename, "busy", is_busy=True)
        try:
            return self._writer.run(transaction, deadline)
        finally:
            self._lock.release()

    def look(self) -> None:
        """Notice what has become of the files that are open, if there is a moment for it.

        Readers find nothing in a database whose log was removed, and can't make it anew.
        """
        if self._pid == os.getpid() and self._lock.acquire(blocking=False):
            try:
                with contextlib.suppress(sqlite3.Error, OSError):
                    self._writer.look()
            finally:
                self._lock.release()

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file; for after an answer was sent."""
        if not self._checkpointing.acquire(blocking=False):
            return
        try:
            self.checkpoint_due = False
            # A new connection would take up whatever log lies beside the file.
            if not self._writer.is_in_place():
                return
            # Opened for the occasion: on its own connection it keeps no writer waiting.
            with closing(open_for_checkpoint(self._filename)) as connection:
                self._log_is_long = checkpoints.checkpoint(connection).is_long
        except sqlite3.Error:
            pass  # the next commit will say what is wrong
        finally:
            self._checkpointing.release()

    def truncate_log(self) -> bool:
        """Empty the write-ahead log, so that nothing deleted is left in it; False if in use."""
        with self._lock, contextlib.suppress(StorageError):
            return self._writer.run(checkpoints.truncate, time.monotonic())
        return False

    def close(self) -> None:
        """Release the database; a later write opens it again."""
        if self._pid != os.getpid():
            self._restart_after_fork()
        with self._lock:
            # SQLite's last connection moves the log into the file, whatever file that is by now.
            with contextlib.suppress(sqlite3.Error, OSError):
                self._writer.look()
            self._writer.disconnect()

    def _deadline(self, patience: float) -> float:
        deadline = time.monotonic() + patience
        return deadline if self.hurry is None else min(deadline, self.hurry)

    def _commit_waiting(self, deadline: float) -> None:
        """Commit all batches that wait, settling each. The lock is held."""
        batches: list[_Batch] = []

        def insert(connection: sqlite3.Connection) -> None:
            # Those who arrived while we waited for the database come along.
            while self._waiting:
                batches.append(self._waiting.popleft())
            hits.insert(connection, [row for batch in batches for row in batch.rows])

        error: StorageError | None = None
        try:
            self._writer.run(insert, deadline)
            self._look_at_log()
        except StorageError as failure:
            error = failure
            while self._waiting:
                batches.append(self._waiting.popleft())
        except BaseException:
            error = StorageError(self._filename, "interrupted")
            raise
        finally:
            for batch in batches:
                batch.error = error
                batch.settled = True

    def _look_at_log(self) -> None:
        """Note after a commit whether a checkpoint is due. The lock is held."""
        self._commits += 1
        if self._commits >= checkpoints.COMMITS:
            self._commits = 0
            self.checkpoint_due = True
        if self._generation != self._writer.generation:
            self._generation = self._writer.generation
            self.checkpoint_due = checkpoints.has_large_log(real_name(self._filename))

    def _catch_up(self) -> None:
        """Move the rest of a long log while no one can add to it. The lock is held.

        Under constant load commits come in during every checkpoint, so that none gets to the
        end; this one does, and the next commit starts the log from its beginning.
        """
        self._log_is_long = False
        if not self._writer.is_in_place():
            return
        with (
            contextlib.suppress(sqlite3.Error, StorageError),
            closing(open_for_checkpoint(self._filename)) as connection,
        ):

            def move(writer: sqlite3.Connection) -> None:
                writer.execute("begin immediate")
                for _ in range(CATCH_UPS):
                    if not checkpoints.checkpoint(connection).is_contended:
                        break
                    time.sleep(CATCH_UP_PAUSE)
                writer.execute("rollback")

            self._writer.run(move, time.monotonic() + PATIENCE)

    def _restart_after_fork(self) -> None:
        with _fork_guard:
            if self._pid == os.getpid():
                return
            self._writer.abandon()
            self._start()

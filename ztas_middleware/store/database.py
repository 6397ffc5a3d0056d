"""The serving process's connection to the database: appending rows, durably and together.

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
import threading
import time
from collections import deque
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import StorageError
from ztas_middleware.store import checkpoints
from ztas_middleware.store.connection import (
    Opened,
    discard_log,
    identity_of,
    is_busy,
    open_connection,
    open_for_checkpoint,
)
from ztas_middleware.store.hits import INSERT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ztas_middleware.config.model import Durability
    from ztas_middleware.store.hits import Hit

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds to wait for another program's lock before a write is refused."""

# SQLite's own busy handler starts at 1 ms and soon sleeps 100; a commit of ours takes 20 us,
# so looking again early keeps several processes from queueing behind a sleep.
FIRST_PAUSE = 0.0001
LONGEST_PAUSE = 0.01

CATCH_UPS = 200
CATCH_UP_PAUSE = 0.001
"""How often, and how many seconds apart, the rest of a long log is tried while another
checkpoint is at work."""

FAREWELLS = 100
"""Tries to complete a file that was moved away, each after a `LONGEST_PAUSE`."""

# Connections inherited over fork() belong to the parent: closing one here would drop its
# locks and could remove its WAL. They are kept, unused, for the life of the child.
_inherited: list[sqlite3.Connection] = []
_fork_guard = threading.Lock()


class _Batch:
    """Rows of one caller on their way into a shared commit."""

    __slots__ = ("error", "rows", "settled")

    def __init__(self, rows: Sequence[Hit]) -> None:
        self.rows = rows
        self.settled = False
        self.error: StorageError | None = None


class Database:
    """The database as one serving process sees it; opened lazily, and anew after `fork()`.

    Safe to use from many threads and to construct before forking.
    """

    def __init__(self, path: Path, durability: Durability = "commit") -> None:
        self.path = path
        self._filename = os.fspath(path)
        self._synchronous = "full" if durability == "full" else "normal"
        self.generation = 0
        """Goes up whenever another file is opened: what was read from the old one is void."""
        self._start()

    def _start(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Batch] = deque()
        self._opened: Opened | None = None
        self._commits = 0
        self._checkpointing = threading.Lock()
        self._log_is_long = False
        self.checkpoint_due = False
        """Whether somebody who has a moment should call `checkpoint`."""
        self._pid = os.getpid()

    def append(self, rows: Sequence[Hit]) -> None:
        """Commit `rows`, in order, together with whatever else is waiting.

        Raises:
            StorageError: nothing of `rows` was stored.
        """
        if self._pid != os.getpid():
            self._restart_after_fork()
        batch = _Batch(rows)
        self._waiting.append(batch)
        with self._lock:
            if not batch.settled:
                self._commit_waiting()
                if self._log_is_long:
                    self._catch_up()
        if batch.error is not None:
            raise batch.error

    def transact(self, work: Callable[[sqlite3.Connection], T], *, patience: float = PATIENCE) -> T:
        """Run `work` inside one `begin immediate` transaction and return what it returns.

        `work` may run again from the start when the database was busy.

        Raises:
            StorageError: nothing of it was stored.
        """
        if self._pid != os.getpid():
            self._restart_after_fork()

        def transaction(connection: sqlite3.Connection) -> T:
            connection.execute("begin immediate")
            result = work(connection)
            connection.execute("commit")
            return result

        # Another thread may hold the lock for as long as it waits for the database.
        if not self._lock.acquire(timeout=patience):
            raise StorageError(self._filename, "busy")
        try:
            return self._run(transaction, patience)
        finally:
            self._lock.release()

    def checkpoint(self) -> None:
        """Move the write-ahead log into the database file; for after an answer was sent."""
        if not self._checkpointing.acquire(blocking=False):
            return
        try:
            self.checkpoint_due = False
            # Opened for the occasion: on its own connection it keeps no writer waiting.
            with closing(open_for_checkpoint(self._filename)) as connection:
                self._log_is_long = checkpoints.checkpoint(connection).is_long
        except (sqlite3.Error, StorageError):
            pass  # another process is at it, or the next commit will say what is wrong
        finally:
            self._checkpointing.release()

    def truncate_log(self) -> bool:
        """Empty the write-ahead log, so that nothing deleted is left in it; False if in use."""
        with self._lock:
            try:
                return checkpoints.truncate(self._connected())
            except (sqlite3.Error, OSError):
                return False

    def close(self) -> None:
        """Release the database; a later write opens it again."""
        if self._pid != os.getpid():
            self._restart_after_fork()
        with self._lock:
            self._disconnect()

    def _commit_waiting(self) -> None:
        """Commit all batches that wait, settling each. The lock is held."""
        batches: list[_Batch] = []

        def insert(connection: sqlite3.Connection) -> None:
            # Those who arrived while we waited for the database come along.
            while self._waiting:
                batches.append(self._waiting.popleft())
            if len(batches) == 1 and len(batches[0].rows) == 1:
                # In autocommit mode a statement is its own transaction: two calls fewer.
                connection.execute(INSERT, batches[0].rows[0])
                return
            connection.execute("begin immediate")
            while self._waiting:
                batches.append(self._waiting.popleft())
            connection.executemany(INSERT, [row for batch in batches for row in batch.rows])
            connection.execute("commit")

        error: StorageError | None = None
        try:
            self._run(insert, PATIENCE)
            self._commits += 1
            if self._commits >= checkpoints.COMMITS:
                self._commits = 0
                self.checkpoint_due = True
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

    def _catch_up(self) -> None:
        """Move the rest of a long log while no one can add to it. The lock is held.

        Under constant load commits come in during every checkpoint, so that none gets to the
        end; this one does, and the next commit starts the log from its beginning.
        """
        self._log_is_long = False
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

            self._run(move, PATIENCE)

    def _run(self, work: Callable[[sqlite3.Connection], T], patience: float) -> T:
        """Run `work` on the connection until it gets through. The lock is held."""
        deadline: float | None = None
        pause = FIRST_PAUSE
        is_second_try = False
        while True:
            try:
                return work(self._connected())
            except (sqlite3.Error, OSError) as failure:
                if not is_busy(failure):
                    # The file may have been moved away under our hands: a second try starts
                    # from a clean sheet, and so does the next write after that.
                    self._disconnect()
                    if is_second_try:
                        raise StorageError(self._filename, str(failure)) from failure
                    is_second_try = True
                    continue
                self._roll_back()
            except BaseException:
                self._roll_back()
                raise
            now = time.monotonic()
            if deadline is None:
                deadline = now + patience
            if now >= deadline:
                raise StorageError(self._filename, f"locked for more than {patience:g} s")
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _connected(self) -> sqlite3.Connection:
        """The open connection to the file that is at the path now. The lock is held."""
        opened = self._opened
        if opened is not None:
            # Looked at before every commit: rows must never go to a file that nobody sees.
            if identity_of(self._filename) == opened.file:
                return opened.connection
            self._leave_behind(opened)
        opened = self._opened = open_connection(self._filename, synchronous=self._synchronous)
        self.generation += 1
        self.checkpoint_due = checkpoints.has_large_log(self._filename)
        return opened.connection

    def _leave_behind(self, opened: Opened) -> None:
        """Let go of a file that was deleted, moved away or replaced."""
        # A file that was moved takes along what is still in its log: the log's name stays
        # behind. Other processes may be at the same thing, or still at their last commit.
        with contextlib.suppress(sqlite3.Error):
            for _ in range(FAREWELLS):
                if checkpoints.checkpoint(opened.connection).is_complete:
                    break
                time.sleep(LONGEST_PAUSE)
        # Before closing: as long as our log is open, no other file can have its inode.
        discard_log(self._filename, opened.log)
        # SQLite sees on closing that the file has moved, and leaves the log alone that is at the
        # old name by now.
        self._disconnect()

    def _roll_back(self) -> None:
        opened = self._opened
        if opened is not None and opened.connection.in_transaction:
            try:
                opened.connection.execute("rollback")
            except sqlite3.Error:
                self._disconnect()

    def _disconnect(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            # Closing rolls back what is open; it fails only on a file that is beyond help.
            with contextlib.suppress(sqlite3.Error):
                opened.connection.close()

    def _restart_after_fork(self) -> None:
        with _fork_guard:
            if self._pid == os.getpid():
                return
            if self._opened is not None:
                _inherited.append(self._opened.connection)
            self._start()

"""The one connection that a process writes through: opened when needed, and tried again.

It gives up a file that was moved or deleted, waits out other programs' locks up to a deadline, and
starts from a clean sheet after an error. Who may use it when is the caller's business: it is for
one thread at a time.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import StorageError
from ztas_middleware.store import checkpoints
from ztas_middleware.store.connection import (
    Opened,
    discard_log,
    identity_of,
    is_busy,
    open_connection,
)

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# SQLite's own busy handler starts at 1 ms and soon sleeps 100; a commit of ours takes 20 us,
# so looking again early keeps several processes from queueing behind a sleep.
FIRST_PAUSE = 0.0001
LONGEST_PAUSE = 0.01

FAREWELLS = 100
"""Tries to complete a file that was moved away, each after a `LONGEST_PAUSE`."""

# Connections inherited over fork() belong to the parent: closing one here would drop its
# locks and could remove its log. They are kept, unused, for the life of the child.
_inherited: list[sqlite3.Connection] = []


class Writer:
    """A connection that outlives what happens to its file."""

    def __init__(self, filename: str, synchronous: str) -> None:
        self._filename = filename
        self._synchronous = synchronous
        self._opened: Opened | None = None
        self.generation = 0
        """Goes up whenever a file is opened."""

    def run(self, work: Callable[[sqlite3.Connection], T], deadline: float) -> T:
        """Return what `work` returns; it runs again, from its start, while somebody has a lock.

        A transaction that `work` leaves open when it raises is rolled back.

        Args:
            work: what to do on the connection.
            deadline: until when to try, by `time.monotonic`; it is tried once in any case.

        Raises:
            StorageError: it did not get through, and nothing of it was stored.
        """
        pause = FIRST_PAUSE
        is_second_try = False
        while True:
            try:
                return work(self._connected())
            except (sqlite3.Error, OSError) as failure:
                if not is_busy(failure):
                    # The file may have been moved away under our hands: a second try starts
                    # from a clean sheet, and so does the next write after that.
                    self.disconnect()
                    if is_second_try:
                        raise StorageError(self._filename, str(failure)) from failure
                    is_second_try = True
                    continue
                self._roll_back()
                if time.monotonic() >= deadline:
                    raise StorageError(self._filename, "locked by another program") from failure
            except BaseException:
                self._roll_back()
                raise
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def disconnect(self) -> None:
        """Close the connection; the next `run` opens another."""
        opened, self._opened = self._opened, None
        if opened is not None:
            # Closing rolls back what is open; it fails only on a file that is beyond help.
            with contextlib.suppress(sqlite3.Error):
                opened.connection.close()

    def abandon(self) -> None:
        """Forget the parent's connection, in a child."""
        opened, self._opened = self._opened, None
        if opened is not None:
            _inherited.append(opened.connection)

    def _connected(self) -> sqlite3.Connection:
        """The open connection to the file that is at the path now."""
        opened = self._opened
        if opened is not None:
            # Looked at before every commit: rows must never go to a file that nobody sees.
            if identity_of(self._filename) == opened.file:
                return opened.connection
            self._leave_behind(opened)
        opened = self._opened = open_connection(self._filename, synchronous=self._synchronous)
        self.generation += 1
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
        self.disconnect()

    def _roll_back(self) -> None:
        opened = self._opened
        if opened is not None and opened.connection.in_transaction:
            try:
                opened.connection.execute("rollback")
            except sqlite3.Error:
                self.disconnect()

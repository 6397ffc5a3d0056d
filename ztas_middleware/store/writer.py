"""The one connection that a process writes through: opened when needed, and tried again.

It gives up a file that was moved or deleted, waits out other programs' locks up to a deadline, and
starts from a clean sheet after an error. Who may use it when is the caller's business: it is for
one thread at a time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import sys
import time
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import StorageError
from ztas_middleware.store import checkpoints
from ztas_middleware.store.connection import Opened, is_busy, open_connection
from ztas_middleware.store.headers import HeaderWatch
from ztas_middleware.store.places import (
    LostLogError,
    ReplacedError,
    UnsettledError,
    companions_of,
    identity_of,
    real_name,
)
from ztas_middleware.store.renewal import adopt, discard_log, rescue

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("ztas_middleware")

T = TypeVar("T")

# SQLite's own busy handler starts at 1 ms and soon sleeps 100; a commit of ours takes 20 us,
# so looking again early keeps several processes from queueing behind a sleep.
FIRST_PAUSE = 0.0001
LONGEST_PAUSE = 0.01

LOOK = 0.001
"""Seconds between two looks at the database's file: a call of the system, which a hit would notice,
and less time than another program needs to replace the file."""

LOOK_BESIDE = 0.01
"""Seconds between two looks at the log and its index. Without them, rows can still be saved."""

LINGER = 0.02
"""Seconds for which whoever renews a file keeps the old one locked. A commit that took longer since
its look may have come after that."""

ORPHANED = 1.0
"""Seconds for those who have the lost log open to notice that, before somebody else goes on."""

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
        self._header: HeaderWatch | None = None
        self._looked = self._next_look = self._next_look_beside = 0.0
        self._orphaned_since: float | None = None
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
                result = work(self._connected())
                if self._was_in_time():
                    return result
                # Whoever was kept waiting may have committed into a file that was just renewed.
                raise ReplacedError(f"{self._filename} was replaced meanwhile")  # noqa: TRY301 - busy
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
                # Whoever renews the files holds the lock for as long as others may not have looked.
                self._next_look = self._next_look_beside = 0.0
                if time.monotonic() >= deadline:
                    problem = _explained(failure)
                    raise StorageError(self._filename, problem, is_busy=True) from failure
            except BaseException:
                self._roll_back()
                raise
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def look(self) -> None:
        """Notice now what happened to the files, and see to it.

        Raises:
            sqlite3.Error: busy, or beyond help.
            OSError: no room, not permitted, or others are at it.
        """
        self._next_look = self._next_look_beside = 0.0
        if self._opened is not None:
            self._connected()

    def is_in_place(self) -> bool:
        """Whether all files that are open are at their places."""
        opened = self._opened
        return opened is not None and (
            identity_of(self._filename) == opened.file
            and companions_of(opened.filename) == (opened.log, opened.log_index)
        )

    def disconnect(self) -> None:
        """Close the connection; the next `run` opens another."""
        opened, self._opened = self._opened, None
        header, self._header = self._header, None
        if opened is not None:
            # Closing rolls back what is open; it fails only on a file that is beyond help.
            with contextlib.suppress(sqlite3.Error):
                opened.connection.close()
        if header is not None:
            header.close()

    def abandon(self) -> None:
        """Forget the parent's connection, in a child."""
        opened, self._opened = self._opened, None
        header, self._header = self._header, None
        if opened is not None:
            _inherited.append(opened.connection)
        if header is not None:
            header.close()

    def _connected(self) -> sqlite3.Connection:
        """The open connection to the files that are in place now."""
        opened = self._opened
        if opened is not None:
            now = time.monotonic()
            if now < self._next_look:
                return opened.connection
            if self._is_still_ours(opened, now):
                self._looked, self._next_look = now, now + LOOK
                return opened.connection
        now = time.monotonic()
        opened = self._opened = self._open()
        self._looked, self._next_look = now, now + LOOK
        self._orphaned_since = None
        if sys.platform != "win32":
            self._header = HeaderWatch(opened.filename, opened.application)
        self.generation += 1
        return opened.connection

    def _was_in_time(self) -> bool:
        """Whether what was just committed is in the file that everybody looks at."""
        opened = self._opened
        return (
            opened is None
            or time.monotonic() < self._looked + LINGER
            or identity_of(opened.filename) == opened.file
        )

    def _is_still_ours(self, opened: Opened, now: float) -> bool:
        """Whether to go on with the open files; if not, they are let go of."""
        try:
            status = os.stat(self._filename)  # noqa: PTH116 - a third of the cost of Path.stat
        except OSError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != opened.file:
            self._leave_behind(opened)
        elif self._header is not None and self._header.is_foreign(status):
            adopt(opened.filename, self._header.descriptor, opened.file)
            logger.warning("another program wrote over %s; it is in use", opened.filename)
            # SQLite sees on closing that the file has moved, and mixes nothing into the new one.
            self.disconnect()
        elif now < self._next_look_beside:
            return True
        elif companions_of(opened.filename) != (opened.log, opened.log_index):
            rescue(opened, LINGER)
            logger.warning("the log of %s was removed, and is made anew", opened.filename)
            self.disconnect()
        else:
            self._next_look_beside = now + LOOK_BESIDE
            return True
        return False

    def _open(self) -> Opened:
        try:
            return open_connection(self._filename, synchronous=self._synchronous)
        except LostLogError:
            now = time.monotonic()
            if self._orphaned_since is None:
                self._orphaned_since = now
            if now < self._orphaned_since + ORPHANED:
                raise
        # Those who have the log do nothing; what is in the file is all there is to go on with.
        self._orphaned_since = None
        filename = real_name(self._filename)
        descriptor = os.open(filename, os.O_RDONLY)
        try:
            status = os.fstat(descriptor)
            adopt(filename, descriptor, (status.st_dev, status.st_ino))
        finally:
            os.close(descriptor)
        return open_connection(self._filename, synchronous=self._synchronous)

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
        discard_log(opened.filename, opened.log)
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


def _explained(failure: Exception) -> str:
    if isinstance(failure, UnsettledError):
        return str(failure)
    return "locked by another program"

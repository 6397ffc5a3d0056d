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
import time
from typing import TYPE_CHECKING, TypeVar

from ztas_middleware.errors import StorageError
from ztas_middleware.store import checkpoints
from ztas_middleware.store.connection import Opened, is_busy, open_connection
from ztas_middleware.store.places import (
    LostLogError,
    ReplacedError,
    UnsettledError,
    real_name,
)
from ztas_middleware.store.renewal import adopt, discard_log, rescue
from ztas_middleware.store.vigil import LINGER, State, Vigil

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("ztas_middleware")

T = TypeVar("T")

# SQLite's own busy handler starts at 1 ms and soon sleeps 100; a commit of ours takes 20 us,
# so looking again early keeps several processes from queueing behind a sleep.
FIRST_PAUSE = 0.0001
LONGEST_PAUSE = 0.01

TRIES = 4
"""How often something is tried on a file that is out of order, each time on a new connection."""

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
        self._vigil: Vigil | None = None
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
        tries = 0
        while True:
            try:
                result = work(self._connected())
                if self._vigil is None or self._vigil.was_in_time():
                    return result
                # Whoever was kept waiting may have committed into a file that was just renewed.
                raise ReplacedError(f"{self._filename} was replaced meanwhile")  # noqa: TRY301 - busy
            except (sqlite3.Error, OSError) as failure:
                if not is_busy(failure):
                    # The file may have been moved away under our hands, and the next one, too:
                    # another try starts from a clean sheet, and so does the next write after that.
                    self.disconnect()
                    tries += 1
                    if tries == TRIES:
                        raise StorageError(self._filename, str(failure)) from failure
                    continue
                self._roll_back()
                if self._vigil is not None:
                    # Whoever renews the files holds the lock as long as others may not have looked.
                    self._vigil.is_due = True
                if time.monotonic() >= deadline:
                    problem = _explained(failure)
                    raise StorageError(self._filename, problem, is_busy=True) from failure
            except BaseException:
                self._roll_back()
                raise
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    @property
    def is_open(self) -> bool:
        """Whether a connection is there."""
        return self._vigil is not None

    def run_at_once(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        """Run `work` if the connection is there and nobody has a lock; whether it got through.

        If it did not, nothing of it was stored, and `run` will find out why.
        """
        vigil = self._vigil
        if vigil is None or vigil.look() is not State.FINE:
            return False
        try:
            work(vigil.opened.connection)
        except sqlite3.Error:
            self._roll_back()
            return False
        return vigil.was_in_time()

    def look(self) -> None:
        """Notice now what happened to the files, and see to it.

        Raises:
            sqlite3.Error: busy, or beyond help.
            OSError: no room, not permitted, or others are at it.
        """
        if self._vigil is not None:
            self._vigil.is_due = True
            self._connected()

    def is_in_place(self) -> bool:
        """Whether all files that are open are at their places."""
        vigil = self._vigil
        return vigil is not None and vigil.is_in_place()

    def disconnect(self) -> None:
        """Close the connection; the next `run` opens another."""
        vigil, self._vigil = self._vigil, None
        if vigil is not None:
            # Closing rolls back what is open; it fails only on a file that is beyond help.
            with contextlib.suppress(sqlite3.Error):
                vigil.opened.connection.close()
            vigil.end()

    def abandon(self) -> None:
        """Forget the parent's connection, in a child."""
        vigil, self._vigil = self._vigil, None
        if vigil is not None:
            _inherited.append(vigil.opened.connection)
            vigil.end()

    def _connected(self) -> sqlite3.Connection:
        """The open connection to the files that are in place now."""
        if self._vigil is not None:
            state = self._vigil.look()
            if state is State.FINE:
                return self._vigil.opened.connection
            self._let_go(self._vigil, state)
        opened = self._open()
        self._orphaned_since = None
        self._vigil = Vigil(self._filename, opened)
        self.generation += 1
        return opened.connection

    def _let_go(self, vigil: Vigil, state: State) -> None:
        """Give up files that can't be written any more, and save what is in them."""
        opened = vigil.opened
        if state is State.REPLACED:
            self._leave_behind(opened)
        elif state is State.OVERWRITTEN:
            vigil.adopt()
            logger.warning("another program wrote over %s; it is in use", opened.filename)
        else:
            rescue(opened, LINGER)
            logger.warning("the log of %s was removed, and is made anew", opened.filename)
        # SQLite sees on closing that the file has moved: it mixes nothing into the new one, and
        # leaves the log alone that is at the old name by now.
        self.disconnect()

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

    def _roll_back(self) -> None:
        vigil = self._vigil
        if vigil is not None and vigil.opened.connection.in_transaction:
            try:
                vigil.opened.connection.execute("rollback")
            except sqlite3.Error:
                self.disconnect()


def _explained(failure: Exception) -> str:
    if isinstance(failure, UnsettledError):
        return str(failure)
    return "locked by another program"

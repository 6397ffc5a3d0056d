"""Moving the write-ahead log into the database file without anyone waiting for it.

SQLite's own way is to let the unlucky commit that fills the log do it, two fsyncs included:
milliseconds, where a commit takes microseconds. Here it is done after an answer has been sent,
on a connection of its own, while others go on writing.

A log that is never caught up with never starts again from its beginning, and grows. So when it
has grown long, writers wait once, for the little that came in since.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

COMMITS = 8000
"""Commits of one process between two checkpoints: some 10 MB of log, and one hit in 8,000."""

LONG_LOG = 32_768
"""Pages of log (32 MB) from which on writers wait until all of it has been moved."""

LARGE_LOG = 16 * 1024 * 1024
"""Bytes of log that a process which has just started takes for somebody's unfinished work."""


class Progress(NamedTuple):
    """What a checkpoint found and did, in pages; both -1 where somebody else was at it."""

    log: int
    moved: int

    @property
    def is_contended(self) -> bool:
        """Whether another checkpoint was at work, and this one did nothing."""
        return self.log < 0

    @property
    def is_complete(self) -> bool:
        """Whether all of the log is in the database file now."""
        return 0 <= self.log == self.moved

    @property
    def is_long(self) -> bool:
        """Whether the log grows on instead of starting again from its beginning.

        `moved` does not tell: commits that came in meanwhile are in neither number.
        """
        return self.log >= LONG_LOG


def has_large_log(filename: str) -> bool:
    """Whether the log of the database `filename` has been left to grow."""
    try:
        return os.stat(filename + "-wal").st_size >= LARGE_LOG  # noqa: PTH116 - a name, not a Path
    except OSError:
        return False


def checkpoint(connection: sqlite3.Connection) -> Progress:
    """Move what can be moved without waiting for readers or writers.

    Raises:
        sqlite3.Error: the disk is full, or the file is out of order.
    """
    busy, log, moved = connection.execute("pragma wal_checkpoint(passive)").fetchone()
    return Progress(-1, -1) if busy else Progress(log, moved)


def truncate(connection: sqlite3.Connection) -> bool:
    """Move all of the log and leave it empty; False where a reader or writer is in the way.

    Raises:
        sqlite3.Error: the disk is full, or the file is out of order.
    """
    (busy, _, _) = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
    return not busy

"""Connections for those who read, and for those who file what they want to read.

They are opened for one question and closed after it: half a millisecond, for which nothing is
shared between threads, inherited over `fork()` or left on a file that was replaced.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.store.connection import PATIENCE, connect_to_read, is_busy, open_connection
from ztas_middleware.store.schema import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAUSE = 0.01
"""Seconds between two tries to open."""

# Sorting a day's hits takes what the page cache may take, and goes to a temporary file beyond.
_CACHE = "pragma cache_size = -8000"


@contextlib.contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection in a transaction: everything that is read is of one moment.

    A database that is not there yet, or is older than this code, is made or migrated first.

    Raises:
        StorageError: it can't be read.
    """
    with as_storage_error(path):
        connection = _open_read_only(path)
        try:
            connection.execute(_CACHE)
            connection.execute("begin")
            yield connection
        finally:
            connection.close()


@contextlib.contextmanager
def filing(path: Path, *, overwrite: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection in autocommit mode for long work beside those who write hits.

    Args:
        path: the database.
        overwrite: whether what is deleted is overwritten.

    Raises:
        StorageError: it can't be written, or was locked for longer than `PATIENCE`.
    """
    with as_storage_error(path):
        connection = open_for_writing(str(path))
        try:
            connection.execute(f"pragma busy_timeout = {PATIENCE * 1000:.0f}")
            connection.execute(_CACHE)
            if not overwrite:
                connection.execute("pragma secure_delete = off")
            # A checkpoint runs after the commit, when the write lock is free again.
            connection.execute("pragma wal_autocheckpoint = 1000")
            yield connection
        finally:
            connection.close()


def open_for_writing(filename: str) -> sqlite3.Connection:
    """A connection in autocommit mode that is the caller's to close.

    Raises:
        sqlite3.Error: the database can't be opened, or was locked for longer than `PATIENCE`.
        OSError: the folder is not there.
    """
    # Who opens a database while the last other one closes it finds it locked for a moment.
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return open_connection(filename, synchronous="normal").connection
        except (sqlite3.Error, OSError) as failure:
            if not is_busy(failure) or time.monotonic() >= deadline:
                raise
        time.sleep(PAUSE)


def _open_read_only(path: Path) -> sqlite3.Connection:
    if path.exists():
        connection = connect_to_read(path)
        try:
            (version,) = connection.execute("pragma user_version").fetchone()
        except BaseException:
            connection.close()
            raise
        if version >= VERSION:
            return connection
        connection.close()
    with filing(path):
        pass
    return connect_to_read(path)


@contextlib.contextmanager
def as_storage_error(path: Path) -> Iterator[None]:
    """Say what SQLite or the disk has to say of a database as we say it."""
    try:
        yield
    except (sqlite3.Error, OSError) as failure:
        raise StorageError(str(path), str(failure), is_busy=is_busy(failure)) from failure

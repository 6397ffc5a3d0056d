"""Opening the database file, and telling whether it is still the file that was opened."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from ztas_middleware.store.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

# On Windows an open file can't be deleted, so there is nothing to guard.
if sys.platform != "win32":
    import fcntl

Identity = tuple[int, int]
"""Device and inode: what stays the same for as long as it is the same file."""


class Opened(NamedTuple):
    """A connection, and which files it has open."""

    connection: sqlite3.Connection
    file: Identity
    log: Identity | None


# Primary result codes, https://sqlite.org/rescode.html
_BUSY, _LOCKED = 5, 6


class ReplacedError(OSError):
    """Another file was put in the place of the one that was being opened."""


def identity_of(filename: str) -> Identity | None:
    """Which file is at this name now; None when there is none."""
    try:
        found = os.stat(filename)  # noqa: PTH116 - a third of the cost of Path.stat, on every commit
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_busy(error: BaseException) -> bool:
    """Whether it is worth trying again: somebody else holds a lock, or is moving files about."""
    if isinstance(error, ReplacedError):
        return True
    if not isinstance(error, sqlite3.OperationalError):
        return False
    code = getattr(error, "sqlite_errorcode", None)  # Python 3.11
    if code is not None:
        return (code & 0xFF) in (_BUSY, _LOCKED)
    return "is locked" in str(error)


def open_connection(filename: str, *, synchronous: str) -> Opened:
    """Open the database for writing, making or migrating it where needed.

    The connection is in autocommit mode, never waits for a lock by itself, and may be used from
    any thread, one at a time.

    Raises:
        sqlite3.Error: busy, not a database, not writable.
        OSError: the folder is not there.
    """
    with _creation_lock(filename):
        found = identity_of(filename)
        if found is None:
            # Left over from a database that was deleted or moved away by hand. Another process
            # may still have the old ones open; giving ours new files keeps the two apart.
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(filename + suffix)  # noqa: PTH108 - a name, not a Path
            # SQLite gives its log the same mode. Whoever reads the day's salts could try out all
            # addresses, so other users of the machine can't, whatever the umask says.
            os.close(os.open(filename, os.O_RDWR | os.O_CREAT, 0o640))
        connection = sqlite3.connect(
            filename, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            # A commit writes whole pages to the log, and a hit's is one: with a quarter of SQLite's
            # usual size it takes a quarter less time and a checkpoint syncs a quarter as much, for
            # 8 bytes a hit.
            connection.execute("pragma page_size = 1024")
            # Only a file that is still empty takes it; pruning can then make the file smaller.
            connection.execute("pragma auto_vacuum = incremental")
            connection.execute("pragma journal_mode = wal")
            connection.execute(f"pragma synchronous = {synchronous}")
            # Checkpoints are made after an answer was sent, see checkpoints.py.
            connection.execute("pragma wal_autocheckpoint = 0")
            migrate(connection)
            # A deleted salt must not survive in a free page. Behind the migrations, which delete
            # an index of many pages, and nothing that is not in the table too.
            connection.execute("pragma secure_delete = on")
            opened, log = identity_of(filename), identity_of(filename + "-wal")
        except BaseException:
            connection.close()
            raise
    if opened is None or (found is not None and found != opened):
        connection.close()
        raise ReplacedError(f"{filename} was replaced while it was being opened")
    return Opened(connection, opened, log)


def open_for_checkpoint(filename: str) -> sqlite3.Connection:
    """Open a second connection to a database that exists.

    Raises:
        sqlite3.Error: it does not, or is out of order.
    """
    connection = sqlite3.connect(
        f"file:{quote(filename)}?mode=rw", uri=True, timeout=0, check_same_thread=False
    )
    connection.execute("pragma synchronous = normal")
    return connection


def discard_log(filename: str, log: Identity | None) -> None:
    """Remove the log of a database whose file was replaced by another under the same name.

    SQLite would take it for the new file's own and replay it there. `log` is the old one's: if
    another process has removed it by now, what is there belongs to the new file.

    Raises:
        OSError: the folder is not there.
    """
    with _creation_lock(filename):
        if log is not None and identity_of(filename + "-wal") == log:
            for suffix in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(filename + suffix)  # noqa: PTH108 - a name, not a Path


@contextlib.contextmanager
def _creation_lock(filename: str) -> Iterator[None]:
    """One process at a time decides whether a database is there and makes one.

    The lock is on the folder, so that it leaves no file behind.

    Raises:
        OSError: the folder is not there.
    """
    if sys.platform == "win32":
        yield
        return
    folder = os.open(os.path.dirname(filename) or ".", os.O_RDONLY)  # noqa: PTH120 - a name
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)

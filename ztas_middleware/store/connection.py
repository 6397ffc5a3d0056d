"""Opening the database file, and telling whether it is still the file that was opened."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from ztas_middleware.store.headers import first_page_in, name_file
from ztas_middleware.store.places import (
    INDEX,
    LOG,
    Identity,
    LostLogError,
    ReplacedError,
    UnsettledError,
    companions_of,
    creation_lock,
    identity_of,
    real_name,
    remove,
    remove_companions,
)
from ztas_middleware.store.renewal import unfinished_name
from ztas_middleware.store.schema import migrate

if TYPE_CHECKING:
    from pathlib import Path


logger = logging.getLogger("ztas_middleware")


class Opened(NamedTuple):
    """A connection, and which files it has open."""

    connection: sqlite3.Connection
    filename: str
    """The file's own name, behind all symbolic links."""
    file: Identity
    log: Identity | None
    log_index: Identity | None
    application: int
    """The application id, which other files do not have."""


PATIENCE = 5.0
"""Seconds that whoever reads or tends the database waits for somebody else's lock."""

# Primary result codes, https://sqlite.org/rescode.html
_BUSY, _LOCKED = 5, 6


def is_busy(error: BaseException) -> bool:
    """Whether it is worth trying again: somebody else holds a lock, or is moving files about."""
    if isinstance(error, UnsettledError):
        return True
    if not isinstance(error, sqlite3.OperationalError):
        return False
    code = getattr(error, "sqlite_errorcode", None)  # Python 3.11
    if code is not None:
        return (code & 0xFF) in (_BUSY, _LOCKED)
    return "is locked" in str(error)


def open_connection(name: str, *, synchronous: str) -> Opened:
    """Open the database for writing, making or migrating it where needed.

    The connection is in autocommit mode, never waits for a lock by itself, and may be used from
    any thread, one at a time.

    Raises:
        sqlite3.Error: busy, not a database, not writable.
        LostLogError: others have it open, and its log is gone.
        OSError: the folder is not there, or others are at the same thing.
    """
    filename = real_name(name)
    with creation_lock(filename):
        found = identity_of(filename)
        # It would have the running day's salts, and nobody would destroy them.
        remove(unfinished_name(filename))
        if found is None:
            # Left over from a database that was deleted or moved away by hand. Another process
            # may still have the old ones open; giving ours new files keeps the two apart.
            remove_companions(filename)
            # SQLite gives its log the same mode. Whoever reads the day's salts could try out all
            # addresses, so other users of the machine can't, whatever the umask says.
            os.close(os.open(filename, os.O_RDWR | os.O_CREAT, 0o640))
        elif None in companions_of(filename) and _is_open_elsewhere(filename):
            raise LostLogError(f"{filename} is in use, and its {LOG} or {INDEX} was removed")
        elif _has_log_of_another(filename):
            # Of the file that was here before this one was put in its place; its server was killed.
            logger.warning("%s%s belongs to another file, and is removed", filename, LOG)
            remove_companions(filename)
        connection = sqlite3.connect(
            filename, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            application = _prepare(connection, synchronous)
            opened = identity_of(filename)
            log, index = companions_of(filename)
        except BaseException:
            connection.close()
            raise
    if opened is None or (found is not None and found != opened):
        connection.close()
        raise ReplacedError(f"{filename} was replaced while it was being opened")
    return Opened(connection, filename, opened, log, index, application)


def _prepare(connection: sqlite3.Connection, synchronous: str) -> int:
    """Set a new connection up, bring the file up to date, and return its application id."""
    # A commit writes whole pages to the log, and a hit's is one: with a quarter of SQLite's
    # usual size it takes a quarter less time and a checkpoint syncs a quarter as much, for
    # 8 bytes a hit.
    connection.execute("pragma page_size = 1024")
    # Only a file that is still empty takes it; pruning can then make the file smaller.
    connection.execute("pragma auto_vacuum = incremental")
    # Before there is a log, where it can, so that it is in the file itself from the start.
    application = name_file(connection)
    connection.execute("pragma journal_mode = wal")
    connection.execute(f"pragma synchronous = {synchronous}")
    # Checkpoints are made after an answer was sent, see checkpoints.py.
    connection.execute("pragma wal_autocheckpoint = 0")
    migrate(connection)
    # A deleted salt must not survive in a free page. Behind the migrations, which delete
    # an index of many pages, and nothing that is not in the table too.
    connection.execute("pragma secure_delete = on")
    return application


def _is_open_elsewhere(filename: str) -> bool:
    """Whether another connection has a database open; one that is left in order has no log.

    Raises:
        sqlite3.Error: it is no database, or can't be opened.
    """
    with closing(_reopen(filename)) as probe:
        # With a log, everybody who has a database open holds a lock on it for so long.
        probe.execute("pragma locking_mode = exclusive")
        try:
            probe.execute("pragma user_version").fetchone()
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return True
            raise
    return False


def _has_log_of_another(filename: str) -> bool:
    """Whether SQLite would replay a log that was made for another file."""
    first = first_page_in(filename + LOG)
    if first is None or not first.application:
        return False
    uri = f"file:{quote(filename)}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as without_log:
            (own,) = without_log.execute("pragma application_id").fetchone()
    except sqlite3.Error:
        # Where the log was half moved into it, the file is nothing without.
        return False
    return own not in (0, first.application)


def reading_uri(path: Path) -> str:
    """The URI by which SQLite opens a database for those who only read.

    With a write-ahead log even they need to make files beside it. Where they can't, and there is
    no log, nobody else can write, and the file alone is all there is to read.
    """
    filename = real_name(os.fspath(path))
    uri = f"file:{quote(os.path.abspath(filename))}?mode=ro"  # noqa: PTH100 - a name
    folder = os.path.dirname(filename) or "."  # noqa: PTH120 - a name
    if not os.access(folder, os.W_OK) and companions_of(filename) == (None, None):
        uri += "&immutable=1"
    return uri


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode that can't write.

    Raises:
        sqlite3.Error: the database can't be opened.
    """
    return sqlite3.connect(reading_uri(path), uri=True, timeout=PATIENCE, isolation_level=None)


def open_for_checkpoint(filename: str) -> sqlite3.Connection:
    """Open a second connection to a database that exists.

    Raises:
        sqlite3.Error: it does not, or is out of order.
    """
    connection = _reopen(filename)
    connection.execute("pragma synchronous = normal")
    return connection


def _reopen(filename: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"file:{quote(filename)}?mode=rw",
        uri=True,
        timeout=0,
        isolation_level=None,
        check_same_thread=False,
    )

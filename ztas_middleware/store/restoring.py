"""Putting a backup back: what copying by hand gets wrong.

Nobody may have the old file open, since they would go on in it, or write into the new one what was
meant for the old. Its log must be gone before the new file is there, since SQLite would replay it.
And until the new file is whole, nothing may happen to the old.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.store import membership
from ztas_middleware.store.connection import PATIENCE, connect_to_read
from ztas_middleware.store.copying import copy_database, settle
from ztas_middleware.store.places import creation_lock, real_name, remove, remove_companions
from ztas_middleware.store.recognition import has_hits, strangeness
from ztas_middleware.store.renewal import unfinished_name
from ztas_middleware.store.schema import VERSION

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The bytes that SQLite locks, https://sqlite.org/src/file/src/os.h: whoever has a database with a
# log open holds a lock in there.
_LOCKED_FROM, _LOCKED_BYTES = 0x4000_0000, 512


class Content(NamedTuple):
    """What is in a database."""

    hits: int
    latest: int | None
    """When its last hit came, UTC milliseconds."""


def look_into(path: Path) -> Content:
    """Count the hits of a database.

    Raises:
        StorageError: it can't be read, or is no database of ours, or a newer one's.
    """
    try:
        with closing(connect_to_read(path)) as connection:
            (version,) = connection.execute("pragma user_version").fetchone()
            if version > VERSION:
                raise StorageError(str(path), f"made by a newer ztas (schema {version})")
            if not has_hits(connection):
                raise StorageError(str(path), strangeness(path))
            hits, latest = connection.execute("select count(*), max(time) from hits").fetchone()
    except sqlite3.Error as error:
        raise StorageError(str(path), str(error)) from None
    return Content(hits, latest)


def is_in_use(database: Path) -> bool:
    """Whether a process has the database open; one that has not been asked anything yet has not."""
    filename = real_name(str(database))
    if sys.platform == "win32" or not os.path.exists(filename):  # noqa: PTH110 - a name
        return False
    try:
        with _alone(filename):
            return False
    except ZtasError:
        return True


def in_use(database: Path | str) -> str:
    """What is said of a database that somebody has open."""
    return f"{database}: a server or another program has it open; stop that first"


def restore(
    source: Path, database: Path, progress: Callable[[int], object] = lambda _: None
) -> None:
    """Put a copy of `source` in the place of `database`; killed anywhere, one of both is there.

    Args:
        source: a backup; it stays as it is.
        database: where it is to be served from; what is there is replaced.
        progress: told how many pages were copied, every now and then.

    Raises:
        StorageError: the backup can't be read or is damaged, or the database not be written.
        ZtasError: somebody has the database open, or there is too little room.
    """
    filename = real_name(str(database))
    unfinished = unfinished_name(filename)
    try:
        with creation_lock(filename):
            remove(unfinished)
            os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            try:
                copy_database(source, Path(unfinished), progress)
                _tell_whom_it_replaces(unfinished, filename)
                if os.path.exists(filename):  # noqa: PTH110 - a name
                    _empty_log(filename)
                    shutil.copymode(filename, unfinished)
                else:
                    os.chmod(unfinished, 0o640)  # noqa: PTH101 - a name
                with _alone(filename):
                    remove_companions(filename)
                    os.replace(unfinished, filename)  # noqa: PTH105 - names
            finally:
                remove(unfinished)
            settle(Path(filename).parent)
    except OSError as error:
        raise StorageError(str(database), error.strerror or str(error)) from None


def _tell_whom_it_replaces(unfinished: str, filename: str) -> None:
    """Past one box: the name that the old file has in the cluster is over."""
    # What is damaged can't say.
    with (
        contextlib.suppress(sqlite3.Error),
        closing(connect_to_read(Path(filename))) as old,
    ):
        member = membership.member_in(old)
        if member is not None and member.is_registered:
            with closing(sqlite3.connect(unfinished, isolation_level=None)) as new:
                membership.take_the_place(new, member.name)


def _empty_log(filename: str) -> None:
    """Let SQLite move the old file's log into it, so that it needs none to be whole."""
    with _alone(filename):
        pass
    # What is damaged is about to be replaced, with its log.
    with (
        contextlib.suppress(sqlite3.DatabaseError),
        closing(sqlite3.connect(filename, isolation_level=None, timeout=PATIENCE)) as old,
    ):
        old.execute("pragma journal_mode = delete")


@contextlib.contextmanager
def _alone(filename: str) -> Iterator[None]:
    """Keep everybody from opening a database that nobody has open.

    Raises:
        ZtasError: somebody has.
    """
    if sys.platform == "win32" or not os.path.exists(filename):  # noqa: PTH110 - a name
        yield  # Windows refuses to replace a file that is open
        return
    descriptor = os.open(filename, os.O_RDWR)
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED_BYTES, _LOCKED_FROM)
        except (BlockingIOError, PermissionError):
            raise ZtasError(in_use(filename)) from None
        yield
    finally:
        os.close(descriptor)

"""A copy of a live database: one moment of it, checked, and in place only when it is whole.

Salts are left out. A copy would keep them for as long as it is kept, and they are to be gone
within two days after theirs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError, ZtasError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGES = 1000
"""Pages copied between two reports of progress: 4 MB."""

PATIENCE = 5.0
"""Seconds to wait for a lock; readers of a live database do not wait."""


def back_up(source: Path, target: Path, progress: Callable[[int], object] = lambda _: None) -> int:
    """Copy a database that may be in use.

    Args:
        source: the database.
        target: the copy; what is there is replaced once the new one is whole.
        progress: told how many pages were copied, every now and then.

    Returns:
        The copy's size in bytes.

    Raises:
        StorageError: the database can't be read, or the copy not be written, or is damaged.
        ZtasError: there is too little room.
    """
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        _remove(unfinished)
        # For our eyes only, as long as the salts are in it.
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(source, unfinished, progress)
        _finish(unfinished)
        unfinished.chmod(source.stat().st_mode & 0o777)
        _settle(unfinished)
        unfinished.replace(target)
        _settle(target.parent)
        return target.stat().st_size
    except OSError as error:
        raise StorageError(str(target), error.strerror or str(error)) from None
    finally:
        _remove(unfinished)


def size_of(path: Path) -> int:
    """How many pages a database has; 0 if it can't be read."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as live:
            return int(live.execute("pragma page_count").fetchone()[0])
    except sqlite3.Error:
        return 0


def _copy(source: Path, target: Path, progress: Callable[[int], object]) -> None:
    uri = f"{source.absolute().as_uri()}?mode=ro"
    with _named(source), closing(_open(uri)) as live:
        # Held to the end: without it, each commit of somebody else's begins the copy anew.
        live.execute("begin")
        _find_room(live, target.parent)
        with _named(target, sqlite3.OperationalError), closing(sqlite3.connect(target)) as copy:
            # A report comes behind each step, also behind the last, shorter one.
            done = 0

            def report(_: int, left: int, total: int) -> None:
                nonlocal done
                progress(total - left - done)
                done = total - left

            live.backup(copy, pages=PAGES, progress=report)


def _open(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)


@contextlib.contextmanager
def _named(path: Path, kind: type[sqlite3.Error] = sqlite3.Error) -> Iterator[None]:
    """Say which file it is that SQLite has trouble with."""
    try:
        yield
    except kind as error:
        raise StorageError(str(path), str(error)) from None


def _find_room(live: sqlite3.Connection, folder: Path) -> None:
    (pages,) = live.execute("pragma page_count").fetchone()
    (size,) = live.execute("pragma page_size").fetchone()
    free = shutil.disk_usage(folder).free
    if pages * size > free:
        raise ZtasError(f"{folder}: the copy needs {pages * size:,} bytes, {free:,} are free")


def _finish(copy: Path) -> None:
    """Take the salts out, and look whether everything else is in order."""
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            # One file, and no journal on the disk that would have what is deleted.
            connection.execute("pragma journal_mode = delete")
            connection.execute("pragma journal_mode = memory")
            connection.execute("pragma secure_delete = on")
            connection.execute("delete from salts")
            # So that whoever has the original open can tell if the copy is written over it.
            connection.execute("pragma application_id = 0")
            (verdict,) = connection.execute("pragma integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise StorageError(str(copy), f"the copy is damaged: {verdict}")


def _settle(path: Path) -> None:
    """Wait until the disk has it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            path.with_name(path.name + suffix).unlink()

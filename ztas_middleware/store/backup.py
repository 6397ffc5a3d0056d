"""A copy of a live database: one moment of it, checked, and in place only when it is whole.

Salts are left out. A copy would keep them for as long as it is kept, and they are to be gone
within two days after theirs.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.store.connection import connect_to_read
from ztas_middleware.store.copying import copy_database, settle
from ztas_middleware.store.places import has_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_UNFINISHED = ".{}.ztas-backup"

# What 0.1 called a copy that it had not finished; there are salts in it.
_OLD_UNFINISHED = r"\.{}\.\d+(-journal|-wal|-shm)?"


def back_up(
    source: Path,
    target: Path,
    progress: Callable[[int], object] = lambda _: None,
    *,
    enclose: Callable[[Path], object] = lambda _: None,
) -> int:
    """Copy a database that may be in use.

    Args:
        source: the database.
        target: the copy; what is there, or where a link leads, is replaced once the new one is
            whole.
        progress: told how many pages were copied, every now and then.
        enclose: called with the copy before it is in its place, to put more into it.

    Returns:
        The copy's size in bytes.

    Raises:
        StorageError: the database can't be read, or the copy not be written, or is damaged.
        ZtasError: there is too little room, or another copy is being made there.
    """
    try:
        target = target.resolve()
        if target.exists() and not target.is_file():
            raise ZtasError(f"{target}: is no file, and a copy is put in a file's place")
        _clear_away(target)
        with _unfinished(target) as unfinished:
            copy_database(source, unfinished, progress)
            enclose(unfinished)
            unfinished.chmod(source.stat().st_mode & 0o777)
            settle(unfinished)
            unfinished.replace(target)
            settle(target.parent)
        return target.stat().st_size
    except OSError as error:
        raise StorageError(str(target), error.strerror or str(error)) from None


def size_of(path: Path) -> int:
    """How many pages a database has; 0 if it can't be read."""
    try:
        with closing(connect_to_read(path)) as live:
            return int(live.execute("pragma page_count").fetchone()[0])
    except sqlite3.Error:
        return 0


@contextlib.contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A file that is gone afterwards, and that others can tell from a dead one's by its lock."""
    path = target.with_name(_UNFINISHED.format(target.name))
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not has_turn(descriptor):
            raise ZtasError(f"{target}: another backup is being made there")
        os.ftruncate(descriptor, 0)
        try:
            yield path
        finally:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
    finally:
        os.close(descriptor)


def _clear_away(target: Path) -> None:
    """Remove what killed backups have left in the folder."""
    for path in target.parent.glob(_UNFINISHED.format("*")):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                if has_turn(descriptor):
                    path.unlink()
            finally:
                os.close(descriptor)
    old = re.compile(_OLD_UNFINISHED.format(re.escape(target.name))).fullmatch
    for path in target.parent.glob(".*"):
        if old(path.name):
            path.unlink(missing_ok=True)

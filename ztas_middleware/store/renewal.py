"""Putting a database into a new file of the same name, when the old one can't be written any more.

That is so when its log was removed, or when another program has written into it. A process that
went on in the same file would corrupt it: others may still have the old log, and move it into the
file when they close. A new file is one that all of them notice.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from ztas_middleware.store.headers import SIZE, parse_header
from ztas_middleware.store.places import (
    LOG,
    Identity,
    UnsettledError,
    creation_lock,
    identity_of,
    remove,
    remove_companions,
)

if TYPE_CHECKING:
    from ztas_middleware.store.connection import Opened

QUIET = 0.5
"""Seconds without a change after which a file counts as written to its end."""

_STEP = 1024 * 1024


def unfinished_name(filename: str) -> str:
    """Where a new file is made; what a killed process leaves there is removed by the next."""
    folder, name = os.path.split(filename)
    return os.path.join(folder, f".{name}.renewal")  # noqa: PTH118 - names


def rescue(opened: Opened, linger: float) -> None:
    """Put all that a connection sees into a new file: its log is not at its place any more.

    Args:
        opened: the connection, which is good for nothing but closing afterwards.
        linger: seconds within which others of us look at the files. So long they find the old
            ones locked, and look again before they write.

    Raises:
        UnsettledError: others are at it.
        sqlite3.Error: locked, or no room.
        OSError: no room, or not permitted.
    """
    filename = opened.filename
    with creation_lock(filename):
        if identity_of(filename) != opened.file:
            return  # somebody has done it
        unfinished = _begun(filename)
        try:
            with closing(sqlite3.connect(unfinished, isolation_level=None)) as copy:
                _copy_last_moment(opened.connection, copy)
            _put_in_place(unfinished, filename)
            time.sleep(linger)
        finally:
            remove(unfinished)
            if opened.connection.in_transaction:
                opened.connection.execute("rollback")


def adopt(filename: str, descriptor: int, expected: Identity) -> None:
    """Go on with what is in the file, without the log that was not made for it.

    Args:
        filename: the file's own name.
        descriptor: the file, open for reading.
        expected: which file it is.

    Raises:
        UnsettledError: it is being written, or is damaged.
        OSError: no room, or not permitted.
    """
    with creation_lock(filename):
        if identity_of(filename) != expected:
            return
        _wait_for_the_end(filename, descriptor)
        unfinished = _begun(filename)
        try:
            _copy_bytes(descriptor, unfinished)
            _inspect(unfinished, filename)
            _put_in_place(unfinished, filename)
        finally:
            remove(unfinished)


def discard_log(filename: str, log: Identity | None) -> None:
    """Remove the log of a database whose file was replaced by another under the same name.

    SQLite would take it for the new file's own and replay it there. `log` is the old one's: if
    another process has removed it by now, what is there belongs to the new file.

    Raises:
        OSError: the folder is not there, or somebody is at it.
    """
    with creation_lock(filename):
        if log is not None and identity_of(filename + LOG) == log:
            remove_companions(filename)


def _begun(filename: str) -> str:
    unfinished = unfinished_name(filename)
    remove(unfinished)
    remove(unfinished + "-journal")
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    return unfinished


def _copy_last_moment(source: sqlite3.Connection, copy: sqlite3.Connection) -> None:
    """Copy, and come back with the source locked and nothing in it that was not copied."""
    while True:
        (before,) = source.execute("pragma data_version").fetchone()
        source.backup(copy)
        source.execute("begin immediate")
        (after,) = source.execute("pragma data_version").fetchone()
        if before == after:
            return
        source.execute("rollback")


def _wait_for_the_end(filename: str, descriptor: int) -> None:
    """Raise as long as somebody seems to be writing the file."""
    status = os.fstat(descriptor)
    header = parse_header(os.pread(descriptor, SIZE, 0))
    is_short = header is not None and status.st_size < header.pages * header.page_size
    # A clock that was set back must not make this wait for ever.
    if is_short or 0 <= time.time() - status.st_mtime < QUIET:
        raise UnsettledError(f"another program is writing into {filename}")


def _copy_bytes(descriptor: int, target: str) -> None:
    with open(target, "wb") as copy:  # noqa: PTH123 - a name
        offset = 0
        while piece := os.pread(descriptor, _STEP, offset):
            copy.write(piece)
            offset += len(piece)
        copy.flush()
        os.fsync(copy.fileno())


def _inspect(copy: str, filename: str) -> None:
    try:
        with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            # Of one file: no log is made for it, and no other process has it.
            connection.execute("pragma locking_mode = exclusive")
            (verdict,) = connection.execute("pragma quick_check(1)").fetchone()
            connection.execute("pragma journal_mode = delete")
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        reason = f"another program has written into {filename}, and it is damaged: {verdict}"
        raise UnsettledError(reason)


def _put_in_place(unfinished: str, filename: str) -> None:
    shutil.copymode(filename, unfinished)
    status = os.stat(filename)  # noqa: PTH116 - a name
    if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        # Else it is ours, with the same mode.
        with contextlib.suppress(PermissionError):
            os.chown(unfinished, status.st_uid, status.st_gid)
    # Twice: nothing may lie beside the new file that was not made for it, and a reader may make
    # logs for the old one in between.
    remove_companions(filename)
    os.replace(unfinished, filename)  # noqa: PTH105 - names
    remove_companions(filename)

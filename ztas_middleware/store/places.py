"""Which files lie at a database's name, and whose turn it is to change that.

A database is three files: SQLite's log and its index lie beside it. Who finds other files there
than those that are open must stop writing: nobody would find the rows.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# On Windows an open file can't be deleted, so there is nothing to guard.
if sys.platform != "win32":
    import fcntl

Identity = tuple[int, int]
"""Device and inode: what stays the same for as long as it is the same file."""

PAUSE = 0.01
"""Seconds between two tries to have one's turn."""

LOG, INDEX = "-wal", "-shm"


class UnsettledError(OSError):
    """Somebody is moving, restoring or opening the files: it is worth trying again."""


class ReplacedError(UnsettledError):
    """Another file was put in the place of the one that was being opened."""


class LostLogError(UnsettledError):
    """Others have the database open, and its log or the log's index is not at its place."""


def real_name(filename: str) -> str:
    """The file's own name behind all symbolic links: SQLite's log lies beside that one."""
    return os.path.realpath(filename)


def identity_of(filename: str) -> Identity | None:
    """Which file is at this name now; None when there is none."""
    try:
        found = os.stat(filename)  # noqa: PTH116 - a third of the cost of Path.stat, at work
    except OSError:
        return None
    return found.st_dev, found.st_ino


def companions_of(filename: str) -> tuple[Identity | None, Identity | None]:
    """Which files the log and its index are."""
    return identity_of(filename + LOG), identity_of(filename + INDEX)


def is_mounted(filename: str) -> bool:
    """Whether a file is a mount of its own, so that what lies beside it is elsewhere (Linux)."""
    try:
        with open("/proc/self/mountinfo", "rb") as mounts:  # noqa: PTH123 - no Path
            # The fifth field, where blanks and backslashes are octal: proc_pid_mountinfo(5).
            points = {line.split(b" ")[4] for line in mounts}
    except OSError:
        return False
    name = os.fsencode(real_name(filename))
    for character in b"\\ \t\n":
        name = name.replace(bytes([character]), b"\\%03o" % character)
    return name in points


def has_turn(descriptor: int, patience: float = 0.0) -> bool:
    """Whether a file is ours alone among processes that ask this, until it is closed.

    Args:
        descriptor: the file, or a folder, open in any way.
        patience: seconds to wait for another one's turn to end.

    Raises:
        OSError: the file system knows no such locks.
    """
    if sys.platform == "win32":
        return True
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
        else:
            return True
        time.sleep(PAUSE)


@contextlib.contextmanager
def creation_lock(filename: str) -> Iterator[None]:
    """One process at a time decides which files are at a database's name.

    The lock is on the folder, so that it leaves no file behind.

    Raises:
        UnsettledError: another process has it.
        OSError: the folder is not there.
    """
    if sys.platform == "win32":
        yield
        return
    folder_name = os.path.dirname(filename) or "."  # noqa: PTH120 - a name
    folder = os.open(folder_name, os.O_RDONLY)
    try:
        # Not waited for: other programs lock folders, too, and a hit waits five seconds at most.
        if not has_turn(folder):
            raise UnsettledError(f"another program has locked the folder {folder_name}")
        yield
    finally:
        os.close(folder)


def remove_companions(filename: str) -> None:
    """Remove the log and its index, where they are."""
    for suffix in (LOG, INDEX):
        remove(filename + suffix)


def remove(filename: str) -> None:
    """Remove a file, where it is."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(filename)  # noqa: PTH108 - a name, not a Path

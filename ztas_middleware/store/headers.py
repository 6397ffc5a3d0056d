"""Telling from a database file's first bytes whether other programs have written into it.

While we have a database open, its file changes by checkpoints alone. `cp` over it changes it, too,
and the log of what was there before would then be mixed into what is there now. Two fields of the
header (https://sqlite.org/fileformat2.html, 1.3) tell: the application id, which is made up for
each file, and the change counter, which never goes back.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

SIZE = 100
"""Bytes of the header."""

_LOG_HEADER, _FRAME_HEADER = 32, 24

_FRAMES = 2000
"""Pages of a log that are looked through; a database that grows writes page 1 with every few."""

# `ZT`, and 16 bits to tell one file from another.
_OURS = 0x5A540000


class Header(NamedTuple):
    """What the first bytes of a file say."""

    page_size: int
    has_log: bool
    """Whether it is written through a write-ahead log."""
    changes: int
    pages: int
    """Its size in pages; 0 where the header does not know."""
    application: int


def parse_header(content: bytes) -> Header | None:
    """The header in a file's first bytes; None where there is none."""
    if len(content) < SIZE or not content.startswith(b"SQLite format 3\0"):
        return None

    def number(offset: int, size: int = 4) -> int:
        return int.from_bytes(content[offset : offset + size], "big")

    page_size = number(16, 2)
    return Header(
        65_536 if page_size == 1 else page_size,
        content[18] == 2,  # noqa: PLR2004 - the format's own number
        number(24),
        # Programs from before 2010 wrote no size, and left the second counter behind.
        number(28) if number(24) == number(92) else 0,
        number(68),
    )


def name_file(connection: sqlite3.Connection) -> int:
    """Give a file that has none an application id of its own, and return it.

    Raises:
        sqlite3.Error: locked, or not writable.
    """
    (found,) = connection.execute("pragma application_id").fetchone()
    if not found:
        found = _OURS | int.from_bytes(os.urandom(2), "big")
        connection.execute(f"pragma application_id = {found}")
    return int(found)


def first_page_in(log: str) -> Header | None:
    """The header in the first copy of page 1 that a write-ahead log has; None where it has none.

    https://sqlite.org/fileformat2.html, 4.1: a header of 32 bytes, then for each page 24 bytes that
    begin with its number, and the page. What a restarted log has not yet written over has other
    salts than its header.
    """
    try:
        with open(log, "rb") as file:  # noqa: PTH123 - a name
            start = file.read(_LOG_HEADER)
            page_size = int.from_bytes(start[8:12], "big")
            for _ in range(_FRAMES):
                frame = file.read(_FRAME_HEADER + SIZE)
                if len(frame) < _FRAME_HEADER + SIZE or frame[8:16] != start[16:24]:
                    break
                if int.from_bytes(frame[:4], "big") == 1:
                    return parse_header(frame[_FRAME_HEADER:])
                file.seek(page_size - SIZE, os.SEEK_CUR)
    except OSError:
        pass
    return None


class HeaderWatch:
    """An eye on the header of a file that is open.

    It has a descriptor of its own, which must live as long as SQLite has the file open: closing it
    drops the locks that SQLite has on it in this process (POSIX).
    """

    def __init__(self, filename: str, application: int) -> None:
        self.descriptor = os.open(filename, os.O_RDONLY)
        status = os.fstat(self.descriptor)
        self._application = application
        self._stamp = (status.st_size, status.st_mtime_ns)
        self._seen = self._read()

    def is_foreign(self, status: os.stat_result) -> bool:
        """Whether somebody else has written into the file, whose status is `status` now."""
        stamp = (status.st_size, status.st_mtime_ns)
        if stamp == self._stamp:
            return False
        found, before = self._read(), self._seen
        if before is not None:
            if found is None or found.changes < before.changes:
                return True
            # An id that was just given may still be in the log.
            if found.application not in (self._application, before.application):
                return True
            if before.application == self._application != found.application:
                return True
        self._stamp, self._seen = stamp, found
        return False

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self.descriptor)

    def _read(self) -> Header | None:
        return parse_header(os.pread(self.descriptor, SIZE, 0))

"""An eye on the files that are open: rows must never go where nobody looks."""

from __future__ import annotations

import os
import sys
import time
from enum import Enum, auto
from typing import TYPE_CHECKING

from ztas_middleware.store.headers import HeaderWatch
from ztas_middleware.store.places import companions_of, identity_of
from ztas_middleware.store.renewal import adopt

if TYPE_CHECKING:
    from ztas_middleware.store.connection import Opened

LOOK = 0.001
"""Seconds between two looks at the database's file: a call of the system, which a hit would notice,
and less time than another program needs to replace the file."""

LOOK_BESIDE = 0.01
"""Seconds between two looks at the log and its index. Without them, rows can still be saved."""

LINGER = 0.02
"""Seconds for which whoever renews a file keeps the old one locked. A commit that took longer since
its look may have come after that."""


class State(Enum):
    """What has become of the files."""

    FINE = auto()
    REPLACED = auto()
    """Another file is at the database's name, or none."""
    OVERWRITTEN = auto()
    """It is the same file, and another program has written into it."""
    WITHOUT_LOG = auto()
    """The log or its index was taken away."""


class Vigil:
    """Looks at the files of one connection, as often as it costs little.

    Attributes:
        opened: the connection, and which files it has open.
        is_due: set it to look at all of them the next time.
    """

    def __init__(self, name: str, opened: Opened) -> None:
        """Begin; `name` is the database's as it was given, which may lead elsewhere tomorrow."""
        self.opened = opened
        self.is_due = False
        self._name = name
        # On Windows nobody can write over an open file.
        self._header = (
            None if sys.platform == "win32" else HeaderWatch(opened.filename, opened.application)
        )
        self._looked = time.monotonic()
        self._next = self._looked + LOOK
        self._next_beside = 0.0

    def look(self) -> State:
        """What has become of the files; `FINE` without looking, if that was a moment ago."""
        now = time.monotonic()
        if now < self._next and not self.is_due:
            return State.FINE
        state = self._look(now)
        if state is State.FINE:
            self._looked, self._next = now, now + LOOK
            self.is_due = False
        return state

    def was_in_time(self) -> bool:
        """Whether what was just committed is in the file that everybody looks at."""
        return (
            time.monotonic() < self._looked + LINGER
            or identity_of(self.opened.filename) == self.opened.file
        )

    def is_in_place(self) -> bool:
        """Whether all files are at their places now."""
        return identity_of(self._name) == self.opened.file and self._has_log()

    def adopt(self) -> None:
        """Go on with what another program has written into the file, without the old log.

        Raises:
            UnsettledError: it is being written, or is damaged.
            OSError: no room, or not permitted.
        """
        if self._header is not None:
            adopt(self.opened.filename, self._header.descriptor, self.opened.file)

    def end(self) -> None:
        """Look no more; for when the connection is closed."""
        if self._header is not None:
            self._header.close()

    def _look(self, now: float) -> State:
        try:
            status = os.stat(self._name)  # noqa: PTH116 - a third of the cost of Path.stat
        except OSError:
            return State.REPLACED
        if (status.st_dev, status.st_ino) != self.opened.file:
            return State.REPLACED
        if self._header is not None and self._header.is_foreign(status):
            return State.OVERWRITTEN
        if now >= self._next_beside or self.is_due:
            if not self._has_log():
                return State.WITHOUT_LOG
            self._next_beside = now + LOOK_BESIDE
        return State.FINE

    def _has_log(self) -> bool:
        return companions_of(self.opened.filename) == (self.opened.log, self.opened.log_index)

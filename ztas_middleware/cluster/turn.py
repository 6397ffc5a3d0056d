"""One shipper at a time for a database file, under whatever names and configurations."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ztas_middleware.errors import ZtasError
from ztas_middleware.store.places import has_turn, identity_of, real_name

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from pathlib import Path


class Turn:
    """The right to ship a file; it ends with the process, or when it is given back.

    It is a lock on the file itself, of the kind that SQLite does not use. Closing any descriptor of
    a file gives up the locks of the other kind, SQLite's, so that none is ever closed.
    """

    def __init__(self, database: Path) -> None:
        self._name = real_name(str(database))
        self._held: list[int] = []

    def take(self) -> None:
        """Take it, and take it anew where another file lies there by now.

        Raises:
            ZtasError: somebody else has it.
            OSError: the file can't be opened.
        """
        if sys.platform == "win32":
            return
        if self._held:
            status = os.fstat(self._held[-1])
            if identity_of(self._name) in {None, (status.st_dev, status.st_ino)}:
                return
        descriptor = os.open(self._name, os.O_RDONLY | os.O_CLOEXEC)
        self._held.append(descriptor)
        if not has_turn(descriptor):
            raise ZtasError(f"{self._name}: is being shipped by another `ztas ship`")

    def give_back(self) -> None:
        """Let others have it."""
        for descriptor in self._held:
            if sys.platform != "win32":
                fcntl.flock(descriptor, fcntl.LOCK_UN)

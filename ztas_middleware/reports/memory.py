"""What one process remembers of one database from one question to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.reports.running import Running
from ztas_middleware.reports.selections import Selections
from ztas_middleware.reports.windows import Windows
from ztas_middleware.store.values import ValueIds

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path


class Memory:
    """Tallies, sums and numbers of texts; all of it can be had from the database again."""

    def __init__(self) -> None:
        self.running = Running()
        self.selections = Selections()
        self.windows = Windows()
        self.values = ValueIds()


class Memories:
    """The memory of whichever database is at a path now."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._identity: tuple[object, ...] | None = None
        self._memory = Memory()

    def of(self, connection: sqlite3.Connection) -> Memory:
        """The memory of the database that a connection has open."""
        (name,) = connection.execute("select identity from rollup_state").fetchone()
        found = self._path.stat()
        identity = (name, found.st_dev, found.st_ino)
        if identity != self._identity:
            # Another thread may use the old one for a little while yet.
            self._identity, self._memory = identity, Memory()
        return self._memory

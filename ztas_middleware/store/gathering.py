"""Rows that several hits leave for one commit, where one thread takes them one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from ztas_middleware.store.database import Database
    from ztas_middleware.store.hits import Hit

    Waiting: TypeAlias = dict[Database, list[Hit]]


class Appends(Protocol):
    """What takes rows: a database, or who hands them on to it."""

    def append(self, rows: Sequence[Hit], /) -> None:
        """Store `rows`, or see to it.

        Raises:
            StorageError: nothing of `rows` was stored.
        """


class Gathering:
    """Takes rows at once, and stores them when it is told to.

    For one thread; nobody may be told that rows are stored before `commit` has returned.

    Attributes:
        size: how many rows wait.
    """

    def __init__(self) -> None:
        self.size = 0
        self._waiting: Waiting = {}

    def before(self, database: Database) -> Appends:
        """What leaves its rows here instead of appending them to `database` at once."""
        return _Share(self, database)

    def add(self, database: Database, rows: Sequence[Hit]) -> None:
        """Keep rows for the next commit."""
        self._waiting.setdefault(database, []).extend(rows)
        self.size += len(rows)

    def commit(self) -> None:
        """Store what waits, in one transaction for each database.

        Raises:
            StorageError: it was not stored, and is gone.
        """
        for database, rows in self.take().items():
            database.append(rows)

    def commit_at_once(self) -> bool:
        """Store what waits if nobody has to be waited for; otherwise it stays."""
        for database, rows in list(self._waiting.items()):
            if not database.append_at_once(rows):
                return False
            self.size -= len(rows)
            del self._waiting[database]
        return True

    def take(self) -> Waiting:
        """What waits, which is then no longer here."""
        waiting, self._waiting, self.size = self._waiting, {}, 0
        return waiting

    def put_back(self, waiting: Waiting) -> None:
        """Keep for the next commit what was taken."""
        for database, rows in waiting.items():
            self.add(database, rows)

    def give_up(self) -> None:
        """Forget what waits."""
        self._waiting, self.size = {}, 0


class _Share:
    """The rows of one database."""

    def __init__(self, gathering: Gathering, database: Database) -> None:
        self._gathering = gathering
        self._database = database

    def append(self, rows: Sequence[Hit]) -> None:
        self._gathering.add(self._database, rows)

"""Counts that are kept in memory and written down every few seconds: a flood costs no commit each.

What is counted, and in which table, is for `drops` and `agent_reads` to say.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.forking import lock_over_fork

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.store.database import Database

DELAY = 2.0
"""Seconds until a count is written."""

# A lock that somebody holds must not keep a request or a shutdown waiting; counts can wait.
PATIENCE = 0.5

MOST_COUNTS = 10_000
"""Bounds what a database that is down for weeks leaves here."""

Key = tuple[str, ...]

# The first requests of a forked process may come together.
_fork_guard = lock_over_fork()


class Buffered:
    """The counts of one process that are not in the database yet.

    Args:
        database: where they are written.
        table: has a column `count` beside its key.
        key: the columns of the table's primary key.
    """

    def __init__(self, database: Database, table: str, key: Key) -> None:
        self._database = database
        columns, values = ", ".join(key), ", ".join("?" for _ in key)
        self._add_to_table = f"""
            insert into {table} ({columns}, count)
            values ({values}, ?)
            on conflict ({columns}) do update set count = count + excluded.count
            """
        self._start()
        _all.add(self)

    def _start(self) -> None:
        self._lock = lock_over_fork()
        self._counts: dict[Key, int] = {}
        self._timer: threading.Timer | None = None
        process = sys.modules.get("multiprocessing.process")
        if process is not None and process.parent_process() is not None:
            # Such a child, as granian's workers are, leaves through os._exit() before
            # Python 3.13: of what is to be done at exit it knows only this.
            from multiprocessing.util import Finalize  # loaded there already

            Finalize(self, _flush_all, exitpriority=0)
        self._pid = os.getpid()

    def add(self, key: Key, number: int) -> None:
        """Count `number` more."""
        if self._pid != os.getpid():
            with _fork_guard:
                if self._pid != os.getpid():
                    self._start()  # what a parent process had counted is the parent's to write
        with self._lock:
            known = self._counts.get(key, 0)
            if not known and len(self._counts) >= MOST_COUNTS:
                return
            self._counts[key] = known + number
            if self._timer is None:
                # One short-lived thread at most every DELAY seconds. A server without threads
                # never runs it; there the next request's housekeeping writes the counts.
                timer = threading.Timer(DELAY, self.flush)
                timer.daemon = True
                # From Python 3.12 on, none can be started once the process is about to end.
                with contextlib.suppress(RuntimeError):
                    timer.start()
                    self._timer = timer

    def flush(self, patience: float = PATIENCE) -> None:
        """Write what was counted; what the database can't take now stays for the next time."""
        if self._pid != os.getpid():
            return
        with self._lock:
            counts, self._counts = self._counts, {}
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        if not counts:
            return
        rows = [(*key, number) for key, number in counts.items()]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(self._add_to_table, rows)

        try:
            self._database.transact(write, patience=patience)
        except StorageError:
            for key, number in counts.items():
                self.add(key, number)


# An orderly stop of the server loses no count.
_all: weakref.WeakSet[Buffered] = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for counts in list(_all):
        counts.flush()

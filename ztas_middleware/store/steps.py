"""Long writing beside the writers who matter: in short transactions, with pauses between them.

A hit may have to wait for the database's write lock as long as a transaction of ours lasts, so
that each ends after `BUDGET`, and then as much time passes before the next begins.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

BUDGET = 0.015
"""Seconds after which no further step is begun; steps themselves take a few milliseconds."""

# Whoever waits for the lock looks again every 10 ms, see database.py, and by SQLite's own
# handler at first as often.
PAUSE = 0.012


@contextlib.contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that has the write lock from the start, so that what it reads stays true.

    Raises:
        sqlite3.OperationalError: busy for longer than the connection's timeout, full, read-only.
    """
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def write_in_steps(connection: sqlite3.Connection, steps: Iterable[object]) -> None:
    """Run an iterator that does a little writing before each item, in short transactions.

    Each step must leave the database in a state that is fine by itself.

    Raises:
        sqlite3.OperationalError: as `immediate`; the steps before stay done.
    """
    remaining = iter(steps)
    done = False
    while not done:
        with immediate(connection):
            end = time.monotonic() + BUDGET
            done = next(remaining, _END) is _END
            while not done and time.monotonic() < end:
                done = next(remaining, _END) is _END
        if not done:
            time.sleep(PAUSE)


_END = object()

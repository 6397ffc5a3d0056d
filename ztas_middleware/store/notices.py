"""What was noticed while serving, and whoever runs the site should know: a row for each kind.

A log is seldom read, and not by the commands and the dashboard that answer "why is my count low?".
The table also has what was sent to whom, see `deliveries/sent.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.errors import StorageError
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from ztas_middleware.store.database import Database

STRAY_PROXY = "stray_proxy"
"""A private peer sends X-Forwarded-For and is not trusted; the detail is `trusted_proxies`."""

AGAIN = 86_400_000
"""Milliseconds after which a process writes what it still notices once more."""

SOON = 10_000
"""Milliseconds until it tries again where the database could not take it."""

RECENT = 30 * AGAIN
"""Milliseconds for which a notice is of interest."""

PUT = """
insert into notices (name, time, detail) values (:name, :time, :detail)
on conflict (name) do update set time = excluded.time, detail = excluded.detail
"""


class Notice(NamedTuple):
    """One row."""

    time: int
    """When it was noticed last: UTC milliseconds, a day too early at most."""
    detail: str


class Notices:
    """What one process has noticed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._due: dict[tuple[str, str], int] = {}

    def put(self, name: str, detail: str, time: int) -> bool:
        """Note something, without waiting for any lock.

        Args:
            name: one of this module's names.
            detail: whatever tells whether it still matters.
            time: UTC milliseconds.

        Returns:
            Whether it is the first time in this process.
        """
        due = self._due.get((name, detail))
        if due is not None and time < due:
            return False
        # Set first: other threads come by meanwhile.
        self._due[name, detail] = time + AGAIN

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(PUT, {"name": name, "time": time, "detail": detail})

        try:
            self._database.transact(write, patience=0)
        except StorageError:
            self._due[name, detail] = time + SOON
        return due is None


def find(path: Path, name: str, now: int) -> Notice | None:
    """What was noticed in the last 30 days.

    Raises:
        StorageError: the database can't be read.
    """
    with reading(path) as connection:
        row = connection.execute(
            "select time, detail from notices where name = :name and time > :since",
            {"name": name, "since": now - RECENT},
        ).fetchone()
    return None if row is None else Notice(*row)

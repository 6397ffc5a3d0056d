"""The secret of each site's day, shared by all processes and destroyed when the day is over.

Without its salt nobody, the operator included, can recompute a visitor's hash: that is what makes
two days unlinkable. So a salt is not merely deleted. It is overwritten in the database, then
driven out of the write-ahead log, and only when that worked its row goes; a crash half-way
leaves an empty row that says there is still something to do.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.days import Day
    from ztas_middleware.store.database import Database

SALT_BYTES = 32

GRACE = 3_600_000
"""Milliseconds a salt outlives its day: a request that began before midnight still ends."""


class Salts:
    """Today's salts, kept in memory while they are today's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[str, int, bytes]] = {}

    def of(self, site_id: str, day: Day) -> bytes:
        """The salt of a site's running day.

        Raises:
            StorageError: there is none yet and the database can't take one.
        """
        known = self._known.get(site_id)
        # Another generation is another file, in which other processes find another salt.
        if known is not None and known[:2] == (day.date, self._database.generation):
            return known[2]

        def fetch(connection: sqlite3.Connection) -> bytes:
            return fetch_or_make(connection, site_id, day)

        salt = self._database.transact(fetch)
        self._known[site_id] = (day.date, self._database.generation, salt)
        return salt


def fetch_or_make(
    connection: sqlite3.Connection, site_id: str, day: Day, *, grace: int = GRACE
) -> bytes:
    """The salt of (`site_id`, `day`), made now if nobody has; inside a write transaction.

    It is kept for at least `grace` milliseconds after the day.
    """
    key = {"site_id": site_id, "day": day.date, "expires": day.end + grace}
    found = connection.execute(
        """
        select salt, expires from salts
        where site_id = :site_id and day = :day and length(salt) > 0
        """,
        key,
    ).fetchone()
    if found is not None:
        if found[1] < key["expires"]:
            connection.execute(
                """
                update salts set expires = :expires
                where site_id = :site_id and day = :day
                """,
                key,
            )
        return bytes(found[0])
    salt = os.urandom(SALT_BYTES)
    connection.execute(
        """
        insert or replace into salts (site_id, day, salt, expires)
        values (:site_id, :day, :salt, :expires)
        """,
        key | {"salt": salt},
    )
    return salt


def retire(database: Database, now: int, *, patience: float) -> bool:
    """Destroy the salts that are due at `now`; False when a part of it is still to be done.

    Raises:
        StorageError: busy for longer than `patience` seconds, or the database is out of order.
    """

    def overwrite(connection: sqlite3.Connection) -> bool:
        connection.execute(
            "update salts set salt = x'' where expires <= :now and length(salt) > 0",
            {"now": now},
        )
        (emptied,) = connection.execute(
            "select count(*) from salts where length(salt) = 0"
        ).fetchone()
        return bool(emptied)

    def forget(connection: sqlite3.Connection) -> None:
        connection.execute("delete from salts where length(salt) = 0")

    if not database.transact(overwrite, patience=patience):
        return True
    if not database.truncate_log():
        return False
    database.transact(forget, patience=patience)
    return True

"""The secret of each site's day, shared by all processes and destroyed when the day is over.

Without its salt nobody, the operator included, can recompute a visitor's hash: that is what makes
two days unlinkable. So a salt is not merely deleted. The whole table is written anew without it,
the write-ahead log is emptied, and only when that worked its row goes; a crash half-way leaves an
empty row that says there is still something to do.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ztas_middleware.store import keys, membership

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.days import Day
    from ztas_middleware.store.database import Database

SALT_BYTES = 32

GRACE = 3_600_000
"""Milliseconds a salt outlives its day: a request that began before midnight still ends."""


class NotAtHandError(Exception):
    """Something would have to be waited for, where nobody may wait."""


class Salts:
    """Today's salts, kept in memory while they are today's.

    Attributes:
        may_wait: whether the database may be asked; otherwise who asks first is sent away.
    """

    def __init__(self, database: Database) -> None:
        self.may_wait = True
        self._database = database
        self._known: dict[str, tuple[str, int, bytes]] = {}
        self._shared: object = None

    def look(self) -> None:
        """Notice that the machine has joined a cluster; waits for nobody.

        Raises:
            StorageError: busy, or the database is out of order.
        """
        shared = self._database.transact(keys.kept_key, patience=0)
        if shared != self._shared:
            self._shared = shared
            self._known = {}

    def of(self, site_id: str, day: Day) -> bytes:
        """The salt of a site's running day.

        Raises:
            StorageError: there is none yet and the database can't take one.
            NotAtHandError: the database would have to be asked.
        """
        known = self._known.get(site_id)
        # Another generation is another file, in which other processes find another salt.
        if known is not None and known[:2] == (day.date, self._database.generation):
            return known[2]
        if not self.may_wait:
            raise NotAtHandError

        def fetch(connection: sqlite3.Connection) -> bytes:
            # A copy must know itself for one before it takes its first hit.
            membership.look_around(connection)
            return fetch_or_make(connection, site_id, day)

        salt = self._database.transact(fetch)
        self._known[site_id] = (day.date, self._database.generation, salt)
        return salt


def fetch_or_make(
    connection: sqlite3.Connection, site_id: str, day: Day, *, grace: int = GRACE
) -> bytes:
    """The salt of (`site_id`, `day`), made now if nobody has; inside a write transaction.

    It is kept for at least `grace` milliseconds after the day. Past one box it is made of the key
    that all machines share, and not kept at all.
    """
    if (shared := keys.shared_salt(connection, site_id, day.date)) is not None:
        return shared
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
    """Destroy the salts and keys that are due at `now`; False when some of it is still to be done.

    Raises:
        StorageError: busy for longer than `patience` seconds, or the database is out of order.
    """

    def overwrite(connection: sqlite3.Connection) -> bool:
        rows = connection.execute("select site_id, day, salt, expires from salts").fetchall()
        if any(expires <= now and salt for _, _, salt, expires in rows):
            _write_anew(connection, now, rows)
        return keys.ratchet(connection, now) or any(
            expires <= now or not salt for _, _, salt, expires in rows
        )

    def forget(connection: sqlite3.Connection) -> None:
        connection.execute("delete from salts where length(salt) = 0")
        keys.settle(connection)

    if not database.transact(overwrite, patience=patience):
        return True
    if not database.truncate_log():
        return False
    database.transact(forget, patience=patience)
    return True


def _write_anew(
    connection: sqlite3.Connection, now: int, rows: list[tuple[str, str, bytes, int]]
) -> None:
    """Write the table with empty salts where they are due.

    A row that is overwritten leaves copies of itself: where SQLite splits a page or joins two, what
    has moved stays behind in the part of the page that is not used. With `secure_delete`, pages
    that a table gives up are zeroed, and emptying it gives up all.
    """
    connection.execute("delete from salts")
    connection.executemany(
        """
        insert into salts (site_id, day, salt, expires)
        values (:site_id, :day, :salt, :expires)
        """,
        [
            {
                "site_id": site_id,
                "day": day,
                "salt": b"" if expires <= now else salt,
                "expires": expires,
            }
            for site_id, day, salt, expires in rows
        ],
    )

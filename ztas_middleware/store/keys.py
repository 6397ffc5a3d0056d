"""The key that the machines of a cluster share: one a day, each made from the one before.

K(d+1) is a hash of K(d), and a site's salt of the day a keyed hash of (site, day). So whoever has
joined once needs nobody any more, and from what there is today no past day can be computed. Only
the key of the oldest day that is still running somewhere is kept; it goes as salts go.

A box alone has no such table; it is made when the machine joins.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from hashlib import sha256
from hmac import digest
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

KEY_BYTES: Final = 32

# `is_settled` is 0 until the log has been emptied of the key before.
KEYS: Final = """
create table if not exists cluster_keys (
    day text primary key,
    key blob not null,
    is_settled integer not null
) strict, without rowid
"""

OVER: Final = timedelta(hours=12 + 1)
"""How long a day goes on somewhere behind its end in UTC, and what salts outlive it."""


def has_keys(connection: sqlite3.Connection) -> bool:
    """Whether the machine has ever joined a cluster."""
    found = connection.execute("select 1 from sqlite_schema where name = 'cluster_keys'")
    return found.fetchone() is not None


def kept_key(connection: sqlite3.Connection) -> tuple[date, bytes] | None:
    """The key that is there, and its day; None where there is none."""
    if not has_keys(connection):
        return None
    found = connection.execute("select day, key from cluster_keys").fetchone()
    return None if found is None else (date.fromisoformat(found[0]), bytes(found[1]))


def keep_key(connection: sqlite3.Connection, day: date, key: bytes) -> None:
    """Have one key and no other; inside a write transaction."""
    connection.execute(KEYS)
    # All of the table at once: see salts.py on what else leaves copies behind.
    connection.execute("delete from cluster_keys")
    connection.execute(
        "insert into cluster_keys (day, key, is_settled) values (?, ?, 0)", (day.isoformat(), key)
    )


def later(key: bytes, days: int) -> bytes:
    """The key of so many days later."""
    for _ in range(days):
        key = sha256(b"ztas cluster key, the next day" + key).digest()
    return key


def is_of_one_seed(one: tuple[date, bytes] | None, other: tuple[date, bytes]) -> bool:
    """Whether two keys, each with its day, are the same on the later of the two days."""
    if one is None:
        return False
    days = (other[0] - one[0]).days
    return later(one[1], days) == later(other[1], -days)


def shared_salt(connection: sqlite3.Connection, site_id: str, day: str) -> bytes | None:
    """A site's salt of a day on every machine of the cluster.

    None where the machine has not joined, or the day's key is gone.
    """
    kept = kept_key(connection)
    if kept is None:
        return None
    days = (date.fromisoformat(day) - kept[0]).days
    if days < 0:
        return None
    return digest(later(kept[1], days), f"{site_id}\0{day}".encode(), "sha256")


def oldest_running(now: int) -> date:
    """The oldest day that is not over everywhere at `now`, UTC milliseconds."""
    return (datetime.fromtimestamp(now / 1000, tz=timezone.utc) - OVER).date()


def ratchet(connection: sqlite3.Connection, now: int) -> bool:
    """Replace the key of a day that is over; inside a write transaction.

    Returns:
        Whether the log is still to be emptied.
    """
    kept = kept_key(connection)
    if kept is None:
        return False
    running = oldest_running(now)
    if kept[0] < running:
        keep_key(connection, running, later(kept[1], (running - kept[0]).days))
    return not connection.execute("select min(is_settled) from cluster_keys").fetchone()[0]


def settle(connection: sqlite3.Connection) -> None:
    """Note that the log has been emptied; inside a write transaction."""
    if has_keys(connection):
        connection.execute("update cluster_keys set is_settled = 1")

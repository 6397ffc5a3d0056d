"""How often somebody may try a password: five times in a quarter of an hour, over all processes.

An address is kept only as a hash under the running day's salt, like a visitor's, and for no
longer than it counts.
"""

from __future__ import annotations

import ipaddress
from base64 import urlsafe_b64encode
from datetime import timezone
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from ztas_middleware.days import day_at

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.store.database import Database
    from ztas_middleware.store.salts import Salts

MOST: Final = 5
WINDOW: Final = 15 * 60_000
"""Milliseconds."""

# The salts of this `site` are for what belongs to no site.
_NO_SITE: Final = ""


class Tries:
    """Counts tries in the database."""

    def __init__(self, database: Database, salts: Salts) -> None:
        self._database = database
        self._salts = salts

    def begin(self, address: str, now: int) -> int | None:
        """Note a try, before it is looked at; None if it may be made, else how long to wait.

        Args:
            address: the client's.
            now: UTC milliseconds.

        Returns:
            Seconds until the next try may be made.

        Raises:
            StorageError: it could not be noted, so it must not be made.
        """
        # Around midnight an address is known under two salts.
        names = [self._name(address, instant) for instant in (now, now - WINDOW)]

        def note(connection: sqlite3.Connection) -> int | None:
            connection.execute(
                "delete from login_tries where time <= :until", {"until": now - WINDOW}
            )
            times = [
                time
                for (time,) in connection.execute(
                    """
                    select time from login_tries
                    where address in (:name, :name_before)
                    order by time desc
                    """,
                    {"name": names[0], "name_before": names[1]},
                )
            ]
            if len(times) >= MOST:
                milliseconds: int = times[MOST - 1] + WINDOW - now
                return max(1, -(-milliseconds // 1000))
            connection.execute(
                "insert into login_tries (time, address) values (:time, :name)",
                {"time": now, "name": names[0]},
            )
            return None

        wait: int | None = self._database.transact(note)
        return wait

    def forget(self, address: str, now: int) -> None:
        """Whoever knew the password has made no vain tries.

        Raises:
            StorageError: they stay for a quarter of an hour.
        """
        names = {self._name(address, instant) for instant in (now, now - WINDOW)}

        def delete(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "delete from login_tries where address = :name",
                [{"name": name} for name in names],
            )

        self._database.transact(delete)

    def _name(self, address: str, instant: int) -> str:
        salt = self._salts.of(_NO_SITE, day_at(instant, timezone.utc))
        subscriber = _subscriber(address).encode("utf-8", "surrogatepass")
        digest = blake2b(subscriber, key=salt, digest_size=8, person=b"login").digest()
        return urlsafe_b64encode(digest).decode("ascii")


def _subscriber(address: str) -> str:
    """Who is behind an address: with IPv6, whole networks of 2^64 belong to one (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:  # noqa: PLR2004 - the protocol's own name
        return address
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))

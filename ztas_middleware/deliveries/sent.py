"""What was sent to whom, so that nothing is sent twice, and what failed is tried again.

A recipient is known by a hash: a webhook's URL is a secret, and a mail address nobody's business.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.store.database import Database

ABANDONED = 120_000
"""Milliseconds after which a message that is still on its way is not: its process was killed."""

KEPT = 400 * 86_400_000
"""Milliseconds for which it is remembered; no report is about an older period."""


def claim(database: Database, site_id: str, subject: str, recipient: str, now: int) -> bool:
    """Take on to send something; False if it was sent, or another process is at it.

    Args:
        database: of the site.
        site_id: whose report or alert.
        subject: which; the same text is the same message.
        recipient: a mail address or a URL.
        now: UTC milliseconds.

    Raises:
        StorageError: it can't be noted, so it must not be sent.
    """
    row = _row(site_id, subject, recipient) | {"now": now}

    def take(connection: sqlite3.Connection) -> bool:
        connection.execute("delete from sent where time < :now - :kept", {"now": now, "kept": KEPT})
        return bool(
            connection.execute(
                """
                insert into sent (site_id, subject, recipient, time, is_done)
                values (:site_id, :subject, :recipient, :now, 0)
                on conflict do update set time = :now
                where is_done = 0 and time <= :now - :abandoned
                """,
                row | {"abandoned": ABANDONED},
            ).rowcount
        )

    return database.transact(take)


def settle(
    database: Database, site_id: str, subject: str, recipient: str, *, is_done: bool
) -> None:
    """Note that a claimed message was taken, or that it was not and may be tried again.

    Raises:
        StorageError: it can't be noted.
    """
    statement = (
        "update sent set is_done = 1" if is_done else "delete from sent"
    ) + " where site_id = :site_id and subject = :subject and recipient = :recipient"
    row = _row(site_id, subject, recipient)
    database.transact(lambda connection: connection.execute(statement, row))


def forget(database: Database, site_id: str, subject: str) -> None:
    """Let a message be sent again, to everybody.

    Raises:
        StorageError: it can't be noted.
    """

    def delete(connection: sqlite3.Connection) -> None:
        connection.execute(
            "delete from sent where site_id = :site_id and subject = :subject",
            {"site_id": site_id, "subject": subject},
        )

    database.transact(delete)


def _row(site_id: str, subject: str, recipient: str) -> dict[str, str | int]:
    digest = blake2b(recipient.encode(), digest_size=16, person=b"ztas-recipient").hexdigest()
    return {"site_id": site_id, "subject": subject, "recipient": digest}

"""What was sent to whom, so that nothing is sent twice, and what failed is tried again.

It is noted among the notices (`store/notices.py`), by hashes: a webhook's URL is a secret, and a
mail address nobody's business.
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

_ON_ITS_WAY, _SENT = "on its way", "sent"


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
    row = {"name": _name(site_id, subject, recipient), "time": now, "detail": _ON_ITS_WAY}

    def take(connection: sqlite3.Connection) -> bool:
        connection.execute(
            "delete from notices where name between 'sent ' and 'sent!' and time < :oldest",
            {"oldest": now - KEPT},
        )
        return bool(
            connection.execute(
                """
                insert into notices (name, time, detail) values (:name, :time, :detail)
                on conflict do update set time = :time
                where detail = :detail and time <= :abandoned
                """,
                row | {"abandoned": now - ABANDONED},
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
        "update notices set detail = :detail where name = :name"
        if is_done
        else "delete from notices where name = :name and detail != :detail"
    )
    row = {"name": _name(site_id, subject, recipient), "detail": _SENT}
    database.transact(lambda connection: connection.execute(statement, row))


def forget(database: Database, site_id: str, subject: str) -> None:
    """Let a message be sent again, to everybody.

    Raises:
        StorageError: it can't be noted.
    """
    row = {"message": _message(site_id, subject)}
    statement = "delete from notices where substr(name, 1, length(:message)) = :message"
    database.transact(lambda connection: connection.execute(statement, row))


def _message(site_id: str, subject: str) -> str:
    return f"sent {_digest(f'{len(site_id)} {site_id} {subject}')} "


def _name(site_id: str, subject: str, recipient: str) -> str:
    return _message(site_id, subject) + _digest(recipient)


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16, person=b"ztas-sent").hexdigest()

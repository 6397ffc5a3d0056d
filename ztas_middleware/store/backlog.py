"""Which hits are still to be shipped, and must not be deleted before they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ztas_middleware.store.membership import FIRST_ID, member_in

if TYPE_CHECKING:
    import sqlite3

LAST_ID: Final = 2**63 - 1


def backlog(connection: sqlite3.Connection) -> int | None:
    """How many hits are still to be shipped; None where the file is no member."""
    waiting = waiting_since(connection)
    return None if waiting is None else waiting[0]


def waiting_since(connection: sqlite3.Connection) -> tuple[int, int | None] | None:
    """How many hits are still to be shipped, and the time of the first of them."""
    member = member_in(connection)
    if member is None:
        return None
    number, first = connection.execute(
        "select count(*), (select time from hits where id > :id order by id limit 1) from hits "
        "where id > :id",
        {"id": member.shipped_id},
    ).fetchone()
    return number, first


def unshipped(
    connection: sqlite3.Connection, site_id: str, before: int | None = None, *, moved: bool
) -> int:
    """How many hits of a site, received before an instant, are still to be shipped.

    All of them where the file is no member yet. With `moved` those in the history alone, too.
    """
    member = member_in(connection)
    shipped = FIRST_ID if member is None else member.shipped_id
    (number,) = connection.execute(
        """
        select count(*) from hits
        where id > :shipped and site_id = :site and time < ifnull(:before, time + 1)
        """,
        {"shipped": shipped, "site": site_id, "before": before},
    ).fetchone()
    if moved and (member is None or shipped < member.moved_id):
        number += connection.execute(
            """
            select ifnull(sum(rows), 0) from history_days
            where site_id = ? and state in ('moving', 'moved') and last_id > ?
            """,
            (site_id, shipped),
        ).fetchone()[0]
    return int(number)


def shipped_until(connection: sqlite3.Connection) -> int:
    """The last id that may be deleted; any where the file is no member of a cluster."""
    member = member_in(connection)
    return LAST_ID if member is None else member.shipped_id

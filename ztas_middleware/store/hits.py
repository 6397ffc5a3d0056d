"""The table `hits` from the writer's side: its columns, and the statements that fill them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence


class Hit(NamedTuple):
    """One row of `hits` before it has an id; fields in the order of the columns.

    Everything in it is already clean: what must not be stored never gets this far.
    """

    time: int
    """When it was received, UTC milliseconds since 1970."""
    site_id: str
    type: str
    path: str
    referrer: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    action: str | None
    category: str | None
    label: str | None
    value: float | None
    session_id: str | None
    time_on_page: float | None
    """Seconds."""
    is_bounce: int | None
    """0 or 1."""
    visitor: str
    browser: str
    os: str
    device: str
    country: str | None
    utm_term: str | None = None
    utm_content: str | None = None
    properties: str | None = None
    """A flat JSON object."""
    route: str | None = None
    browser_version: int | None = None
    language: str | None = None
    screen: int | None = None
    region: str | None = None
    city: str | None = None


_COLUMNS = ", ".join(Hit._fields)
_ROW = f"({', '.join('?' for _ in Hit._fields)})"

INSERT = f"insert into hits ({_COLUMNS}) values {_ROW}"

TOGETHER = 10
"""Hits that one statement takes: as many as meet in a commit where servers have threads."""

_INSERTS = {
    number: f"insert into hits ({_COLUMNS}) values {', '.join([_ROW] * number)}"
    for number in range(1, TOGETHER + 1)
}

# SQLite stores it as NULL (https://sqlite.org/floatingpoint.html). Python looks for an adapter
# for each None, and up to 3.11 raises and catches two exceptions until it has none: a fifth of
# what an insert costs.
_NULL = float("nan")


def insert(connection: sqlite3.Connection, hits: Sequence[Hit]) -> None:
    """Commit one hit or more on a connection in autocommit mode: all of them, or none.

    Raises:
        sqlite3.Error: none; a transaction may still be open.
    """
    statement = _INSERTS.get(len(hits))
    if statement is not None:
        # A statement is its own transaction. And it is one call, for which Python gives the
        # other threads their turn once instead of once a row.
        connection.execute(
            statement, [_NULL if value is None else value for hit in hits for value in hit]
        )
        return
    connection.execute("begin immediate")
    connection.executemany(INSERT, hits)
    connection.execute("commit")

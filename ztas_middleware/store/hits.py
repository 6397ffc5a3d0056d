"""The table `hits` from the writer's side: its columns, and the one statement that fills them."""

from __future__ import annotations

from typing import NamedTuple


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
    is_bounce: bool | None
    visitor: str
    browser: str
    os: str
    device: str
    country: str | None


INSERT = (
    f"insert into hits ({', '.join(Hit._fields)}) values ({', '.join('?' for _ in Hit._fields)})"
)

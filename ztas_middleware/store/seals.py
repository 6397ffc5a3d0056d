"""Days whose hits were deleted and whose totals stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def sealed_until(connection: sqlite3.Connection, site_id: str) -> str | None:
    """The last day of a site that is sealed; None if none is."""
    (day,) = connection.execute(
        "select max(day) from history_days where site_id = ? and state = 'sealed'", (site_id,)
    ).fetchone()
    last: str | None = day
    return last

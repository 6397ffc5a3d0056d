"""Hits that were not stored, by reason and day: the other half of "why is my count low?"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many hits of one day were dropped for one reason."""

    day: str
    reason: str
    count: int


def dropped(path: Path, site_id: str, first: date, last: date) -> tuple[Dropped, ...]:
    """What was dropped between two days, both included, by day and reason.

    Args:
        path: the database.
        site_id: whose hits; empty for those whose site is not known, which count by UTC days.
        first: of the site's days.
        last: of the site's days.

    Raises:
        StorageError: the database can't be read.
    """
    with reading(path) as connection:
        rows = connection.execute(
            """
            select day, reason, count from drops
            where site_id = :site_id and day between :first and :last
            order by day, reason
            """,
            {"site_id": site_id, "first": first.isoformat(), "last": last.isoformat()},
        ).fetchall()
    return tuple(Dropped(*row) for row in rows)

"""Who reads the app's pages without being a visitor: assistants, crawlers, previews, monitors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from ztas_middleware.reports.answers import Part
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class PageReads(Part):
    """How often a page was read."""

    path: str
    reads: int


@dataclass(frozen=True, slots=True)
class AgentReads(Part):
    """How often one of them read pages, and which ones."""

    name: str
    kind: str
    """`ai`, `search`, `preview`, `monitor` or `other`."""
    reads: int
    pages: tuple[PageReads, ...]


def agents(
    path: Path, site_id: str, first: date, last: date, *, limit: int
) -> tuple[AgentReads, ...]:
    """Who read a site's pages between two of its days, both included, most reads first.

    Args:
        path: the database.
        site_id: whose pages.
        first: of the site's days.
        last: of the site's days.
        limit: how many are named, and how many pages of each.

    Raises:
        StorageError: the database can't be read.
    """
    period = {"site_id": site_id, "first": first.isoformat(), "last": last.isoformat()}
    with reading(path) as connection:
        names = connection.execute(
            """
            select name, kind, sum(count) as reads from agent_reads
            where site_id = :site_id and day between :first and :last
            group by name, kind
            order by reads desc, name, kind
            limit :limit
            """,
            period | {"limit": limit},
        ).fetchall()
        return tuple(
            AgentReads(
                name,
                kind,
                reads,
                tuple(
                    PageReads(*row)
                    for row in connection.execute(
                        """
                        select path, sum(count) as reads from agent_reads
                        where site_id = :site_id and day between :first and :last
                            and name = :name and kind = :kind
                        group by path
                        order by reads desc, path
                        limit :limit
                        """,
                        period | {"name": name, "kind": kind, "limit": limit},
                    )
                ),
            )
            for name, kind, reads in names
        )


def first_day(path: Path, site_id: str) -> date | None:
    """The first of a site's days of which a read is known.

    Raises:
        StorageError: the database can't be read.
    """
    with reading(path) as connection:
        (day,) = connection.execute(
            "select min(day) from agent_reads where site_id = ?", (site_id,)
        ).fetchone()
    return None if day is None else date.fromisoformat(day)

"""Of which sites a database has rows, and taking one's away.

Whatever table has a `site_id` has rows of sites, so that none is forgotten here.
"""

from __future__ import annotations

import shlex
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from ztas_middleware.store.prune import delete_between
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from ztas_middleware.store.database import Database

CHUNK = 200
"""Rows deleted in one transaction: a few milliseconds."""


def count_by_site(connection: sqlite3.Connection) -> dict[str, int]:
    """How many hits each site has that has any; all of the hits are looked at.

    Those that are in the history alone are counted, too.
    """
    found = Counter(dict(connection.execute("select site_id, count(*) from hits group by site_id")))
    # A file of 0.1 has no such table before anybody writes to it.
    if connection.execute("select 1 from sqlite_schema where name = 'history_days'").fetchone():
        moved = connection.execute(
            "select site_id, sum(rows) from history_days where state = 'moved' group by site_id"
        )
        found.update(dict(moved))
    return dict(sorted(found.items()))


def hits_by_site(path: Path) -> dict[str, int]:
    """The same of the database at `path`.

    Raises:
        StorageError: the database can't be read.
    """
    with reading(path) as connection:
        return count_by_site(connection)


def latest_hit(path: Path, site_id: str) -> int | None:
    """When a site's newest row was received, UTC milliseconds; None where it has none.

    Raises:
        StorageError: the database can't be read.
    """
    with reading(path) as connection:
        # Not the last row: an import brings old hits behind new ones.
        (latest,) = connection.execute(
            "select max(time) from hits where site_id = :site", {"site": site_id}
        ).fetchone()
    return None if latest is None else int(latest)


def remedy(site_id: str) -> str:
    """What can be done about rows of a site that left the config."""
    name = shlex.quote(site_id)
    return (
        f"`ztas export --orphan {name}` writes them, `ztas sites remove {name} --data` deletes them"
    )


def delete_site(
    database: Database, site_id: str, progress: Callable[[int], object] = lambda _: None
) -> int:
    """Delete every row of a site, in short transactions.

    Args:
        database: where.
        site_id: whose rows.
        progress: told how many hits each step deleted.

    Returns:
        How many hits there were.

    Raises:
        StorageError: busy for too long, or out of order; what was deleted stays so.
    """
    deleted = delete_between(database.path, site_id, -(2**63), 2**63 - 1, progress=progress)
    # Behind the hits, whose deletion is noted; and those of a time beyond all others.
    for table in _tables(database.path):
        while database.transact(partial(_delete_some, table=table, site_id=site_id)):
            pass
    return deleted


def _tables(path: Path) -> list[str]:
    with reading(path) as connection:
        return [
            name
            for (name,) in connection.execute(
                """
                select tables.name from sqlite_schema as tables
                join pragma_table_info(tables.name) as columns on columns.name = 'site_id'
                where tables.type = 'table'
                order by tables.name = 'hits', tables.name
                """
            )
        ]


def _delete_some(connection: sqlite3.Connection, table: str, site_id: str) -> int:
    """Delete some of a site's rows of a table; how many."""
    # Tables without rowid have none, and not every SQLite knows `delete ... limit`.
    keys = [
        name
        for (name,) in connection.execute(
            "select name from pragma_table_info(:table) where pk order by pk", {"table": table}
        )
    ]
    columns = ", ".join(keys) or "rowid"
    cursor = connection.execute(
        f"""
        delete from {table} where ({columns}) in (
            select {columns} from {table} where site_id = :site limit {CHUNK}
        )
        """,
        {"site": site_id},
    )
    return cursor.rowcount

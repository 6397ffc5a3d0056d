"""Telling how far a database of ours is that has lost its number.

`pragma user_version` is not among what `sqlite3 old.db .dump` writes, so that a file that was saved
that way begins again with 0, with all its tables.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from ztas_middleware.store.headers import SIZE, parse_header
from ztas_middleware.store.places import LOG

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    Tables = dict[str, set[str]]


def recognise(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> int:
    """The version of a database that says it has none; 0 where there is nothing of ours in it.

    What else belongs to that version, indexes and triggers, is made where it is missing.

    Raises:
        sqlite3.DatabaseError: there are hits, but not all that belongs to them.
    """
    found = _tables(connection)
    if "hits" not in found:
        return 0
    versions: list[Tables] = []
    parts: list[list[tuple[str, str]]] = []
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        for statements in migrations:
            for statement in statements:
                model.execute(statement)
            versions.append(_tables(model))
            parts.append(_parts(model))
    version, lacking = _nearest(found, versions)
    if lacking:
        raise sqlite3.DatabaseError(
            f"has hits, but not all that belongs to them; it lacks {', '.join(lacking)}"
        )
    known = {name for (name,) in connection.execute("select name from sqlite_schema")}
    for name, sql in parts[version - 1]:
        if name not in known:
            connection.execute(sql)
    return version


def has_hits(connection: sqlite3.Connection) -> bool:
    """Whether there is a table of that name, be it ours or not."""
    found = connection.execute(
        "select 1 from sqlite_schema where type = 'table' and name = 'hits'"
    ).fetchone()
    return found is not None


def strangeness(path: Path) -> str:
    """What is said of a database that has no hits in it, not even an empty table of them."""
    with path.open("rb") as file:
        header = parse_header(file.read(SIZE))
    if header is not None and header.has_log and header.pages <= 1:
        return f"is empty: its rows were in its {LOG}, which was not copied with it (`ztas backup`)"
    return "no database of ztas: it has no tables of ours"


def _nearest(found: Tables, versions: list[Tables]) -> tuple[int, list[str]]:
    """The latest of the versions that differ least, and what is not there of its tables."""
    ever = {name for tables in versions for name in tables}
    best: tuple[int, int, list[str]] = (0, 0, [])
    for number, tables in enumerate(versions, 1):
        lacking = sorted(set(tables) - set(found))
        lacking += sorted(
            f"{name}.{column}"
            for name, columns in tables.items()
            if name in found
            for column in columns - found[name]
        )
        too_many = (ever & set(found)) - set(tables)
        difference = len(lacking) + len(too_many)
        if number == 1 or difference <= best[1]:
            best = number, difference, lacking
    return best[0], best[2]


def _tables(connection: sqlite3.Connection) -> Tables:
    tables: Tables = {}
    for table, column in connection.execute("""
        select tables.name, columns.name
        from sqlite_schema tables, pragma_table_info(tables.name) columns
        where tables.type = 'table'
    """):
        tables.setdefault(table, set()).add(column)
    return tables


def _parts(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Indexes, triggers and views, by name, and how they are made."""
    return connection.execute("""
        select name, sql from sqlite_schema
        where type != 'table' and sql is not null
        order by rowid
    """).fetchall()

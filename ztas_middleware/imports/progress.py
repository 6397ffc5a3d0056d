"""How far the import of each file has got, kept beside the rows and committed with them.

A file is known by its beginning, not by its name or inode: so it is known again when it has been
rotated, renamed, copied or packed, and another file under the same name is another one. The place
where the last run stopped is known by what lies before it: a file that was cut or rewritten since
is not read on from the middle of something else.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from ztas_middleware.imports.places import Place, Sibling, Tail, fingerprint
from ztas_middleware.imports.sources import HEAD
from ztas_middleware.imports.terms import Terms

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.imports.sources import Source
    from ztas_middleware.store.database import Database

_FIELDS = (
    "offset", "rows_into", "lines", "stored", "left_out", "refused",
    "days", "refused_days", "tail_at", "tail_size", "tail",
)  # fmt: skip
_INSERT = f"""
insert into imports (
    site_id, name, format, terms, head_size, head, first, changed, {", ".join(_FIELDS)}
) values (
    :site_id, :name, :format, :terms, :head_size, :head, :first, :changed,
    {", ".join(f":{name}" for name in _FIELDS)}
)
on conflict do nothing
returning id
"""

_UPDATE = f"""
update imports set
    name = :name, format = :format, changed = :changed,
    {", ".join(f"{name} = :{name}" for name in _FIELDS)},
    head_size = ifnull(:head_size, head_size), head = ifnull(:head, head)
where id = :id and offset = :was_offset and rows_into = :was_into
"""

# The rows of a file that was rewritten stay what they are; by its beginning the new one is known.
_RENOUNCE = "update imports set head = randomblob(16) where id = :id"


class File(NamedTuple):
    """What is being imported, for whom, and on which terms."""

    site_id: str
    source: Source
    format: str
    terms: Terms = Terms()
    first: bytes | None = None
    """The first line of a log by which it is known even if it was cut behind that."""


class Head(NamedTuple):
    """What a file is known by: a digest of its first bytes, as many as have been read."""

    head_size: int
    head: bytes


class Found(NamedTuple):
    """What is known of a file."""

    place: Place
    siblings: list[Sibling]


class OtherImportError(Exception):
    """Another process is importing the same file."""


def find(database: Database, site_id: str, source: Source, terms: Terms) -> Found:
    """The place that was reached in a file on these terms, and those on other terms.

    Raises:
        StorageError: the database can't be read.
    """

    def known(connection: sqlite3.Connection) -> list[tuple[int, str]]:
        return connection.execute(
            """
            select distinct head_size, terms from imports
            where site_id = :site_id
            order by head_size desc
            """,
            {"site_id": site_id},
        ).fetchall()

    places: dict[str, Place] = {}
    for size, text in database.transact(known):
        head = source.head(size)
        if head is None or text in places:
            continue
        # Made here, where no lock is held: it takes its time.
        place = _place(database, site_id, fingerprint(head, text))
        if place is not None:
            places[text] = place
    own = places.pop(terms.text, Place())
    return Found(own, [Sibling(place, Terms.parse(text)) for text, place in places.items()])


def _place(database: Database, site_id: str, head: bytes) -> Place | None:
    def look(connection: sqlite3.Connection) -> tuple[Any, ...] | None:
        found: tuple[Any, ...] | None = connection.execute(
            f"""
            select id, {", ".join(_FIELDS)} from imports
            where site_id = :site_id and head = :head
            """,
            {"site_id": site_id, "head": head},
        ).fetchone()
        return found

    row = database.transact(look)
    if row is None:
        return None
    number, *counts, days, refused_days, tail_at, tail_size, tail = row
    offset, rows_into, lines, stored, left_out, refused = counts
    return Place(
        number,
        offset,
        rows_into,
        lines,
        stored,
        left_out,
        refused,
        days=json.loads(days or "{}"),
        refused_days=frozenset(json.loads(refused_days)),
        tail=None if tail is None else Tail(tail_at, tail_size, tail),
    )


def cut_short(database: Database, site_id: str, first: bytes) -> Place:
    """The place in a log that begins with the same line, and is unknown by more of its beginning.

    Two requests are never alike in all that a log says of them, so that this is the same log, cut
    off or rewritten behind its first lines.
    """

    def look(connection: sqlite3.Connection) -> tuple[int, int] | None:
        found: tuple[int, int] | None = connection.execute(
            "select id, offset from imports where site_id = :site_id and first = :first",
            {"site_id": site_id, "first": digest},
        ).fetchone()
        return found

    digest = fingerprint(first)
    row = database.transact(look)
    # Nothing of it can be relied on: no file has what lies before such a place.
    return Place(*row, tail=Tail(row[1], 1, b"")) if row else Place()


def head_of(file: File, before: Place, after: Place) -> Head | None:
    """What the file is to be known by from `after` on; None if as it is known already."""
    source = file.source
    if before.offset >= HEAD + source.lead or (
        before.id is not None and before.offset == after.offset
    ):
        return None
    head = source.head(min(HEAD, max(0, after.offset - source.lead))) or b""
    return Head(len(head), fingerprint(head, file.terms.text))


def save(
    connection: sqlite3.Connection,
    file: File,
    before: Place,
    after: Place,
    *,
    head: Head | None,
    now: int,
) -> Place:
    """Note the place `after`; inside the transaction that stores the rows before it.

    Returns:
        The same place, with the id of the file in the table `imports`.

    Raises:
        OtherImportError: the place in the database is no longer `before`.
    """
    values: dict[str, object] = {name: getattr(after, name, None) for name in _FIELDS}
    values |= {
        "id": before.id,
        "site_id": file.site_id,
        "name": file.source.name,
        "format": file.format,
        "terms": file.terms.text,
        "head_size": head.head_size if head else None,
        "head": head.head if head else None,
        "days": json.dumps(after.days, separators=(",", ":")),
        "refused_days": json.dumps(sorted(after.refused_days)),
        "tail_at": after.tail.at if after.tail else None,
        "tail_size": after.tail.size if after.tail else None,
        "tail": after.tail.digest if after.tail else None,
        "first": fingerprint(file.first) if file.first and before.id is None else None,
        "changed": now,
        "was_offset": before.offset,
        "was_into": before.rows_into,
    }
    if before.id is not None:
        if connection.execute(_UPDATE, values).rowcount == 0:
            raise OtherImportError
        return replace(after, id=before.id)
    if before.replaces is not None:
        connection.execute(_RENOUNCE, {"id": before.replaces})
    row = connection.execute(_INSERT, values).fetchone()
    if row is None:
        raise OtherImportError
    return replace(after, id=int(row[0]), replaces=None)

"""How far the import of each file has got, kept beside the rows and committed with them.

A file is known by its beginning, not by its name or inode: so it is known again when it has been
rotated, renamed, copied or packed, and another file under the same name is another one.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.imports.files import HEAD

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from ztas_middleware.imports.files import Source
    from ztas_middleware.store.database import Database

_INSERT = """
insert into imports (
    site_id, name, format, head_size, head, offset, rows_into, lines,
    stored, left_out, refused, changed
) values (
    :site_id, :name, :format, :head_size, :head, :offset, :rows_into, :lines,
    :stored, :left_out, :refused, :changed
)
on conflict do nothing
returning id
"""

_UPDATE = """
update imports set
    name = :name, format = :format, offset = :offset, rows_into = :rows_into, lines = :lines,
    stored = :stored, left_out = :left_out, refused = :refused, changed = :changed,
    head_size = ifnull(:head_size, head_size), head = ifnull(:head, head)
where id = :id and offset = :was_offset and rows_into = :was_into
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file the import stands, and what came of it so far, in all runs."""

    id: int | None = None
    """In the table `imports`; None for a file that is new."""
    offset: int = 0
    """Bytes of the unpacked file that are done with."""
    rows_into: int = 0
    """Rows that are stored already of the record that begins at the offset."""
    lines: int = 0
    stored: int = 0
    left_out: int = 0
    refused: int = 0


class File(NamedTuple):
    """What is being imported, and for whom."""

    site_id: str
    source: Source
    format: str


class Head(NamedTuple):
    """What a file is known by: a digest of its first bytes, as many as have been read."""

    head_size: int
    head: bytes


class OtherImportError(Exception):
    """Another process is importing the same file."""


def find(database: Database, site_id: str, source: Source) -> Place:
    """The place that was reached in a file; its beginning where none was.

    Raises:
        StorageError: the database can't be read.
    """

    def sizes(connection: sqlite3.Connection) -> list[tuple[int]]:
        return connection.execute(
            """
            select distinct head_size from imports
            where site_id = :site_id
            order by head_size desc
            """,
            {"site_id": site_id},
        ).fetchall()

    for (size,) in database.transact(sizes):
        head = source.head(size)
        if head is None:
            continue
        # Made here, where no lock is held: it takes its time.
        key = {"site_id": site_id, "head": fingerprint(head)}

        def place(
            connection: sqlite3.Connection, key: Mapping[str, object] = key
        ) -> tuple[int, ...] | None:
            found: tuple[int, ...] | None = connection.execute(
                """
                select id, offset, rows_into, lines, stored, left_out, refused from imports
                where site_id = :site_id and head = :head
                """,
                key,
            ).fetchone()
            return found

        if found := database.transact(place):
            return Place(*found)
    return Place()


def head_of(source: Source, before: Place, after: Place) -> Head | None:
    """What the file is to be known by from `after` on; None if as it is known already."""
    if before.offset >= HEAD or (before.id is not None and before.offset == after.offset):
        return None
    head = source.head(min(HEAD, after.offset)) or b""
    return Head(len(head), fingerprint(head))


def save(
    connection: sqlite3.Connection,
    file: File,
    before: Place,
    after: Place,
    *,
    head: Head | None,
    now: int,
) -> int:
    """Note the place `after`; inside the transaction that stores the rows before it.

    Returns:
        The id of the file in the table `imports`.

    Raises:
        OtherImportError: the place in the database is no longer `before`.
    """
    values = asdict(after) | {
        "id": before.id,
        "site_id": file.site_id,
        "name": file.source.name,
        "format": file.format,
        "head_size": head.head_size if head else None,
        "head": head.head if head else None,
        "changed": now,
        "was_offset": before.offset,
        "was_into": before.rows_into,
    }
    if before.id is None:
        row = connection.execute(_INSERT, values).fetchone()
        if row is None:
            raise OtherImportError
        return int(row[0])
    if connection.execute(_UPDATE, values).rowcount == 0:
        raise OtherImportError
    return before.id


def fingerprint(head: bytes) -> bytes:
    """What a file's beginning is known by.

    A log's first lines have addresses in them. Were this a plain digest, then whoever knows the
    rest of a short file could try out all addresses; at a twentieth of a second each, they can't.
    """
    return hashlib.scrypt(head, salt=b"ztas import", n=2**14, r=8, p=1, dklen=16)

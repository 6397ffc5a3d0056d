"""From SQLite into DuckDB: a million hits a second or two, exactly, and mostly outside the GIL.

SQLite itself writes lines of a text file, some hundred hits in each step, which DuckDB reads with
two threads. Going through Python's rows takes six times as long. No driver that brings an SQLite
of its own may come into the process: closing a file there drops the locks that ours holds on it
(https://sqlite.org/howtocorrupt.html, 2.2.1).

Lines and fields end with control characters that the intake lets nobody store. A chunk in which
they occur all the same, or which has anything else that a line can't say, is carried over value
by value.
"""

from __future__ import annotations

import os
import tempfile
from typing import TYPE_CHECKING, Any

from ztas_middleware.history.columns import HIT_NAMES, HITS
from ztas_middleware.store.survey import tie_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.columns import Column
    from ztas_middleware.store.survey import Span

CHUNK = 500
"""Ids looked at in one step."""

TURN = 20_000
"""Ids in one transaction: a longer one would let the write-ahead log grow behind it."""

BATCH = 250_000
"""Hits in one text file."""

_READ = 4_194_304
"""Bytes that are read at a time; DuckDB takes 32 MB for each thread otherwise."""

_FIELD, _LINE = "\x1f", "\n"
_SIMPLE = (1e-5, 1e15)
"""Between these SQLite's text of a number is good; beyond, older ones round the last digit."""


# What hits of one instant are ordered by, and are called in the history: see `tie_of`.
_NAMES = {"id": "{tie}"}


def _text_of(column: Column) -> str:
    if column.type != "DOUBLE":
        return _NAMES.get(column.name, column.name)
    # %s has 15 digits, `quote` as many as it takes.
    return f"iif({column.name} is null, '', quote({column.name}))"


def _size_of(column: Column) -> str:
    """How many bytes a field should have; far too many where a line can't say what is there."""
    name = _NAMES.get(column.name, column.name)
    if column.type == "BIGINT":
        return f"ifnull(length({name}), 0)"
    if column.type == "DOUBLE":
        low, high = _SIMPLE
        return (
            f"case when {name} is null then 0 when {name} = 0 or abs({name}) between {low} and "
            f"{high} then length(quote({name})) else 1000000000 end"
        )
    size = f"length(cast({name} as blob))"
    # An empty field is NULL.
    return f"iif({name} = '', 1000000000, ifnull({size}, 0))" if column.is_nullable else size


_FORMAT = _FIELD.join("%s" for _ in HITS)
_WANTED = """
    id between :first and :last and site_id = :site and time >= :start and time < :end
"""
_LINES = f"""
select
    count(*),
    group_concat(printf('{_FORMAT}', {", ".join(map(_text_of, HITS))}), char(10)),
    sum({" + ".join(map(_size_of, HITS))})
from hits
where {_WANTED}
"""
_VALUES = f"select {HIT_NAMES.replace('id', '{tie}', 1)} from hits where {_WANTED}"
_FIELDS = ", ".join(f"'{column.name}': '{column.type}'" for column in HITS)
_FROM_FILE = f"""
select {
    ", ".join(
        column.name
        if column.is_nullable or column.type != "VARCHAR"
        else f"ifnull({column.name}, '') as {column.name}"
        for column in HITS
    )
}
from read_csv(
    $file, delim = '{_FIELD}', header = false, quote = '', escape = '', new_line = '\\n',
    columns = {{{_FIELDS}}}, auto_detect = false, buffer_size = {_READ}
)
"""


def copy_hits(
    connection: sqlite3.Connection,
    cursor: DuckDBPyConnection,
    table: str,
    *,
    site_id: str,
    spans: Iterable[Span],
    start: int,
    end: int,
    folder: Path | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> int:
    """Append a site's hits of a stretch of time to a table of DuckDB with the columns `HITS`.

    Args:
        connection: in autocommit mode; each `TURN` is a transaction of its own.
        cursor: DuckDB's.
        table: the name of the table there.
        site_id: whose hits.
        spans: ids among which they are, in any order, not overlapping.
        start: the first instant, UTC milliseconds.
        end: the first instant behind.
        folder: for a text file that is there for a moment; None is the system's.
        progress: told how many hits were read, every now and then.

    Returns:
        How many there were.
    """
    number = 0
    bound = {"site": site_id, "start": start, "end": end}
    tie = tie_of(connection)
    chunks = _chunks(connection, spans, _LINES.format(tie=tie), bound)
    values = _VALUES.format(tie=tie)
    with _raw_text(connection):
        for lines in _batches(chunks, connection, cursor, table, values):
            number += _append(cursor, table, lines, folder, progress)
    return number


def _batches(
    chunks: Iterator[tuple[dict[str, Any], int, bytes, int]],
    connection: sqlite3.Connection,
    cursor: DuckDBPyConnection,
    table: str,
    values: str,
) -> Iterator[Iterator[tuple[int, bytes]]]:
    """The chunks by the file they go into; those that no line can say are carried over at once."""
    last: list[bool] = []

    def some() -> Iterator[tuple[int, bytes]]:
        rows = 0
        for bound, number, lines, size in chunks:
            if _is_plain(number, lines, size):
                yield number, lines
            else:
                _carry(connection.execute(values, bound).fetchall(), cursor, table)
                yield number, b""
            rows += number
            if rows >= BATCH:
                return
        last.append(True)

    while not last:
        yield some()


def _append(
    cursor: DuckDBPyConnection,
    table: str,
    lines: Iterator[tuple[int, bytes]],
    folder: Path | None,
    progress: Callable[[int], object],
) -> int:
    total = 0
    descriptor, name = tempfile.mkstemp(suffix=".hits", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for number, text in lines:
                if text:
                    file.write(text)
                    file.write(b"\n")
                total += number
                progress(number)
            is_empty = file.tell() == 0
        if not is_empty:
            cursor.execute(f"insert into {table} {_FROM_FILE}", {"file": name})
    finally:
        os.unlink(name)  # noqa: PTH108 - a name, not a Path
    return total


def _chunks(
    connection: sqlite3.Connection, spans: Iterable[Span], statement: str, bound: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], int, bytes, int]]:
    """Each chunk's parameters, number of hits, lines, and how many bytes these should have."""
    for first, last in sorted(spans):
        at: int | None = first
        while at is not None:
            connection.execute("begin")
            try:
                for _ in range(TURN // CHUNK):
                    # Ids may have gaps of any size.
                    (at,) = connection.execute(
                        "select min(id) from hits where id >= ? and id <= ?", (at, last)
                    ).fetchone()
                    if at is None:
                        break
                    until = min(at + CHUNK - 1, last)
                    chunk = {**bound, "first": at, "last": until}
                    number, lines, size = connection.execute(statement, chunk).fetchone()
                    if number:
                        yield chunk, number, lines, size
                    at = until + 1 if until < last else None
                    if at is None:
                        break
            finally:
                connection.execute("rollback")


def _is_plain(number: int, lines: bytes, size: int) -> bool:
    """Whether the lines say exactly what the hits are."""
    fields = number * (len(HITS) - 1)
    # Text is cut at a NUL, and then too short.
    if len(lines) != size + fields + number - 1 or b"\r" in lines:
        return False
    if lines.count(b"\x1f") != fields or lines.count(b"\n") != number - 1:
        return False
    if lines.isascii():
        return True
    try:
        lines.decode()
    except UnicodeDecodeError:
        return False
    return True


def _carry(rows: list[tuple[Any, ...]], cursor: DuckDBPyConnection, table: str) -> None:
    """Append some hits value by value, whatever is in them."""
    values = [
        [cell.decode(errors="replace") if isinstance(cell, bytes) else cell for cell in column]
        for column in zip(*rows, strict=True)
    ]
    fields = ", ".join(f"unnest(?::{column.type}[])" for column in HITS)
    cursor.execute(f"insert into {table} select {fields}", values)


class _raw_text:  # noqa: N801 - used as a statement, as contextlib's are
    """Have SQLite's texts as bytes for a while."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._before = connection.text_factory

    def __enter__(self) -> None:
        self._connection.text_factory = bytes

    def __exit__(self, *_: object) -> None:
        self._connection.text_factory = self._before

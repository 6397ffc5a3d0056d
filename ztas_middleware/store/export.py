"""Hits as text that other programs read, and that an import reads back without a loss.

Rows come in pages, each a statement of its own: whoever reads slowly holds nothing in the
database, and memory does not grow with the table.
"""

from __future__ import annotations

import csv
import json
from io import StringIO
from typing import TYPE_CHECKING, Literal

from ztas_middleware.store.hits import Hit

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

Kind = Literal["hits", "pageviews", "events"]
Form = Literal["csv", "ndjson"]
Row = tuple[str | int | float | None, ...]

COLUMNS = Hit._fields
"""All columns of `hits` but `id`, which means nothing in another database."""

KINDS: dict[Kind, str | None] = {"hits": None, "pageviews": "pageview", "events": "event"}
"""What can be exported, and the `type` of its rows; `hits` are all rows."""

PAGE = 2000
"""Rows read, formatted and handed on at once."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a spreadsheet takes for the start of a formula, and the mark that guards against it."""

_NUMBERS = frozenset({"time", "value", "time_on_page", "is_bounce"})
_IS_TEXT = tuple(name not in _NUMBERS for name in COLUMNS)
_SELECT = f"select id, {', '.join(COLUMNS)} from hits"


def export_hits(
    connection: sqlite3.Connection,
    site_id: str,
    *,
    kind: Kind = "hits",
    form: Form = "csv",
    start: int | None = None,
    end: int | None = None,
) -> Iterator[str]:
    """A site's hits as text, in pieces of some hundred kilobytes.

    Args:
        connection: in autocommit mode, best a read-only one.
        site_id: whose hits.
        kind: which of them; see `KINDS`.
        form: `csv` with a header, where text that a spreadsheet would run as a formula has a
            `'` in front, or `ndjson`, one object a line. NULL is an empty cell, or null.
        start: UTC milliseconds; rows before it are left out.
        end: UTC milliseconds; rows from it on are left out.

    Yields:
        Text whose lines end in a bare newline: the rows that were there when it began, ordered by
        `time`, then `id`.

    Raises:
        sqlite3.Error: the database can't be read.
    """
    if form == "csv":
        yield as_csv([COLUMNS])
    for rows in pages(connection, site_id, kind=kind, start=start, end=end):
        yield as_csv(map(guarded, rows)) if form == "csv" else as_ndjson(rows)


def pages(
    connection: sqlite3.Connection,
    site_id: str,
    *,
    kind: Kind = "hits",
    start: int | None = None,
    end: int | None = None,
) -> Iterator[list[Row]]:
    """The rows behind `export_hits`, in its order; a row has the values of `COLUMNS`."""
    (newest,) = connection.execute("select max(id) from hits").fetchone()
    place = {
        "site_id": site_id,
        "type": KINDS[kind],
        "newest": newest,
        "end": 2**63 - 1 if end is None else end,
        "time": -(2**63) if start is None else start,
        "id": -1,
        "page": PAGE,
    }
    # Two statements, since SQLite does not use the index for `(time, id) > (:time, :id)`.
    same_time, later = (
        f"""
        {_SELECT}
        where site_id = :site_id and {condition} and id <= :newest
            and (:type is null or type = :type)
        order by time, id
        limit :page
        """
        for condition in ("time = :time and id > :id", "time > :time and time < :end")
    )
    query = same_time if place["time"] < place["end"] else later
    while True:
        found = connection.execute(query, place).fetchall()
        if found:
            place["id"], place["time"] = found[-1][:2]
            yield [row[1:] for row in found]
            query = same_time
        elif query is later:
            return
        else:
            query = later


def guarded(row: Row) -> Row:
    """The row with a `'` before each text that a spreadsheet would run as a formula."""
    return tuple(
        f"'{value}" if is_text and value and str(value).startswith(FORMULA) else value
        for value, is_text in zip(row, _IS_TEXT, strict=True)
    )


def unguarded(text: str) -> str:
    """Text of a cell as it was before `guarded`."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def as_csv(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV (RFC 4180, but lines end in a bare newline); None is an empty cell."""
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def as_ndjson(rows: Iterable[Row]) -> str:
    """Rows as one JSON object a line, every column named."""
    return "".join(
        json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n" for row in rows
    )

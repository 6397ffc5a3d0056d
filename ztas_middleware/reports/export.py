"""Hits on their way out: CSV for spreadsheets, NDJSON for programs, in constant memory.

`hits` has every column but `id` as it is stored, so that an import of it makes the same rows
again. `pageviews` and `events` are for people: the columns that mean something for them, and
local time.
"""

from __future__ import annotations

import json
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ztas_middleware.days import EARLIEST, LATEST, local_time
from ztas_middleware.reports.tables import csv_of
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.reading import reading
from ztas_middleware.store.survey import IN_SPANS, bounds_of, survey_all, tie_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from ztas_middleware.store.survey import Survey

    Row = Sequence[Any]

Kind = Literal["hits", "pageviews", "events"]
Format = Literal["csv", "ndjson"]

CHUNK = 1_000
"""Rows read in one transaction: a slow download must not hold on to an old state of the file."""

BEGINNING, THE_END = -(2**63), 2**63 - 1

_PEOPLE = ("visitor", "browser", "os", "device", "country")
COLUMNS: dict[str, tuple[str, ...]] = {
    "hits": Hit._fields,
    "pageviews": (
        "time",
        "path",
        "referrer",
        "utm_source",
        "utm_medium",
        "utm_campaign",
        *_PEOPLE,
    ),
    "events": ("time", "path", "action", "category", "label", "value", *_PEOPLE),
}
FORMATS = ("csv", "ndjson")
_CONDITIONS = {"hits": "true", "pageviews": "type = 'pageview'", "events": "type = 'event'"}


class Selection(NamedTuple):
    """Which hits are exported."""

    site_id: str
    zone: tzinfo
    """In which times are given, where people read them."""
    kind: Kind = "hits"
    format: Format = "csv"
    start: int | None = None
    """The first instant, UTC milliseconds; None is the beginning."""
    end: int | None = None
    """The first instant that is not exported any more; None is the end."""


class Alone(NamedTuple):
    """A day whose hits are in the history alone."""

    start: int
    """Its first instant, UTC milliseconds."""
    end: int
    rows: Callable[[Sequence[str], str], Iterator[list[Row]]]
    """Gives its rows, by columns and a condition, in order."""


def export(path: Path, selection: Selection, alone: Sequence[Alone] = ()) -> Iterator[bytes]:
    """The selected hits as they are now, oldest first, a piece at a time.

    Args:
        path: the database.
        selection: which hits, and how they are written.
        alone: the days that are not in it, in order.

    Raises:
        StorageError: the database can't be read; with the first piece, or in between.
    """
    return written(_in_order(path, selection, alone), selection)


def _in_order(path: Path, selection: Selection, alone: Sequence[Alone]) -> Iterator[list[Row]]:
    """The rows of the database and of the days that are not in it."""
    low = BEGINNING if selection.start is None else selection.start
    high = THE_END if selection.end is None else selection.end
    at = low
    for day in alone:
        if low <= day.start and day.end <= high:
            yield from stored(path, selection._replace(start=at, end=day.start))
            yield from day.rows(COLUMNS[selection.kind], _CONDITIONS[selection.kind])
            at = day.end
    end = None if at == low else high
    yield from stored(path, selection if end is None else selection._replace(start=at, end=end))


def written(chunks: Iterable[Sequence[Row]], selection: Selection) -> Iterator[bytes]:
    """Rows as a file has them, wherever they come from.

    Args:
        chunks: rows with the columns `COLUMNS` has for the kind, times in UTC milliseconds.
        selection: how they are shown.
    """
    columns = COLUMNS[selection.kind]
    is_csv = selection.format == "csv"
    if is_csv:
        yield csv_of([columns])
    for chunk in chunks:
        rows = [_shown(row, selection) for row in chunk]
        yield csv_of(rows) if is_csv else _ndjson_of(columns, rows)


def stored(path: Path, selection: Selection) -> Iterator[list[Row]]:
    """The rows of all hits in the database, in the order of time and id.

    They are sorted a quarter of an hour at a time, of which the ids are held in memory.
    """
    with reading(path) as connection:
        connection.execute("rollback")
        survey = survey_all(connection, selection.site_id)
    quarters = deque(sorted(survey.spans))
    ids = array("q")  # a busy quarter may have a million
    while quarters or ids:
        with reading(path) as connection:
            while quarters and len(ids) < CHUNK:
                ids.extend(_ids(connection, selection, survey, quarters.popleft()))
            rows = _rows(connection, selection, ids[:CHUNK].tolist())
            del ids[:CHUNK]
        if rows:
            yield rows


def _ids(
    connection: sqlite3.Connection, selection: Selection, survey: Survey, quarter: int
) -> Iterator[int]:
    """The ids of the selected hits of a quarter, in the order of time."""
    start, end = bounds_of(quarter)
    if selection.start is not None:
        start = max(start, selection.start)
    if selection.end is not None:
        end = min(end, selection.end)
    if start < end:
        tie = tie_of(connection)
        for (hit,) in connection.execute(
            f"""
            select hits.id from {IN_SPANS}
            where site_id = :site and time >= :start and time < :end
                and {_CONDITIONS[selection.kind]}
            order by time, {tie}
            """,
            {
                "spans": json.dumps(survey.spans[quarter]),
                "site": selection.site_id,
                "start": start,
                "end": end,
            },
        ):
            yield hit


def _rows(connection: sqlite3.Connection, selection: Selection, ids: Sequence[int]) -> list[Row]:
    """The columns of some hits, in their order, but of those that are gone."""
    return connection.execute(
        f"""
        select {", ".join(COLUMNS[selection.kind])}
        from (select value as wanted from json_each(:ids)) as listed
        cross join hits on id = wanted
        where site_id = :site
        """,
        {"ids": json.dumps(ids), "site": selection.site_id},
    ).fetchall()


def _shown(row: Row, selection: Selection) -> Row:
    if selection.kind == "hits":
        return row
    time, *rest = row
    if EARLIEST <= time < LATEST:
        time = local_time(time, selection.zone).isoformat(timespec="milliseconds")
    return (time, *rest)


def _ndjson_of(columns: Sequence[str], rows: list[Row]) -> bytes:
    lines = (json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()

"""A month's two files, written aside: days that are due are formed anew, the others are taken over.

Some days are formed at a time, and go to the disk at once, so that memory follows neither the
number of hits nor the length of the history.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.errors import StorageError
from ztas_middleware.history import files
from ztas_middleware.history.columns import ROW_NAMES
from ztas_middleware.history.forming import drop_formed, formed, make_table
from ztas_middleware.history.gathering import BATCH, at_once, gather, runs_of, size_of, zone_of_day
from ztas_middleware.history.sealed import insert_totals
from ztas_middleware.history.state import SEALED, month_of
from ztas_middleware.history.totals import TOTAL_NAMES, make_totals_table, totals_of
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from ztas_middleware.history.desk import Desk
    from ztas_middleware.history.engine import Engine

_TOTALS = "filing_totals"


class Written(NamedTuple):
    """A month that was written aside."""

    month: str
    generation: str
    due: set[date]
    counts: dict[date, int]
    """How many rows each day has."""
    sealed: Mapping[date, bytes]
    """Days whose rows are not in it any more, and what is left of each."""


def write_apart(desk: Desk, month: str, progress: Callable[[int], object]) -> Written:
    """Write a month aside, on connections of its own and with its share of the memory.

    One thread sorts and writes without waiting for another, and what it took is given back. Where
    its share is not enough, as for a day of half a million hits, it gets all there is.
    """
    import duckdb

    engine = desk.filing.engine
    days = (day for day in desk.due.days if month_of(day) == month)
    if max((size_of(desk, day) for day in days), default=0) <= 2 * BATCH:
        try:
            return _write_with(engine.apart(), desk, month, progress)
        except StorageError as error:
            if not isinstance(error.__cause__, duckdb.OutOfMemoryException):
                raise
    with _ALONE:
        return _write_with(engine, desk, month, progress)


_ALONE = Lock()


def _write_with(
    engine: Engine, desk: Desk, month: str, progress: Callable[[int], object]
) -> Written:
    with reading(desk.filing.path) as connection, closing(engine.cursor()) as cursor:
        connection.execute("rollback")
        return write_month(replace(desk, connection=connection, cursor=cursor), month, progress, {})


def write_month(
    desk: Desk, month: str, progress: Callable[[int], object], sealed: Mapping[date, bytes]
) -> Written:
    """Write a month aside.

    Args:
        desk: of the site; its state has an identity.
        month: `YYYY-MM`.
        progress: told how many hits were read.
        sealed: days whose rows go, and what is left of each, from `pack_totals`.
    """
    due = {day for day in desk.due.days if month_of(day) == month} - sealed.keys()
    kept = {
        day
        for day, filed in desk.state.days.items()
        if month_of(day) == month and filed.state != SEALED and day not in due
    } - sealed.keys()
    cursor, generation = desk.cursor, files.new_generation()
    hits, totals = (
        desk.filing.folder.file(kind, desk.filing.rules.site_id, month) for kind in files.KINDS
    )
    page = _Page(desk, hits, totals, f"{desk.state.identity} {generation}", progress)
    make_totals_table(cursor, _TOTALS)
    runs = list(runs_of(desk, sorted(due | kept), due))
    with files.as_storage_error(hits):
        if len(runs) == 1 and due:
            _form(page, runs[0], files.aside_of(hits))
        else:
            _put_together(page, runs, due)
        files.sync(files.aside_of(hits))
        counts = cursor.execute(
            f"select day, count(*) from {files.relation(files.aside_of(hits))} group by day"
        ).fetchall()
    _add_sealed(desk, month, sealed)
    with files.as_storage_error(totals):
        query = f"select {TOTAL_NAMES} from {_TOTALS} order by day, dimension, key1, key2, key3"
        files.write(cursor, query, files.aside_of(totals), page.mark)
        files.sync(files.aside_of(totals))
    cursor.execute(f"drop table {_TOTALS}")
    return Written(month, generation, due, dict(counts), sealed)


class _Page(NamedTuple):
    """A month that is being written."""

    desk: Desk
    hits: Path
    totals: Path
    mark: str
    progress: Callable[[int], object]

    def write(self, query: str, place: Path) -> None:
        """Write rows into a file; as many are held in memory as are formed at a time."""
        group = min(files.GROUP, at_once(self.desk))
        files.write(self.desk.cursor, query, place, self.mark, group=group)


def _form(page: _Page, days: list[date], place: Path) -> None:
    """Write the rows of some days into a file, and count their totals."""
    desk, cursor = page.desk, page.desk.cursor
    zone = zone_of_day(desk, days[0])
    gather(desk, days, zone, page.progress)
    query = formed(
        cursor,
        hits="filing_hits",
        first=days[0],
        last=days[-1],
        zone=zone,
        domains=desk.filing.rules.domains,
    )
    page.write(query, place)
    drop_formed(cursor)
    cursor.execute("drop table filing_hits")
    cursor.execute(f"insert into {_TOTALS} {totals_of(files.relation(place))}")


def _put_together(page: _Page, runs: list[list[date]], due: set[date]) -> None:
    """Write a month's rows, of which some are formed now and others are in its file already."""
    cursor = page.desk.cursor
    parts: list[Path] = []
    for run in runs:
        part = files.part_of(page.hits, len(parts))
        parts.append(part)
        if run[0] in due:
            _form(page, run, part)
        else:
            days = f"where day between date '{run[0]}' and date '{run[-1]}'"
            rows, totals = (files.relation(file) for file in (page.hits, page.totals))
            page.write(f"select {ROW_NAMES} from {rows} {days}", part)
            cursor.execute(f"insert into {_TOTALS} select {TOTAL_NAMES} from {totals} {days}")
    make_table(cursor, "filing_none")
    # Files of a list are read one after the other, and so stay in order.
    rows = files.relation(*parts) if parts else "filing_none"
    page.write(f"select {ROW_NAMES} from {rows}", files.aside_of(page.hits))
    for part in parts:
        part.unlink()


def _add_sealed(desk: Desk, month: str, sealed: Mapping[date, bytes]) -> None:
    """Add what is left of the days whose hits are gone."""
    found = desk.connection.execute(
        """
        select totals from history_days
        where site_id = ? and day between ? and ? and state = 'sealed' order by day
        """,
        (desk.filing.rules.site_id, f"{month}-01", f"{month}-31"),
    )
    for packed in [*(packed for (packed,) in found), *sealed.values()]:
        insert_totals(desk.cursor, _TOTALS, packed)

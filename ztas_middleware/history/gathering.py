"""The hits of some days, from the database and from the file that has those that left it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ztas_middleware.history import files
from ztas_middleware.history.clock import ONE_DAY, bounds_of
from ztas_middleware.history.columns import HITS
from ztas_middleware.history.forming import make_hits_table
from ztas_middleware.history.reading import copy_hits
from ztas_middleware.history.state import MOVED, MOVING, month_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import date, tzinfo
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.desk import Desk
    from ztas_middleware.history.state import FiledDay, Rules

BATCH = 50_000
"""Hits that are formed at a time."""

BYTES = 20_000_000
"""Bytes of the database that these may have, about."""


def zone_of(rules: Rules, filed: FiledDay) -> tzinfo:
    """The timezone that a day is of: one that is in the history alone keeps its own."""
    if filed.state in {MOVING, MOVED}:
        name = filed.rules.split(" ")[1]
        if name != str(rules.zone):
            return ZoneInfo(name)
    return rules.zone


def zone_of_day(desk: Desk, day: date) -> tzinfo:
    """The timezone that a day is of, whether it is filed or not."""
    filed = desk.state.days.get(day)
    return desk.filing.rules.zone if filed is None else zone_of(desk.filing.rules, filed)


def size_of(desk: Desk, day: date) -> int:
    """How many hits a day has in the database, about."""
    return desk.survey.number(*bounds_of(day, day, zone_of_day(desk, day)))


def runs_of(desk: Desk, days: list[date], due: Collection[date]) -> Iterator[list[date]]:
    """Days that can be done together: in order, of one month and one timezone, not too many hits.

    Args:
        desk: of the site.
        days: which, in order.
        due: those that are formed; the others do not count, and are not among them in a run.
    """
    most = at_once(desk)
    run: list[date] = []
    size = 0
    for day in days:
        zone = zone_of_day(desk, day)
        number = size_of(desk, day) if day in due else 0
        if run and (
            day - run[-1] != ONE_DAY
            or day.month != run[0].month
            or (day in due) != (run[0] in due)
            or size + number > most
            or zone != zone_of_day(desk, run[0])
        ):
            yield run
            run, size = [], 0
        run.append(day)
        size += number
    if run:
        yield run


def at_once(desk: Desk) -> int:
    """How many hits are formed at a time: fewer where each has much to say."""
    (pages,) = desk.connection.execute("pragma page_count").fetchone()
    (free,) = desk.connection.execute("pragma freelist_count").fetchone()
    (size,) = desk.connection.execute("pragma page_size").fetchone()
    return min(BATCH, int(BYTES * max(1, desk.state.newest) / ((pages - free) * size)))


def gather(
    desk: Desk,
    days: list[date],
    zone: tzinfo,
    progress: Callable[[int], object] = lambda _: None,
    *,
    is_from_database: bool = False,
) -> None:
    """Make a table `filing_hits` of all hits of some days, one after the other in a month.

    They are in the database; but a file has those that left it, and saves reading the others again
    where it is to be believed, unless they have to come from the database.
    """
    filing, cursor = desk.filing, desk.cursor
    make_hits_table(cursor, "filing_hits")
    start, end = bounds_of(days[0], days[-1], zone)
    copy_hits(
        desk.connection,
        cursor,
        "filing_hits",
        site_id=filing.rules.site_id,
        spans=desk.survey.between(start, end),
        start=start,
        end=end,
        progress=progress,
    )
    believed = [day for day in days if day in desk.state.days and day not in desk.due.anew]
    if believed and not is_from_database:
        file = filing.folder.file(files.HITS, filing.rules.site_id, month_of(days[0]))
        cursor.execute(
            f"""
            insert into filing_hits
            select {columns_in(cursor, file)}
            from read_parquet($file, hive_partitioning = false) as old
            where day in (select unnest($days::date[]))
                and id not in (select id from filing_hits)
            """,
            {"file": str(file), "days": believed},
        )


def columns_in(cursor: DuckDBPyConnection, *listed: Path) -> str:
    """The columns of `hits` as files have them; what is newer than they are is NULL."""
    there = {
        name
        for name, *_ in cursor.execute(
            """
            describe select *
            from read_parquet(?, hive_partitioning = false, union_by_name = true)
            """,
            [list(map(str, listed))],
        ).fetchall()
    }
    return ", ".join(
        column.name if column.name in there else f"null as {column.name}" for column in HITS
    )

"""Checking: filed days are formed again from their hits and compared, and totals are counted again.

Days that are known to be due are no differences; the next question has them filed.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ztas_middleware.history import files
from ztas_middleware.history.columns import ROW_NAMES
from ztas_middleware.history.desk import Desk, Filing, look_around
from ztas_middleware.history.forming import form, make_table
from ztas_middleware.history.gathering import gather, zone_of_day
from ztas_middleware.history.state import FILED, SEALED, month_of
from ztas_middleware.history.totals import TOTAL_NAMES, totals_of
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

MOST = 3
"""Numbers that are named of a day."""


def check_days(
    filing: Filing, progress: Callable[[int, int], object] = lambda _done, _total: None
) -> Iterator[str]:
    """Compare a site's files with its hits, and its totals with its rows.

    Args:
        filing: of a site; nothing is written.
        progress: told how many days are done, and how many there are.

    Yields:
        A sentence for each day that differs.

    Raises:
        StorageError: the database or a file can't be read.
    """
    filing.full = True
    with reading(filing.path) as connection, closing(filing.engine.cursor()) as cursor:
        connection.execute("rollback")
        desk = look_around(filing, connection, cursor, may_write=False)
        days = [
            day
            for day, filed in sorted(desk.state.days.items())
            if filed.state != SEALED and day not in desk.due.days
        ]
        for number, day in enumerate(days, start=1):
            if desk.state.days[day].state == FILED:
                yield from _hits(desk, day)
            yield from _totals(desk, day)
            progress(number, len(days))


def _hits(desk: Desk, day: date) -> Iterator[str]:
    filing, cursor = desk.filing, desk.cursor
    gather(desk, [day], zone_of_day(desk, day), is_from_database=True)
    make_table(cursor, "checked")
    form(
        cursor,
        hits="filing_hits",
        rows="checked",
        first=day,
        last=day,
        zone=filing.rules.zone,
        domains=filing.rules.domains,
    )
    file = filing.folder.file(files.HITS, filing.rules.site_id, month_of(day))
    bound = {"file": str(file), "day": day}
    last = desk.state.days[day].last_id
    with files.as_storage_error(file):
        cursor.execute(
            f"""
            create or replace temp table checked_file as
            select {ROW_NAMES} from read_parquet($file, hive_partitioning = false) where day = $day
            """,
            bound,
        )
    numbers = [
        _number(desk, f"select {ROW_NAMES} from {one} except all select {ROW_NAMES} from {other}")
        for one, other in (("checked_file", "checked"), ("checked", "checked_file"))
    ]
    if _number(desk, f"select id from filing_hits where id > {last}"):
        return  # hits that came meanwhile
    if any(numbers):
        gone, new = numbers
        yield (
            f"{day}: {gone} hits of the history are not in the database, "
            f"{new} of the database not in the history"
        )


def _totals(desk: Desk, day: date) -> Iterator[str]:
    filing, cursor = desk.filing, desk.cursor
    hits, totals = (
        filing.folder.file(kind, filing.rules.site_id, month_of(day)) for kind in files.KINDS
    )
    with files.as_storage_error(hits):
        cursor.execute(
            f"""
            create or replace temp table checked as
            select {ROW_NAMES} from read_parquet(?, hive_partitioning = false) where day = ?
            """,
            [str(hits), day],
        )
    with files.as_storage_error(totals):
        cursor.execute(
            f"""
            create or replace temp table checked_totals as
            select {TOTAL_NAMES} from read_parquet(?, hive_partitioning = false) where day = ?
            """,
            [str(totals), day],
        )
    wrong = cursor.execute(
        f"""
        with counted as materialized ({totals_of("checked")})
        select distinct dimension, key1, key2, key3 from (
            (from checked_totals except all select {TOTAL_NAMES} from counted)
            union all
            (select {TOTAL_NAMES} from counted except all from checked_totals)
        )
        order by all
        """
    ).fetchall()
    if wrong:
        named = ", ".join(
            " ".join([dimension or "the day", *(key for key in keys if key is not None)])
            for dimension, *keys in wrong[:MOST]
        )
        more = f" and {len(wrong) - MOST} more" if len(wrong) > MOST else ""
        yield f"{day}: totals that are not those of the hits: {named}{more}"


def _number(desk: Desk, query: str) -> int:
    (number,) = desk.cursor.execute(f"select count(*) from ({query})").fetchone() or (0,)
    return int(number)

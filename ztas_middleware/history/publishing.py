"""What was written aside counts from now on: the database is told, and files get their names."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from ztas_middleware.history import files, state
from ztas_middleware.history.clock import bounds_of
from ztas_middleware.history.desk import Overtaken
from ztas_middleware.history.gathering import zone_of_day
from ztas_middleware.store.history_tables import QUARTER
from ztas_middleware.store.steps import immediate
from ztas_middleware.store.survey import GAP, merged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from ztas_middleware.history.desk import Desk
    from ztas_middleware.history.writing import Written

MOST_SPANS = 1_000
"""Spans that are written down; more are merged, and others' hits between them skipped."""


def identify(desk: Desk) -> None:
    """Give the database a name for this site, by which its files are known."""
    if not desk.state.identity:
        desk.connection.execute(
            "insert or ignore into history_sites (site_id) values (?)", (desk.filing.rules.site_id,)
        )
        (identity,) = desk.connection.execute(
            "select identity from history_sites where site_id = ?", (desk.filing.rules.site_id,)
        ).fetchone()
        desk.state = desk.state._replace(identity=identity)


def publish(desk: Desk, written: Written) -> int:
    """Let what was written aside count from now on; how many days of it were due.

    The database is told first, and the files get their names right behind.
    """
    _tell(desk, written)
    _put_in_place(desk, written.month)
    desk.left -= written.due
    return len(written.due)


def _tell(desk: Desk, written: Written) -> None:
    month, generation, due, counts, sealed = written
    site = desk.filing.rules.site_id
    bound = {"site": site, "generation": generation}
    with _transaction(desk):
        desk.connection.executemany(
            "delete from history_days where site_id = ? and day = ? and state = 'filed'",
            [(site, day.isoformat()) for day in due],
        )
        desk.connection.executemany(
            """
            insert into history_days (site_id, day, state, rows, last_id, generation, rules)
            values (:site, :day, 'filed', :rows, :last, :generation, :rules)
            on conflict (site_id, day) do update set
                rows = excluded.rows, last_id = excluded.last_id, rules = excluded.rules
            """,
            [
                {
                    **bound,
                    "day": day.isoformat(),
                    "rows": counts[day],
                    "last": desk.survey.upto,
                    "rules": f"{desk.filing.rules.mark.split(' ')[0]} {zone_of_day(desk, day)}",
                }
                for day in due
                if day in counts
            ],
        )
        desk.connection.execute(
            """
            update history_days set generation = :generation
            where site_id = :site and day between :first and :last
            """,
            {**bound, "first": f"{month}-01", "last": f"{month}-31"},
        )
        desk.connection.executemany(
            """
            update history_days set state = 'sealed', rows = 0, totals = ?
            where site_id = ? and day = ?
            """,
            [(packed, site, day.isoformat()) for day, packed in sealed.items()],
        )
        _clear_noted(desk, due)
        _move_watermark(desk, desk.left - due)


def settle(desk: Desk) -> None:
    """Note that everything was looked at; in the running day nothing else has to be done."""
    identify(desk)
    with _transaction(desk):
        if not desk.left:
            desk.connection.execute(
                "delete from history_changes where site_id = ? and number <= ?",
                (desk.filing.rules.site_id, desk.state.changes),
            )
        _move_watermark(desk, desk.left)


def _clear_noted(desk: Desk, days: Iterable[date]) -> None:
    zone = desk.filing.rules.zone
    for day in days:
        start, end = bounds_of(day, day, zone)
        desk.connection.execute(
            """
            delete from history_changes
            where site_id = :site and quarter between :first and :last and number <= :number
            """,
            {
                "site": desk.filing.rules.site_id,
                "first": start // QUARTER,
                "last": (end - 1) // QUARTER,
                "number": desk.state.changes,
            },
        )


def _move_watermark(desk: Desk, left: Iterable[date]) -> None:
    zone = desk.filing.rules.zone
    days = {day for day in state.newest_of_days(desk.survey, zone) if day not in desk.state.days}
    days = {day for day in days if day >= desk.filing.today} | set(left)
    days |= {day for day in desk.state.days if day >= desk.filing.today}
    open_ = merged(span for day in days for span in desk.survey.between(*bounds_of(day, day, zone)))
    gap = GAP
    while len(open_) > MOST_SPANS:
        gap *= 4
        open_ = merged(open_, gap)
    desk.connection.execute(
        "update history_sites set watermark = ?, open = ? where site_id = ?",
        (desk.survey.upto, json.dumps(open_), desk.filing.rules.site_id),
    )


@contextlib.contextmanager
def _transaction(desk: Desk) -> Iterator[None]:
    with immediate(desk.connection):
        (cuts,) = desk.connection.execute(
            "select ifnull(max(cuts), 0) from history_sites where site_id = ?",
            (desk.filing.rules.site_id,),
        ).fetchone()
        if cuts != desk.state.cuts:
            raise Overtaken
        yield


def _put_in_place(desk: Desk, month: str) -> None:
    for kind in files.KINDS:
        file = desk.filing.folder.file(kind, desk.filing.rules.site_id, month)
        with files.as_storage_error(file):
            files.put_in_place(file)

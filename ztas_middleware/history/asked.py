"""What a question is asked of: views over the files of its months, and what is in none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ztas_middleware.history import files, state
from ztas_middleware.history.columns import ROW_NAMES
from ztas_middleware.history.marks import bad_months
from ztas_middleware.history.sealed import insert_totals
from ztas_middleware.history.state import SEALED, month_of, newest_of_days
from ztas_middleware.history.totals import TOTAL_NAMES, make_totals_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from pathlib import Path

    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.desk import Desk
    from ztas_middleware.history.loose import Loose


@dataclass
class Asked:
    """What a question is asked of; only while it is being answered."""

    cursor: DuckDBPyConnection
    rows: str
    """The relation `rows`: see columns.py."""
    first_day: date | None
    """The first day that has any hits, or had some before it was sealed."""
    sealed_until: date | None
    """The last day of which there are totals alone."""
    generations: Mapping[date, str]
    """Of the file that each finished day was read from: another one, and it may have changed."""
    files: list[Path]
    _totals: Callable[[], str]
    keep: Callable[[], object]
    """Called when it was answered, and committed."""
    parts: int = 1
    """How many times smaller the lots are in which rows are counted, where memory was short."""

    @property
    def totals(self) -> str:
        """The relation `totals`: see totals.py."""
        return self._totals()


def relations_of(desk: Desk, keeper: Loose) -> Asked:
    """The relations for a question about the days that `desk` is for."""
    filing, found, cursor = desk.filing, desk.state, desk.cursor
    site = filing.rules.site_id
    surveyed = newest_of_days(desk.survey, filing.rules.zone).keys()
    # A day that is bad has been found to be due, and is read from the hits.
    days = (set(surveyed) - found.days.keys()) | desk.due.days
    loose = frozenset(day for day in days if filing.first <= day <= filing.last)
    table = keeper.rows(desk, loose)
    filed = {
        day: of_day.state
        for day, of_day in found.days.items()
        if filing.first <= day <= filing.last and day not in loose
    }
    with_hits = {month_of(day) for day, kind in filed.items() if kind != SEALED}
    hits = [filing.folder.file(files.HITS, site, month) for month in sorted(with_hits)]
    bad = bad_months(filing.folder, cursor, site, found)
    # Where the file can't be made anew, what the database has of sealed days is as good.
    packed = state.sealed_totals(desk.connection, site, filing.first, filing.last, bad)
    months = sorted({month_of(day) for day in filed} - bad)
    totals = [filing.folder.file(files.TOTALS, site, month) for month in months]
    sealed = [day for day, of_day in found.days.items() if of_day.state == SEALED]
    rows = _view(desk, "asked_rows", ROW_NAMES, hits, table, loose)
    made: list[str] = []

    def count() -> str:
        if not made:
            made.append(keeper.totals(cursor, table))
            make_totals_table(cursor, "asked_sealed")
            for of_day in packed:
                insert_totals(cursor, "asked_sealed", of_day)
            there = f"(from {made[0]} union all from asked_sealed)"
            _view(desk, "asked_totals", TOTAL_NAMES, totals, there, loose)
        return "asked_totals"

    def keep() -> None:
        for name in made:
            keeper.remember(cursor, name)

    return Asked(
        cursor,
        rows,
        min({*found.days, *surveyed}, default=None),
        max(sealed, default=None),
        {day: found.days[day].generation for day, kind in filed.items() if kind != SEALED},
        [*hits, *totals],
        count,
        keep,
    )


def _view(  # noqa: PLR0917 - the same for both relations
    desk: Desk, name: str, columns: str, listed: list[Path], table: str, loose: Iterable[date]
) -> str:
    """Make a view of files and the table of what is not in them; its name."""
    days = f"day between date '{desk.filing.first}' and date '{desk.filing.last}'"
    parts = [f"select {columns} from {table} where {days}"]
    if listed:
        apart = ", ".join(f"date '{day}'" for day in sorted(loose))
        parts.append(
            f"select {columns} from {files.relation(*listed)} "
            f"where {days}" + (f" and day not in ({apart})" if apart else "")
        )
    desk.cursor.execute(f"create or replace temp view {name} as {' union all '.join(parts)}")
    return name

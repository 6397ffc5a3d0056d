"""Putting rolled days in their place, whole.

What is written for a day counts from the moment it is published, in one small transaction, so
that nobody ever reads half of it; what it replaces is cleared away afterwards.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING

from ztas_middleware.store.rollups import TOTALS
from ztas_middleware.store.tallies import Totals

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from ztas_middleware.store.rollups import RolledDay
    from ztas_middleware.store.tallies import Tally
    from ztas_middleware.store.values import ValueIds

CHUNK = 500
"""Rows written in one step."""

LEASE = 3_600_000
"""Milliseconds after which a run that was begun and never published is given up."""

INT64 = 2**63

Amount = int | str
"""A whole number as it is stored: as text where SQLite's integers end."""


def begin_run(connection: sqlite3.Connection, now: int) -> int:
    """A run to write under; in a transaction."""
    (run,) = connection.execute(
        "update rollup_state set next_run = next_run + 1 returning next_run - 1"
    ).fetchone()
    connection.execute("insert into rollup_runs (run, since) values (?, ?)", (run, now))
    return int(run)


def write_tally(
    connection: sqlite3.Connection, values: ValueIds, run: int, tally: Tally
) -> Iterator[None]:
    """Write a day's lists, goals and funnels under a run, step by step."""
    for dimension, counts in tally.lists.items():
        entries = iter(counts.items())
        while chunk := list(islice(entries, CHUNK)):
            ids = values.create(connection, [value for value, _ in chunk])
            connection.executemany(
                "insert into rollup_rows (run, dimension, value_id, number, visitors, amount) "
                "values (?, ?, ?, ?, ?, ?)",
                sorted(
                    (
                        run,
                        int(dimension),
                        ids[value],
                        count.number,
                        count.visitors,
                        as_amount(count.amount),
                    )
                    for value, count in chunk
                ),
            )
            yield
    write_goals(connection, run, tally)
    yield


def write_goals(connection: sqlite3.Connection, run: int, tally: Tally) -> None:
    """Write a day's goals and funnels in the place of those that its run has; in a transaction."""
    for table in ("rollup_goals", "rollup_funnels"):
        connection.execute(f"delete from {table} where run = ?", (run,))
    connection.executemany(
        "insert into rollup_goals (run, name, conversions, visitors, amount) "
        "values (?, ?, ?, ?, ?)",
        [
            (run, name, count.number, count.visitors, as_amount(count.amount))
            for name, count in tally.goals.items()
        ],
    )
    connection.executemany(
        "insert into rollup_funnels (run, name, sessions) values (?, ?, ?)",
        [(run, name, json.dumps(reached)) for name, reached in tally.funnels.items()],
    )


def publish_day(connection: sqlite3.Connection, site_id: str, rolled: RolledDay) -> None:
    """Put a rolled day in its place; in a transaction. The run it replaces becomes waste."""
    row = {
        **rolled._asdict(),
        **rolled.totals._asdict(),
        "site": site_id,
        "session_time": as_amount(rolled.totals.session_time),
        "page_time": as_amount(rolled.totals.page_time),
    }
    del row["totals"]
    connection.execute(
        """
        insert into rollup_runs (run, since)
        select run, 0 from rollup_days where site_id = :site and day = :day
        """,
        {"site": site_id, "day": rolled.day},
    )
    connection.execute(
        f"""
        insert or replace into rollup_days (
            site_id, day, run, starts, ends, mark, goals_mark, through, stale, sealed, {TOTALS}
        ) values (
            :site, :day, :run, :starts, :ends, :mark, :goals_mark, :through, :stale, :sealed,
            {", ".join(f":{name}" for name in Totals._fields)}
        )
        """,
        row,
    )
    connection.execute("delete from rollup_runs where run = ?", (rolled.run,))


def set_goals_mark(connection: sqlite3.Connection, site_id: str, day: str, mark: str) -> None:
    """Note by which goals and funnels a day was counted; in a transaction."""
    connection.execute(
        "update rollup_days set goals_mark = ? where site_id = ? and day = ?", (mark, site_id, day)
    )


def seal(connection: sqlite3.Connection, site_id: str, day: str) -> None:
    """Let nothing change a rolled day any more; in a transaction."""
    connection.execute(
        "update rollup_days set sealed = 1 where site_id = ? and day = ?", (site_id, day)
    )


def distrust(connection: sqlite3.Connection, site_id: str | None) -> Iterator[None]:
    """Have all days of a site, or of all, rolled up anew, step by step."""
    days = connection.execute(
        """
        select site_id, day from rollup_days
        where stale = 0 and sealed = 0 and (site_id = :site or :site is null)
        """,
        {"site": site_id},
    ).fetchall()
    for start in range(0, len(days), CHUNK):
        connection.executemany(
            "update rollup_days set stale = 1 where site_id = ? and day = ?",
            days[start : start + CHUNK],
        )
        yield


def abandon_run(connection: sqlite3.Connection, run: int) -> None:
    """Make waste of a run that was begun; in a transaction."""
    connection.execute("update rollup_runs set since = 0 where run = ?", (run,))


def has_run(connection: sqlite3.Connection, run: int) -> bool:
    """Whether a run that is being written has not been given up by somebody else."""
    return (
        connection.execute("select 1 from rollup_runs where run = ?", (run,)).fetchone() is not None
    )


def clear_waste(connection: sqlite3.Connection, now: int) -> Iterator[None]:
    """Delete, step by step, what was replaced or never finished."""
    for run, since in connection.execute("select run, since from rollup_runs").fetchall():
        if since > now - LEASE:
            continue
        for table, key in (("rollup_rows", "dimension, value_id"), ("rollup_packs", "part")):
            while _delete_some(connection, table, key, run):
                yield
        for table in ("rollup_goals", "rollup_funnels", "rollup_runs"):
            connection.execute(f"delete from {table} where run = ?", (run,))
        yield


def as_amount(number: int) -> Amount:
    """A whole number of any size as SQLite can store it."""
    return number if -INT64 <= number < INT64 else str(number)


def _delete_some(connection: sqlite3.Connection, table: str, key: str, run: int) -> int:
    """Delete a few rows of a run; how many there were."""
    columns = key.split(", ")
    keys = connection.execute(
        f"select run, {key} from {table} where run = ? limit {CHUNK}", (run,)
    ).fetchall()
    condition = " and ".join(f"{column} = ?" for column in ("run", *columns))
    connection.executemany(f"delete from {table} where {condition}", keys)
    return len(keys)

"""Rolled days in the database: reading them, and putting new ones in their place whole.

What is written for a day counts from the moment it is published, in one small transaction, so
that nobody ever reads half of it; what it replaces is cleared away afterwards. Which days are to
be rolled up, and how their hits are counted, is decided in `reports/`.
"""

from __future__ import annotations

import json
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.store.tallies import Count, Dimension, Tally, Totals, add_up

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from ztas_middleware.days import Day
    from ztas_middleware.store.values import ValueIds

CHUNK = 500
"""Rows written in one step."""

LEASE = 3_600_000
"""Milliseconds after which a run that was begun and never published is given up."""

INT64 = 2**63

Amount = int | str
"""A whole number as it is stored: as text where SQLite's integers end."""


class RolledDay(NamedTuple):
    """One row of `rollup_days`."""

    day: str
    run: int
    starts: int
    ends: int
    mark: str
    goals_mark: str
    through: int
    stale: int
    sealed: int
    totals: Totals


class Seal(NamedTuple):
    """The last day of a site whose hits are gone."""

    day: str
    ends: int
    """The instant from which on there are hits."""


_TOTALS = ", ".join(Totals._fields)
_COLUMNS = f"day, run, starts, ends, mark, goals_mark, through, stale, sealed, {_TOTALS}"


def rolled_days(
    connection: sqlite3.Connection, site_id: str, first: str, last: str
) -> dict[str, RolledDay]:
    """The rolled days between two dates, both included, by date and in order."""
    rows = connection.execute(
        f"""
        select {_COLUMNS} from rollup_days
        where site_id = :site and day between :first and :last
        order by day
        """,
        {"site": site_id, "first": first, "last": last},
    )
    return {row[0]: RolledDay(*row[:9], Totals(*map(int, row[9:]))) for row in rows}


def rolled_day(connection: sqlite3.Connection, site_id: str, day: str) -> RolledDay | None:
    """One rolled day."""
    return rolled_days(connection, site_id, day, day).get(day)


def first_rolled_day(connection: sqlite3.Connection, site_id: str) -> str | None:
    """The date of a site's first rolled day."""
    (day,) = connection.execute(
        "select min(day) from rollup_days where site_id = ?", (site_id,)
    ).fetchone()
    first: str | None = day
    return first


def last_seal(connection: sqlite3.Connection, site_id: str) -> Seal | None:
    """Up to when a site has been pruned; None if it never was."""
    row = connection.execute(
        """
        select day, ends from rollup_days
        where site_id = ? and sealed = 1
        order by day desc limit 1
        """,
        (site_id,),
    ).fetchone()
    return None if row is None else Seal(*row)


def load_tally(connection: sqlite3.Connection, rolled: RolledDay) -> Tally:
    """Everything that is stored about a rolled day."""
    lists: dict[Dimension, dict[str, Count]] = {}
    for dimension, value, number, visitors, amount in connection.execute(
        """
        select dimension, value, number, visitors, amount
        from rollup_rows
        join rollup_values on rollup_values.id = rollup_rows.value_id
        where run = :run
        """,
        {"run": rolled.run},
    ):
        count = Count(number, visitors, int(amount))
        lists.setdefault(Dimension(dimension), {})[value] = count
    return Tally(rolled.totals, lists).plus(load_goals(connection, [rolled.run]))


def load_goals(connection: sqlite3.Connection, runs: Iterable[int]) -> Tally:
    """The sums of goals and funnels over some days; a tally of nothing else."""
    listed = (json.dumps(list(runs)),)
    goals = connection.execute(
        """
        select name, conversions, visitors, amount from rollup_goals
        where run in (select value from json_each(?))
        """,
        listed,
    )
    funnels = connection.execute(
        """
        select name, sessions from rollup_funnels
        where run in (select value from json_each(?))
        """,
        listed,
    )
    return add_up(
        chain(
            (
                Tally(goals={name: Count(conversions, visitors, int(amount))})
                for name, conversions, visitors, amount in goals
            ),
            (Tally(funnels={name: tuple(json.loads(reached))}) for name, reached in funnels),
        )
    )


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
                    (run, int(dimension), ids[value], count.number, count.visitors, as_amount(count.amount))
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
            site_id, day, run, starts, ends, mark, goals_mark, through, stale, sealed, {_TOTALS}
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


def distrust(connection: sqlite3.Connection, site_id: str) -> None:
    """Have all days of a site rolled up anew; in a transaction."""
    connection.execute(
        "update rollup_days set stale = 1 where site_id = ? and sealed = 0", (site_id,)
    )


def abandon_run(connection: sqlite3.Connection, run: int) -> None:
    """Make waste of a run that was begun; in a transaction."""
    connection.execute("update rollup_runs set since = 0 where run = ?", (run,))


def newest_hit(connection: sqlite3.Connection) -> int:
    """The largest id there is."""
    (newest,) = connection.execute("select ifnull(max(id), 0) from hits").fetchone()
    return int(newest)


def has_run(connection: sqlite3.Connection, run: int) -> bool:
    """Whether a run that is being written has not been given up by somebody else."""
    return _exists(connection, "select 1 from rollup_runs where run = :run", {"run": run})


def has_hits_since(connection: sqlite3.Connection, site_id: str, stretch: Day, hit: int) -> bool:
    """Whether hits with ids above `hit` are in a stretch."""
    return _exists(
        connection,
        # By id: what came since is little, the day may be a million rows.
        """
        select 1 from hits not indexed
        where id > :hit and site_id = :site and time >= :start and time < :end
        """,
        {"hit": hit, "site": site_id, "start": stretch.start, "end": stretch.end},
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


def _exists(connection: sqlite3.Connection, query: str, parameters: Mapping[str, int | str]) -> bool:
    return connection.execute(f"{query} limit 1", parameters).fetchone() is not None


def _delete_some(connection: sqlite3.Connection, table: str, key: str, run: int) -> int:
    """Delete a few rows of a run; how many there were."""
    columns = key.split(", ")
    keys = connection.execute(
        f"select run, {key} from {table} where run = ? limit {CHUNK}", (run,)
    ).fetchall()
    condition = " and ".join(f"{column} = ?" for column in ("run", *columns))
    connection.executemany(f"delete from {table} where {condition}", keys)
    return len(keys)

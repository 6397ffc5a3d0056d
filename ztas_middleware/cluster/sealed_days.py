"""Days of which the cluster has totals alone: they were pruned there, or before a member joined.

Who prunes says what it had counted, and that holds for all readers: for those that have the hits
still, and for those that come later and find none.
"""

from __future__ import annotations

from base64 import b64decode
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from ztas_middleware import retention
from ztas_middleware.history.clock import bounds_of, date_at
from ztas_middleware.history.sealed import add_totals
from ztas_middleware.store.steps import immediate

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.cluster.client import Client
    from ztas_middleware.config.model import Config, Site

EVERYBODY: Final = ""
"""The member whose totals are those of the hits that were pruned in the cluster."""

OWN: Final = "(own)"
"""Stands here for the hits that were there when a day was sealed; `EVERYBODY` knows better."""

Totals = tuple[int, bytes]
"""How many hits, and packed totals."""


def copy(client: Client, connection: sqlite3.Connection, config: Config, now: int) -> None:
    """Seal the days that the cluster has totals of, and forget what was removed there.

    Args:
        client: the cluster's.
        connection: from `copied`.
        config: that of the copied file.
        now: UTC milliseconds.

    Raises:
        ClusterError: no server answers.
        StorageError: the file can't be written.
    """
    _forget_removed(client, connection)
    database = client.cluster.database
    ((number, serial),) = client.ask(f"select count(), max(serial) from {database}.sealed_days")
    mark = f"{number} {serial}"
    if connection.execute("select sealed from cluster_copied").fetchone() == (mark,):
        return
    there = set(connection.execute("select site_id, day, member from cluster_sealed"))
    new = [
        key
        for key in client.ask(f"select distinct site_id, day, member from {database}.sealed_days")
        if key not in there and key[0] in config.sites
    ]
    for site in config.sites.values():
        days = sorted(day for site_id, day, _ in new if site_id == site.id)
        if not days:
            continue
        yesterday = date_at(now, site.timezone) - timedelta(days=1)
        last = min(date.fromisoformat(days[-1]), yesterday)
        # What hits there are of those days is counted first, and then there are none.
        retention.prune(config, site, retention.Due(last + timedelta(days=1), 1), now)
        own = own_totals(connection, site.id)
        for day in dict.fromkeys(days):
            told = _told(client, site, day)
            if day in own:
                told[OWN] = own[day]
            _note(connection, site, day, told)
    with immediate(connection):
        connection.execute("update cluster_copied set sealed = ?", (mark,))


def own_totals(connection: sqlite3.Connection, site_id: str) -> dict[str, Totals]:
    """What was sealed here, by day, and nobody has told the cluster yet."""
    rows = connection.execute(
        """
        select days.day, ifnull(own.rows, days.rows), ifnull(own.totals, days.totals)
        from history_days as days
        left join cluster_sealed as own
            on own.site_id = days.site_id and own.day = days.day and own.member = :own
        where days.site_id = :site and state = 'sealed'
            and (own.member is not null or not exists (
                select 1 from cluster_sealed as told
                where told.site_id = days.site_id and told.day = days.day
            ))
            and not exists (
                select 1 from cluster_sealed as told
                where told.site_id = days.site_id and told.day = days.day
                    and told.member = :everybody
            )
        """,
        {"site": site_id, "own": OWN, "everybody": EVERYBODY},
    )
    return {day: (number, totals) for day, number, totals in rows}


def _told(client: Client, site: Site, day: str) -> dict[str, Totals]:
    """What the cluster has of a day, by member."""
    return {
        member: (rows, b64decode(totals))
        for member, rows, totals in client.ask(
            f"""
            select member, argMax(rows, serial), argMax(totals, serial)
            from {client.cluster.database}.sealed_days
            where site_id = %(site)s and day = %(day)s
            group by member
            """,
            {"site": site.id, "day": day},
        )
    }


def _note(connection: sqlite3.Connection, site: Site, day: str, told: dict[str, Totals]) -> None:
    counted = [one for name, one in told.items() if name != OWN or EVERYBODY not in told]
    start, end = bounds_of(date.fromisoformat(day), date.fromisoformat(day), site.timezone)
    with immediate(connection):
        connection.execute(
            "delete from hits where site_id = ? and time >= ? and time < ?", (site.id, start, end)
        )
        connection.execute("insert or ignore into history_sites (site_id) values (?)", (site.id,))
        connection.execute(
            """
            insert into history_days
                (site_id, day, state, rows, last_id, generation, rules, totals)
            values (:site, :day, 'sealed', :rows, 0, '', '', :totals)
            on conflict (site_id, day) do update set
                state = 'sealed', rows = excluded.rows, totals = excluded.totals,
                generation = '', rules = ''
            """,
            {
                "site": site.id,
                "day": day,
                "rows": sum(rows for rows, _ in counted),
                "totals": add_totals([totals for _, totals in counted]),
            },
        )
        connection.executemany(
            """
            insert or ignore into cluster_sealed (site_id, day, member, rows, totals)
            values (?, ?, ?, ?, ?)
            """,
            [
                (site.id, day, member, *(one if member == OWN else (None, None)))
                for member, one in told.items()
            ],
        )


def _forget_removed(client: Client, connection: sqlite3.Connection) -> None:
    """Delete what was removed in the cluster of sites, whatever has come of it since."""
    rows = client.ask(
        f"""
        select site_id, max(before), max(serial) from {client.cluster.database}.removals
        group by site_id
        """
    )
    known = dict(connection.execute("select site_id, serial from cluster_removed"))
    for site_id, before, serial in rows:
        if serial <= known.get(site_id, 0):
            continue
        with immediate(connection):
            connection.execute("delete from hits where site_id = ? and time < ?", (site_id, before))
            for table in ("history_days", "drops", "agent_reads", "cluster_sealed"):
                connection.execute(f"delete from {table} where site_id = ?", (site_id,))
            connection.execute(
                """
                insert into cluster_removed (site_id, serial) values (?, ?)
                on conflict (site_id) do update set serial = excluded.serial
                """,
                (site_id, serial),
            )

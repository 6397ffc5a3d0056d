"""What members count besides hits: dropped ones, and agents that read pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ztas_middleware.cluster.mirror_file import members_of
from ztas_middleware.store.steps import immediate

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.cluster.client import Client

OVERLAP: Final = 120_000_000
"""Of serials, which are microseconds: what was written at about the same time may come to a server
in another order."""

_INSERTS: Final = {
    "drops": (
        "delete from drops where site_id = ? and day = ?",
        "insert into drops (site_id, day, reason, count) values (?, ?, ?, ?)",
    ),
    "agent_reads": (
        "delete from agent_reads where site_id = ? and day = ?",
        "insert into agent_reads (site_id, day, name, kind, path, count) values (?, ?, ?, ?, ?, ?)",
    ),
}


def copy(client: Client, connection: sqlite3.Connection) -> None:
    """Copy the days whose counts have changed, each as a whole: the sum over all members.

    Raises:
        ClusterError: no server answers.
    """
    database = client.cluster.database
    newest: dict[str, int] = dict(
        client.ask(f"select member, max(serial) from {database}.counters group by member")
    )
    known = members_of(connection)
    changed = [name for name in newest if name in known and newest[name] > known[name].counted]
    if not changed:
        return
    wanted, bound = [], {}
    for number, name in enumerate(changed):
        since = max(0, known[name].counted - OVERLAP)
        wanted.append(f"(member = %(m{number})s and serial > {since})")
        bound[f"m{number}"] = name
    rows = client.ask(
        f"""
        select source, site_id, day, name, kind, path, sum(newest)
        from (
            select
                member, source, site_id, day, name, kind, path, argMax(count, serial) as newest
            from {database}.counters
            where (source, site_id, day) in (
                select source, site_id, day from {database}.counters
                where {" or ".join(wanted)}
            )
            group by member, source, site_id, day, name, kind, path
        )
        group by source, site_id, day, name, kind, path
        order by source, site_id, day, name, kind, path
        """,
        bound,
    )
    with immediate(connection):
        for source, site_id, day in {row[:3] for row in rows}:
            connection.execute(_INSERTS[source][0], (site_id, day))
        for source, site_id, day, name, kind, path, count in rows:
            values = (name, count) if source == "drops" else (name, kind, path, count)
            connection.execute(_INSERTS[source][1], (site_id, day, *values))
        connection.executemany(
            "update cluster_members set counted = ? where name = ?",
            [(newest[name], name) for name in changed],
        )

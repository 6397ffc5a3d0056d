"""Whose rows a file begins with, as its hits and those in the cluster tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.cluster import members
from ztas_middleware.store import membership
from ztas_middleware.store.reading import reading

if TYPE_CHECKING:
    import sqlite3

    from ztas_middleware.cluster.client import Client
    from ztas_middleware.config.model import Config
    from ztas_middleware.store.database import Database
    from ztas_middleware.store.membership import Member

COMPARED = 20_000
"""Hits before the first own one of a copy that are compared with what its parent has shipped."""

SAMPLED = 200
LIKENESS = 0.9
"""How many of a file's hits, and what share of them, tell that a member has shipped the same."""


def of_known_lineage(client: Client, config: Config, database: Database, member: Member) -> Member:
    """A file that knows of no parent may have one: a copy from before its original joined."""
    with reading(config.database) as connection:
        sample = _sample(connection)
        start = membership.next_id(connection)
    if not sample:
        return member
    rows = client.ask(
        f"""
        select member, uniqExact(id) from {client.cluster.database}.hits
        where id in %(ids)s and (id, time, visitor, path) in %(rows)s
        group by member
        order by uniqExact(id) desc
        limit 1
        """,
        {"ids": tuple(row[0] for row in sample), "rows": tuple(sample)},
    )
    if not rows or rows[0][1] < len(sample) * LIKENESS:
        return member
    parent = rows[0][0]

    def note(connection: sqlite3.Connection) -> Member:
        membership.change(connection, parent=parent, start_id=start, shipped_id=start - 1)
        return membership.there(connection)

    return database.transact(note)


def _sample(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Some hits from all over the file, as what makes them unlike others."""
    first, last = connection.execute("select min(id), max(id) from hits").fetchone()
    if first is None:
        return []
    found = (
        connection.execute(
            "select id, time, visitor, path from hits where id >= ? order by id limit 1",
            (first + (last - first) * step // SAMPLED,),
        ).fetchone()
        for step in range(SAMPLED + 1)
    )
    return sorted({row for row in found if row is not None})


def went_back(client: Client, member: Member) -> bool:
    """Whether the cluster has more of a file than the file knows of."""
    last = members.last_batch(client, member.name)
    if last <= member.seq:
        return False
    if last > member.seq + 1 or member.pending_first is None:
        return True
    ((first, until),) = client.ask(
        f"""
        select argMax(first_id, at), argMax(last_id, at) from {client.cluster.database}.batches
        where member = %(name)s and seq = %(seq)s
        """,
        {"name": member.name, "seq": last},
    )
    return (first, until) not in {(member.pending_first, member.pending_last), (0, 0)}


def differs_from(client: Client, config: Config, name: str, after: int) -> int:
    """The first id above `after` under which the file has another hit than its member shipped."""
    shipped = client.stream(
        f"""
        select id, any(time), any(visitor) from {client.cluster.database}.hits
        where member = %(name)s and id > %(after)s
        group by id
        order by id
        """,
        {"name": name, "after": after},
    )
    with reading(config.database) as connection:
        start = membership.next_id(connection)
        for number, *there in shipped:
            if number >= start:
                break
            found = connection.execute(
                "select time, visitor from hits where id = ?", (number,)
            ).fetchone()
            # What is not there was deleted, or moved.
            if found is not None and found != tuple(there):
                return int(number)
    return start

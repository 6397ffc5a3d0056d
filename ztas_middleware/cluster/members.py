"""The members as the cluster knows them: who there is, how far they are, and who is no more.

Control tables are copied between the servers with a delay. Where it matters that nothing is
missed, each server that answers is asked.
"""

from __future__ import annotations

import time
from base64 import b64encode
from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.cluster import nodes
from ztas_middleware.errors import ClusterError, ZtasError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.cluster.client import Client

MEMBER, RETIRED = "member", "retired"

OPEN: Final = -1
"""The fence of one that is a member: all of its batches count."""


SETTLING: Final = 2.0
"""Seconds that are waited for what was said to reach all servers that answer."""


class Known(NamedTuple):
    """A member as the cluster knows it."""

    name: str
    state: str
    parent: str
    start_id: int
    fence: int
    """Of a retired one: the last batch that counts."""


class Progress(NamedTuple):
    """How far a member is."""

    complete_until: int
    """All hits it had acknowledged by then have arrived; UTC milliseconds, 0 before the first."""
    seq: int
    """The last batch by then."""
    backlog: int
    at: int
    """When it said so."""


_TOTALS: Final = ("site_id", "day", "member", "rows", "totals", "serial")
_COLUMNS: Final = ("name", "serial", "state", "parent", "start_id", "fence", "made")


def known(client: Client) -> dict[str, Known]:
    """All there are and were, by name.

    Raises:
        ClusterError: no server answered.
    """
    rows = client.ask(
        f"""
        select
            name, argMax(state, serial), argMax(parent, serial), argMax(start_id, serial),
            argMax(fence, serial)
        from {client.cluster.database}.members
        group by name
        order by name
        """
    )
    return {row[0]: Known._make(row) for row in rows}


def find(client: Client, name: str) -> Known | None:
    """One of them; each server is asked before it is said that there is none.

    Raises:
        ClusterError: no server answered.
    """
    found = known(client).get(name)
    if found is not None:
        return found
    return next((k for node in nodes.alive(client) if (k := known(node).get(name))), None)


def progress(client: Client) -> dict[str, Progress]:
    """How far each is that has ever shipped.

    Raises:
        ClusterError: no server answered.
    """
    rows = client.ask(
        f"""
        select
            member, argMax(complete_until, serial), argMax(seq, serial),
            argMax(backlog, serial), argMax(at, serial)
        from {client.cluster.database}.progress
        group by member
        """
    )
    return {name: Progress(*rest) for name, *rest in rows}


def report(client: Client, name: str, said: Progress) -> None:
    """Say how far a member is.

    Raises:
        ClusterError: no server took it.
    """
    columns = ("member", "serial", *Progress._fields)
    client.insert_rows("progress", columns, [(name, serial(), *said)])


def register(client: Client, member: Known) -> None:
    """Make a name known, or say something new of it.

    Raises:
        ClusterError: no server took it.
    """
    now = time.time_ns() // 1_000_000
    row = (member.name, serial(), member.state, member.parent, member.start_id, member.fence, now)
    client.insert_rows("members", _COLUMNS, [row])
    # Whoever asks another server next should find it there.
    end = time.monotonic() + SETTLING
    for node in nodes.alive(client):
        while known(node).get(member.name) != member and time.monotonic() < end:
            time.sleep(0.02)


def retire(client: Client, name: str) -> Known:
    """Have a member be no more: what it has shipped stays, and nothing else of it counts.

    Raises:
        ZtasError: there is none of that name.
        ClusterError: no server answered.
    """
    found = find(client, name)
    if found is None:
        names = ", ".join(k.name for k in known(client).values() if k.state == MEMBER) or "none"
        raise ZtasError(f"there is no member {name!r}; there are {names}")
    if found.state == RETIRED:
        return found
    retired = found._replace(state=RETIRED, fence=last_batch(client, name))
    register(client, retired)
    return retired


def tell_totals(client: Client, name: str, days: Iterable[tuple[str, str, int, bytes]]) -> None:
    """Tell the totals of days of which a member has no hits any more.

    Args:
        client: the cluster's.
        name: whose; empty stands for all hits that were in the cluster.
        days: of each the site, the day, how many hits there were, and history/sealed.py's totals.

    Raises:
        ClusterError: no server took it.
    """
    at = serial()
    rows = [
        (site_id, day, name, hits, b64encode(totals).decode(), at)
        for site_id, day, hits, totals in days
    ]
    if rows:
        client.insert_rows("sealed_days", _TOTALS, rows)


def last_batch(client: Client, name: str) -> int:
    """The last batch of a member that any server knows of; 0 where there is none.

    Raises:
        ClusterError: no server answered.
    """
    statement = f"""
        select max(seq) from {client.cluster.database}.batches where member = %(member)s
    """
    every = [int(node.ask(statement, {"member": name})[0][0]) for node in nodes.alive(client)]
    if not every:
        raise ClusterError(client.where, "none of its servers answers", is_busy=True)
    return max(every)


def serial() -> int:
    """What is larger the later it is asked for."""
    return time.time_ns() // 1_000

"""Taking hits out of the cluster: those past their site's `retention_days`, and removed sites'.

First it is said that fewer hits are to be expected, then they are deleted: nobody who copies in
between takes them for missing.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING

from ztas_middleware import retention
from ztas_middleware.cluster import members, nodes
from ztas_middleware.cluster.mirror import Mirror, client_of
from ztas_middleware.cluster.mirror_file import copied
from ztas_middleware.cluster.pulling import cluster_of
from ztas_middleware.cluster.sealed_days import EVERYBODY, own_totals
from ztas_middleware.days import start_of

if TYPE_CHECKING:
    from ztas_middleware.cluster.client import Client
    from ztas_middleware.config.model import Config, Site


def prune(config: Config, site: Site) -> int:
    """Seal a site's days that are due for all readers, and delete their hits; how many there were.

    Raises:
        ClusterError: no server answers.
        StorageError: the copied file can't be written.
    """
    mirror = Mirror(config)
    mirror.copy_all()
    now = time.time_ns() // 1_000_000
    due = retention.due(mirror.config, site, now)
    if due is None:
        return 0
    number = retention.prune(mirror.config, site, due, now)
    path = mirror.config.database
    with (
        closing(client_of(config)) as client,
        copied(path, cluster_of(client), float("inf")) as connection,
    ):
        own = own_totals(connection, site.id)
        days = [(site.id, day, *counted) for day, counted in own.items()]
        members.tell_totals(client, EVERYBODY, days)
        connection.executemany(
            "insert or ignore into cluster_sealed (site_id, day, member) values (?, ?, ?)",
            [(site.id, day, EVERYBODY) for day in own],
        )
        _delete(client, site.id, start_of(due.first_kept, site.timezone))
    return number


def remove(config: Config, site_id: str) -> None:
    """Delete everything there is of a site by now, for all readers.

    Raises:
        ClusterError: a server does not answer.
    """
    now = time.time_ns() // 1_000_000
    with closing(client_of(config)) as client:
        database = client.cluster.database
        removal = (site_id, now, members.serial())
        client.insert_rows("removals", ("site_id", "before", "serial"), [removal])
        _delete(client, site_id, now)
        for table in ("counters", "sealed_days"):
            which = "where site_id = %(site)s"
            client.ask(f"alter table {database}.{table} delete {which}", {"site": site_id})


def _delete(client: Client, site_id: str, before: int) -> None:
    bound = {"site": site_id, "before": before}
    which = "site_id = %(site)s and time < %(before)s"
    _expect_less(client, which, bound)
    for node in nodes.alive(client):
        # Each replica hears of it from the other; of two that are asked, one has nothing to do.
        node.ask(f"alter table {client.cluster.database}.hits_local delete where {which}", bound)


def _expect_less(client: Client, which: str, bound: dict[str, object]) -> None:
    """Say of each batch how many of its hits will be left."""
    database = client.cluster.database
    batches: dict[str, list[tuple[int, int, int, int]]] = {}
    for member, *rest in client.ask(
        f"""
        select
            member, argMax(first_id, at) as first, argMax(last_id, at), seq, argMax(rows, at)
        from {database}.batches
        group by member, seq
        order by member, first
        """
    ):
        batches.setdefault(member, []).append(tuple(rest))
    gone = Counter[tuple[str, int]]()
    for member, number in client.stream(
        f"select distinct member, id from {database}.hits where {which}", bound
    ):
        some = batches.get(member, [])
        at = bisect_right(some, number, key=lambda batch: batch[0]) - 1
        if at >= 0 and number <= some[at][1]:
            gone[(member, at)] += 1
    at_time = time.time_ns() // 1_000_000
    rows = [
        (member, batch[2], batch[0], batch[1], max(0, batch[3] - number), at_time)
        for (member, at), number in gone.items()
        for batch in [batches[member][at]]
    ]
    if rows:
        columns = ("member", "seq", "first_id", "last_id", "rows", "at")
        client.insert_rows("batches", columns, rows)

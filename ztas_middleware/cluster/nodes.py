"""The servers of the cluster, as they know each other: which cluster, which nodes, which macros."""

from __future__ import annotations

import socket
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.cluster import schema
from ztas_middleware.config.clustered import PLAIN_PORT, SECURE_PORT, Server
from ztas_middleware.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ztas_middleware.cluster.client import Client


class Node(NamedTuple):
    """One server, as another one reaches it."""

    cluster: str
    host: str
    address: str
    port: int
    is_local: bool
    """Whether it is the one that was asked."""


def cluster_name(client: Client) -> str:
    """What the servers call the cluster: what the configuration says, else what it can only be.

    Raises:
        ClusterError: there is none, or more than one, or none of the configured name.
    """
    return _named(client, _known(client))


def servers(client: Client) -> list[Server]:
    """Every server of the cluster, as it is reached from here.

    Raises:
        ClusterError: as `cluster_name`.
    """
    known = _known(client)
    name = _named(client, known)
    found = [_reached(client, node) for node in known if node.cluster == name]
    return list(dict.fromkeys(found))


def make_tables(client: Client) -> int:
    """Make database and tables on every server; how many there are. What is there stays.

    Raises:
        ClusterError: a server does not answer, lacks its macros, has another's, or refuses; or the
            tables are a newer version's.
    """
    name = cluster_name(client)
    if (found := schema.found_version(client)) > schema.VERSION:
        raise ClusterError(
            client.where,
            f"its tables are a newer ztas's (schema {found}, this one knows {schema.VERSION})",
        )
    every = [client.at(server) for server in servers(client)]
    try:
        _check_macros(every)
        for node in every:
            for statement in schema.statements(client.cluster.database, name):
                node.ask(statement)
    finally:
        for node in every:
            node.close()
    if found < schema.VERSION:
        schema.note_version(client)
    return len(every)


def alive(client: Client) -> Iterator[Client]:
    """A client for each server that answers, in turn; of those that don't nothing is said.

    Raises:
        ClusterError: none answers at all.
    """
    for server in servers(client):
        with closing(client.at(server)) as node:
            try:
                node.ask("select 1")
            except ClusterError as error:
                if not error.is_busy:
                    raise
                continue
            yield node


def _known(client: Client) -> list[Node]:
    rows = client.ask(
        """
        select cluster, host_name, host_address, port, is_local from system.clusters
        order by cluster, shard_num, replica_num
        """
    )
    return [
        Node(name, host, address, port, bool(local)) for name, host, address, port, local in rows
    ]


def _named(client: Client, known: Sequence[Node]) -> str:
    names = list(dict.fromkeys(node.cluster for node in known))
    wanted = client.cluster.name
    listed = ", ".join(names) or "none"
    if wanted is not None:
        if wanted in names:
            return wanted
        problem = f"`cluster.name` is {wanted!r}, and the servers know {listed}"
        raise ClusterError(client.where, problem)
    ours = list(dict.fromkeys(node.cluster for node in known if _is_ours(client, node)))
    # Behind a forwarded port or another name it is still the server that was asked.
    ours = ours or list(dict.fromkeys(node.cluster for node in known if node.is_local))
    if len(ours) == 1:
        return ours[0]
    which = f"{', '.join(ours)} have" if ours else "none has"
    problem = (
        f"of the clusters that the servers know ({listed}), {which} a server of `hosts`; say with "
        "`cluster.name` which one it is"
    )
    raise ClusterError(client.where, problem)


def _is_ours(client: Client, node: Node) -> bool:
    usual = SECURE_PORT if client.cluster.secure else PLAIN_PORT
    return any(
        (server.port or usual) == node.port
        and (server.host in (node.host, node.address) or node.address in _addresses(server.host))
        for server in client.cluster.hosts
    )


def _addresses(host: str) -> set[str]:
    try:
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None)}
    except OSError:
        return set()


def _reached(client: Client, node: Node) -> Server:
    """Under the port that we use for it: among themselves, servers may use another."""
    same = [server for server in client.cluster.hosts if server.host == node.host]
    if len(same) == 1 and client.cluster.secure:
        return Server(node.host, same[0].port or SECURE_PORT)
    return Server(node.host, node.port)


def _check_macros(every: Sequence[Client]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for node in every:
        macros: dict[str, str] = dict(node.ask("select macro, substitution from system.macros"))
        missing = [name for name in ("shard", "replica") if not macros.get(name)]
        if missing:
            names = " and ".join(f"`{name}`" for name in missing)
            problem = f"has no macro {names}; each server needs `shard` and `replica` of its own"
            raise ClusterError(node.where, problem)
        mine = macros["shard"], macros["replica"]
        if mine in seen:
            problem = f"has the same macros as {seen[mine]}: shard {mine[0]}, replica {mine[1]}"
            raise ClusterError(node.where, problem)
        seen[mine] = node.where

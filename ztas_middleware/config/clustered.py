"""`cluster`: the section -> how the machines' ClickHouse cluster is reached."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.config.hosts import ascii_host
from ztas_middleware.config.nodes import Complaint, Refused, quoted, refuse
from ztas_middleware.config.values import list_of, text

if TYPE_CHECKING:
    from pathlib import Path

    from ztas_middleware.config.nodes import Node

PLAIN_PORT, SECURE_PORT = 9000, 9440
"""Where servers speak their native protocol, without and with TLS, unless told otherwise."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]@]+)(?::([0-9]{1,5}))?")
_MAX_PORT = 65_535


class Server(NamedTuple):
    """One server of the cluster."""

    host: str
    """Its name or address, the latter without brackets."""
    port: int | None = None
    """None is the usual one."""

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port else host


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Where the cluster is, and how to get in."""

    hosts: tuple[Server, ...]
    """Any of its servers; they are tried in turn."""
    database: str = "ztas"
    user: str = "default"
    password: str = field(default="", repr=False)
    name: str | None = None
    """What the servers call it in `remote_servers`; None is the only one with a host of ours."""
    secure: bool = False
    """Whether it is reached by TLS."""
    ca: Path | None = None
    """The file of certificates that the servers' are signed by; None is those of the system."""


def cluster(**fields: object) -> Cluster:
    """The section `cluster`, as its keys have been read."""
    if fields.get("ca") is not None and not fields.get("secure"):
        raise Refused(Complaint("needs `secure: true` where there is a `ca`"))
    return Cluster(**fields)  # type: ignore[arg-type]  # mypy knows no table of keys


def servers(node: Node) -> tuple[Server, ...]:
    """A list of servers, at least one."""
    found = list_of(_server)(node)
    if not found:
        raise refuse(node, "must have at least one server, such as [ch1:9000, ch2:9000]")
    return found


def _server(node: Node) -> Server:
    found = text(node)
    match = _HOST.fullmatch(found)
    if match is None or (match[2] and not 0 < int(match[2]) <= _MAX_PORT):
        raise refuse(node, f"{quoted(found)} must be a host and a port, such as ch1:9000")
    try:
        host = ascii_host(match[1])
    except ValueError as error:
        raise refuse(node, f"{quoted(found)} cannot be: {error}") from None
    return Server(host, int(match[2]) if match[2] else None)


def database_name(node: Node) -> str:
    """A name that needs no quotes in ClickHouse."""
    found = text(node)
    if not _NAME.fullmatch(found):
        raise refuse(node, f"{quoted(found)} must be letters, digits and underscores")
    return found

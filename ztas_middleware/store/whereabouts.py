"""Where a database file lies, by which a copy is told from the original, and names for members."""

from __future__ import annotations

import os
import secrets
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3


def place_of(connection: sqlite3.Connection) -> str:
    """Where a database lies: its machine, its inode there, its name.

    A container's host name is another one after each start, so that it is none.
    """
    (filename,) = (row[2] for row in connection.execute("pragma database_list") if row[1] == "main")
    real = os.path.realpath(filename)
    inode = os.stat(real).st_ino  # noqa: PTH116 - a name
    return f"{_machine()}\n{inode}\n{real}"


def _machine() -> str:
    is_container = any(map(os.path.exists, ("/.dockerenv", "/run/.containerenv")))
    is_container = is_container or "KUBERNETES_SERVICE_HOST" in os.environ
    return "container" if is_container else socket.gethostname()


def is_one_file(place: str, other: str) -> bool:
    """Whether it is one file, perhaps under another name."""
    return place.split("\n")[:2] == other.split("\n")[:2]


def without_inode(place: str) -> tuple[str, str]:
    """The machine and the name."""
    machine, _, name = place.split("\n", 2)
    return machine, name


def new_name() -> str:
    """A name that no other file has, even on this machine."""
    host = "".join(c if c.isalnum() or c in ".-_" else "-" for c in socket.gethostname())
    return f"{host[:40] or 'member'}-{secrets.token_hex(4)}"

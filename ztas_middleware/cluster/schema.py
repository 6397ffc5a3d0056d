"""The cluster's tables, and which version of them there is.

The statements run on servers of 2018 and of today alike. Control tables are on every server, as one
replicated set, so that any that lives can answer; hits are spread over the shards.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from ztas_middleware.errors import ClusterError
from ztas_middleware.history.columns import HITS
from ztas_middleware.version import __version__

if TYPE_CHECKING:
    from ztas_middleware.cluster.client import Client

VERSION: Final = 1
"""Of the tables. A program refuses a cluster whose tables are of a newer one."""

_TYPES: Final = {"VARCHAR": "String", "BIGINT": "Int64", "DOUBLE": "Float64"}
"""What DuckDB's types are called here."""

HIT_COLUMNS: Final = {
    "member": "String",
    "id": "Int64",
    # Of `time`, in UTC: by it rows lie in months, and are spread over the shards.
    "day": "Date",
    **{
        column.name: f"Nullable({_TYPES[column.type]})"
        if column.is_nullable
        else _TYPES[column.type]
        for column in HITS
    },
}
"""The columns of a hit in the cluster: whose, its id there, and those of SQLite's `hits`."""

CONTROL: Final[dict[str, tuple[str, str, str]]] = {
    # The largest version is the schema.
    "schema_versions": ("version UInt32, program String, at Int64", "", "version"),
    # Database files. `parent` is whose rows a copy or a restored file began with, `start_id` the
    # first id that is its own; of a retired one the ids above `fence` do not count.
    "members": (
        """
        name String, serial UInt64, state String, parent String, start_id Int64, fence Int64,
        made Int64
        """,
        "serial",
        "name",
    ),
    # How far a member is: every hit it has acknowledged until `complete_until` is in `batches`.
    "progress": (
        """
        member String, serial UInt64, complete_until Int64, seq UInt64, backlog UInt64, at Int64
        """,
        "serial",
        "member",
    ),
    # Written when all rows of a batch were acknowledged: only they count.
    "batches": (
        "member String, seq UInt64, first_id Int64, last_id Int64, rows UInt64, at Int64",
        "at",
        "member, seq",
    ),
    # What a member has counted besides hits: its tables `drops` (name is the reason) and
    # `agent_reads`.
    "counters": (
        """
        member String, source String, site_id String, day String, name String, kind String,
        path String, count Int64, serial UInt64
        """,
        "serial",
        "member, source, site_id, day, name, kind, path",
    ),
    # Totals of days of which a member has no hits any more; base64 of history/sealed.py's form.
    "sealed_days": (
        "site_id String, day String, member String, rows UInt64, totals String, serial UInt64",
        "serial",
        "site_id, day, member",
    ),
    # Hits that were taken from the cluster: those of a site, received before `before`.
    "removals": ("site_id String, before Int64, serial UInt64", "serial", "site_id, before"),
}
"""Of each control table: its columns, which of them tells the newest version of a row, its key."""


def statements(database: str, cluster: str) -> list[str]:
    """What makes the tables on one server, where they are not there yet.

    Args:
        database: its name.
        cluster: what the servers call it in `remote_servers`.
    """
    path = f"/clickhouse/tables/{database}"
    made = [f"create database if not exists {database}"]
    for name, (columns, version, key) in CONTROL.items():
        engine = "ReplicatedReplacingMergeTree" if version else "ReplicatedMergeTree"
        newest = f", {version}" if version else ""
        made.append(
            f"""
            create table if not exists {database}.{name} ({columns})
            engine = {engine}('{path}/{name}', '{{shard}}-{{replica}}'{newest})
            order by ({key})
            """
        )
    columns = ", ".join(f"{name} {kind}" for name, kind in HIT_COLUMNS.items())
    made += [
        f"""
        create table if not exists {database}.hits_local ({columns})
        engine = ReplicatedReplacingMergeTree('{path}/{{shard}}/hits_local', '{{replica}}')
        partition by toYYYYMM(day)
        order by (member, id)
        """,
        f"""
        create table if not exists {database}.hits as {database}.hits_local
        engine = Distributed(
            '{cluster}', '{database}', 'hits_local', cityHash64(site_id, day, visitor)
        )
        """,
    ]
    return made


def found_version(client: Client) -> int:
    """Which version of the tables there is; 0 where there are none yet.

    Raises:
        ClusterError: no server answered.
    """
    database = client.cluster.database
    known = client.ask(
        """
        select count() from system.tables
        where database = %(database)s and name = 'schema_versions'
        """,
        {"database": database},
    )
    if not known[0][0]:
        return 0
    return int(client.ask(f"select max(version) from {database}.schema_versions")[0][0])


def check_version(client: Client) -> None:
    """Make sure that the tables are those that this program knows.

    Raises:
        ClusterError: they are another version's, or not there, or no server answered.
    """
    found = found_version(client)
    database = client.cluster.database
    if found == 0:
        problem = f"has no tables in database {database!r}; `ztas cluster init` makes them"
    elif found > VERSION:
        problem = f"its tables are a newer ztas's (schema {found}, this one knows {VERSION})"
    elif found < VERSION:
        problem = (
            f"its tables are an older ztas's (schema {found}); `ztas cluster init` renews them"
        )
    else:
        return
    raise ClusterError(client.where, problem)


def note_version(client: Client) -> None:
    """Write down that the tables are this version's.

    Raises:
        ClusterError: no server took it.
    """
    row = (VERSION, __version__, time.time_ns() // 1_000_000)
    client.insert_rows("schema_versions", ("version", "program", "at"), [row])

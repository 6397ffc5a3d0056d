"""Today's ClickHouse engine in this process, in the place of a server's driver.

It has no replication and no other servers: tables are made without them, and it says of itself that
it is a cluster of one.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

from clickhouse_driver.util.escape import escape_params
from missing import missing

_REPLICATED = re.compile(r"Replicated(\w*MergeTree)\('[^']*', '[^']*'(?:, (\w+))?\)")
_DISTRIBUTED = re.compile(r"create table if not exists (\w+)\.hits as .*Distributed", re.DOTALL)
_INSERT = re.compile(r"insert into (\w+\.\w+) \((.*)\) values")

_ITSELF = {
    "system.clusters": """
        (
            select
                'modern' as cluster, '127.0.0.1' as host_name, '127.0.0.1' as host_address,
                9000 as port, 1 as is_local, 1 as shard_num, 1 as replica_num
        )
    """,
    "system.macros": """
        (
            select arrayJoin(['shard', 'replica']) as macro, '1' as substitution
        )
    """,
}


def need_engine():
    """Skip, or fail in CI, where there is no wheel of it."""
    try:
        import chdb  # noqa: F401 - it loads the engine
    except ImportError:
        missing("there is no chdb-core-lite for this platform, so no modern ClickHouse was asked")


def driver_of(session, said):
    """The class of drivers that ask a session of chdb; what is asked is added to a list."""

    class Driver:
        connection = SimpleNamespace(
            connected=True,
            ping=lambda: True,
            socket=SimpleNamespace(settimeout=lambda _: None),
            server_info=SimpleNamespace(version_tuple=lambda: (26, 5, 0)),
        )

        def __init__(self, *_, **__):
            pass

        def execute(self, statement, values=None, *, columnar=False, settings=None):
            said.append(statement)
            if columnar:
                return session.query(_inserted(statement, values))
            if values:
                statement = statement % escape_params(values, None)
            return _rows(session.query(_fitting(statement), "JSONCompact"))

        def execute_iter(self, statement, values=None, *, settings=None):
            return iter(self.execute(statement, values))

        def disconnect(self):
            pass

    return Driver


def _fitting(statement):
    if found := _DISTRIBUTED.search(statement):
        name = found[1]
        return f"create view if not exists {name}.hits as select * from {name}.hits_local"
    statement = _REPLICATED.sub(lambda found: f"{found[1]}({found[2] or ''})", statement)
    for name, itself in _ITSELF.items():
        statement = statement.replace(name, itself)
    return statement


def _inserted(statement, values):
    table, columns = _INSERT.fullmatch(statement.strip()).groups()
    table = f"{table}_local" if table.endswith(".hits") else table
    escaped = [
        ", ".join(str(value) for value in escape_params(dict(enumerate(row)), None).values())
        for row in zip(*values, strict=True)
    ]
    return f"insert into {table} ({columns}) values ({'), ('.join(escaped)})"


def _rows(answer):
    text = str(answer)
    return [tuple(row) for row in json.loads(text)["data"]] if text.strip() else []

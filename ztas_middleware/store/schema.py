"""The tables, as numbered migrations.

A database knows how far it got by `pragma user_version`. Whoever opens it brings it up to date;
several processes that start at once take turns under `begin immediate`, and the later ones find
the work done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.store.history_tables import HISTORY_TABLES
from ztas_middleware.store.recognition import recognise

if TYPE_CHECKING:
    import sqlite3

HITS = """
create table hits (
    id integer primary key,
    time integer not null,
    site_id text not null,
    type text not null,
    path text not null,
    referrer text,
    utm_source text,
    utm_medium text,
    utm_campaign text,
    action text,
    category text,
    label text,
    value real,
    session_id text,
    time_on_page real,
    is_bounce integer,
    visitor text not null,
    browser text not null,
    os text not null,
    device text not null,
    country text
) strict
"""

DROPS = """
create table drops (
    site_id text not null,
    day text not null,
    reason text not null,
    count integer not null,
    primary key (site_id, day, reason)
) strict, without rowid
"""

# `expires` (UTC milliseconds) lets any process delete a due salt without knowing the site's
# timezone, which may have left the configuration since.
SALTS = """
create table salts (
    site_id text not null,
    day text not null,
    salt blob not null,
    expires integer not null,
    primary key (site_id, day)
) strict, without rowid
"""

# How far each imported file was read. It is known by a digest of its first `head_size` bytes;
# `offset` counts bytes, `rows_into` the rows already stored of the record that begins there.
IMPORTS = """
create table imports (
    id integer primary key,
    site_id text not null,
    name text not null,
    format text not null,
    head_size integer not null,
    head blob not null,
    offset integer not null,
    rows_into integer not null,
    lines integer not null,
    stored integer not null,
    left_out integer not null,
    refused integer not null,
    changed integer not null,
    unique (site_id, head)
) strict
"""

# Tries of the dashboard's password; `address` is a hash under the day's salt, see
# web/dashboard/tries.py, and a row is deleted when it no longer counts.
LOGIN_TRIES = """
create table login_tries (
    id integer primary key,
    time integer not null,
    address text not null
) strict
"""

# They may be null, all of them: workers of an older version go on inserting without them.
MORE_COLUMNS = tuple(
    f"alter table hits add column {column}"
    for column in (
        "utm_term text",
        "utm_content text",
        "properties text",
        "route text",
        "browser_version integer",
        "language text",
        "screen integer",
        "region text",
        "city text",
    )
)

# On which terms a file was imported (which days, and beside others' rows), how many rows it brought
# of each day (JSON; null is unknown), of which days it brought none because others had brought
# them, and what it is known by: a digest of the `tail_size` bytes before the offset `tail_at`, and
# one of a log's first line.
IMPORT_COLUMNS = (
    "alter table imports add column terms text not null default ''",
    "alter table imports add column days text",
    "alter table imports add column refused_days text not null default '[]'",
    "alter table imports add column tail_at integer",
    "alter table imports add column tail_size integer",
    "alter table imports add column tail blob",
    "alter table imports add column first blob",
)

# See notices.py.
NOTICES = """
create table notices (
    name text primary key,
    time integer not null,
    detail text not null
) strict, without rowid
"""

# Which assistants, crawlers and previews read which of the app's pages, see intake/agent_reads.py.
AGENT_READS = """
create table agent_reads (
    site_id text not null,
    day text not null,
    name text not null,
    kind text not null,
    path text not null,
    count integer not null,
    primary key (site_id, day, name, kind, path)
) strict, without rowid
"""

# What version 0.1 kept of finished days is made for nobody any more; where it is, it is taken over,
# see history/takeover.py.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (HITS, DROPS, SALTS),
    (),
    (IMPORTS,),
    (LOGIN_TRIES,),
    ("drop index if exists hits_by_site_and_time",),
    MORE_COLUMNS,
    IMPORT_COLUMNS,
    (NOTICES,),
    HISTORY_TABLES,
    (AGENT_READS,),
)
"""Statements of each schema version, in order; version N is `MIGRATIONS[N - 1]`. Append only."""

VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the database up to `VERSION`; return the version it had.

    The connection must be in autocommit mode (`isolation_level=None`). A database newer than
    this code is left alone: its tables only ever gain columns and companions.

    Raises:
        sqlite3.OperationalError: locked, full, or not writable.
        sqlite3.DatabaseError: a part of our tables is there, see recognition.py.
    """
    (found,) = connection.execute("pragma user_version").fetchone()
    if found >= VERSION:
        return int(found)
    connection.execute("begin immediate")
    try:
        # Another process may have done the work between the look above and the lock.
        (current,) = connection.execute("pragma user_version").fetchone()
        current = current or recognise(connection, MIGRATIONS)
        for statements in MIGRATIONS[current:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"pragma user_version = {max(current, VERSION)}")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return int(found)

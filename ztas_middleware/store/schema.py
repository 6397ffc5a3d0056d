"""The tables, as numbered migrations.

A database knows how far it got by `pragma user_version`. Whoever opens it brings it up to date;
several processes that start at once take turns under `begin immediate`, and the later ones find
the work done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

# One index only: it serves a site's period, and rows arrive nearly in its order,
# so that an insert at ten million rows costs what it costs at ten thousand.
HITS_BY_SITE_AND_TIME = "create index hits_by_site_and_time on hits (site_id, time)"

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

# Rollups: what reports read of finished days; exact, and made anew from `hits` where they are
# out of date. What the numbers are is said in tallies.py.
#
# Numbers are written under a `run`, in as many transactions as it takes, and count only once a
# day or a block has that run. Until then, and again when it is replaced, the run is listed here,
# so that whatever a killed process leaves behind is found.
ROLLUP_RUNS = """
create table rollup_runs (
    run integer primary key,
    since integer not null
) strict
"""

# `next_run`: runs are never used twice. `watermark`: all hits up to this id have been looked at,
# and those that came late for a day that had been rolled up have made it stale. The time of that
# hit shows whether it is still the same one: SQLite gives the ids of deleted rows away again.
# `identity`: what is remembered of this database is of no use for another under the same name.
ROLLUP_STATE = """
create table rollup_state (
    only integer primary key check (only = 1),
    next_run integer not null,
    watermark integer not null,
    watermark_time integer not null,
    identity text not null
) strict
"""

# `starts` and `ends` are the day's instants; `mark` and `goals_mark` say by which rules it was
# counted; `through` is the largest `hits.id` there was; `stale`: hits have come since; `sealed`:
# its hits are gone, and these are all the numbers there will ever be.
ROLLUP_DAYS = """
create table rollup_days (
    site_id text not null,
    day text not null,
    run integer not null,
    starts integer not null,
    ends integer not null,
    mark text not null,
    goals_mark text not null,
    through integer not null,
    stale integer not null,
    sealed integer not null,
    hits integer not null,
    pageviews integer not null,
    visitors integer not null,
    sessions integer not null,
    viewing_sessions integer not null,
    bounces integer not null,
    session_time any not null,
    page_times integer not null,
    page_time any not null,
    primary key (site_id, day)
) strict, without rowid
"""

# A path occurs on hundreds of days; its text is stored once.
ROLLUP_VALUES = """
create table rollup_values (
    id integer primary key,
    value text not null unique
) strict
"""

ROLLUP_ROWS = """
create table rollup_rows (
    run integer not null,
    dimension integer not null,
    value_id integer not null,
    number integer not null,
    visitors integer not null,
    amount any not null,
    primary key (run, dimension, value_id)
) strict, without rowid
"""

ROLLUP_GOALS = """
create table rollup_goals (
    run integer not null,
    name text not null,
    conversions integer not null,
    visitors integer not null,
    amount any not null,
    primary key (run, name)
) strict, without rowid
"""

# `sessions` is a JSON array: how many reached each step.
ROLLUP_FUNNELS = """
create table rollup_funnels (
    run integer not null,
    name text not null,
    sessions text not null,
    primary key (run, name)
) strict, without rowid
"""

# The sums of 2, 4, 8, ... days in a row, from `first` on, packed: a year is then read from a
# dozen of these instead of from 365 days. See blocks.py.
ROLLUP_BLOCKS = """
create table rollup_blocks (
    site_id text not null,
    level integer not null,
    first text not null,
    run integer not null,
    primary key (site_id, level, first)
) strict, without rowid
"""

ROLLUP_PACKS = """
create table rollup_packs (
    run integer not null,
    dimension integer not null,
    part integer not null,
    pack blob not null,
    primary key (run, dimension, part)
) strict
"""

# For whoever looks at the database with other tools.
ROLLUPS = """
create view rollups as
select
    site_id,
    day,
    case dimension
        when 1 then 'page'
        when 2 then 'entry page'
        when 3 then 'exit page'
        when 4 then 'referrer'
        when 5 then 'source'
        when 6 then 'campaign'
        when 7 then 'event'
        when 8 then 'browser'
        when 9 then 'os'
        when 10 then 'device'
        when 11 then 'country'
    end as dimension,
    value,
    number,
    rollup_rows.visitors as visitors,
    amount / 1000000.0 as amount
from rollup_days
join rollup_rows using (run)
join rollup_values on rollup_values.id = rollup_rows.value_id
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

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (HITS, HITS_BY_SITE_AND_TIME, DROPS, SALTS),
    (
        ROLLUP_RUNS,
        ROLLUP_STATE,
        "insert into rollup_state (only, next_run, watermark, watermark_time, identity) "
        "values (1, 1, 0, 0, hex(randomblob(16)))",
        ROLLUP_DAYS,
        ROLLUP_VALUES,
        ROLLUP_ROWS,
        ROLLUP_GOALS,
        ROLLUP_FUNNELS,
        ROLLUP_BLOCKS,
        ROLLUP_PACKS,
        ROLLUPS,
    ),
    (LOGIN_TRIES,),
)
"""Statements of each schema version, in order; version N is `MIGRATIONS[N - 1]`. Append only."""

VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the database up to `VERSION`; return the version it had.

    The connection must be in autocommit mode (`isolation_level=None`). A database newer than
    this code is left alone: its tables only ever gain columns and companions.

    Raises:
        sqlite3.OperationalError: locked, full, or not writable.
    """
    (found,) = connection.execute("pragma user_version").fetchone()
    if found >= VERSION:
        return int(found)
    connection.execute("begin immediate")
    try:
        # Another process may have done the work between the look above and the lock.
        (current,) = connection.execute("pragma user_version").fetchone()
        for statements in MIGRATIONS[current:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"pragma user_version = {max(current, VERSION)}")
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return int(found)

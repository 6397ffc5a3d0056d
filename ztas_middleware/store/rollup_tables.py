"""The tables of the rollups; `schema.py` says since which version they are there.

They are what reports read of finished days; exact, and made anew from `hits` where they are out
of date. What the numbers are is said in tallies.py.
"""

from __future__ import annotations

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

FIRST_ROLLUP_STATE = """
insert into rollup_state (only, next_run, watermark, watermark_time, identity)
values (1, 1, 0, 0, hex(randomblob(16)))
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

ROLLUP_TABLES = (
    ROLLUP_RUNS,
    ROLLUP_STATE,
    FIRST_ROLLUP_STATE,
    ROLLUP_DAYS,
    ROLLUP_VALUES,
    ROLLUP_ROWS,
    ROLLUP_GOALS,
    ROLLUP_FUNNELS,
    ROLLUP_BLOCKS,
    ROLLUP_PACKS,
    ROLLUPS,
)

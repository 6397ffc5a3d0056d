"""What the database says of the history: which days are filed, and what changed since.

The files are Parquet in a folder (history/); here is what proves that they are current.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.days import EARLIEST, LATEST

if TYPE_CHECKING:
    import sqlite3

QUARTER = 900_000
"""Milliseconds: timezones are whole quarters of an hour, so that one lies within one day of any."""

# A finished day. `state` is `filed`: its hits are in the database, too; `moving`, `moved`: in the
# history alone, or soon; `sealed`: there are none any more, and `totals` (JSON, packed by zlib) is
# what is left. `last_id` is the newest hit there was when it was filed: one of that day with a
# larger id came late. `generation` is that of the month's files; `rules` by what it was filed.
HISTORY_DAYS = """
create table history_days (
    site_id text not null,
    day text not null,
    state text not null check (state in ('filed', 'moving', 'moved', 'sealed')),
    rows integer not null,
    last_id integer not null,
    generation text not null,
    rules text not null,
    totals any,
    primary key (site_id, day)
) strict
"""

# All hits of the site with an id up to the watermark have been looked at: they are filed, or lie in
# `open` (a JSON array of first and last ids). `changes` goes up with every hit that is deleted or
# changed by hand; `cuts` when the newest one is deleted, whose id SQLite gives to the next.
HISTORY_SITES = """
create table history_sites (
    site_id text primary key,
    identity text not null default (lower(hex(randomblob(16)))),
    watermark integer not null default (-9223372036854775807 - 1),
    open text not null default '[]',
    changes integer not null default 0,
    cuts integer not null default 0
) strict, without rowid
"""

# Quarters of an hour (`time / 900000`) of which hits were deleted, changed or replaced by hand;
# `number` is that of the last change, so that one which comes meanwhile is not taken for done.
HISTORY_CHANGES = """
create table history_changes (
    site_id text not null,
    quarter integer not null,
    number integer not null,
    primary key (site_id, quarter)
) strict, without rowid
"""


def _note(hit: str) -> str:
    return f"""
        insert into history_sites (site_id, changes) values ({hit}.site_id, 1)
        on conflict (site_id) do update set changes = changes + 1;
        insert into history_changes (site_id, quarter, number)
        select site_id, {hit}.time / {QUARTER}, changes from history_sites
        where site_id = {hit}.site_id and {hit}.time >= {EARLIEST} and {hit}.time < {LATEST}
        on conflict (site_id, quarter) do update set number = excluded.number;
    """


def _cut(name: str, event: str) -> str:
    """The newest hits are gone, and the next ones get their ids.

    One statement may delete many of them, from the oldest on: it is heard of with the last alone.
    """
    newest = "(select ifnull(max(id), 0) from hits)"
    return f"""
        create trigger {name} after {event} on hits
        when not exists (select 1 from hits where id > old.id)
        begin
            update history_sites set
                cuts = cuts + 1, changes = changes + 1, watermark = min(watermark, {newest});
            update history_days set last_id = {newest} where last_id > {newest};
        end
    """


# An ordinary insert has no id yet, which is -1 here, so that it costs nothing; and no trigger hears
# of the hit that `insert or replace` throws out.
TRIGGERS = {
    "history_deleted": f"""
        create trigger history_deleted after delete on hits begin {_note("old")} end
    """,
    "history_changed": f"""
        create trigger history_changed after update on hits begin
            {_note("old")} {_note("new")}
        end
    """,
    "history_replaced": f"""
        create trigger history_replaced before insert on hits when new.id <> -1 begin
            insert into history_sites (site_id, changes)
            select site_id, 1 from hits where id = new.id
            on conflict (site_id) do update set changes = changes + 1;
            insert into history_changes (site_id, quarter, number)
            select hits.site_id, hits.time / {QUARTER}, changes
            from hits join history_sites using (site_id)
            where hits.id = new.id and time >= {EARLIEST} and time < {LATEST}
            on conflict (site_id, quarter) do update set number = excluded.number;
            {_note("new")}
        end
    """,
    "history_newest_deleted": _cut("history_newest_deleted", "delete"),
    "history_newest_renumbered": _cut("history_newest_renumbered", "update of id"),
}
"""By name; `sqlite-utils transform` and the like drop them."""

HISTORY_TABLES = (HISTORY_DAYS, HISTORY_SITES, HISTORY_CHANGES, *TRIGGERS.values())


def sealed_until(connection: sqlite3.Connection, site_id: str) -> str | None:
    """The last day of a site whose hits are gone for good and whose totals stay, if any."""
    (day,) = connection.execute(
        "select max(day) from history_days where site_id = ? and state = 'sealed'", (site_id,)
    ).fetchone()
    last: str | None = day
    return last

"""The table of id ranges, and the triggers that keep it true; ranges.py reads and fills it.

It is in the place of an index on (site_id, time), for which every hit paid a sixth of its bytes
and half of its write-ahead log: hits come nearly in the order of time, so that a row for each
quarter of an hour says as much.
"""

from __future__ import annotations

DROP_HITS_BY_SITE_AND_TIME = "drop index if exists hits_by_site_and_time"

# All hits of a site and a quarter of an hour, `time / 900000`, that have been looked at lie in its
# ranges, which may have other hits in them, or none any more. Times before 1970 are of quarter -1,
# and those from the year 3000 on of 36115200.
HIT_RANGES = """
create table hit_ranges (
    site_id text not null,
    quarter integer not null,
    first_id integer not null,
    last_id integer not null,
    primary key (site_id, quarter, first_id)
) strict, without rowid
"""

# Goes up whenever it is not true any more that all hits are as they were and new ones have the
# largest ids: when hits are deleted or changed by hand, or the newest one is deleted.
CHANGES = "alter table rollup_state add column changes integer not null default 0"

# Nothing of the hits that are there is in ranges yet.
LOOK_AT_ALL_HITS = "update rollup_state set watermark = 0, watermark_time = 0"


def _day_of(hit: str) -> str:
    """The rolled day, if any, that a hit is of: a site's date is at most one off."""
    return f"""
        site_id = {hit}.site_id
        and day between date({hit}.time / 1000 - 86400, 'unixepoch')
            and date({hit}.time / 1000 + 86400, 'unixepoch')
        and starts <= {hit}.time and ends > {hit}.time
    """


def _distrust(hit: str) -> str:
    return f"update rollup_days set stale = 1 where {_day_of(hit)} and stale = 0 and sealed = 0;"


# Hits of sealed days are no loss: their numbers stay, and nobody counts them.
HIT_DELETED = f"""
create trigger hit_deleted after delete on hits
when not exists (select 1 from rollup_days where {_day_of("old")} and sealed = 1)
begin
    update rollup_state set changes = changes + 1;
    {_distrust("old")}
end
"""

HIT_CHANGED = f"""
create trigger hit_changed after update on hits
begin
    update rollup_state set
        changes = changes + 1,
        watermark_time = case watermark when new.id then new.time else watermark_time end;
    {_distrust("old")}
    {_distrust("new")}
    insert into hit_ranges (site_id, quarter, first_id, last_id)
    select site_id, quarter, id, id from (
        select
            new.site_id as site_id,
            case
                when new.time < 0 then -1
                when new.time >= 32503680000000 then 36115200
                else new.time / 900000
            end as quarter,
            new.id as id
    ) as hit
    where id <= (select watermark from rollup_state) and not exists (
        select 1 from hit_ranges as known
        where known.site_id = hit.site_id and known.quarter = hit.quarter
            and known.first_id <= hit.id and known.last_id >= hit.id
    );
end
"""


def _gone(name: str, event: str) -> tuple[str, str]:
    """What happens when an id is not there any more: triggers for the newest, and the watermark."""
    before = "hits where id > 0 and id < old.id order by id desc limit 1"
    return (
        # SQLite gives the newest hit's id to the next one.
        f"""
        create trigger newest_hit_{name} after {event} on hits
        when not exists (select 1 from hits where id > old.id)
        begin
            update rollup_state set changes = changes + 1;
            update rollup_days set through = old.id - 1 where through >= old.id and sealed = 0;
        end
        """,
        f"""
        create trigger watermark_{name} after {event} on hits
        when old.id = (select watermark from rollup_state)
        begin
            update rollup_state set
                watermark = ifnull((select id from {before}), 0),
                watermark_time = ifnull((select time from {before}), 0);
        end
        """,
    )


RANGE_TABLES = (
    DROP_HITS_BY_SITE_AND_TIME,
    HIT_RANGES,
    CHANGES,
    LOOK_AT_ALL_HITS,
    HIT_DELETED,
    HIT_CHANGED,
    *_gone("deleted", "delete"),
    *_gone("renumbered", "update of id"),
)

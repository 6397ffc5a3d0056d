"""Sessions: which hits of a day belong together, and what is noted on each of them.

Hits with a `session_id` belong to that session; a visitor's others to one that ends after more than
30 minutes without any of them. Hits without a visitor and without a session are of none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.acquisition.channels import channel_of
from ztas_middleware.acquisition.hosts import OwnHosts, host_of
from ztas_middleware.acquisition.sources import source_of
from ztas_middleware.history.clock import bounds_of, make_clock
from ztas_middleware.history.columns import HITS, LONGEST, ROWS, SESSION, UTM, millionths

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, tzinfo

    from duckdb import DuckDBPyConnection

    from ztas_middleware.config.domains import Domain

GAP = 30 * 60 * 1000
"""Milliseconds without a hit after which a visitor's next hit begins a new session."""

ORDER = "day, session nulls last, time, id"
"""How rows are kept: a day is read without the others, and a session lies beside each other."""

# Narrow rows are sorted, and the rest is joined by id. `visit` is the id of a session's first hit.
_MARKED = f"""
create or replace temp table forming_marked as
with
    dated as (
        select
            hits.id, hits.time, day, hour, type, path, is_bounce, time_on_page, session_id,
            ifnull('s' || session_id, nullif('v' || visitor, 'v')) as owner
        from {{hits}} as hits
        asof join forming_clock on hits.time >= forming_clock.starts
        where hits.time < $end
    ),
    begun as (
        select
            *,
            case
                when lag(time) over of_owner is null
                    or (session_id is null and time - lag(time) over of_owner > {GAP})
                then id
            end as begins
        from dated
        window of_owner as (partition by day, owner order by time, id)
    )
select
    id, time, day, hour, type, path, is_bounce, time_on_page,
    case when owner is not null then
        last_value(begins ignore nulls) over (
            partition by day, owner order by time, id rows unbounded preceding
        )
    end as visit
from begun
"""

_SESSIONS = f"""
create or replace temp table forming_sessions as
with
    visits as (
        select
            visit,
            any_value(day) as day,
            min(time) as start,
            max(time) - min(time) as length,
            count(*) filter (where type = 'pageview') as views,
            ifnull(bool_or(type = 'event'), false) as has_event,
            ifnull(bool_or(type = 'engagement' and is_bounce = 0), false) as is_engaged,
            min({{'time': time, 'id': id}}) filter (where type = 'pageview') as entry,
            max({{'time': time, 'id': id}}) filter (where type = 'pageview') as exit
        from forming_marked
        where visit is not null
        group by visit
    ),
    pages as (
        select visit, {millionths("least(max(time_on_page), " + str(LONGEST) + ")")} as longest
        from forming_marked
        where time_on_page is not null and visit is not null
        group by visit, path
    ),
    times as (select visit, sum(longest) as seconds from pages group by visit)
select
    visit, entry.id as entry_id, exit.id as exit_id,
    row_number() over (partition by day order by start, visit) - 1 as session,
    views > 0 or has_event as session_counts,
    views::integer as session_views,
    views = 1 and not has_event and not is_engaged as session_bounced,
    least(greatest(length::hugeint * 1000, ifnull(seconds, 0)), {LONGEST}000000)::bigint
        as session_duration,
    start as session_start
from visits
left join times using (visit)
"""

_ORIGINS = f"""
select distinct referrer, {", ".join(UTM)}
from forming_sessions join {{hits}} as hits on hits.id = entry_id
"""

_TAGS = ", ".join(f"entry.{name} as session_{name}" for name in UTM)
_SAME_TAGS = " and ".join(
    f"known.{name} is not distinct from entry.{name}" for name in ("referrer", *UTM)
)
_VISITS = f"""
create or replace temp table forming_visits as
select
    visits.* exclude (entry_id, exit_id),
    entry.path as entry_page, exit.path as exit_page,
    known.host as session_referrer,
    ifnull(known.source, 'Direct') as source,
    ifnull(known.channel, 'Direct') as channel,
    {_TAGS}
from forming_sessions as visits
left join {{hits}} as entry on entry.id = visits.entry_id
left join {{hits}} as exit on exit.id = visits.exit_id
left join forming_origins as known on entry.id is not null and {_SAME_TAGS}
"""


# What belongs to a session takes a third of a row, and joins those that are in order already.
_ROWS = f"""
select
    sorted.* exclude (visit), {", ".join(f"visits.{column.name}" for column in SESSION)}
from (
    select
        marked.day, marked.hour, sessions.session,
        {", ".join(f"hits.{column.name}" for column in HITS)}, marked.visit
    from {{hits}} as hits
    join forming_marked as marked on marked.id = hits.id
    left join forming_sessions as sessions on sessions.visit = marked.visit
    order by marked.day, sessions.session nulls last, hits.time, hits.id
) as sorted
left join forming_visits as visits on visits.visit = sorted.visit
"""


def make_table(cursor: DuckDBPyConnection, table: str, *, temp: bool = True) -> None:
    """Make an empty table with the columns of the relation `rows`."""
    columns = ", ".join(f"{column.name} {column.type}" for column in ROWS)
    cursor.execute(f"create or replace {'temp ' if temp else ''}table {table} ({columns})")


def make_hits_table(cursor: DuckDBPyConnection, table: str) -> None:
    """Make an empty table with the columns of `hits`."""
    columns = ", ".join(f"{column.name} {column.type}" for column in HITS)
    cursor.execute(f"create or replace temp table {table} ({columns})")


def form(
    cursor: DuckDBPyConnection,
    *,
    hits: str,
    rows: str,
    first: date,
    last: date,
    zone: tzinfo,
    domains: Iterable[Domain],
) -> None:
    """Append the hits of some days to a table from `make_table`; arguments as in `formed`."""
    query = formed(cursor, hits=hits, first=first, last=last, zone=zone, domains=domains)
    cursor.execute(f"insert into {rows} {query}")
    drop_formed(cursor)


def formed(
    cursor: DuckDBPyConnection,
    *,
    hits: str,
    first: date,
    last: date,
    zone: tzinfo,
    domains: Iterable[Domain],
) -> str:
    """The query for the hits of some days as rows, in `ORDER`; good until `drop_formed`.

    Args:
        cursor: DuckDB's.
        hits: the name of a table with the columns of `hits`, of one site, each id once; those of
            other days are left out.
        first: the first day.
        last: the last day.
        zone: the site's timezone.
        domains: the site's domains, which are nobody's referrer.
    """
    make_clock(cursor, "forming_clock", first, last, zone)
    cursor.execute(_MARKED.format(hits=hits), {"end": bounds_of(first, last, zone)[1]})
    cursor.execute(_SESSIONS)
    _make_origins(cursor, hits, OwnHosts(domains))
    cursor.execute(_VISITS.format(hits=hits))
    return _ROWS.format(hits=hits)


def drop_formed(cursor: DuckDBPyConnection) -> None:
    """Drop the tables that `formed` has made."""
    for name in ("clock", "marked", "sessions", "origins", "visits"):
        cursor.execute(f"drop table forming_{name}")


def _make_origins(cursor: DuckDBPyConnection, hits: str, own: OwnHosts) -> None:
    """Make a table of what each distinct referrer with its tags stands for."""
    found = cursor.execute(_ORIGINS.format(hits=hits)).fetchall()
    tags = {name: number for number, name in enumerate(UTM, start=1)}
    columns: list[list[str | None]] = [[] for _ in range(len(UTM) + 4)]
    for row in found:
        host = host_of(row[0], own)
        source, medium, campaign = (
            row[tags[name]] for name in ("utm_source", "utm_medium", "utm_campaign")
        )
        values = (
            *row,
            host,
            source_of(source, host),
            channel_of(source, medium, campaign, host),
        )
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    names = ("referrer", *UTM, "host", "source", "channel")
    fields = ", ".join(f"unnest(?::varchar[]) as {name}" for name in names)
    cursor.execute(f"create or replace temp table forming_origins as select {fields}", columns)

"""The numbers of rows that share some keys: of days, of reports, of lines in a breakdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.history.columns import LONGEST, millionths

if TYPE_CHECKING:
    from collections.abc import Mapping

NUMBERS = (
    *("pageviews", "visitors", "events", "value"),
    *("sessions", "viewing", "bounces", "duration"),
    *("page_times", "page_time"),
)
"""`viewing` are the sessions with a page view, of which `bounces` are a share; `page_times` is how
many (session, path) have a time on page. `value` is in millionths, `duration` and `page_time` in
microseconds."""


def numbers_of(rows: str, keys: Mapping[str, str]) -> str:
    """The query for `NUMBERS` by some keys.

    Args:
        rows: a relation with the columns of `rows`.
        keys: their names, none of which is a column's, and the expression of each.
    """
    names = ", ".join(keys)
    made = ", ".join(f"{expression} as {name}" for name, expression in keys.items())
    views = f"""
        select
            {names},
            count(*) filter (where type = 'pageview') as pageviews,
            count(distinct (day, visitor)) filter (where visitor != '') as visitors,
            count(*) filter (where type = 'event') as events,
            sum({millionths("value")}) filter (where type = 'event') as value
        from (
            select {made}, day, visitor, type, value from {rows}
            where type in ('pageview', 'event')
        )
        group by {names}
    """
    visits = f"""
        select
            {names},
            count(*) as sessions,
            count(*) filter (where session_views > 0) as viewing,
            count(*) filter (where session_bounced) as bounces,
            sum(session_duration) as duration
        from (
            select distinct {made}, day, session, session_views, session_bounced, session_duration
            from {rows} where session_counts
        )
        group by {names}
    """
    times = f"""
        select
            {names},
            count(*) as page_times,
            sum({millionths(f"least(longest, {LONGEST})")}) as page_time
        from (
            select {names}, max(time_on_page) as longest
            from (
                select {made}, day, session, path, time_on_page from {rows}
                where session_counts and time_on_page is not null
            )
            group by {names}, day, session, path
        )
        group by {names}
    """
    return f"""
        select {names}, {", ".join(f"ifnull(sum({name}), 0) as {name}" for name in NUMBERS)}
        from ({views} union all by name {visits} union all by name {times})
        group by {names}
    """

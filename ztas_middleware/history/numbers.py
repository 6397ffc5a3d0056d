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


NUMBERED_NAMES = (
    "day, visitor, type, path, value, time_on_page, "
    "session, session_counts, session_views, session_bounced, session_duration"
)
"""The columns of `rows` that they are made of."""


def people_of(rows: str, *columns: str) -> str:
    """The query for the page views and events of `rows` by day, visitor and some columns."""
    return f"""
        select
            {", ".join(("day", "visitor", *columns))},
            count(*) filter (where type = 'pageview') as views,
            count(*) filter (where type = 'event') as happened,
            sum({millionths("value")}) filter (where type = 'event') as amount
        from {rows} where type in ('pageview', 'event') group by all
    """


def numbers_of(
    rows: str, keys: Mapping[str, str], *, people: str | None = None, visits: str | None = None
) -> str:
    """The query for `NUMBERS` by some keys.

    Args:
        rows: a relation with the columns of `rows`.
        keys: their names, none of which is a column's, and the expression of each.
        people: a relation from `people_of` that has what the keys are made of.
        visits: a relation that has it, and what belongs to each session that counts.
    """
    names = ", ".join(keys)
    made = ", ".join(f"{expression} as {name}" for name, expression in keys.items())
    seen = f"(select *, {made} from {people})" if people else f"({people_of(rows, made)})"
    people = f"""
        select
            {names}, sum(views) as pageviews, count(*) filter (where visitor != '') as visitors,
            sum(happened) as events, sum(amount) as value
        from (
            select
                {names}, day, visitor,
                sum(views) as views, sum(happened) as happened, sum(amount) as amount
            from {seen} group by {names}, day, visitor
        )
        group by {names}
    """
    visits = f"""
        select
            {names}, count(*) as sessions, count(*) filter (where views > 0) as viewing,
            count(*) filter (where is_bounce) as bounces, sum(length) as duration
        from (
            select
                {made}, day as session_day, session, any_value(session_views) as views,
                any_value(session_bounced) as is_bounce, any_value(session_duration) as length
            from {visits or f"(select * from {rows} where session_counts)"}
            group by {names}, session_day, session
        )
        group by {names}
    """
    times = f"""
        select
            {names}, count(*) as page_times,
            sum({millionths(f"least(longest, {LONGEST})")}) as page_time
        from (
            select {made}, day as session_day, session, path, max(time_on_page) as longest
            from {rows} where session_counts and time_on_page is not null
            group by {names}, session_day, session, path
        )
        group by {names}
    """
    return f"""
        select {names}, {", ".join(f"ifnull(sum({name}), 0) as {name}" for name in NUMBERS)}
        from ({people} union all by name {visits} union all by name {times})
        group by {names}
    """

"""Journeys: what comes directly before and after a page or an event, in its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.reports.answers import Journeys, Neighbour
from ztas_middleware.reports.conditions import Bound, keeps
from ztas_middleware.reports.selected import answers_from, select

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from ztas_middleware.history.asked import Asked
    from ztas_middleware.reports.questions import JourneysQuestion

ENTRY, EXIT = "(entry)", "(exit)"


def journeys_of(asked: Asked, question: JourneysQuestion) -> Journeys:
    """Answer a question about the days that the history was asked for."""
    selected = select(asked, question.site, question.period, question.filters)
    cursor = selected.cursor
    bound = Bound(selected.kept_values)
    kind = "event" if "action" in question.around.names() else "pageview"
    around = keeps(question.around, question.site, bound)
    cursor.execute(
        f"""
        create or replace temp table journeys as
        with
            centers as materialized (
                select day, session, id from {selected.kept}
                where type = '{kind}' and session is not null and {around}
            ),
            placed as (
                select
                    day, session, id,
                    last_value(if(type = 'pageview', path, null) ignore nulls) over (
                        partition by day, session order by time, id
                        rows between unbounded preceding and 1 preceding
                    ) as before,
                    first_value(if(type = 'pageview', path, null) ignore nulls) over (
                        partition by day, session order by time, id
                        rows between 1 following and unbounded following
                    ) as after
                from {selected.every}
                where type in ('pageview', 'event')
                    and (day, session) in (select (day, session) from centers)
            )
        select day, session, ifnull(before, '{ENTRY}') as before, ifnull(after, '{EXIT}') as after
        from placed semi join centers using (id)
        """,
        bound.values,
    )
    return Journeys(
        _ranked(cursor, "before", question),
        _ranked(cursor, "after", question),
        answers_from(asked, question.period),
    )


def _ranked(
    cursor: DuckDBPyConnection, side: str, question: JourneysQuestion
) -> tuple[Neighbour, ...]:
    rows = cursor.execute(
        f"""
        select path, count(*) as sessions
        from (select distinct day, session, {side} as path from journeys)
        group by path order by sessions desc, path
        limit {question.limit} offset {question.offset}
        """
    ).fetchall()
    return tuple(Neighbour(*row) for row in rows)

"""Goals and funnels: how often something happened, and how far sessions got, from rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.history.columns import millionths
from ztas_middleware.reports.conditions import Bound, matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from ztas_middleware.config.goals import Funnel, Goal
    from ztas_middleware.reports.selected import Selected


_PLACE = "time::hugeint * 18446744073709551616 + id"
"""Where a row is among those of its session, by time and id: compared faster than a pair."""


def added(days: Iterable[Sequence[int]], numbers: int) -> list[int]:
    """So many numbers of some days together."""
    return [sum(column) for column in zip(*days, strict=True)] or [0] * numbers


def goals_by_day(selected: Selected, goals: Sequence[Goal]) -> dict[date, tuple[int, ...]]:
    """Conversions, distinct visitors and the sum of values in millionths, of each goal in turn.

    Days without any conversion are left out.
    """
    if not goals:
        return {}
    bound = Bound(selected.kept_values)
    conditions = [matches(goal.match, bound) for goal in goals]
    marks = [f"m{number}" for number in range(len(goals))]
    marked = ", ".join(
        f"{condition} as {mark}" for condition, mark in zip(conditions, marks, strict=True)
    )
    counted = ", ".join(
        f"count(*) filter (where {mark}) as n{mark}, "
        f"sum({millionths('value')}) filter (where {mark}) as v{mark}"
        for mark in marks
    )
    numbers = ", ".join(
        f"sum(n{mark}), count(*) filter (where n{mark} > 0 and visitor != ''), sum(v{mark})"
        for mark in marks
    )
    rows = selected.cursor.execute(
        f"""
        select day, {numbers} from (
            select day, visitor, {counted}
            from (select day, visitor, value, {marked} from {selected.kept})
            where {" or ".join(marks)}
            group by day, visitor
        )
        group by day
        """,
        bound.values,
    ).fetchall()
    return {day: tuple(int(number or 0) for number in row) for day, *row in rows}


def reached_by_day(
    selected: Selected, funnel: Funnel, *, is_filtered: bool
) -> dict[date, tuple[int, ...]]:
    """How many sessions took each step of a funnel, and all those before it, in order.

    Days on which nobody took the first one are left out.

    Args:
        selected: the rows; sessions are taken whole if one of their rows is kept.
        funnel: which one.
        is_filtered: whether any row is not kept.
    """
    bound = Bound(selected.every_values | (selected.kept_values if is_filtered else {}))
    marks = [f"m{number}" for number in range(len(funnel.steps))]
    marked = ", ".join(
        f"{matches(step.match, bound)} as {mark}"
        for step, mark in zip(funnel.steps, marks, strict=True)
    )
    rows = f"(select * from {selected.every} where session_counts)"
    if is_filtered:
        visits = f"select distinct day, session from {selected.kept} where session_counts"
        rows = f"(select * from {rows} semi join ({visits}) as visits using (day, session))"
    steps = [f"s{number}" for number in range(len(marks))]
    taken = [
        """
        s0 as (
            select day, session, min(place) as place
            from marked where m0 group by day, session
        )
        """
    ]
    taken += [
        f"""
        {step} as (
            select day, session, min(marked.place) as place
            from marked join {before} as before using (day, session)
            where {mark} and marked.place > before.place
            group by day, session
        )
        """
        for mark, step, before in zip(marks[1:], steps[1:], steps, strict=False)
    ]
    found = selected.cursor.execute(
        f"""
        with
            marked as materialized (
                select day, session, {_PLACE} as place, {", ".join(marks)}
                from (select day, session, time, id, {marked} from {rows})
                where {" or ".join(marks)}
            ),
            {", ".join(taken)}
        select s0.day, {", ".join(f"count({step}.session)" for step in steps)}
        from s0 {" ".join(f"left join {step} using (day, session)" for step in steps[1:])}
        group by s0.day
        """,
        bound.values,
    ).fetchall()
    return {day: tuple(row) for day, *row in found}

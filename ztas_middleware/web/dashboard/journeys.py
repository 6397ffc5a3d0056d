"""What people do before and after the page or event that is filtered by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.filters import Filters, literal
from ztas_middleware.reports.questions import JourneysQuestion
from ztas_middleware.web.dashboard.lists import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.reports.answers import Neighbour
    from ztas_middleware.reports.reader import Reports
    from ztas_middleware.web.dashboard.questions import Question

NEIGHBOURS = 8


class JourneysView(NamedTuple):
    """The pages around one."""

    around: str
    before: tuple[Row, ...]
    after: tuple[Row, ...]


def journeys_view(reports: Reports, question: Question) -> JourneysView | None:
    """The pages around the one that is filtered by; None where there is no such filter.

    Raises:
        StorageError: the database can't be read.
    """
    filters = question.filters
    centers = [one for one in filters.each if one.name in ("page", "action") and not one.negated]
    if len({center.name for center in centers}) != 1:
        return None
    asked = question.asked
    journeys = reports.journeys(
        JourneysQuestion(
            site=asked.site,
            period=asked.period,
            now=asked.now,
            filters=Filters(tuple(one for one in filters.each if one not in centers)),
            around=Filters(tuple(centers)),
            limit=NEIGHBOURS,
        )
    )
    around = " or ".join(value for center in centers for value in center.values)
    given = {center.key for center in centers}
    there = replace(
        question,
        given={name: values for name, values in question.given.items() if name not in given},
    )
    return JourneysView(around, _rows(journeys.before, there), _rows(journeys.after, there))


def _rows(neighbours: Sequence[Neighbour], question: Question) -> tuple[Row, ...]:
    most = max((one.sessions for one in neighbours), default=1)
    return tuple(
        Row(
            name={"(entry)": "The visit begins", "(exit)": "The visit ends"}.get(
                one.path, one.path
            ),
            href=question.query({"page": literal(one.path)}) if one.path.startswith("/") else None,
            share=one.sessions / most,
            cells=(one.sessions,),
        )
        for one in neighbours
    )

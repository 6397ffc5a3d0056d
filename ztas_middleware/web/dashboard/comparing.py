"""What a period is held against: the choice there is, and what changes are said to be since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ztas_middleware.days import local_time
from ztas_middleware.reports.periods import Days
from ztas_middleware.reports.questions import COMPARE
from ztas_middleware.web.dashboard import dates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.reports.answers import Report, Summary
    from ztas_middleware.web.dashboard.questions import Question

NAMES: Final[Mapping[str, str]] = {
    "previous": "The period before",
    "year": "The same dates a year before",
    "none": "Nothing",
}


class Choice(NamedTuple):
    """Something to hold the period against."""

    name: str
    href: str
    current: bool


class Comparison(NamedTuple):
    """What a period is held against."""

    choices: tuple[Choice, ...]
    dates: str
    """Of the other period, in words; empty where there is none."""
    since: str
    """The same with the time of day, where it is a part of it."""
    first: str
    """ISO dates for the form."""
    last: str
    summary: Summary | None
    """Of the other period, up to the same time of day where the period is not over."""


def comparison_of(report: Report, question: Question) -> Comparison:
    """What a report is held against."""
    before = question.asked.before
    current = (
        "" if "compareStart" in question.given else question.given.get("compare", ["previous"])
    )
    choices = tuple(
        Choice(
            name,
            question.query({**dict.fromkeys(COMPARE), "compare": key}),
            bool(current) and current[0] == key,
        )
        for key, name in NAMES.items()
    )
    if before is None:
        return Comparison(choices, "", "", "", "", None)
    is_part = report.previous_so_far not in (None, report.previous)
    said = dates.day_range(before.first, before.last)
    if isinstance(before, Days):
        since = said
        if is_part:
            time = local_time(question.asked.now, before.zone)
            since = f"{said} up to {time:%H:%M}"
    else:
        said = since = "the 24 hours before" if current else said
    return Comparison(
        choices,
        said,
        since,
        before.first.isoformat(),
        before.last.isoformat(),
        report.previous_so_far if is_part else report.previous,
    )

"""Questions as values, and the one parser that makes them of what a reader wrote.

The API, the dashboard and the command line all ask with the parameters of the API: a mapping from
each name to the list of its values. A segment of the configuration has filters of the same form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from ztas_middleware.dimensions import DIMENSIONS
from ztas_middleware.filters import NAMED, NO_FILTERS, PROPERTY, Filters, is_filter
from ztas_middleware.parameters import (
    DEFAULT_LIMIT,
    ParameterError,
    parse_choice,
    parse_limit,
    parse_offset,
)
from ztas_middleware.reports.breakdowns import METRICS
from ztas_middleware.reports.periods import Hours, parse_dates, parse_period

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from ztas_middleware.config.model import Site
    from ztas_middleware.reports.periods import Period

    Parameters = Mapping[str, Sequence[str]]

Interval = Literal["hour", "day", "week", "month"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)

PERIOD = ("period", "startDate", "endDate")
COMPARE = ("compare", "compareStart", "compareEnd")
COMPARISONS = ("previous", "year", "none")

TIMES = ("day", "hour", "weekday")
"""What a breakdown may be by besides the dimensions and `prop:NAME`."""

MOST_KEYS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a report is about."""

    site: Site
    period: Period
    now: int
    """UTC milliseconds."""
    filters: Filters = NO_FILTERS
    before: Period | None = None
    """What the period is held against; None for nothing."""
    interval: Interval = "day"
    """Of the time series."""
    limit: int = DEFAULT_LIMIT
    """How many entries a list has."""
    offset: int = 0
    """How many entries of a list are passed over."""
    lists: frozenset[str] | None = None
    """Which lists are wanted; None are all, and goals, funnels and the hours of the week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakdownQuestion(Question):
    """What a breakdown is about."""

    by: tuple[str, ...]
    """One to three keys."""
    metrics: tuple[str, ...] = tuple(METRICS)
    order: str = "pageviews"
    """The metric by which rows are ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneysQuestion(Question):
    """What is before and after a page or an event."""

    around: Filters
    """Of `page` or `action`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeQuestion:
    """Whose last half hour, and what of it."""

    site: Site
    now: int
    """UTC milliseconds; hits that claim to be later are left out."""
    filters: Filters = NO_FILTERS
    limit: int = DEFAULT_LIMIT


STATS = frozenset({*PERIOD, *COMPARE, "interval", "limit", "offset"})
BREAKDOWN = frozenset({*PERIOD, "by", "metrics", "order", "format", "limit", "offset"})
JOURNEYS = frozenset({*PERIOD, "limit", "offset"})
REALTIME = frozenset({"limit"})
"""The parameters of each question besides its filters."""


def parse_question(
    parameters: Parameters, site: Site, now: int, begin: Callable[[], date | None]
) -> Question:
    """The question that parameters ask a report.

    Args:
        parameters: filters and `STATS`, by name.
        site: who is asked about.
        now: UTC milliseconds.
        begin: asked for the first day that has any hits, where it is needed.

    Raises:
        ParameterError: names the parameter that can't be understood.
    """
    single = single_values(parameters, STATS)
    asked = _asked(parameters, single, site, now, begin)
    period = asked["period"]
    return Question(**asked, before=_before(single, period), interval=_interval(single, period))


def parse_breakdown(
    parameters: Parameters, site: Site, now: int, begin: Callable[[], date | None]
) -> BreakdownQuestion:
    """The question that parameters ask a breakdown; as `parse_question`, with `BREAKDOWN`."""
    single = single_values(parameters, BREAKDOWN, several=("by",))
    metrics = _metrics(single)
    return BreakdownQuestion(
        **_asked(parameters, single, site, now, begin),
        by=_keys(parameters.get("by", ())),
        metrics=metrics,
        order=parse_choice("order", single.get("order", metrics[0]), tuple(METRICS)),
    )


def parse_journeys(
    parameters: Parameters, site: Site, now: int, begin: Callable[[], date | None]
) -> JourneysQuestion:
    """The question that parameters ask journeys; as `parse_question`, with `JOURNEYS`."""
    single = single_values(parameters, JOURNEYS)
    asked = _asked(parameters, single, site, now, begin)
    filters = asked.pop("filters")
    around = [
        found for found in filters.each if found.name in ("page", "action") and not found.negated
    ]
    names = {found.name for found in around}
    if not names:
        raise ParameterError("page", "or action is required")
    if len(names) > 1:
        raise ParameterError("action", "can't be combined with page")
    return JourneysQuestion(
        **asked,
        filters=Filters(tuple(found for found in filters.each if found not in around)),
        around=Filters(tuple(around)),
    )


def parse_realtime(parameters: Parameters, site: Site, now: int) -> RealtimeQuestion:
    """The question that parameters ask about right now; as `parse_question`, with `REALTIME`."""
    single = single_values(parameters, REALTIME)
    return RealtimeQuestion(
        site=site,
        now=now,
        filters=_filters(parameters, site),
        limit=parse_limit(single.get("limit")),
    )


def single_values(
    parameters: Parameters,
    known: Iterable[str],
    several: tuple[str, ...] = (),
    *,
    filters: bool = True,
) -> dict[str, str]:
    """The parameters that are no filters, each of which is given once.

    Raises:
        ParameterError: there are others than `known` and filters, if these mean anything
            (`filters`), or one is given twice.
    """
    single = {}
    for name, values in parameters.items():
        if name in known and name not in several:
            if len(values) > 1:
                raise ParameterError(name, "is given twice")
            single[name] = values[0]
        elif name not in several and not (filters and is_filter(name)):
            raise ParameterError(name, "is not a parameter of this question")
    return single


def _asked(
    parameters: Parameters,
    single: Mapping[str, str],
    site: Site,
    now: int,
    begin: Callable[[], date | None],
) -> dict[str, Any]:
    """What all questions about a period have."""
    return {
        "site": site,
        "now": now,
        "period": parse_period(single, site.timezone, now, begin),
        "filters": _filters(parameters, site),
        "limit": parse_limit(single.get("limit")),
        "offset": parse_offset(single.get("offset")),
    }


def _filters(parameters: Parameters, site: Site) -> Filters:
    filters = Filters.parse(parameters)
    filters.check([goal.name for goal in site.goals], site.segments)
    return filters


def _before(single: Mapping[str, str], period: Period) -> Period | None:
    dates = parse_dates(single, ("compareStart", "compareEnd"), period.zone)
    if dates is not None:
        if "compare" in single:
            raise ParameterError("compare", "can't be combined with compareStart")
        return dates
    compare = parse_choice("compare", single.get("compare", "previous"), COMPARISONS)
    if compare == "none":
        return None
    return period.year_before() if compare == "year" else period.previous()


def _interval(single: Mapping[str, str], period: Period) -> Interval:
    default: Interval = "hour" if isinstance(period, Hours) else "day"
    wanted = parse_choice("interval", single.get("interval", default), INTERVALS)
    if isinstance(period, Hours) and wanted != "hour":
        raise ParameterError("interval", "must be hour with period=24h")
    return cast("Interval", wanted)


def _metrics(single: Mapping[str, str]) -> tuple[str, ...]:
    metrics = tuple(METRICS)
    if "metrics" in single:
        metrics = tuple(dict.fromkeys(single["metrics"].split(",")))
    for name in metrics:
        parse_choice("metrics", name, tuple(METRICS))
    return metrics


def _keys(keys: Sequence[str]) -> tuple[str, ...]:
    if not keys:
        raise ParameterError("by", "is required")
    for key in keys:
        if key.startswith(PROPERTY) and key != PROPERTY:
            continue
        if key not in DIMENSIONS and key not in (*TIMES, *NAMED):
            known = ", ".join((*DIMENSIONS, *TIMES, *NAMED, "prop:NAME"))
            raise ParameterError("by", f"must be one of {known}")
    if len(set(keys)) < len(keys):
        raise ParameterError("by", "has a key twice")
    if len(keys) > MOST_KEYS:
        raise ParameterError("by", f"has too many keys: {MOST_KEYS} are the most")
    return tuple(keys)

"""What the query string of a page asks for, and the query strings of the pages around it.

Whatever is in a query string, there is a page to show: what can't be understood is left out, and
the page says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from ztas_middleware.dimensions import LISTS
from ztas_middleware.filters import NO_FILTERS, Filters, is_filter
from ztas_middleware.parameters import ParameterError
from ztas_middleware.reports.periods import (
    DEFAULT_PERIOD,
    FIRST_DATE,
    PERIODS,
    Days,
    named_period,
    parse_period,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import tzinfo

    from ztas_middleware.config.model import Site
    from ztas_middleware.reports.periods import Period

MOST_PARAMETERS = 200

_PERIOD = ("period", "startDate", "endDate")

# `share` lets somebody in, `swap` is what the script asks with.
_OTHERS = ("list", "share", "series")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A query string that was understood."""

    period: Period
    period_query: Mapping[str, str]
    """What the period is asked for with."""
    filters: Filters = NO_FILTERS
    list: str | None = None
    """The one list that is shown, at length; None shows the beginning of each."""
    share: str | None = None
    """What lets somebody in who is not logged in."""
    problems: tuple[str, ...] = field(default=())
    """What was not understood, as sentences."""

    def query(self, **changes: str | None) -> str:
        """A query string like this one, but for the changes; None takes a parameter away."""
        current = list(self.period_query.items())
        if current == [("period", DEFAULT_PERIOD)]:
            current = []
        current += self.filters.pairs()
        if self.share is not None:
            current.append(("share", self.share))
        kept = [(name, value) for name, value in current if name not in changes]
        return "?" + urlencode(
            kept + [(name, value) for name, value in changes.items() if value is not None]
        )

    def parameters(self, **changes: str) -> Mapping[str, Sequence[str]]:
        """What the reports are asked with: the parameters of the JSON API."""
        single = {name: (value,) for name, value in {**self.period_query, **changes}.items()}
        return {**single, **self.filters.parameters()}

    def for_period(self, period: Mapping[str, str]) -> str:
        """The same question for another period."""
        changes: dict[str, str | None] = {**dict.fromkeys(_PERIOD), "list": self.list}
        if period != {"period": DEFAULT_PERIOD}:
            changes |= period
        return self.query(**changes)

    def plain(self) -> Question:
        """The same question without filters and lists, for a page that has none."""
        return replace(self, filters=NO_FILTERS, list=None)

    def without_filters(self) -> str:
        """The same question without any filter."""
        return self.query(**dict.fromkeys(found.key for found in self.filters.each))


def parameters_of(query: str) -> dict[str, list[str]]:
    """The values of each parameter.

    Raises:
        ParameterError: there are too many.
    """
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="replace", max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise ParameterError("The address", "has too many parameters") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def parse_question(
    query: str, site: Site, now: int, begin: Callable[[], date | None] = lambda: None
) -> Question:
    """Understand as much of a query string as there is to understand.

    Args:
        query: as it is in the address, without the `?`.
        site: who is asked about.
        now: UTC milliseconds.
        begin: asked for the first day that has any hits, where it is needed.
    """
    zone = site.timezone
    problems: list[str] = []
    try:
        given = parameters_of(query)
    except ParameterError as error:
        given = {}
        problems.append(f"{error}.")
    asked = {name: given[name][0] for name in _PERIOD if name in given and given[name][0]}
    try:
        period = parse_period(asked, zone, now, begin)
    except ParameterError as error:
        problems.append(f"{error}. These are the last seven days.")
        asked = {}
        period = named_period(DEFAULT_PERIOD, zone, now)
    chosen = given.get("list", [None])[0]
    if chosen is not None and chosen not in LISTS:
        problems.append(f"There is no list called “{_shown(chosen)}”.")
        chosen = None
    filters = _filters(given, site, problems)
    return Question(
        period=period,
        period_query=asked or {"period": DEFAULT_PERIOD},
        filters=filters,
        list=chosen,
        share=given.get("share", [""])[0] or None,
        problems=tuple(problems),
    )


def _filters(given: Mapping[str, list[str]], site: Site, problems: list[str]) -> Filters:
    """The filters that can be understood; what is wrong with the others is added to `problems`."""
    found = NO_FILTERS
    unknown = []
    for name, values in given.items():
        try:
            if is_filter(name):
                more = Filters.parse({name: values})
                more.check([goal.name for goal in site.goals], site.segments)
                found = Filters.parse({**found.parameters(), name: values})
            elif name not in (*_PERIOD, *_OTHERS):
                unknown.append(name)
        except ParameterError as error:  # noqa: PERF203 - each is left out by itself
            problems.append(f"The filter {_shown(str(error), 200)}.")
    problems += [f"There is no filter called “{_shown(name)}”." for name in sorted(unknown)[:3]]
    return found


def dates_query(first: date, last: date) -> dict[str, str]:
    """The parameters that ask for a custom period."""
    return {"startDate": first.isoformat(), "endDate": last.isoformat()}


def earlier(period: Period, now: int) -> dict[str, str] | None:
    """What asks for the period before; None where there is none."""
    if not isinstance(period, Days):
        yesterday = today_in(period.zone, now) - timedelta(days=1)
        return dates_query(yesterday, yesterday)
    before = period.previous()
    return dates_query(before.first, before.last) if before.first >= FIRST_DATE else None


def later(period: Period, now: int) -> dict[str, str] | None:
    """What asks for the period after; None where that has not begun."""
    if not isinstance(period, Days):
        return None
    today = today_in(period.zone, now)
    if period.last >= today:
        return None
    first = period.last + timedelta(days=1)
    last = period.last + timedelta(days=period.length)
    for name, length in PERIODS.items():
        if length == period.length and last == today:
            return {"period": name}
    return dates_query(first, last)


def today_in(zone: tzinfo, now: int) -> date:
    """A site's running day."""
    return datetime.fromtimestamp(now / 1000, timezone.utc).astimezone(zone).date()


def _shown(text: str, limit: int = 40) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"

"""Periods: from what a reader asks for to stretches of a site's days.

A report is about whole days, or about the running hour and the 23 before. Either way it is put
together from stretches that each lie within one day, since nobody is known for longer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ztas_middleware.days import Day, local_time, milliseconds, start_of
from ztas_middleware.history.clock import date_at
from ztas_middleware.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

HOUR = 3_600_000
HOURS = 24

PERIODS: Mapping[str, int] = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
"""Days, the running one included."""

NAMES = ("24h", *PERIODS, "today", "yesterday", "month", "year", "all")
"""All periods that have a name; `month` and `year` are the running ones, up to today."""

DEFAULT_PERIOD = "7d"

FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2999, 12, 31)
MAX_DAYS = 3_660
"""Ten years."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of a site, `first` to `last`, both included."""

    zone: tzinfo
    first: date
    last: date

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    def previous(self) -> Days:
        """As many days, right before."""
        before = self.first - timedelta(days=1)
        return Days(self.zone, before - timedelta(days=self.length - 1), before)

    def year_before(self) -> Days:
        """The same dates a year before; 28 February for the 29th."""
        return Days(self.zone, _year_before(self.first), _year_before(self.last))

    def labels(self) -> list[str]:
        """Each day's date."""
        first = self.first.toordinal()
        return [date.fromordinal(first + index).isoformat() for index in range(self.length)]


@dataclass(frozen=True, slots=True)
class Hours:
    """Twenty-four hours in a row, the first of which begins at `start`."""

    zone: tzinfo
    start: int

    @property
    def end(self) -> int:
        """The first instant after them."""
        return self.start + HOURS * HOUR

    @property
    def first(self) -> date:
        """The day on which they begin."""
        return date_at(self.start, self.zone)

    @property
    def last(self) -> date:
        """The day on which they end."""
        return date_at(self.end - 1, self.zone)

    def previous(self) -> Hours:
        """The 24 hours right before."""
        return Hours(self.zone, self.start - HOURS * HOUR)

    def year_before(self) -> Hours:
        """As many hours, which begin at the same time on the same date a year before."""
        local = local_time(self.start, self.zone)
        before = datetime.combine(_year_before(local.date()), local.time(), tzinfo=self.zone)
        return Hours(self.zone, milliseconds(before))

    def starts(self) -> list[int]:
        """Each hour's first instant."""
        return [self.start + hour * HOUR for hour in range(HOURS)]

    def labels(self) -> list[str]:
        """Each hour's first instant as local time, with the site's offset."""
        return [
            local_time(start, self.zone).isoformat(timespec="minutes") for start in self.starts()
        ]


Period = Days | Hours


def parse_period(
    parameters: Mapping[str, str],
    zone: tzinfo,
    now: int,
    begin: Callable[[], date | None] = lambda: None,
) -> Period:
    """The period that `period`, or `startDate` and `endDate`, ask for.

    Args:
        parameters: by name.
        zone: the site's timezone.
        now: UTC milliseconds.
        begin: asked for the first day that has any hits, where it is needed.

    Raises:
        ParameterError: unknown, contradictory, no date, or out of bounds.
    """
    names = ("startDate", "endDate")
    if "period" in parameters:
        for name in names:
            if name in parameters:
                raise ParameterError("period", f"can't be combined with {name}")
    found = parse_dates(parameters, names, zone)
    return found or named_period(parameters.get("period", DEFAULT_PERIOD), zone, now, begin)


def parse_dates(parameters: Mapping[str, str], names: tuple[str, str], zone: tzinfo) -> Days | None:
    """The days between two dates, both included; None where neither is given.

    Raises:
        ParameterError: one is missing, no date, out of bounds, or they are the wrong way round.
    """
    given = [name for name in names if name in parameters]
    if not given:
        return None
    for name in names:
        if name not in parameters:
            raise ParameterError(name, f"is required with {given[0]}")
    first, last = (parse_date(name, parameters[name]) for name in names)
    if last < first:
        raise ParameterError(names[1], f"must not be before {names[0]}")
    if (last - first).days >= MAX_DAYS:
        raise ParameterError(names[1], f"must be at most {MAX_DAYS - 1} days after {names[0]}")
    return Days(zone, first, last)


def named_period(
    name: str, zone: tzinfo, now: int, begin: Callable[[], date | None] = lambda: None
) -> Period:
    """One of `NAMES`; arguments and errors as in `parse_period`."""
    if name == "24h":
        return running_hours(zone, now)
    today = date_at(now, zone)
    if name in PERIODS:
        return Days(zone, today - timedelta(days=PERIODS[name] - 1), today)
    if name == "yesterday":
        return Days(zone, today - timedelta(days=1), today - timedelta(days=1))
    if name not in NAMES:
        raise ParameterError("period", f"must be one of {', '.join(NAMES)}")
    first = today
    if name == "month":
        first = today.replace(day=1)
    elif name == "year":
        first = today.replace(month=1, day=1)
    elif name == "all":
        first = max(min(begin() or today, today), today - timedelta(days=MAX_DAYS - 1))
    return Days(zone, first, today)


def running_hours(zone: tzinfo, now: int) -> Hours:
    """The running hour by the site's clock, and the 23 before."""
    full = local_time(now, zone).replace(minute=0, second=0, microsecond=0)
    running = milliseconds(full)
    # Lord Howe Island turns its clocks by half an hour: a full hour may be up to 90 minutes ago.
    running += (now - running) // HOUR * HOUR
    return Hours(zone, running - (HOURS - 1) * HOUR)


def parse_date(parameter: str, text: str) -> date:
    """A calendar date.

    Raises:
        ParameterError: there is no such date, or it is out of bounds.
    """
    try:
        if not _DATE.fullmatch(text):
            raise ValueError  # noqa: TRY301 - newer Pythons read 20260229 and 2026-W09 as well
        day = date.fromisoformat(text)
    except ValueError:
        raise ParameterError(parameter, "must be a date as in 2026-11-07") from None
    if not FIRST_DATE <= day <= LAST_DATE:
        raise ParameterError(parameter, f"must be from {FIRST_DATE} to {LAST_DATE}")
    return day


def stretch_of(day: date, zone: tzinfo) -> Day:
    """A whole day as a stretch."""
    return Day(day.isoformat(), start_of(day, zone), start_of(day + timedelta(days=1), zone))


def _year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)

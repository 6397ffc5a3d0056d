"""Periods: from what a reader asks for to stretches of a site's days.

A report is about whole days, or about the running hour and the 23 before. Either way it is put
together from stretches that each lie within one day, since nobody is known for longer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from ztas_middleware.days import Day, day_at, start_of
from ztas_middleware.reports.parameters import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

HOUR = 3_600_000
HOURS = 24

PERIODS: Mapping[str, int] = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
"""Days, the running one included; `24h` is the other period there is."""

DEFAULT_PERIOD = "7d"

FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2999, 12, 31)
MAX_DAYS = 3_660
"""Ten years."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


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
        return date.fromisoformat(day_containing(self.start, self.zone).date)

    @property
    def last(self) -> date:
        """The day on which they end."""
        return date.fromisoformat(day_containing(self.end - 1, self.zone).date)

    def previous(self) -> Hours:
        """The 24 hours right before."""
        return Hours(self.zone, self.start - HOURS * HOUR)

    def starts(self) -> list[int]:
        """Each hour's first instant."""
        return [self.start + hour * HOUR for hour in range(HOURS)]

    def labels(self) -> list[str]:
        """Each hour's first instant as local time, with the site's offset."""
        return [_local(start, self.zone).isoformat(timespec="minutes") for start in self.starts()]

    def stretches(self) -> list[Day]:
        """The parts of days that the hours are made of."""
        parts = []
        start = self.start
        while start < self.end:
            day = day_containing(start, self.zone)
            parts.append(Day(day.date, start, min(day.end, self.end)))
            start = day.end
        return parts


Period = Days | Hours


def parse_period(parameters: Mapping[str, str], zone: tzinfo, now: int) -> Period:
    """The period that `period`, or `startDate` and `endDate`, ask for.

    Raises:
        ParameterError: unknown, contradictory, no date, or out of bounds.
    """
    dates = [name for name in ("startDate", "endDate") if name in parameters]
    if not dates:
        return named_period(parameters.get("period", DEFAULT_PERIOD), zone, now)
    if "period" in parameters:
        raise ParameterError("period", f"can't be combined with {dates[0]}")
    for name in ("startDate", "endDate"):
        if name not in parameters:
            raise ParameterError(name, f"is required with {dates[0]}")
    first = parse_date("startDate", parameters["startDate"])
    last = parse_date("endDate", parameters["endDate"])
    if last < first:
        raise ParameterError("endDate", "must not be before startDate")
    if (last - first).days >= MAX_DAYS:
        raise ParameterError("endDate", f"must be at most {MAX_DAYS - 1} days after startDate")
    return Days(zone, first, last)


def named_period(name: str, zone: tzinfo, now: int) -> Period:
    """One of the periods that end now.

    Raises:
        ParameterError: there is none of that name.
    """
    if name == "24h":
        return running_hours(zone, now)
    if name not in PERIODS:
        raise ParameterError("period", f"must be one of 24h, {', '.join(PERIODS)}")
    today = _local(now, zone).date()
    return Days(zone, today - timedelta(days=PERIODS[name] - 1), today)


def running_hours(zone: tzinfo, now: int) -> Hours:
    """The running hour by the site's clock, and the 23 before."""
    full = _local(now, zone).replace(minute=0, second=0, microsecond=0)
    running = (full.astimezone(timezone.utc) - _EPOCH) // timedelta(milliseconds=1)
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


def day_containing(instant: int, zone: tzinfo) -> Day:
    """The day whose stretch has `instant` in it."""
    day = day_at(instant, zone)
    # Where clocks went back over midnight (Newfoundland, until 2011), the last hour of a date
    # came again after the next date had begun; a day has one beginning, so it belongs to that.
    while instant >= day.end:
        day = stretch_of(date.fromisoformat(day.date) + timedelta(days=1), zone)
    return day


def _local(instant: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=instant)).astimezone(zone)

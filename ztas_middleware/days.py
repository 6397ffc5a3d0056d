"""A site's days: from an instant to a date in the site's timezone, and back.

Instants are UTC milliseconds since 1970, as in `hits.time`; dates are `YYYY-MM-DD`.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

EARLIEST, LATEST = 0, 32_503_680_000_000
"""1970 and 3000: a hit beyond, which somebody wrote by hand, is of no day that is asked for."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """A moment as an instant."""
    return (moment.astimezone(timezone.utc) - _EPOCH) // _MILLISECOND


def local_time(instant: int, zone: tzinfo) -> datetime:
    """An instant by the clock of a timezone."""
    # Adding is exact, and goes further than `fromtimestamp`.
    return (_EPOCH + instant * _MILLISECOND).astimezone(zone)


class Day(NamedTuple):
    """One day of a site: `start` belongs to it, `end` is the next day's start."""

    date: str
    start: int
    end: int


def start_of(day: date, zone: tzinfo) -> int:
    """The first instant of `day` in `zone`, also where a clock change skips midnight."""
    # `fold=0` reads a skipped midnight with the offset before the change, which is the
    # very instant of the change, and a repeated one as its first pass.
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return milliseconds(midnight)


def day_at(instant: int, zone: tzinfo) -> Day:
    """The day that `instant` falls on in `zone`."""
    local = local_time(instant, zone).date()
    return Day(local.isoformat(), start_of(local, zone), start_of(local + timedelta(days=1), zone))


class Today:
    """The running day of one timezone, computed once a day."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._day = Day("", 0, 0)

    def at(self, now: int) -> Day:
        """The day that `now` falls on."""
        day = self._day
        if not day.start <= now < day.end:
            day = self._day = day_at(now, self._zone)
        return day

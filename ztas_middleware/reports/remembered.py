"""What a process remembers of finished days: numbers that can't change while a file is the same.

Goals and funnels are looked for in all rows of a period, which takes a second for ten million, and
so is what a filter keeps of the period before. What that came to on a finished day is remembered
with the generation of the file that it was read from.
"""

from __future__ import annotations

from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from ztas_middleware.history.asked import Asked

    Numbers = tuple[int, ...]
    ByDay = Mapping[date, Numbers]

TOGETHER = 92
"""Days that are looked at in one statement: what it tells apart has to find room in memory."""

MOST = 20_000
"""Days of which something is remembered: about 4 MB."""


class Remembered:
    """Numbers of finished days; safe for threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._known: dict[tuple[str, date], tuple[str, Numbers]] = {}

    def days(
        self,
        what: str,
        asked: Asked,
        first: date,
        last: date,
        count: Callable[[date, date], ByDay],
    ) -> ByDay:
        """Some numbers of each day that has any.

        Args:
            what: says what is counted, and of which site.
            asked: knows which files the days are in.
            first: the first day.
            last: the last day.
            count: counts for some of the days, the first and last of which it is given.
        """
        start = max(first, asked.first_day or last)
        wanted = [start + timedelta(days=number) for number in range((last - start).days + 1)]
        with self._lock:
            known = {day: self._known.get((what, day)) for day in wanted}
        found = {
            day: numbers[1]
            for day, numbers in known.items()
            if numbers is not None and numbers[0] == asked.generations.get(day)
        }
        missing = [day for day in wanted if day not in found]
        together = TOGETHER // asked.parts
        for at in range(0, len(missing), together):
            part = missing[at : at + together]
            counted = count(part[0], part[-1])
            fresh = {day: counted.get(day, ()) for day in part}
            found |= fresh
            self._keep(what, asked, fresh)
        return {day: numbers for day, numbers in found.items() if numbers}

    def _keep(self, what: str, asked: Asked, fresh: ByDay) -> None:
        with self._lock:
            for day, numbers in fresh.items():
                generation = asked.generations.get(day)
                if generation is not None:
                    self._known[what, day] = generation, numbers
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]

"""The site that rows go to, its days, and the salts that its visitors are hashed with.

A file can be as old as it likes, so that the salt of one of its days cannot always be shared
through the database, from where it would have to be deleted before it is written. Days that are
over for long get one that lives in this process's memory, and is gone with it.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from ztas_middleware.days import Day, Today
from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.store.salts import SALT_BYTES, fetch_or_make

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from ztas_middleware.config.model import Config, Site
    from ztas_middleware.imports.outcomes import LeftOut, Overlap
    from ztas_middleware.imports.overlap import Gate
    from ztas_middleware.store.database import Database

GRACE = 36 * 3_600_000
"""Milliseconds that the salt of a day outlives it: logs are rotated, and then imported, hours
after midnight. It hides nothing for so long from whoever has the log."""

DAY = 86_400_000
TOO_LATE = Refused("the time lies in the future")
TOO_EARLY = Refused("the time lies before 1970")


class Destination:
    """A site about to get rows out of a file.

    Args:
        config: by whose rules rows are cleaned and visitors left out.
        site: the site.
        database: where salts of days that are not long over are.
        clock: UTC nanoseconds since 1970.
    """

    def __init__(
        self,
        config: Config,
        site: Site,
        database: Database,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self.config = config
        self.site = site
        self._database = database
        self._clock = clock
        self._latest = 0
        self._today = Today(site.timezone)
        self._salts: dict[str, tuple[bytes, int]] = {}
        self.gate: Gate | None = None
        """Which days the file that is read just now may bring rows for; None is all."""

    def day_at(self, instant: int) -> Day | Refused | LeftOut | Overlap:
        """The day that a row's time falls on, if it may come in; clocks may be a day off, no more.

        Raises:
            StorageError: which rows there are of that day can't be found out.
        """
        if instant > self._latest:
            self._latest = self._clock() // 1_000_000 + DAY
            if instant > self._latest:
                return TOO_LATE
        if instant < 0:
            return TOO_EARLY
        day = self._today.at(instant)
        return (self.gate(day) if self.gate is not None else None) or day

    def date_of(self, instant: int) -> str:
        """The date that a row is noted under."""
        return self._today.at(instant).date

    def salt_of(self, day: Day) -> bytes:
        """The salt of a day, the same for as long as this object knows it.

        Raises:
            StorageError: it belongs into the database, which can't take it.
        """
        known = self._salts.get(day.date)
        if known is None:
            self.forget()
            known = self._salts[day.date] = self._find(day)
        return known[0]

    def forget(self) -> None:
        """Let go of salts that are due; whoever follows a file for weeks calls this."""
        now = self._clock() // 1_000_000
        self._salts = {date: known for date, known in self._salts.items() if known[1] > now}

    def _find(self, day: Day) -> tuple[bytes, int]:
        """A day's salt, and when it is to be forgotten."""
        now = self._clock() // 1_000_000
        if day.end + GRACE <= now:
            return os.urandom(SALT_BYTES), now + DAY

        def fetch(connection: sqlite3.Connection) -> bytes:
            return fetch_or_make(connection, self.site.id, day, grace=GRACE)

        return self._database.transact(fetch), day.end + GRACE

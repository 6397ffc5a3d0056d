"""What has to happen now and then, done by the request that happens to pass by.

There is no thread of ours that could do it, and a request must not notice: nothing here waits
for a lock, and a failure is logged and tried again later.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from ztas_middleware.errors import StorageError
from ztas_middleware.store.salts import Salts, retire

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.outages import OutageLog
    from ztas_middleware.store.database import Database

SALT_CHECK = 600.0
"""Seconds between two looks for salts that are due; once more soon when a look was in vain."""

SOON = 10.0

LONG = 60.0
"""Seconds for which others may be in the way before it is worth a line in the log."""


class Housekeeping:
    """The chores of one process."""

    def __init__(
        self,
        database: Database,
        flush_drops: Callable[[float], None],
        outages: OutageLog,
        salts: Salts,
    ) -> None:
        self._database = database
        self._flush_drops = flush_drops
        self._outages = outages
        self._salts = salts
        self._next_salt_check = 0.0
        self._busy_since: float | None = None

    def run(self) -> None:
        """Do what is due; raises nothing and waits for nobody."""
        self._database.look()
        self._flush_drops(0)
        # What is in the way of it is said where it is in the way of hits.
        with contextlib.suppress(StorageError):
            self._salts.look()
        now = time.monotonic()
        if now < self._next_salt_check:
            return
        self._next_salt_check = now + SOON
        try:
            done = retire(self._database, time.time_ns() // 1_000_000, patience=0)
        except StorageError as failure:
            if self._is_worth_saying(failure, now):
                self._outages.report("old salts could not be deleted yet", failure)
            return
        self._busy_since = None
        if done:
            self._next_salt_check = now + SALT_CHECK

    def _is_worth_saying(self, failure: StorageError, now: float) -> bool:
        """Whether it is more than that another process of ours was faster."""
        if not failure.is_busy:
            return True
        if self._busy_since is None:
            self._busy_since = now
        return now - self._busy_since >= LONG

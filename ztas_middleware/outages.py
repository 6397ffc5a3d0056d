"""Saying that something is out of order: on one clear line, and at most once a minute."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ztas_middleware.forking import lock_over_fork

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("ztas_middleware")

INTERVAL = 60.0
"""Seconds between two lines."""


class OutageLog:
    """Logs failures of one process without flooding its log."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = lock_over_fork()
        self._next = float("-inf")
        self._silent = 0

    def report(self, consequence: str, failure: Exception) -> None:
        """Log what `failure` means for the visitor, unless a line was logged within a minute."""
        now = self._clock()
        with self._lock:
            if now < self._next:
                self._silent += 1
                return
            silent, self._silent = self._silent, 0
            self._next = now + INTERVAL
        again = f" ({silent} more since the last line)" if silent else ""
        problem = one_line(str(failure)) or type(failure).__name__
        logger.error("%s: %s%s", consequence, problem, again)


def one_line(text: str) -> str:
    """`text` with everything that would begin a line or steer a terminal written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)

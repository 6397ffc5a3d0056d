"""How many requests a client address may send in a minute, counted by each process."""

from __future__ import annotations

import time
from math import ceil
from typing import TYPE_CHECKING

from ztas_middleware.forking import lock_over_fork

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW = 60.0
"""Seconds."""

MOST_ADDRESSES = 20_000
"""Addresses remembered at once; a flood of more forgets the oldest, and stays within 6 MB."""


class RateLimiter:
    """A fixed window for each address, which begins at its first request."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._lock = lock_over_fork()
        # Address -> (when its window began, requests in it), oldest window first.
        self._windows: dict[str, tuple[float, int]] = {}

    def wait(self, address: str) -> int:
        """Count one request; 0 lets it pass, else the whole seconds until the next may."""
        now = self._clock()
        with self._lock:
            began, count = self._windows.get(address, (now, 0))
            if count and now - began >= WINDOW:
                # Taken out so that it goes in again at the end: order is by beginning.
                del self._windows[address]
                began, count = now, 0
            if not count and len(self._windows) >= MOST_ADDRESSES:
                del self._windows[next(iter(self._windows))]
            self._windows[address] = (began, count + 1)
        if count < self._limit:
            return 0
        return max(1, ceil(began + WINDOW - now))

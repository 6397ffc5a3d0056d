"""What was worked out before, as much of it as may be kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")

OVERHEAD = 100
"""What an entry weighs by itself: many empty ones must not be for nothing."""


class Recall(Generic[T]):
    """Entries by key; those not asked for the longest go first. Safe to share between threads.

    Args:
        limit: how much all entries together may weigh.
        weigh: what an entry weighs, in values that were counted.
    """

    def __init__(self, limit: int, weigh: Callable[[T], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self._entries: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """The entry, if it is still there."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            self._entries.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: T) -> T:
        """Keep an entry in the place of the one of that key, and return it."""
        weight = OVERHEAD + self._weigh(value)
        with self._lock:
            _, replaced = self._entries.pop(key, (None, 0))
            self._entries[key] = value, weight
            self._total += weight - replaced
            while self._total > self._limit and len(self._entries) > 1:
                _, (_, gone) = self._entries.popitem(last=False)
                self._total -= gone
        return value

"""Locks that nobody holds in a child that was forked.

A child has one thread, the one that forked. What another thread was just doing stays half done in
it for good: a lock stays locked, and so do those inside SQLite. So whoever forks takes our locks
first. A server that forks in C, as uWSGI does, does so before it has threads.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Final

PATIENCE: Final = 1.0
"""Seconds to wait for a lock before forking all the same: its holder may be the one who forks."""

_locks: weakref.WeakSet[threading.Lock] = weakref.WeakSet()
_held = threading.local()


def lock_over_fork() -> threading.Lock:
    """A lock that is free in a child; who holds one takes no other."""
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def _hold() -> None:
    _held.locks = [lock for lock in list(_locks) if lock.acquire(timeout=PATIENCE)]


def _release() -> None:
    for lock in _held.__dict__.pop("locks", ()):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_release)

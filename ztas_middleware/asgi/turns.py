"""Giving an event loop its turn sooner while another thread of ours works in Python.

A thread that wants the interpreter has to wait until the one that has it is asked to give it up,
after five milliseconds unless told otherwise, and an event loop wants it anew with each socket.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final, TypeVar

from ztas_middleware.forking import lock_over_fork

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TURN: Final = 0.0005
"""Seconds that a thread of ours may keep the interpreter while another one waits for it."""

_lock = lock_over_fork()
_at_work = 0
_before = 0.0
"""What the interval was before the first of the works that are going on."""


def in_short_turns(work: Callable[..., T], *arguments: object) -> T:
    """What `work` returns; the interpreter's switch interval is short until then."""
    _begin()
    try:
        return work(*arguments)
    finally:
        _end()


def _begin() -> None:
    global _at_work, _before  # noqa: PLW0603 - as the interval is the whole process's
    with _lock:
        _at_work += 1
        if _at_work == 1:
            _before = sys.getswitchinterval()
            sys.setswitchinterval(min(TURN, _before))


def _end() -> None:
    global _at_work  # noqa: PLW0603 - see above
    with _lock:
        _at_work -= 1
        if not _at_work:
            sys.setswitchinterval(_before)

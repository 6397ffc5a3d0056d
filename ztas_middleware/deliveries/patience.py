"""A limit to a whole conversation: a timeout of sockets begins anew with each byte that comes."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 20.0
"""Seconds that somebody may take who is sent something."""


@contextlib.contextmanager
def at_most(seconds: float, current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Hang up after so long, which ends whatever the block waits for.

    Args:
        seconds: from now.
        current: the socket that is talked over; None while there is none.

    Raises:
        TimeoutError: it took longer.
    """
    expired = threading.Event()

    def hang_up() -> None:
        expired.set()
        found = current()
        if found is not None:
            with contextlib.suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if expired.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
    # Half an answer may look like a whole one.
    if expired.is_set():
        raise TimeoutError

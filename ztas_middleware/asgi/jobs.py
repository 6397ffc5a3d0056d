"""A request on its way to a handler that stores, and whoever waits for its answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ztas_middleware.store import database

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.answer import Answer
    from ztas_middleware.web.routes import Handler

Wake = Callable[["list[Job]"], None]
"""Called in the write thread with jobs that are done."""


class Job:
    """One request for a handler that stores.

    Attributes:
        answer: what the handler answered, once the job is done.
        error: what it raised instead.
        until: when it has waited long enough, by `time.monotonic`.
    """

    __slots__ = ("answer", "environ", "error", "handler", "until", "waiter", "wake")

    def __init__(
        self,
        handler: Handler,
        environ: Mapping[str, Any],
        wake: Wake | None = None,
        waiter: object = None,
    ) -> None:
        """Prepare a job.

        Args:
            handler: to be called with `environ`.
            environ: the request.
            wake: called when the job is done, together with others that have the same.
            waiter: whatever `wake` needs to know who waits.
        """
        self.handler = handler
        self.environ = environ
        self.wake = wake
        self.waiter = waiter
        self.until = time.monotonic() + database.PATIENCE
        self.answer: Answer | None = None
        self.error: Exception | None = None

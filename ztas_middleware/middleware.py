"""The front door: is this request ours, and which handler takes it? The rest is the app's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ztas_middleware.config import coerce
from ztas_middleware.intake.drops import Drops
from ztas_middleware.intake.endpoint import Endpoint
from ztas_middleware.intake.recorder import Recorder
from ztas_middleware.outages import OutageLog
from ztas_middleware.store.database import Database
from ztas_middleware.store.housekeeping import Housekeeping
from ztas_middleware.store.salts import Salts

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ztas_middleware.answer import Answer
    from ztas_middleware.config.model import Config

TICK = 1.0
"""Seconds between two looks at what else there is to do."""


class ThenCheckpoint:
    """A body after which the database is tended to: servers call `close()` when it is sent."""

    def __init__(self, body: Iterable[bytes], database: Database) -> None:
        self._body = body
        self._database = database

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """PEP 3333: the answer is out, nobody waits for this thread."""
        self._database.checkpoint()


class ZTASMiddleware:
    """Wraps a WSGI application and adds private web analytics to it.

    Args:
        application: the WSGI application; it gets every request that is not ours, untouched.
        config: a path to a YAML file, a mapping of the same shape, or a loaded `Config`.

    Raises:
        ConfigError: the configuration can't be used; it says where and why.
    """

    def __init__(
        self,
        application: WSGIApplication,
        config: str | os.PathLike[str] | Mapping[str, Any] | Config,
    ) -> None:
        self._application = application
        self.config = coerce(config)
        self._database = Database(self.config.database, self.config.durability)
        self._drops = Drops(self._database)
        outages = OutageLog()
        recorder = Recorder(self.config, self._database, Salts(self._database), self._drops)
        self._handlers: dict[str, Callable[[WSGIEnvironment], Answer | None]] = {
            self.config.endpoint: Endpoint(self.config, recorder, outages),
        }
        self._housekeeping = Housekeeping(self._database, self._drops.flush, outages)
        self._next_tick = 0.0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI call, PEP 3333."""
        if time.monotonic() >= self._next_tick:
            self._tick()
        handler = self._handlers.get(environ.get("PATH_INFO", ""))
        if handler is not None:
            answer = handler(environ)
            if answer is not None:
                start_response(answer.status, answer.headers)
                if self._database.checkpoint_due:
                    return ThenCheckpoint(answer.body, self._database)
                return answer.body
        return self._application(environ, start_response)

    def close(self) -> None:
        """Write what is still to be written and release the database."""
        self._drops.flush()
        self._database.close()

    def _tick(self) -> None:
        self._next_tick = time.monotonic() + TICK
        self._housekeeping.run()

"""The front door: is this request ours, and which handler takes it? The rest is the app's."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ztas_middleware.config import coerce
from ztas_middleware.config.watch import ConfigWatch
from ztas_middleware.intake.drops import Drops
from ztas_middleware.intake.recorder import Recorder
from ztas_middleware.outages import OutageLog
from ztas_middleware.store.database import Database
from ztas_middleware.store.housekeeping import Housekeeping
from ztas_middleware.store.salts import Salts
from ztas_middleware.web.routes import pages_between, routes

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ztas_middleware.config.model import Config
    from ztas_middleware.web.routes import Handler

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
        self._set_up(coerce(config))
        source = self.config.source
        self._watch = ConfigWatch(source, self.config.revision) if source else None
        self._next_tick = 0.0

    def _set_up(self, config: Config) -> None:
        """Build what serves under `config`; with a database that stays the same, keep it."""
        previous = getattr(self, "config", None)
        if previous is None or (previous.database, previous.durability) != (
            config.database,
            config.durability,
        ):
            if previous is not None:
                self.close()
            self._database = Database(config.database, config.durability)
            self._drops = Drops(self._database)
            self._salts = Salts(self._database)
            self._outages = OutageLog()
            self._housekeeping = Housekeeping(self._database, self._drops.flush, self._outages)
        recorder = Recorder(config, self._database, self._salts, self._drops)
        self.config = config
        self._pages = pages_between(config, recorder, self._database, self._outages)
        # A server hands over a path as bytes read as latin-1 (PEP 3333). Assigned last: requests
        # of other threads go by the old handlers until all is in place.
        self._handlers: dict[str, Handler] = {
            path.encode().decode("latin-1"): handler
            for path, handler in routes(config, recorder, self._database, self._outages).items()
        }

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
        if self._pages is not None and environ["REQUEST_METHOD"] == "GET":
            return self._pages(self._application, environ, start_response)
        return self._application(environ, start_response)

    def close(self) -> None:
        """Write what is still to be written and release the database."""
        self._drops.flush()
        self._database.close()

    def _tick(self) -> None:
        self._next_tick = time.monotonic() + TICK
        config = self._watch.changed() if self._watch is not None else None
        if config is not None:
            self._set_up(config)
        self._housekeeping.run()

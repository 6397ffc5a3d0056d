"""The WSGI front door: is this request ours, and which handler takes it? The rest is the app's."""

from __future__ import annotations

import time
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from ztas_middleware.current import REQUEST
from ztas_middleware.current import wanted as _wanted
from ztas_middleware.intake.host import Host
from ztas_middleware.interfaces import is_asgi
from ztas_middleware.reception import Reception
from ztas_middleware.routers import router_of
from ztas_middleware.web.passage import pass_through

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ztas_middleware.config.model import Config
    from ztas_middleware.reception import Configurable
    from ztas_middleware.store.database import Database


_OTHER_DOOR = "from ztas_middleware.asgi import ZTASMiddleware"


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
        route: called with a path, returns the app's own name of the page, or None. Routers of
            Django and Flask are asked without it.
        exclude: called with the environ, says whether the sender is not to be counted.

    Raises:
        ConfigError: the configuration can't be used; it says where and why.
        TypeError: `application` is an ASGI application.
    """

    def __init__(
        self,
        application: WSGIApplication,
        config: Configurable,
        *,
        route: Callable[[str], str | None] | None = None,
        exclude: Callable[[Any], object] | None = None,
    ) -> None:
        if is_asgi(application):
            raise TypeError(f"{application!r:.80} is an ASGI application: {_OTHER_DOOR}")
        self._application = application
        self._reception = Reception(config, host=Host(route, router_of(application), exclude))

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._reception.config

    def __call__(
        self,
        environ: WSGIEnvironment,
        start_response: StartResponse | None = None,
        *asgi: object,
    ) -> Iterable[bytes]:
        """The WSGI call, PEP 3333."""
        if asgi or start_response is None:
            raise TypeError(f"called as ASGI, but this is the middleware for WSGI: {_OTHER_DOOR}")
        reception = self._reception
        if time.monotonic() >= reception.next_tick:
            reception.tick()
        handler = reception.handlers.get(environ.get("PATH_INFO", ""))
        if handler is not None:
            answer = handler(environ)
            if answer is not None:
                start_response(answer.status, answer.headers)
                if reception.database.checkpoint_due:
                    return ThenCheckpoint(answer.body, reception.database)
                return answer.body
        if _wanted:
            return self._pass_remembered(environ, start_response)
        if reception.pages is not None and environ["REQUEST_METHOD"] == "GET":
            return pass_through(reception.pages, self._application, environ, start_response)
        return self._application(environ, start_response)

    def _pass_remembered(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Call an app that may ask which request it is at."""
        reception = self._reception
        token = REQUEST.set((reception, environ))
        try:
            if reception.pages is not None and environ["REQUEST_METHOD"] == "GET":
                body = pass_through(reception.pages, self._application, environ, start_response)
            else:
                body = self._application(environ, start_response)
        finally:
            REQUEST.reset(token)
        if type(body) is GeneratorType:
            # The app has not begun; it will run when the server asks for the first piece.
            REQUEST.set((reception, environ, body))
        return body

    def close(self) -> None:
        """Write what is still to be written and release the database."""
        self._reception.close()

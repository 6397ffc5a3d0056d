"""The ASGI front door: is this request ours, and which handler takes it? The rest is the app's."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ztas_middleware.asgi.environs import environ_of, key_of, path_of
from ztas_middleware.asgi.messages import read_body
from ztas_middleware.asgi.passage import Passage
from ztas_middleware.asgi.streams import send_answer
from ztas_middleware.asgi.waiting import Desk
from ztas_middleware.current import REQUEST
from ztas_middleware.intake.host import Host
from ztas_middleware.interfaces import is_double_callable, is_wsgi
from ztas_middleware.reception import TICK
from ztas_middleware.routers import router_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.asgi.environs import Application, Receive, Scope, Send
    from ztas_middleware.config.model import Config
    from ztas_middleware.reception import Configurable
    from ztas_middleware.web.pages import Pages
    from ztas_middleware.web.routes import Handler

_OTHER_DOOR = "from ztas_middleware import ZTASMiddleware"
_TO_ASGI_3 = "wrap asgiref.compatibility.guarantee_single_callable(app), which makes it ASGI 3"

LONGEST_FORM = 65_536
"""Bytes of a body that is not a hit's; handlers have limits of their own."""


class ZTASMiddleware:
    """Wraps an ASGI application and adds private web analytics to it.

    Args:
        app: the ASGI 3 application; it gets every request that is not ours, untouched.
        config: a path to a YAML file, a mapping of the same shape, or a loaded `Config`.
        route: called with a path, returns the app's own name of the page, or None. Routers of
            Starlette, FastAPI, Quart and Django are asked without it.
        exclude: called with the scope, says whether the sender is not to be counted. It runs in
            a thread.

    Raises:
        ConfigError: the configuration can't be used; it says where and why.
        TypeError: `app` is a WSGI application, or one of ASGI 2.
    """

    def __init__(
        self,
        app: Application,
        config: Configurable,
        *,
        route: Callable[[str], str | None] | None = None,
        exclude: Callable[[Scope], object] | None = None,
    ) -> None:
        if is_wsgi(app):
            raise TypeError(f"{app!r:.80} is a WSGI application: {_OTHER_DOOR}")
        if is_double_callable(app):
            raise TypeError(f"{app!r:.80} is an application of ASGI 2: {_TO_ASGI_3}")
        self.app = app
        # Behind `add_middleware` the application is only known from a request.
        self._router = router_of(app)
        self._desk = Desk(config, Host(route, self._route, exclude))
        self._reception = self._desk.reception

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._reception.config

    def _route(self, path: str) -> str | None:
        return self._router(path) if self._router is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        if scope["type"] == "http":
            reception = self._reception
            if time.monotonic() >= reception.next_tick:
                # Reading a file and writing counts is nothing for an event loop.
                reception.next_tick = time.monotonic() + TICK
                self._desk.later(reception.tick)
            path = path_of(scope) if scope.get("root_path") else scope["path"]
            handler = reception.handlers.get(path if path.isascii() else key_of(path))
            if handler is not None and await self._answer(handler, scope, receive, send):
                return
            token = REQUEST.set((reception, scope))
            try:
                if reception.pages is None or scope["method"] != "GET":
                    await self.app(scope, receive, send)
                else:
                    await self._pass_page(reception.pages, scope, receive, send)
            finally:
                with suppress(ValueError):  # whoever drives us has gone on in another context
                    REQUEST.reset(token)
        elif scope["type"] == "lifespan":
            try:
                await self.app(scope, receive, send)
            finally:
                # The one time that the loop waits: nobody is served any more, and uvicorn ends the
                # process by a signal as soon as the loop is its own again.
                self._desk.close()
        else:
            await self.app(scope, receive, send)

    def close(self) -> None:
        """Write what is still to be written and release the database."""
        self._desk.close()

    async def _pass_page(self, pages: Pages, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the app, and see to its page if it answers with one."""
        self._find_router(scope)
        outgoing = pages.expect(environ_of(scope))
        if outgoing is None:
            await self.app(scope, receive, send)
        else:
            await Passage(outgoing, self._desk, send).run(self.app, scope, receive)

    def _find_router(self, scope: Scope) -> None:
        if self._router is None and "app" in scope:
            self._router = router_of(scope["app"])

    async def _answer(self, handler: Handler, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a request to a path of ours, unless it is for the app."""
        self._find_router(scope)
        body: bytes | None = b""
        if scope["method"] == "POST" and getattr(handler, "takes_body", False):
            limit = max(self._reception.config.max_body, LONGEST_FORM)
            body = await read_body(scope, receive, limit)
        answer = await self._desk.answer(handler, environ_of(scope, body))
        if answer is None:
            return False
        with suppress(OSError):  # the client has gone away
            await send_answer(answer, receive, send, self._desk)
        return True

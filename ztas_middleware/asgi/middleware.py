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
from ztas_middleware.reception import TICK

if TYPE_CHECKING:
    from ztas_middleware.asgi.environs import Application, Receive, Scope, Send
    from ztas_middleware.config.model import Config
    from ztas_middleware.reception import Configurable
    from ztas_middleware.web.routes import Handler

LONGEST_FORM = 65_536
"""Bytes of a body that is not a hit's; handlers have limits of their own."""


class ZTASMiddleware:
    """Wraps an ASGI application and adds private web analytics to it.

    Args:
        app: the ASGI 3 application; it gets every request that is not ours, untouched.
        config: a path to a YAML file, a mapping of the same shape, or a loaded `Config`.

    Raises:
        ConfigError: the configuration can't be used; it says where and why.
    """

    def __init__(self, app: Application, config: Configurable) -> None:
        self.app = app
        self._desk = Desk(config)
        self._reception = self._desk.reception

    @property
    def config(self) -> Config:
        """The configuration in force."""
        return self._reception.config

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
            if reception.pages is not None and scope["method"] == "GET":
                outgoing = reception.pages.expect(environ_of(scope))
                if outgoing is not None:
                    await Passage(outgoing, self._desk, send).run(self.app, scope, receive)
                    return
            await self.app(scope, receive, send)
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

    async def _answer(self, handler: Handler, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a request to a path of ours, unless it is for the app."""
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

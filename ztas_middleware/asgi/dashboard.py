"""The dashboard as an ASGI application, to be mounted behind a login of the app's own."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from ztas_middleware.answer import Answer
from ztas_middleware.asgi.environs import environ_of
from ztas_middleware.asgi.messages import piece, start

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.asgi.environs import Application, Receive, Scope, Send
    from ztas_middleware.reception import Configurable

_SENTENCE = b"This is not for everyone.\n"
_TEXT = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", str(len(_SENTENCE))),
    ("Cache-Control", "no-store"),
]


def dashboard_app(config: Configurable, *, allow: Callable[[Scope], Any]) -> Application:
    """The dashboard, which answers at `/` and `/SITE` below wherever it is mounted.

    Args:
        config: a path to a YAML file, a mapping of the same shape, or a loaded `Config`.
        allow: called with the scope, says who may look; may be asynchronous, and may raise what the
            framework makes an answer of. Everyone else gets a 403.

    Raises:
        ConfigError: the configuration can't be used, or Jinja2 is not installed.
    """
    from ztas_middleware.web.dashboard.mounting import OpenDashboard

    dashboard = OpenDashboard(config)

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        allowed = allow(scope)
        if inspect.isawaitable(allowed):
            allowed = await allowed
        if allowed:
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(None, dashboard, environ_of(scope))
        else:
            answer = Answer("403 Forbidden", list(_TEXT), (_SENTENCE,))
        await send(start(answer))
        await send(piece(b"".join(answer.body)))

    return app

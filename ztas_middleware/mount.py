"""The application to wrap where there is none: a mount of nothing but what is ours.

It serves behind both front doors, since it answers by how it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

_BODY = b"Not found\n"
_HEADERS = (("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(_BODY))))


def only_ours(
    environ: Mapping[str, Any],
    start_response: Callable[..., Any],
    send: Callable[[dict[str, Any]], Awaitable[None]] | None = None,
) -> Any:  # noqa: ANN401 - what WSGI or ASGI wants of it
    """Answer 404, as WSGI; with a third argument as ASGI: `scope, receive, send`."""
    if send is not None:
        return _answer(environ, start_response, send)
    start_response("404 Not Found", list(_HEADERS))
    body: Iterable[bytes] = [] if environ["REQUEST_METHOD"] == "HEAD" else [_BODY]
    return body


async def _answer(
    scope: Mapping[str, Any],
    receive: Callable[[], Awaitable[Mapping[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        for _ in range(2):
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
    else:
        headers = [(name.lower().encode(), value.encode()) for name, value in _HEADERS]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        body = b"" if scope["method"] == "HEAD" else _BODY
        await send({"type": "http.response.body", "body": body})

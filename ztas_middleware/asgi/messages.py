"""Taking a request's body from the server, and giving an answer to it, in ASGI's messages."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.answer import Answer, Header
    from ztas_middleware.asgi.environs import Message, Receive, Scope

RawHeader = tuple[bytes, bytes]


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The body of a request, of which no more than `limit` bytes matter.

    Returns:
        The bytes; one more than `limit` at least where there are more. Nothing is read of a body
        that says it is longer. None if the client went away before all was here.
    """
    if _announced(scope) > limit:
        return b""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        return body
    pieces, length = [], 0
    while message["type"] == "http.request":
        piece = message.get("body", b"")
        pieces.append(piece)
        length += len(piece)
        if not message.get("more_body") or length > limit:
            return b"".join(pieces)
        message = await receive()
    return None


def start(answer: Answer) -> Message:
    """The message that an answer begins with."""
    return {
        "type": "http.response.start",
        "status": int(answer.status[:3]),
        "headers": raw(answer.headers),
    }


def piece(body: bytes, *, more: bool = False) -> Message:
    """A piece of an answer's body."""
    return {"type": "http.response.body", "body": body, "more_body": more}


def raw(headers: Iterable[Header]) -> list[RawHeader]:
    """Headers as ASGI has them."""
    return [_raw(name, value) for name, value in headers]


@lru_cache(maxsize=1024)
def _raw(name: str, value: str) -> RawHeader:
    # The same few on every answer to a hit.
    return name.lower().encode("latin-1"), value.encode("latin-1")


def texts(headers: Iterable[RawHeader]) -> list[Header]:
    """Headers as WSGI has them."""
    return [
        (bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in headers
    ]


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            # Whatever else it says is for the handler to refuse.
            return int(value) if value.isdigit() and len(value) < 19 else 0  # noqa: PLR2004 - int() of more takes long
    return 0

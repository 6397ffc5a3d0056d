"""Between Django's requests and responses and what the handlers take and return."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, StreamingHttpResponse

from ztas_middleware.asgi.environs import environ_of, key_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable

    from django.http import HttpRequest

    from ztas_middleware.answer import Answer
    from ztas_middleware.asgi.waiting import Desk


def environ_for(request: HttpRequest) -> dict[str, Any]:
    """The request as a server handed it over, with Django's own in it for who asks the app."""
    scope = getattr(request, "scope", None)
    if scope is not None:
        environ = environ_of(scope)
        environ["wsgi.input"] = request  # has read(), and all of the body
        # Django has its own ways to say where it is mounted.
        environ["SCRIPT_NAME"] = key_of(request.META.get("SCRIPT_NAME", ""))
        environ["PATH_INFO"] = key_of(request.path_info)
    else:
        environ = dict(request.META)
        if hasattr(request, "_body"):
            # Somebody was curious before us.
            environ["wsgi.input"] = io.BytesIO(request.body)
    environ["ztas.request"] = request
    return environ


def response_of(answer: Answer, desk: Desk | None = None) -> HttpResponse:
    """An answer of ours as Django's.

    Args:
        answer: what a handler said.
        desk: takes the pieces of a long one where an event loop must not wait for them.
    """
    status, _, reason = answer.status.partition(" ")
    response: HttpResponse
    if isinstance(answer.body, (tuple, list)):
        response = HttpResponse(b"".join(answer.body), status=int(status), reason=reason)
    else:
        pieces = answer.body if desk is None else _pulled(answer.body, desk.run)
        response = StreamingHttpResponse(pieces, status=int(status), reason=reason)
    del response["Content-Type"]
    for name, value in answer.headers:
        response[name] = value
    return response


async def _pulled(body: Iterable[bytes], run: Callable[..., Any]) -> AsyncIterator[bytes]:
    pieces = iter(body)
    while (piece := await run(next, pieces, None)) is not None:
        yield piece

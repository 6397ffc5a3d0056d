"""The project's pages in Django's terms; what becomes of a page is decided in `web.outgoing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from django.http import HttpResponse, StreamingHttpResponse

    from ztas_middleware.web.outgoing import Outgoing


def see_to_page(outgoing: Outgoing, response: HttpResponse) -> None:
    """Give the response what it gets, if it is a page."""
    _begin(outgoing, response)
    if not outgoing.reads or (response.streaming and response.is_async):
        return  # an event loop's stream in a server that has none: Django makes do with it
    if not response.streaming:
        _change(outgoing, response)
        return
    chunks, start = iter(response.streaming_content), []
    if not _are_known(outgoing):
        # Headers go first: what they depend on is read until it is known.
        for chunk in chunks:
            start.append(outgoing.feed(chunk))
            if _are_known(outgoing):
                break
        else:
            start.append(outgoing.end())
        _set_headers(outgoing, response)
    response.streaming_content = _run(outgoing, chunks, start)


async def see_to_page_async(outgoing: Outgoing, response: HttpResponse) -> None:
    """The same, where the response may be streamed by an event loop."""
    if not response.streaming or not response.is_async:
        see_to_page(outgoing, response)
        return
    _begin(outgoing, response)
    if not outgoing.reads:
        return
    chunks, start = aiter(response.streaming_content), []
    if not _are_known(outgoing):
        async for chunk in chunks:
            start.append(outgoing.feed(chunk))
            if _are_known(outgoing):
                break
        else:
            start.append(outgoing.end())
        _set_headers(outgoing, response)
    response.streaming_content = _run_async(outgoing, chunks, start)


def _are_known(outgoing: Outgoing) -> bool:
    """Whether the headers do not depend on what is still to be read."""
    return outgoing.headers is not None


def _begin(outgoing: Outgoing, response: HttpResponse) -> None:
    outgoing.begin(f"{response.status_code} {response.reason_phrase}", list(response.items()))


def _change(outgoing: Outgoing, response: HttpResponse) -> None:
    content = response.content
    out = outgoing.feed(content) + outgoing.end()
    if out != content:
        response.content = out
        _set_headers(outgoing, response)


def _set_headers(outgoing: Outgoing, response: HttpResponse | StreamingHttpResponse) -> None:
    headers = dict(outgoing.headers or ())
    for name, value in list(response.items()):
        if name not in headers:
            del response[name]
        elif headers[name] != value:
            response[name] = headers[name]


def _run(outgoing: Outgoing, chunks: Iterator[bytes], start: list[bytes]) -> Iterator[bytes]:
    yield from filter(None, start)
    try:
        for chunk in chunks:
            yield outgoing.feed(chunk)
    except Exception:
        outgoing.fail()
        raise
    if rest := outgoing.end():
        yield rest


async def _run_async(
    outgoing: Outgoing, chunks: AsyncIterator[bytes], start: list[bytes]
) -> AsyncIterator[bytes]:
    for piece in filter(None, start):
        yield piece
    try:
        async for chunk in chunks:
            yield outgoing.feed(chunk)
    except Exception:
        outgoing.fail()
        raise
    if rest := outgoing.end():
        yield rest

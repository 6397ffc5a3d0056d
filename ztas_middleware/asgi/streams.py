"""Sending an answer of ours, however long: what it takes to make it is done in another thread."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from ztas_middleware.asgi.messages import piece, start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ztas_middleware.answer import Answer
    from ztas_middleware.asgi.environs import Receive, Send
    from ztas_middleware.asgi.waiting import Desk


PAUSE = 0.1
"""Seconds between two questions whether a client has gone away, where it is not waited for."""


async def send_answer(answer: Answer, receive: Receive, send: Send, desk: Desk) -> None:
    """Send an answer; the next piece of a long one is made when the server has taken the last."""
    await send(start(answer))
    if isinstance(answer.body, (tuple, list)):
        await send(piece(b"".join(answer.body)))
        return
    pieces, departure = iter(answer.body), _Departure(receive)
    try:
        while not departure.is_over:
            body = await desk.run(next, pieces, None)
            if body is None:
                await send(piece(b""))
                break
            await send(piece(body, more=True))
    finally:
        departure.forget()
        desk.later(lambda: _close(pieces))


class _Departure:
    """Notices that the client has gone away: servers need not say so when something is sent."""

    def __init__(self, receive: Receive) -> None:
        self._task: asyncio.Task[None] | None = None
        with suppress(RuntimeError):  # trio, whose servers cancel what nobody waits for
            self._task = asyncio.get_running_loop().create_task(_until_gone(receive))

    @property
    def is_over(self) -> bool:
        """Whether there is nobody left who listens."""
        return self._task is not None and self._task.done()

    def forget(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":  # noqa: ASYNC110 - no event
        # Who drives us may say at once, and over and over again, that the request is complete.
        await asyncio.sleep(PAUSE)


def _close(pieces: Iterator[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()

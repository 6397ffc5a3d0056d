"""The app's pages in ASGI's terms: between the app and the server's `send`.

What becomes of a page is decided in `web.outgoing`. Messages of what is no page go on as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.asgi.messages import raw, texts

if TYPE_CHECKING:
    from ztas_middleware.asgi.environs import Application, Message, Receive, Scope, Send
    from ztas_middleware.asgi.waiting import Desk
    from ztas_middleware.web.outgoing import Outgoing


class Passage:
    """Takes the app's messages, and hands them on to the server."""

    def __init__(self, outgoing: Outgoing, desk: Desk, send: Send) -> None:
        self._outgoing = outgoing
        self._desk = desk
        self._send = send
        self._held: Message | None = None
        self._reads = False
        self._is_done = False

    async def run(self, app: Application, scope: Scope, receive: Receive) -> None:
        """Call the app, and see to its page if it answers with one."""
        try:
            await app(scope, receive, self.send)
        except Exception:
            self._outgoing.fail()
            raise
        finally:
            if self._held is not None:
                await self._release()
            self._done()

    async def send(self, message: Message) -> None:
        """What the app calls instead of the server's `send`."""
        kind = message["type"]
        if kind == "http.response.start":
            await self._begin(message)
        elif kind == "http.response.body" and self._reads:
            await self._feed(message)
        else:
            if self._held is not None and kind != "http.response.debug":
                # A file by its name, or whatever else: nothing that a tag could be put into.
                await self._release()
            await self._send(message)
            if kind == "http.response.body" and not message.get("more_body"):
                self._done()

    async def _begin(self, message: Message) -> None:
        self._outgoing.begin(str(message["status"]), texts(message.get("headers", ())))
        self._reads = self._outgoing.reads
        if self._outgoing.headers is None:
            self._held = message
        else:
            await self._send(message)

    async def _feed(self, message: Message) -> None:
        body, outgoing = message.get("body", b""), self._outgoing
        is_last = not message.get("more_body")
        out = outgoing.feed(bytes(body))
        if is_last:
            out += outgoing.end()
        if self._held is not None:
            headers = outgoing.headers
            if headers is None:
                return
            start, self._held = self._held, None
            await self._send({**start, "headers": raw(headers)} if outgoing.changes else start)
        await self._send(message if out == body else {**message, "body": out})
        if is_last:
            self._done()

    async def _release(self) -> None:
        """Let the headers go as the app made them; what follows goes as it is, too."""
        start, self._held = self._held, None
        self._reads = False
        if start is not None:
            await self._send(start)

    def _done(self) -> None:
        if not self._is_done:
            self._is_done = True
            if self._outgoing.counts and self._outgoing.is_page:
                self._desk.store_later(self._outgoing.done)

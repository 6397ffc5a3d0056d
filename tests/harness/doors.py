"""The two front doors, so that the same tests go through both.

A test speaks WSGI. For the ASGI door its request becomes ASGI messages, in an event loop of its own
thread as a server's would be, and the wrapped WSGI app an ASGI one.
"""

from __future__ import annotations

import asyncio
import io
import threading
from urllib.parse import quote

from ztas_middleware import ZTASMiddleware
from ztas_middleware.asgi import ZTASMiddleware as AsgiMiddleware


class AsgiDoor:
    """A WSGI app, made an ASGI app and wrapped as that; called, it is WSGI again."""

    def __init__(self, application, config, **options):
        self.middleware = AsgiMiddleware(asgi_app(application), config, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    @property
    def config(self):
        return self.middleware.config

    @property
    def _reception(self):
        return self.middleware._reception

    def close(self):
        settle(self)
        self.middleware.close()
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __call__(self, environ, start_response):
        length = environ.get("CONTENT_LENGTH")
        if environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read()
        else:
            body = environ["wsgi.input"].read(int(length or 0))
        messages = self.request(scope_of(environ), body)
        start = messages[0]
        assert start["type"] == "http.response.start"
        # WSGI knows a title for each status; ASGI has none.
        start_response(
            f"{start['status']} {TITLES.get(start['status'], 'OK')}", _texts(start["headers"])
        )
        return [message["body"] for message in messages[1:] if message.get("body")]

    def request(self, scope, body=b"", *, application=None):
        """Send one request and return all messages of the answer."""
        sent = []

        async def send(message):
            sent.append(message)

        call = (application or self.middleware)(scope, receiver(body), send)
        asyncio.run_coroutine_threadsafe(call, self._loop).result(30)
        return sent


TITLES = {
    204: "No Content",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    418: "I'm a teapot",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

DOORS = {"wsgi": ZTASMiddleware, "asgi": AsgiDoor}


def settle(middleware):
    """Wait until all that was noted is written."""
    if isinstance(middleware, AsgiDoor):
        # What the event loop did not wait for.
        desk = middleware.middleware._desk
        desk._write_thread.finish()
        pool, desk._pool = desk._pool, None
        if pool is not None:
            pool.shutdown()
    middleware._reception.drops.flush()


def receiver(body, pieces=2):
    """A server's `receive`: the body in pieces, and after it a client that stays."""
    size = -(-len(body) // pieces) or 1
    chunks = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
    messages = [
        {"type": "http.request", "body": chunk, "more_body": number + 1 < len(chunks)}
        for number, chunk in enumerate(chunks)
    ]

    async def receive():
        if messages:
            return messages.pop(0)
        await asyncio.Event().wait()  # until the answer is there, and nobody waits any more
        raise AssertionError

    return receive


def scope_of(environ):
    """What an ASGI server would make of the request."""
    headers = [
        (name[5:].replace("_", "-").lower().encode(), value.encode("latin-1"))
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    headers += [
        (key.replace("_", "-").lower().encode(), environ[key].encode("latin-1"))
        for key in ("CONTENT_TYPE", "CONTENT_LENGTH")
        if environ.get(key)
    ]
    mount = environ.get("SCRIPT_NAME", "")
    raw = (mount + environ["PATH_INFO"]).encode("latin-1")
    address = environ.get("REMOTE_ADDR")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": raw.decode("utf-8", "replace"),
        "raw_path": quote(raw).encode(),
        "root_path": mount.encode("latin-1").decode(),
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": headers,
        "client": (address, 50_000) if address else None,
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
    }


def asgi_app(application):
    """A WSGI app that does not wait, as an ASGI app: a message for each piece of its body."""

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            raise NotImplementedError
        pieces, more = [], True
        while more:
            message = await receive()
            pieces.append(message.get("body", b""))
            more = message.get("more_body")
        environ = {
            "REQUEST_METHOD": scope["method"],
            "PATH_INFO": scope["path"].encode().decode("latin-1"),
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "wsgi.input": io.BytesIO(b"".join(pieces)),
        }
        for name, value in scope["headers"]:
            environ["HTTP_" + name.decode().upper().replace("-", "_")] = value.decode("latin-1")
        started, written = [], []

        def start_response(status, headers, exc_info=None):
            started.append((int(status[:3]), headers))
            return written.append

        body = application(environ, start_response)
        try:
            chunks = iter(body)
            chunk = next(chunks, b"")  # an app may begin its answer as late as here
            ((status, headers),) = started
            raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
            await send({"type": "http.response.start", "status": status, "headers": raw})
            for piece in [*written, chunk]:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            for piece in chunks:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body"})
        finally:
            if hasattr(body, "close"):
                body.close()

    return app


def _texts(headers):
    """Headers with the names that they had before ASGI."""
    return [(name.decode("latin-1").title(), value.decode("latin-1")) for name, value in headers]

"""The application to wrap where there is none, behind both front doors."""

from __future__ import annotations

import asyncio
from wsgiref.validate import validator

import webtest

from ztas_middleware import ZTASMiddleware, only_ours


def test_what_is_not_ours_is_not_found(tmp_path):
    settings = {
        "database": str(tmp_path / "ztas.db"),
        "script": "/js/ztas.js",
        "sites": {"a": {"domain": "example.com"}},
    }
    middleware = ZTASMiddleware(validator(only_ours), settings)
    app = webtest.TestApp(middleware)
    assert app.get("/anything", status=404).text == "Not found\n"
    assert app.head("/anything", status=404).body == b""
    assert app.get("/js/ztas.js").status_int == 200
    middleware.close()


def ask(scope, *messages):
    sent = []
    waiting = iter(messages)

    async def receive():
        return next(waiting)

    async def send(message):
        sent.append(message)

    asyncio.run(only_ours(scope, receive, send))
    return sent


def test_as_asgi_it_is_not_found_either():
    start, body = ask({"type": "http", "method": "GET"})
    assert (start["status"], body["body"]) == (404, b"Not found\n")
    assert (b"content-length", b"10") in start["headers"]
    assert ask({"type": "http", "method": "HEAD"})[1]["body"] == b""


def test_as_asgi_it_opens_no_websocket_and_starts_and_stops():
    assert ask({"type": "websocket"}, {"type": "websocket.connect"}) == [
        {"type": "websocket.close"}
    ]
    said = ask({"type": "lifespan"}, {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"})
    assert [message["type"] for message in said] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]

"""Applications of the usual frameworks, wrapped: their pages, their sockets, their lifespan."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import asynccontextmanager, closing

import pytest
from litestar.response import Stream  # litestar reads annotations

from ztas_middleware.asgi import ZTASMiddleware, dashboard_app

PAGE = "<!doctype html><html><head><title>x</title></head><body>hello</body></html>"
TAG = b'<script defer src="/js/ztas.js" data-site="site_abc123"></script>'
HIT = json.dumps({"siteId": "site_abc123", "type": "pageview", "path": "/"}).encode()


@asynccontextmanager
async def lifespan(app):
    app.state.started = True
    yield
    app.state.started = False


def starlette_app(config):
    from starlette.applications import Starlette
    from starlette.responses import HTMLResponse, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    async def page(request):
        return HTMLResponse(PAGE)

    async def stream(request):
        return StreamingResponse((part for part in ("a", "b")), media_type="text/plain")

    async def socket(websocket):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    routes = [Route("/", page), Route("/stream", stream), WebSocketRoute("/socket", socket)]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_middleware(ZTASMiddleware, config=config)
    return app


def fastapi_app(config):
    from fastapi import FastAPI, WebSocket
    from fastapi.responses import HTMLResponse, StreamingResponse

    app = FastAPI(lifespan=lifespan)

    @app.get("/", response_class=HTMLResponse)
    def page() -> str:
        return PAGE

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        return StreamingResponse(iter(["a", "b"]), media_type="text/plain")

    async def socket(websocket):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    socket.__annotations__["websocket"] = WebSocket
    app.websocket("/socket")(socket)
    app.add_middleware(ZTASMiddleware, config=config)
    return app


def litestar_app(config):
    from litestar import Litestar, MediaType, get
    from litestar.handlers import websocket_listener

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def page() -> str:
        return PAGE

    @get("/stream", sync_to_thread=False)
    def stream() -> Stream:
        return Stream(iter(["a", "b"]), media_type="text/plain")

    @websocket_listener("/socket")
    async def socket(data: str) -> str:
        return data

    return ZTASMiddleware(Litestar([page, stream, socket]), config)


def quart_app(config):
    from quart import Quart, websocket

    app = Quart("site")

    @app.get("/")
    async def page():
        return PAGE

    @app.get("/stream")
    async def stream():
        async def parts():
            yield b"a"
            yield b"b"

        return parts(), {"Content-Type": "text/plain"}

    @app.websocket("/socket")
    async def socket():
        await websocket.send(await websocket.receive())

    # `app` stays a Quart app; only what the server calls is wrapped.
    app.asgi_app = ZTASMiddleware(app.asgi_app, config)
    return app


APPS = {
    "starlette": starlette_app,
    "fastapi": fastapi_app,
    "litestar": litestar_app,
    "quart": quart_app,
}


@pytest.fixture(params=APPS)
def app(request, tmp_path):
    settings = {"domain": "example.com", "inject": True}
    return APPS[request.param](
        {
            "database": str(tmp_path / "ztas.db"),
            "script": "/js/ztas.js",
            "sites": {"site_abc123": settings},
        }
    )


class Server:
    """As much of a server as an app needs, in one loop with a lifespan."""

    more_headers = ()

    def __init__(self, app):
        self.app = app
        self._to_app = asyncio.Queue()
        self._from_app = asyncio.Queue()

    async def __aenter__(self):
        self._life = asyncio.create_task(
            self.app(
                {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}},
                self._to_app.get,
                self._from_app.put,
            )
        )
        await self._to_app.put({"type": "lifespan.startup"})
        assert (await self._from_app.get())["type"] == "lifespan.startup.complete"
        return self

    async def __aexit__(self, *_):
        await self._to_app.put({"type": "lifespan.shutdown"})
        assert (await self._from_app.get())["type"] == "lifespan.shutdown.complete"
        await self._life

    def scope(self, kind, path, **more):
        headers = {
            b"host": b"example.com",
            b"origin": b"https://example.com",
            b"user-agent": b"Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Firefox/125.0",
        }
        return {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [*headers.items(), *self.more_headers],
            "client": ("203.0.113.9", 1234),
            "server": ("example.com", 443),
            "state": {},
            **more,
        }

    async def request(self, method, path, body=b""):
        sent, over = [], asyncio.Event()
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive():
            if messages:
                return messages.pop()
            await over.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                over.set()

        scope = self.scope("http", path, method=method)
        if body:
            scope["headers"].append((b"content-length", str(len(body)).encode()))
        await self.app(scope, receive, send)
        return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])

    async def talk(self, path, text):
        to_app, from_app = asyncio.Queue(), asyncio.Queue()
        scope = self.scope("websocket", path, scheme="wss", subprotocols=[])
        task = asyncio.create_task(self.app(scope, to_app.get, from_app.put))
        await to_app.put({"type": "websocket.connect"})
        assert (await from_app.get())["type"] == "websocket.accept"
        await to_app.put({"type": "websocket.receive", "text": text})
        answer = await from_app.get()
        await to_app.put({"type": "websocket.disconnect", "code": 1000})
        await task
        return answer.get("text")


def test_an_app_of_every_framework_is_what_it_was_and_counts(app, tmp_path):
    async def visit():
        async with Server(app) as server:
            assert await server.request("POST", "/api/track", HIT) == (200, b'{"success": true}')
            status, page = await server.request("GET", "/")
            assert (status, page.replace(TAG, b"").decode()) == (200, PAGE)
            assert TAG in page
            assert await server.request("GET", "/stream") == (200, b"ab")
            status, script = await server.request("GET", "/js/ztas.js")
            assert (status, b"track" in script) == (200, True)
            assert (await server.request("GET", "/missing"))[0] == 404
            assert await server.talk("/socket", "hello") == "hello"
            # The app hears of what is not ours, its own 405 included.
            assert (await server.request("GET", "/api/track"))[0] == 404

    asyncio.run(asyncio.wait_for(visit(), 20))
    with closing(sqlite3.connect(tmp_path / "ztas.db")) as connection:
        rows = connection.execute("select site_id, path, browser from hits").fetchall()
    assert rows == [("site_abc123", "/", "Firefox")]


def test_the_dashboard_behind_an_apps_own_login(tmp_path):
    from starlette.applications import Starlette
    from starlette.routing import Mount

    async def allow(scope):
        return (b"x-staff", b"1") in scope["headers"]

    config = {
        "database": str(tmp_path / "ztas.db"),
        "sites": {"site_abc123": {"domain": "example.com"}},
    }
    server = Server(Starlette(routes=[Mount("/stats", dashboard_app(config, allow=allow))]))

    async def visit():
        assert (await server.request("GET", "/stats/"))[0] == 403
        server.more_headers = [(b"x-staff", b"1")]
        status, page = await server.request("GET", "/stats/site_abc123")
        assert (status, b"/stats/-/" in page) == (200, True)

    asyncio.run(asyncio.wait_for(visit(), 20))

"""The app that every ASGI server of the matrix serves: it says what reached it.

It watches the wrap, too. ZTAS_CONFIG names the configuration. It is mounted at the root and at
/mounted.
"""

from __future__ import annotations

import json
import os
from contextvars import ContextVar

from ztas_middleware.asgi import ZTASMiddleware

seen = ContextVar("seen")


async def echo(scope, receive, send):
    seen.get().append((scope, receive, send, dict(scope)))
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": message["type"] + ".complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body")
    root = scope.get("root_path", "")
    answer = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": scope["path"].removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "REMOTE_ADDR": scope["client"][0] if scope.get("client") else "",
        "body": body.decode(),
        "pid": os.getpid(),
    }
    text = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": text})


wrapped = ZTASMiddleware(echo, os.environ["ZTAS_CONFIG"])


async def application(scope, receive, send):
    """Mount as Starlette does; fail loudly where the echo gets anything but the very objects."""
    if scope["type"] == "http" and scope["path"].startswith("/mounted/"):
        scope = {**scope, "root_path": scope.get("root_path", "") + "/mounted"}
    before, calls = dict(scope), []
    seen.set(calls)
    await wrapped(scope, receive, send)
    for got_scope, got_receive, got_send, content in calls:
        if got_scope is not scope or content != before:
            raise AssertionError("the scope was touched")
        if got_receive is not receive or got_send is not send:
            raise AssertionError("receive or send was touched")

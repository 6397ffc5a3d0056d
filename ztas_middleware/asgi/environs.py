"""A request of ASGI, named as the handlers know it: as CGI and WSGI name things."""

from __future__ import annotations

import io
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

# Names of headers come in lower case (ASGI); the same few all the time.
_NAMES: dict[bytes, str] = {
    b"content-type": "CONTENT_TYPE",
    b"content-length": "CONTENT_LENGTH",
}
_MOST_NAMES = 1000


def path_of(scope: Scope) -> str:
    """Where below the app's mount a request goes to, as text.

    `root_path` is where the app is mounted; by the specification `path` begins with it, and not
    every server does that.
    """
    path: str = scope["path"]
    root: str = scope.get("root_path") or ""
    if root and root != "/":
        root = root.rstrip("/")
        if path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
            return path[len(root) :]
    return path


def key_of(path: str) -> str:
    """`path` as a WSGI server has it in PATH_INFO: its bytes, read as latin-1."""
    return path if path.isascii() else path.encode("utf-8", "surrogateescape").decode("latin-1")


class _CutShort:
    """A body that the client has not sent to its end."""

    def read(self, _size: int = -1) -> bytes:
        raise OSError("the client went away")


def environ_of(scope: Scope, body: bytes | None = b"") -> dict[str, Any]:
    """What a WSGI server would hand over for the same request.

    Args:
        scope: the request.
        body: what came with it; None if the client went away before all was there.
    """
    peer, server = scope.get("client"), scope.get("server")
    host, port = server or ("localhost", None)
    query: bytes | str = scope.get("query_string", b"")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": key_of((scope.get("root_path") or "").rstrip("/")),
        "PATH_INFO": key_of(path_of(scope)),
        # Text in Django's test client.
        "QUERY_STRING": query if isinstance(query, str) else query.decode("latin-1"),
        # A Unix socket has neither (ASGI: the path and None).
        "REMOTE_ADDR": (peer[0] or "") if peer else "",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": _CutShort() if body is None else io.BytesIO(body),
        "wsgi.input_terminated": True,
        # What the app's own callable is asked about.
        "ztas.request": scope,
        "ztas.time": time.time_ns() // 1_000_000,
    }
    for name, value in scope["headers"]:
        key = _NAMES.get(name) or _name(name)
        if not key:
            continue
        text = value.decode("latin-1")
        if key in environ:
            # HTTP/2 splits cookies (RFC 9113, 8.2.3), and lists may come in several lines.
            text = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        environ[key] = text
    return environ


def _name(name: bytes) -> str:
    """The key of a header; empty for one that could be taken for another."""
    known = _NAMES.get(name.lower())
    if known is not None:
        return known
    if b"_" in name:
        # X_Forwarded_For would be X-Forwarded-For, which a visitor must not send.
        return ""
    key = "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
    if len(_NAMES) < _MOST_NAMES:
        _NAMES[name] = key
    return key

"""HTTP/1.1 by hand: requests byte for byte as a test wants them, answers as they come."""

from __future__ import annotations

import json
import socket
from typing import NamedTuple

PATIENCE = 10.0
"""Seconds after which a server that says nothing hangs."""


class Response(NamedTuple):
    status: int
    headers: dict
    """Names in lower case; several lines of one name are joined by a comma."""
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Connection:
    """One connection to a server; `to` is a port of this machine, or the path of a Unix socket.

    `source` is the address the connection comes from.
    """

    def __init__(self, to, source="127.0.0.1"):
        if isinstance(to, int):
            address = ("127.0.0.1", to)
            self._socket = socket.create_connection(address, PATIENCE, (source, 0))
        else:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(PATIENCE)
            self._socket.connect(str(to))
        self._file = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._file.close()
        self._socket.close()

    def send(self, data):
        self._socket.sendall(data)

    def end_sending(self):
        """Say that nothing more will come, and stay for the answer."""
        self._socket.shutdown(socket.SHUT_WR)

    def receive(self, method="POST"):
        """The next answer, None where the server has closed the connection."""
        try:
            status_line = self._file.readline()
        except ConnectionResetError:
            return None
        if not status_line:
            return None
        status = int(status_line.split(b" ", 2)[1])
        headers = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        if status == 100:
            return self.receive(method)
        return Response(status, headers, self._body(method, status, headers))

    def _body(self, method, status, headers):
        if method == "HEAD" or status in (204, 304):
            return b""
        if headers.get("transfer-encoding") == "chunked":
            pieces = []
            while size := int(self._file.readline(), 16):
                pieces.append(self._file.read(size))
                self._file.readline()
            self._file.readline()
            return b"".join(pieces)
        if "content-length" in headers:
            return self._file.read(int(headers["content-length"]))
        return self._file.read()


def message(method, path, headers=(), body=b"", *, length=True):
    """A request's bytes; `length` adds a Content-Length where there is a body."""
    headers = {"Host": "example.com", **dict(headers)}
    if length and body:
        headers["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(body, size=16):
    """`body` in the chunked transfer coding."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


def request(to, method, path, headers=(), body=b"", *, source="127.0.0.1"):
    """Send one request on a connection of its own and return the answer."""
    with Connection(to, source) as connection:
        connection.send(message(method, path, {"Connection": "close", **dict(headers)}, body))
        return connection.receive(method)

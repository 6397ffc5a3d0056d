"""A WSGI application that is another web server: it passes requests on, and answers back.

A connection is opened for each request, so that none can have gone stale. Bodies pass in pieces,
whatever their size. What RFC 9110 (7.6.1) calls hop-by-hop ends here in both directions.

h11 reads the answers, since it takes nothing that the next reader might take for something else;
the standard library's client splits lines at a bare CR, and forgets what stands behind a line that
is no header.
"""

from __future__ import annotations

import re
import socket
import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urlsplit

import h11
from waitress.channel import ClientDisconnected

from ztas_middleware.intake.clients import parse_address
from ztas_middleware.outages import OutageLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from wsgiref.types import StartResponse, WSGIEnvironment

CONNECT_WITHIN = 10.0
ANSWER_WITHIN = 120.0
"""Seconds of silence after which an upstream is given up."""

PIECE = 65_536

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# What we write ourselves, or what our server has settled with the client already.
_OWN = frozenset({"content-length", "expect", "host"})
_BODILESS = (204, 304)
_SAYS_WHO = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")

# What a terminal or a browser might obey; a tab is white space (RFC 9110, 5.5).
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def parse_url(text: str) -> SplitResult:
    """An upstream's URL.

    Raises:
        ValueError: it is none that can be asked.
    """
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"{text!r} must be like http://127.0.0.1:3000")
    if url.query or url.fragment or url.username is not None:
        raise ValueError(f"{text!r} must have neither query, fragment nor user")
    _ = url.port  # raises, too
    return url


class Upstream:
    """Passes requests on to `url`.

    Args:
        url: see `parse_url`; a path in it comes before the request's.
        trusted: gives the networks of proxies whose X-Forwarded headers are passed on.
    """

    def __init__(self, url: SplitResult, trusted: Callable[[], Iterable[Any]]) -> None:
        self._url = url
        self._prefix = quote(url.path.rstrip("/"), safe="/%!$&'()*+,;=:@~")
        self._trusted = trusted
        self._outages = OutageLog()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The WSGI call, PEP 3333."""
        exchange = None
        try:
            exchange = _Exchange(self._connect())
            body = self._ask(exchange, environ)
        except (OSError, h11.ProtocolError, _NonsenseError) as error:
            if exchange is not None:
                exchange.close()
            late = isinstance(error, TimeoutError)
            self._report(error)
            return _failure("504 Gateway Timeout" if late else "502 Bad Gateway", start_response)
        start_response(exchange.status, exchange.headers)
        return body

    def _report(self, error: Exception) -> None:
        self._outages.report(f"upstream {self._url.netloc}", error)

    def _connect(self) -> socket.socket:
        host = str(self._url.hostname)
        secure = self._url.scheme == "https"
        port = self._url.port or (443 if secure else 80)
        connected = socket.create_connection((host, port), CONNECT_WITHIN)
        try:
            if secure:
                connected = ssl.create_default_context().wrap_socket(
                    connected, server_hostname=host
                )
            connected.settimeout(ANSWER_WITHIN)
        except BaseException:
            connected.close()
            raise
        return connected

    def _ask(self, exchange: _Exchange, environ: WSGIEnvironment) -> _Body:
        """Send the request, and receive the answer's head and the first piece of its body."""
        target = _target(environ)
        exchange.send(
            h11.Request(
                method=environ["REQUEST_METHOD"].encode("latin-1"),
                target=(target if target == "*" else self._prefix + target).encode("latin-1"),
                headers=[
                    (name.encode("latin-1"), value.encode("latin-1"))
                    for name, value in self._headers(environ)
                ],
            )
        )
        body, left = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0)
        try:
            while left > 0 and (piece := body.read(min(left, PIECE))):
                exchange.send(h11.Data(data=piece))
                left -= len(piece)
            if left == 0:
                exchange.send(h11.EndOfMessage())
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered without reading all
        return _Body(exchange, exchange.receive(), self._report)

    def _headers(self, environ: WSGIEnvironment) -> Iterator[tuple[str, str]]:
        received = {
            key[5:].replace("_", "-").lower(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        host = received.get("host") or self._url.netloc
        yield "Host", host
        if environ.get("CONTENT_LENGTH"):
            yield "Content-Length", environ["CONTENT_LENGTH"]
        if environ.get("CONTENT_TYPE"):
            yield "Content-Type", environ["CONTENT_TYPE"]
        left_out = HOP_BY_HOP | _OWN | _named(received.get("connection", ""))
        for name, value in received.items():
            if name not in left_out and name not in _SAYS_WHO and name != "content-type":
                yield name.title(), value
        peer = environ.get("REMOTE_ADDR", "")
        before = {name: received[name] for name in _SAYS_WHO if name in received}
        if not self._is_trusted(peer):
            before = {}
        if "forwarded" in before:
            yield "Forwarded", before["forwarded"]
        chain = before.get("x-forwarded-for")
        yield "X-Forwarded-For", f"{chain}, {peer}" if chain else peer
        yield "X-Forwarded-Host", before.get("x-forwarded-host") or host
        yield "X-Forwarded-Proto", before.get("x-forwarded-proto") or environ["wsgi.url_scheme"]
        yield "Connection", "close"

    def _is_trusted(self, peer: str) -> bool:
        address = parse_address(peer)
        return address is not None and any(address in network for network in self._trusted())


class _NonsenseError(Exception):
    """An upstream's answer that h11 lets pass, and nobody else should."""


class _Exchange:
    """One request and its answer on a connection of their own."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._parser = h11.Connection(h11.CLIENT)
        self.status = ""
        self.headers: list[tuple[str, str]] = []

    def send(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        """Send a part of the request."""
        if sent := self._parser.send(event):
            self._socket.sendall(sent)

    def receive(self) -> bytes:
        """The next piece of the body; empty at its end. The first comes with status and headers.

        Raises:
            OSError: the upstream is gone, or silent for too long.
            h11.ProtocolError: what it says is no HTTP.
            _NonsenseError: same.
        """
        while True:
            event = self._parser.next_event()
            if event is h11.NEED_DATA:
                # Gives what has come: an event stream must not wait until a piece is full.
                self._parser.receive_data(self._socket.recv(PIECE))
            elif isinstance(event, h11.Response):
                self._note(event)
            elif isinstance(event, h11.Data):
                return bytes(event.data)
            elif not isinstance(event, h11.InformationalResponse):
                return b""

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _note(self, answer: h11.Response) -> None:
        reason, headers = bytes(answer.reason), answer.headers.raw_items()
        if any(_CONTROL.search(text) for text in (reason, *(value for _, value in headers))):
            raise _NonsenseError(f"control characters in {reason!r} or a header")
        self.status = f"{answer.status_code} {reason.decode('latin-1') or 'Unknown'}"
        self.headers = _answer_headers(
            [
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in headers
                # Waitress would wait for the body that a 304 describes.
                if answer.status_code not in _BODILESS or name.lower() != b"content-length"
            ]
        )


class _Body:
    """An answer's body as it comes; `close()` hangs up."""

    def __init__(
        self, exchange: _Exchange, first: bytes, report: Callable[[Exception], None]
    ) -> None:
        self._exchange = exchange
        self._first = first
        self._report = report

    def __iter__(self) -> Iterator[bytes]:
        piece = self._first
        while piece:
            yield piece
            try:
                piece = self._exchange.receive()
            except (OSError, h11.ProtocolError) as error:
                self._report(error)
                # Waitress hangs up, so that the client sees that there was to be more; any
                # other exception it logs with a traceback.
                raise ClientDisconnected from error

    def close(self) -> None:
        """PEP 3333."""
        self._exchange.close()


def _target(environ: WSGIEnvironment) -> str:
    """Path and query, as they were sent where the server tells."""
    target = str(environ.get("REQUEST_URI") or "")
    if target == "*" and environ["REQUEST_METHOD"] == "OPTIONS":
        return target  # the server as a whole (RFC 9112, 3.2.4)
    if not target.startswith("/"):  # an absolute URL
        target = quote(environ.get("PATH_INFO", "") or "/", encoding="latin-1")
        if environ.get("QUERY_STRING"):
            target += f"?{environ['QUERY_STRING']}"
    # Only what no request line may have is escaped.
    return quote(target, safe="/%?#[]!$&'()*+,;=:@~{}|\\^`\"<>", encoding="latin-1")


def _answer_headers(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    lowered = {name.lower() for name, _ in headers}
    left_out = HOP_BY_HOP.union(
        *(_named(value) for name, value in headers if name.lower() == "connection")
    )
    # A length beside a transfer coding is wrong (RFC 9112, 6.3).
    if "transfer-encoding" in lowered:
        left_out |= {"content-length"}
    return [(name, value) for name, value in headers if name.lower() not in left_out]


def _named(connection: str) -> frozenset[str]:
    """The headers that a Connection header says are for one hop only."""
    return frozenset(name.strip().lower() for name in connection.split(","))


def _failure(status: str, start_response: StartResponse) -> list[bytes]:
    body = f"{status}\n".encode()
    headers = [
        ("Content-Type", "text/plain"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status, headers)
    return [body]

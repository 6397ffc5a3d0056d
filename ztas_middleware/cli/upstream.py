"""A WSGI application that is another web server: it passes requests on, and answers back.

A connection is opened for each request, so that none can have gone stale. Bodies pass in pieces,
whatever their size. What RFC 9110 (7.6.1) calls hop-by-hop ends here in both directions.
"""

from __future__ import annotations

import http.client
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urlsplit

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
_SAYS_WHO = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")

_FOLD = re.compile(r"\r?\n[ \t]*")


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
        connection = self._connection()
        try:
            answer = self._ask(connection, environ)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            late = isinstance(error, TimeoutError)
            self._outages.report(f"upstream {self._url.netloc}", error)
            return _failure("504 Gateway Timeout" if late else "502 Bad Gateway", start_response)
        start_response(f"{answer.status} {answer.reason or 'Unknown'}", _answer_headers(answer))
        return _Body(answer, connection)

    def _connection(self) -> http.client.HTTPConnection:
        kind = (
            http.client.HTTPSConnection
            if self._url.scheme == "https"
            else http.client.HTTPConnection
        )
        return kind(str(self._url.hostname), self._url.port, timeout=CONNECT_WITHIN)

    def _ask(
        self, connection: http.client.HTTPConnection, environ: WSGIEnvironment
    ) -> http.client.HTTPResponse:
        connection.connect()
        connection.sock.settimeout(ANSWER_WITHIN)
        connection.putrequest(
            environ["REQUEST_METHOD"],
            self._prefix + _target(environ),
            skip_host=True,
            skip_accept_encoding=True,
        )
        for name, value in self._headers(environ):
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        body, left = environ["wsgi.input"], int(environ.get("CONTENT_LENGTH") or 0)
        try:
            while left > 0 and (piece := body.read(min(left, PIECE))):
                connection.send(piece)
                left -= len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered without reading all
        answer = connection.getresponse()
        _check_length(answer)
        return answer

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


class _Body:
    """An answer's body as it comes; `close()` hangs up."""

    def __init__(
        self, answer: http.client.HTTPResponse, connection: http.client.HTTPConnection
    ) -> None:
        self._answer = answer
        self._connection = connection

    def __iter__(self) -> Iterator[bytes]:
        # read1() gives what has come: an event stream must not wait until a piece is full.
        while piece := self._answer.read1(PIECE):
            yield piece

    def close(self) -> None:
        """PEP 3333."""
        self._answer.close()
        self._connection.close()


def _target(environ: WSGIEnvironment) -> str:
    """Path and query, as they were sent where the server tells."""
    target = str(environ.get("REQUEST_URI") or "")
    if not target.startswith("/"):  # `*`, or an absolute URL
        target = quote(environ.get("PATH_INFO", "") or "/", encoding="latin-1")
        if environ.get("QUERY_STRING"):
            target += f"?{environ['QUERY_STRING']}"
    # Only what no request line may have is escaped.
    return quote(target, safe="/%?#[]!$&'()*+,;=:@~{}|\\^`\"<>", encoding="latin-1")


def _check_length(answer: http.client.HTTPResponse) -> None:
    """Refuse an answer whose end the next proxy might see elsewhere (RFC 9112, 6.3).

    Raises:
        http.client.HTTPException: its length is none, given twice, or its coding unknown.
    """
    lengths = answer.headers.get_all("content-length") or []
    if len(lengths) > 1 or not all(one.isascii() and one.isdecimal() for one in lengths):
        raise http.client.HTTPException(f"Content-Length is {' and '.join(lengths)}")
    coding = answer.getheader("transfer-encoding", "chunked")
    if coding.strip().lower() != "chunked":
        raise http.client.HTTPException(f"Transfer-Encoding is {coding}")


def _answer_headers(answer: http.client.HTTPResponse) -> list[tuple[str, str]]:
    left_out = HOP_BY_HOP | _named(answer.getheader("connection") or "")
    # A length beside a transfer coding is wrong (RFC 9112, 6.3).
    if answer.getheader("transfer-encoding"):
        left_out |= {"content-length"}
    return [
        (name, _FOLD.sub(" ", value))
        for name, value in answer.getheaders()
        if name.lower() not in left_out
    ]


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

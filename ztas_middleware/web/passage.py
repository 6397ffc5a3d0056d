"""The app's pages in WSGI's terms (PEP 3333): between the app and the server's `start_response`.

What becomes of a page is decided in `outgoing`. What is no page goes to the server as it is, the
app's own iterable included; where headers have to wait, `start_response` waits with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import TypeAlias
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from ztas_middleware.answer import Header
    from ztas_middleware.web.outgoing import Outgoing
    from ztas_middleware.web.pages import Pages

    OptExcInfo: TypeAlias = (
        tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
    )

Write = Callable[[bytes], object]


def pass_through(
    pages: Pages,
    application: WSGIApplication,
    environ: WSGIEnvironment,
    start_response: StartResponse,
) -> Iterable[bytes]:
    """Call the app, and see to its page if it answers with one."""
    outgoing = pages.expect(environ)
    if outgoing is None:
        return application(environ, start_response)
    passage = Passage(start_response, outgoing, environ.get("wsgi.file_wrapper"))
    return passage.take(application(environ, passage.start_response))


class Passage:
    """Takes the app's `start_response` and body, and hands them on to the server's."""

    def __init__(
        self, start_response: StartResponse, outgoing: Outgoing, file_wrapper: object
    ) -> None:
        """Prepare for an answer; `file_wrapper` is the server's `wsgi.file_wrapper`, or None."""
        self._server = start_response
        self._outgoing = outgoing
        self._file_wrapper = file_wrapper
        self._held: tuple[str, OptExcInfo | None] | None = None
        self._write: Write | None = None
        # Not every server hands a `write` back (granian: None).
        self._begun = False
        self._fed = False

    def start_response(
        self, status: str, headers: list[Header], exc_info: OptExcInfo | None = None, /
    ) -> Write:
        """What the app calls instead of the server's `start_response`."""
        if self._begun:
            # The server has heard of an answer already, and knows what to do with another one.
            self._outgoing.forget()
            return self._begin(status, headers, exc_info)
        if self._fed and exc_info and exc_info[1]:
            # What the app has produced is under way, as far as it can tell.
            try:
                raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # a reference cycle otherwise
        self._outgoing.begin(status, headers)
        self._held = (status, exc_info) if self._outgoing.headers is None else None
        if self._held is not None:
            return self.write
        write = self._begin(status, headers, exc_info)
        return self.write if self._outgoing.reads else write

    def write(self, data: bytes) -> None:
        """What an app of the old kind calls instead of yielding."""
        out = self._feed(data)
        if out:
            # Where there is none it fails as it does without us.
            cast("Write", self._write)(out)

    def take(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """What the server gets for the app's iterable: the very same, unless it is a page."""
        outgoing = self._outgoing
        if not outgoing.is_page:
            # Unless it is an app that calls `start_response` only when its body is read.
            return body if self._begun else _Body(self, body, self._run(body))
        if not outgoing.reads and (not outgoing.counts or self._is_file(body)):
            # A server may have a short cut for a file, but only for the very object.
            outgoing.done()
            return body
        if type(body) in (list, tuple) and not self._fed:
            pieces = self._take_all(body)
            return _SizedBody(self, body, pieces) if outgoing.counts else pieces
        if self._held is not None:
            return self._take_held(body)
        if not outgoing.changes and isinstance(body, Sized):
            return _SizedBody(self, body, self._run(body))
        return _Body(self, body, self._run(body))

    def close(self, body: Iterable[bytes]) -> None:
        """The answer is out, or nobody wants it any more."""
        try:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        finally:
            self._outgoing.done()

    def _begin(self, status: str, headers: list[Header], exc_info: OptExcInfo | None) -> Write:
        self._begun = True
        if exc_info is None:
            self._write = self._server(status, headers)
        else:
            self._write = self._server(status, headers, exc_info)
        return self._write

    def _take_all(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """A body that is all there: nothing waits, and where nothing changes it stays as it is."""
        pieces = [self._feed(chunk) for chunk in body]
        pieces.append(self._end())
        return [b"".join(pieces)] if self._outgoing.changes else body

    def _take_held(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """Read on until the headers can go: not every server waits for the first piece."""
        chunks = iter(body)
        start = b""
        try:
            for chunk in chunks:
                start = self._feed(chunk)
                if self._held is None:
                    break
            else:
                start = self._end()
        except BaseException:
            # The server gets nothing that it could close.
            self._outgoing.fail()
            self.close(body)
            raise
        return _Body(self, body, self._run(chunks, start))

    def _run(self, chunks: Iterable[bytes], start: bytes = b"") -> Iterator[bytes]:
        if start:
            yield start
        try:
            for chunk in chunks:
                out = self._feed(chunk)
                if self._held is None:
                    yield out
        except Exception:
            self._outgoing.fail()
            raise
        rest = self._end()
        if rest:
            yield rest

    def _feed(self, chunk: bytes) -> bytes:
        self._fed = self._fed or bool(chunk)
        out = self._outgoing.feed(chunk)
        self._release()
        return out

    def _end(self) -> bytes:
        rest = self._outgoing.end()
        self._release()
        return rest

    def _release(self) -> None:
        """Let the headers go that had to wait, if they need not any more."""
        headers = self._outgoing.headers
        if self._held is not None and headers is not None:
            (status, exc_info), self._held = self._held, None
            self._begin(status, headers, exc_info)

    def _is_file(self, body: Iterable[bytes]) -> bool:
        return isinstance(self._file_wrapper, type) and isinstance(body, self._file_wrapper)


class _Body:
    """The body that the server gets; closing it closes the app's, exactly once."""

    def __init__(self, passage: Passage, body: Iterable[bytes], pieces: Iterable[bytes]) -> None:
        self._passage: Passage | None = passage
        self._body = body
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._pieces)

    def close(self) -> None:
        """What the server calls when it has sent all, or given up."""
        passage, self._passage = self._passage, None
        if passage is not None:
            passage.close(self._body)


class _SizedBody(_Body):
    """A body whose number of pieces is known: servers make a Content-Length of a single one."""

    def __len__(self) -> int:
        sized = self._pieces if isinstance(self._pieces, Sized) else self._body
        return len(cast("Sized", sized))

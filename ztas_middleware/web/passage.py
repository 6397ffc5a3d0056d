"""One answer of the app on its way out, in WSGI's terms (PEP 3333).

It is decided when the app calls `start_response`: what is no page goes to the server as it is,
the app's own iterable included. Where the headers of a page depend on whether it gets the tag,
`start_response` waits until that is known. Nothing that fails in here is the page's problem.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from typing import TYPE_CHECKING, cast

from ztas_middleware.web.answering import page_of, with_tag
from ztas_middleware.web.injection import Injection
from ztas_middleware.web.tag import InflatingWatch, TagWatch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
    from typing import TypeAlias
    from wsgiref.types import StartResponse

    from ztas_middleware.answer import Header
    from ztas_middleware.web.answering import Page
    from ztas_middleware.web.tag import TagPattern

    OptExcInfo: TypeAlias = (
        tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
    )

Count = Callable[[], None]
Report = Callable[[Exception], None]
Write = Callable[[bytes], object]


class Passage:
    """Takes the app's `start_response` and body, and hands them on to the server's."""

    def __init__(
        self,
        start_response: StartResponse,
        *,
        tag: bytes | None,
        pattern: TagPattern | None,
        count: Count | None,
        file_wrapper: object,
        report: Report,
    ) -> None:
        """Prepare for an answer.

        Args:
            start_response: the server's.
            tag: what a page gets, if it gets anything.
            pattern: what a tag in a page looks like; None where there is no script to have.
            count: called when a page without a tag is out.
            file_wrapper: the server's `wsgi.file_wrapper`, or None.
            report: told of every failure in here.
        """
        self._server = start_response
        self._tag = tag
        self._pattern = pattern
        self._count = count
        self._file_wrapper = file_wrapper
        self._report = report
        self._page: Page | None = None
        self._watch: TagWatch | None = None
        self._injection: Injection | None = None
        self._held: tuple[str, list[Header], OptExcInfo | None] | None = None
        self._write: Write | None = None
        self._fed = False

    def start_response(
        self, status: str, headers: list[Header], exc_info: OptExcInfo | None = None, /
    ) -> Write:
        """What the app calls instead of the server's `start_response`."""
        if self._write is not None:
            # The server has heard of an answer already, and knows what to do with another one.
            self._forget()
            return self._begin(status, headers, exc_info)
        if self._fed and exc_info and exc_info[1]:
            # What the app has produced is under way, as far as it can tell.
            try:
                raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # a reference cycle otherwise
        self._held = None
        try:
            self._look(status, headers)
        except Exception as error:  # noqa: BLE001 - the page leaves as it is
            self._report(error)
            self._forget()
        if self._injection is not None and self._page and not self._page.same_headers:
            self._held = (status, headers, exc_info)
            return self.write
        write = self._begin(status, headers, exc_info)
        return self.write if self._watch is not None else write

    def write(self, data: bytes) -> None:
        """What an app of the old kind calls instead of yielding."""
        out = self._feed(data)
        if out:
            # Not every server has one (granian: None); there it fails as it does without us.
            cast("Write", self._write)(out)

    def take(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """What the server gets for the app's iterable: the very same, unless it is a page."""
        if self._page is None:
            # Unless it is an app that calls `start_response` only when its body is read.
            return body if self._write is not None else _Body(self, body, self._run(body))
        if self._watch is None and (self._count is None or self._is_file(body)):
            # A server may have a short cut for a file, but only for the very object.
            self._done()
            return body
        if type(body) in (list, tuple) and not self._fed:
            pieces = self._take_all(body)
            return _SizedBody(self, body, pieces) if self._count else pieces
        if self._held is not None:
            return self._take_held(body)
        if self._injection is None and isinstance(body, Sized):
            return _SizedBody(self, body, self._run(body))
        return _Body(self, body, self._run(body))

    def close(self, body: Iterable[bytes]) -> None:
        """The answer is out, or nobody wants it any more."""
        try:
            close = getattr(body, "close", None)
            if close is not None:
                close()
        finally:
            self._done()

    def _look(self, status: str, headers: list[Header]) -> None:
        self._page = page = page_of(status, headers)
        self._watch = self._injection = None
        if page is None or self._pattern is None:
            return
        if self._tag is not None and page.changeable:
            self._watch = TagWatch(self._pattern)
            self._injection = Injection(self._tag, self._watch, hold=not page.same_headers)
        elif self._count is not None:
            # It is not ours to change, but it may bring the tag along.
            self._watch = (InflatingWatch if page.inflatable else TagWatch)(self._pattern)

    def _begin(self, status: str, headers: list[Header], exc_info: OptExcInfo | None) -> Write:
        if exc_info is None:
            self._write = self._server(status, headers)
        else:
            self._write = self._server(status, headers, exc_info)
        return self._write

    def _take_all(self, body: Iterable[bytes]) -> Iterable[bytes]:
        """A body that is all there: nothing waits, and where nothing changes it stays as it is."""
        pieces = [self._feed(chunk) for chunk in body]
        pieces.append(self._end())
        placed = self._injection is not None and self._injection.placed
        return [b"".join(pieces)] if placed else body

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
            self._count = None
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
            self._count = None  # nobody has seen that page
            raise
        rest = self._end()
        if rest:
            yield rest

    def _feed(self, chunk: bytes) -> bytes:
        """Take a piece of the body; return what may leave now, and let the headers go first."""
        self._fed = self._fed or bool(chunk)
        injection, watch = self._injection, self._watch
        if injection is None:
            if watch is not None:
                try:
                    watch.feed(chunk)
                except Exception as error:  # noqa: BLE001 - the page leaves as it is
                    self._report(error)
            return chunk
        settled = injection.settled
        try:
            out = injection.feed(chunk)
        except Exception as error:
            if not isinstance(chunk, bytes):
                raise  # no answer of WSGI's, with or without us
            self._report(error)
            out = chunk if settled else injection.give_up()
        if injection.settled:
            self._release()
        return out

    def _end(self) -> bytes:
        """The body has ended; return what is still here of it."""
        injection = self._injection
        rest = b"" if injection is None or injection.settled else injection.give_up()
        self._release()
        return rest

    def _release(self) -> None:
        """Let the headers go that had to wait."""
        if self._held is None:
            return
        (status, headers, exc_info), self._held = self._held, None
        if self._injection is not None and self._injection.placed and self._tag is not None:
            headers = with_tag(headers, len(self._tag))
        self._begin(status, headers, exc_info)

    def _forget(self) -> None:
        self._page = self._watch = self._injection = None

    def _done(self) -> None:
        """Count the page, once, unless its tag does that."""
        count, self._count = self._count, None
        if count is None or self._page is None or self._has_tag():
            return
        try:
            count()
        except Exception as error:  # noqa: BLE001 - the page is out
            self._report(error)

    def _has_tag(self) -> bool:
        return (self._watch is not None and self._watch.found) or (
            self._injection is not None and self._injection.placed
        )

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

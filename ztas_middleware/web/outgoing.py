"""One answer of the app on its way out, told in nobody's protocol: text and bytes go in and out.

The front doors feed it: `passage` does for WSGI. It decides whether the answer is a page, gives it
the tag, puts its headers right, and says when it has to be counted. Nothing that fails in here is
the page's problem: it leaves as the app made it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ztas_middleware.web.answering import page_of, with_tag
from ztas_middleware.web.injection import Injection
from ztas_middleware.web.tag import InflatingWatch, TagWatch

if TYPE_CHECKING:
    from ztas_middleware.answer import Header
    from ztas_middleware.web.answering import Page
    from ztas_middleware.web.tag import TagPattern

Count = Callable[[], None]
Report = Callable[[Exception], None]


class Outgoing:
    """What `Pages.expect` makes of a request: takes the answer to it, and hands it on.

    `begin` comes first, again if the app thinks better of it; then `feed` for each piece of the
    body and `end` after the last one, where `reads` says so; then `done`.
    """

    def __init__(
        self, *, tag: bytes | None, pattern: TagPattern | None, count: Count | None, report: Report
    ) -> None:
        """Prepare for an answer.

        Args:
            tag: what a page gets, if it gets anything.
            pattern: what a tag in a page looks like; None where there is no script to have.
            count: stores the page view of a page without a tag; may wait for the database.
            report: told of every failure in here.
        """
        self._tag = tag
        self._pattern = pattern
        self._count = count
        self._report = report
        self._page: Page | None = None
        self._watch: TagWatch | None = None
        self._injection: Injection | None = None
        self._headers: list[Header] = []

    @property
    def is_page(self) -> bool:
        """Whether the answer is of any interest; if not, it is none of our business any more."""
        return self._page is not None

    @property
    def reads(self) -> bool:
        """Whether the body has to go through `feed` and `end`."""
        return self._watch is not None

    @property
    def changes(self) -> bool:
        """Whether the body may leave otherwise than it came, or did."""
        return self._injection is not None and (
            self._injection.placed or not self._injection.settled
        )

    @property
    def counts(self) -> bool:
        """Whether `done` may still have something to count."""
        return self._count is not None

    @property
    def headers(self) -> list[Header] | None:
        """The headers to send; None while they depend on what `feed` or `end` will find."""
        injection = self._injection
        if injection is None or self._page is None or self._page.same_headers:
            return self._headers
        if not injection.settled:
            return None
        if injection.placed and self._tag is not None:
            return with_tag(self._headers, len(self._tag))
        return self._headers

    def begin(self, status: str, headers: list[Header]) -> None:
        """Look at the status (three digits, whatever follows) and the headers of the answer."""
        self._headers = headers
        try:
            self._look(status, headers)
        except Exception as error:  # noqa: BLE001 - the page leaves as it is
            self._report(error)
            self.forget()

    def feed(self, chunk: bytes) -> bytes:
        """Take a piece of the body; return what may leave now, after the headers.

        Raises:
            TypeError: the chunk is no bytes, with which no server could do anything either.
        """
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
            return injection.feed(chunk)
        except Exception as error:
            if not isinstance(chunk, bytes):
                raise
            self._report(error)
            return chunk if settled else injection.give_up()

    def end(self) -> bytes:
        """The body has ended; return what is still here of it."""
        injection = self._injection
        return b"" if injection is None or injection.settled else injection.give_up()

    def fail(self) -> None:
        """The app has failed under way: nobody has seen that page."""
        self._count = None

    def forget(self) -> None:
        """Have nothing to do with this answer any more."""
        self._page = self._watch = self._injection = None

    def done(self) -> None:
        """The answer is out: count the page, once, unless its tag does that."""
        count, self._count = self._count, None
        if count is None or self._page is None or self._has_tag():
            return
        try:
            count()
        except Exception as error:  # noqa: BLE001 - the page is out
            self._report(error)

    def _look(self, status: str, headers: list[Header]) -> None:
        self.forget()
        self._page = page = page_of(status, headers)
        if page is None or self._pattern is None:
            return
        if self._tag is not None and page.changeable:
            self._watch = TagWatch(self._pattern)
            self._injection = Injection(self._tag, self._watch, hold=not page.same_headers)
        elif self._count is not None:
            # It is not ours to change, but it may bring the tag along.
            self._watch = (InflatingWatch if page.inflatable else TagWatch)(self._pattern)

    def _has_tag(self) -> bool:
        return (self._watch is not None and self._watch.found) or (
            self._injection is not None and self._injection.placed
        )

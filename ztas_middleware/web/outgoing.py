"""One answer of the app on its way out, told in nobody's protocol: text and bytes go in and out.

The front doors feed it: `passage` does for WSGI. It decides whether the answer is a page, gives it
the tag, puts its headers right, and says when it has to be counted. Nothing that fails in here is
the page's problem: it leaves as the app made it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ztas_middleware.web.answering import NOT_MODIFIED, may_be_page, page_of, policies_of, with_tag
from ztas_middleware.web.injection import Injection
from ztas_middleware.web.memory import Counted, PageMemory
from ztas_middleware.web.policy import parse_meta
from ztas_middleware.web.tag import InflatingWatch, TagWatch

if TYPE_CHECKING:
    from ztas_middleware.answer import Header
    from ztas_middleware.web.answering import Page
    from ztas_middleware.web.tag import Tagging, TagPattern

Count = Callable[[], None]
Report = Callable[[Exception], None]


class Visit(NamedTuple):
    """Somebody opens a page that the server counts if no tag does."""

    site_id: str
    path: str
    store: Count
    """Stores the page view; may wait for the database."""
    memory: PageMemory

    @property
    def counted(self) -> Counted | None:
        """Who counted the page when it was last sent, if that is known."""
        return self.memory.of(self.site_id, self.path)

    def note(self, counted: Counted) -> None:
        """Remember who counts it."""
        self.memory.note(self.site_id, self.path, counted)


class Outgoing:
    """What `Pages.expect` makes of a request: takes the answer to it, and hands it on.

    `begin` comes first, again if the app thinks better of it; then `feed` for each piece of the
    body and `end` after the last one, where `reads` says so; then `done`.
    """

    def __init__(
        self,
        *,
        tagging: Tagging | None,
        pattern: TagPattern | None,
        visit: Visit | None,
        read: Count | None = None,
        report: Report,
    ) -> None:
        """Prepare for an answer.

        Args:
            tagging: makes the tag that a page gets, if it is to get one.
            pattern: what a tag in a page looks like; None where there is no script to have.
            visit: counts the page if it has no tag; None where it is not to be counted.
            read: called when it was a page, whoever else counts it.
            report: told of every failure in here.
        """
        self._tagging = tagging
        self._pattern = pattern
        self._visit = visit
        self._read = read
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
        injection = self._injection
        return injection is not None and (injection.placed is not None or not injection.settled)

    @property
    def counts(self) -> bool:
        """Whether `done` may still have something to count."""
        return self._visit is not None or self._read is not None

    @property
    def headers(self) -> list[Header] | None:
        """The headers to send; None while they depend on what `feed` or `end` will find."""
        injection = self._injection
        if injection is None or self._page is None or self._page.same_headers:
            return self._headers
        if not injection.settled:
            return None
        if injection.placed is not None:
            return with_tag(self._headers, len(injection.placed))
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
        if injection is None or injection.settled:
            return b""
        try:
            return injection.end()
        except Exception as error:  # noqa: BLE001 - the page leaves as it is
            self._report(error)
            return injection.give_up()

    def fail(self) -> None:
        """The app has failed under way: nobody has seen that page."""
        self._visit = self._read = None

    def forget(self) -> None:
        """Have nothing to do with this answer any more."""
        self._page = self._watch = self._injection = None

    def done(self) -> None:
        """The answer is out: count the page, once, unless its tag does that."""
        visit, read = self._visit, self._read
        self._visit = self._read = None
        if self._page is None:
            return
        try:
            if read is not None:
                read()
            if visit is None:
                return
            if self._page is not NOT_MODIFIED:
                visit.note(Counted.SCRIPT if self._has_tag() else Counted.SERVER)
            if not self._has_tag():
                visit.store()
        except Exception as error:  # noqa: BLE001 - the page is out
            self._report(error)

    def _look(self, status: str, headers: list[Header]) -> None:
        self.forget()
        policies = policies_of(headers)
        tagging = self._tagging
        tag = tagging.tag(policies) if tagging else None
        page = page_of(status, headers)
        if page is None:
            self._page = self._known_page(status, headers, tagged=tag is not None)
            return
        self._page = page
        if self._pattern is None:
            return
        if tagging is not None and tag is not None and page.changeable:
            self._watch = TagWatch(self._pattern)
            self._injection = Injection(
                lambda more: tagging.tag([*policies, *parse_meta(more)]),
                self._watch,
                hold=not page.same_headers,
            )
        elif self._visit is not None:
            # It is not ours to change, but it may bring the tag along.
            self._watch = (InflatingWatch if page.inflatable else TagWatch)(self._pattern)

    def _known_page(self, status: str, headers: list[Header], *, tagged: bool) -> Page | None:
        """The page that the browser has already, where it is the server's to count."""
        if self._visit is None:
            return None
        if status[:3] != "304":
            if status[:3] == "200":
                self._visit.note(Counted.NOBODY)
            return None
        counted = self._visit.counted
        if counted is None and may_be_page(self._visit.path, headers):
            counted = Counted.SCRIPT if tagged else Counted.SERVER
        return NOT_MODIFIED if counted is Counted.SERVER else None

    def _has_tag(self) -> bool:
        return (self._watch is not None and self._watch.found) or (
            self._injection is not None and self._injection.placed is not None
        )

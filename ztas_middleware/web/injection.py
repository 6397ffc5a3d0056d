"""Puts the script tag into a page that passes by in pieces, without knowing where it comes from.

Which answers are pages, and what becomes of their headers, is left to `pages`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ztas_middleware.web.head import LOOK_AHEAD, HeadSearch

if TYPE_CHECKING:
    from ztas_middleware.web.tag import TagWatch

Tag = Callable[[list[str]], "bytes | None"]


class Injection:
    """One page on its way out, which gets a tag unless `watch` finds that it has it.

    Attributes:
        settled: whether it is known if the page gets the tag.
        placed: the tag that it got, if it got one.
    """

    def __init__(self, tag: Tag, watch: TagWatch, *, hold: bool) -> None:
        """Prepare for a page.

        Args:
            tag: makes the tag for a page with these policies in its head; None if it may have none.
            watch: looks for a tag that is there.
            hold: nothing leaves before the matter is settled, because headers depend on it;
                otherwise all that the tag cannot come before leaves at once.
        """
        self.settled = False
        self.placed: bytes | None = None
        self._tag = tag
        self._watch = watch
        self._hold = hold
        self._search = HeadSearch()
        self._sent = 0

    def feed(self, chunk: bytes) -> bytes:
        """Take the next piece; return what may leave now."""
        if self.settled:
            self._watch.feed(chunk)
            return chunk
        room = LOOK_AHEAD - len(self._search.data)
        self._search.feed(chunk[:room])
        self._watch.feed(chunk)
        if self._search.over or self._watch.found:
            return self.end() + chunk[room:]
        if self._hold:
            return b""
        start, self._sent = self._sent, self._search.read
        return bytes(self._search.data[start : self._sent])

    def end(self) -> bytes:
        """Decide by what there is of the page; return what of that is still here."""
        search = self._search
        if search.place is None or self._watch.found:
            return self.give_up()
        self.placed = self._tag(search.policies)
        if self.placed is None:
            return self.give_up()
        start, self._sent = self._sent, len(search.data)
        self.settled = True
        return b"".join(
            (search.data[start : search.place], self.placed, search.data[search.place :])
        )

    def give_up(self) -> bytes:
        """Leave the page as it is; return what has been looked at and is still here."""
        self.settled = True
        start, self._sent = self._sent, len(self._search.data)
        return bytes(self._search.data[start:])

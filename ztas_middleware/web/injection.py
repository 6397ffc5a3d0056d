"""Puts the script tag into a page that passes by in pieces, without knowing where it comes from.

Which answers are pages, and what becomes of their headers, is left to `pages`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.web.head import LOOK_AHEAD, HeadSearch

if TYPE_CHECKING:
    from ztas_middleware.web.tag import TagWatch


class Injection:
    """One page on its way out, which gets `tag` unless `watch` finds that it has it.

    Attributes:
        settled: whether it is known if the page gets the tag.
        placed: whether it got it.
    """

    def __init__(self, tag: bytes, watch: TagWatch, *, hold: bool) -> None:
        # With `hold`, nothing leaves before the matter is settled, because headers depend on
        # it; otherwise all that the tag cannot come before leaves at once.
        self.settled = False
        self.placed = False
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
        search = self._search
        room = LOOK_AHEAD - len(search.data)
        search.feed(chunk[:room])
        self._watch.feed(chunk)
        if search.place is not None and not self._watch.found:
            self.settled = self.placed = True
            start, self._sent = self._sent, len(search.data)
            before = bytes(search.data[start : search.place])
            return b"".join((before, self._tag, search.data[search.place :], chunk[room:]))
        if self._watch.found or search.over:
            return self.give_up() + chunk[room:]
        if self._hold:
            return b""
        start, self._sent = self._sent, search.read
        return bytes(search.data[start : search.read])

    def give_up(self) -> bytes:
        """Leave the page as it is; return what has been looked at and is still here."""
        self.settled = True
        start, self._sent = self._sent, len(self._search.data)
        return bytes(self._search.data[start:])

"""Where in a page the script tag goes: before `</head>`, else before `<body`, else nowhere.

A page comes in pieces of any size. It is read the way browsers read it (WHATWG HTML, 13.2.5) as
far as that decides what is a tag: comments, attribute values and the text of scripts, styles,
titles and the like may hold anything. Whatever is unclear means nowhere.
"""

from __future__ import annotations

import re
from typing import Final

LOOK_AHEAD: Final = 64 * 1024
"""Bytes that are looked at."""

_OPENING = re.compile(rb"<(?=[a-zA-Z/!?])")
_NAME = re.compile(rb"</?([^\s/>]*)(?=[\s/>])")
_TO_VALUE = re.compile(rb"[^>=]*([>=])")
_QUOTE = re.compile(rb"\s*(\S)")
_UNQUOTED = re.compile(rb"[^\s>]*(?=[\s>])")
_COMMENT = re.compile(rb"<!--(?:-?>|.*?--!?>)", re.DOTALL)

# Elements whose content is text. `noscript` is one wherever scripts run, and only there does
# the place of the tag matter.
_TEXT_ELEMENTS: Final = {
    name: re.compile(rb"</" + name + rb"(?=[\s/>])", re.IGNORECASE)
    for name in (
        b"script",
        b"style",
        b"title",
        b"textarea",
        b"noscript",
        b"iframe",
        b"noembed",
        b"noframes",
        b"xmp",
    )
}
# What begins like this is UTF-16, whatever the headers say.
_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class HeadSearch:
    """Reads a page up to the place of the tag.

    Attributes:
        data: what has been fed.
        read: how many bytes of it are settled: the tag does not belong before any of them.
        place: where in `data` the tag belongs, once that is known.
        over: whether it is known that it belongs nowhere.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.read = 0
        self.place: int | None = None
        self.over = False
        self._inside: re.Pattern[bytes] | None = None

    def feed(self, chunk: bytes) -> None:
        """Read on, no further than `LOOK_AHEAD`."""
        looked = len(self.data)
        self.data += chunk
        if b"\0" in chunk or (looked < 2 and self.data.startswith(_BYTE_ORDER_MARKS)):  # noqa: PLR2004 - a mark has two bytes
            self.over = True
        end = min(len(self.data), LOOK_AHEAD)
        while not self.over and self.place is None:
            after = self._step(self.read, end)
            if after is None:
                self.over = end == LOOK_AHEAD
                return
            self.read = after

    def _step(self, at: int, end: int) -> int | None:
        """Read one token; None where its end is still to come."""
        if self._inside is not None:
            closing = self._inside.search(self.data, at, end)
            if closing is None:
                return None
            self._inside = None
            return closing.start()
        opening = _OPENING.search(self.data, at, end)
        if opening is None:
            # A lone `<` at the very end may yet become a tag.
            self.read = end - self.data.endswith(b"<", at, end)
            return None
        self.read = at = opening.start()
        if self.data.startswith((b"<!", b"<?"), at):
            return self._declaration_end(at, end)
        name = _NAME.match(self.data, at, end)
        if name is None:
            return None
        return self._tag(at, name, end)

    def _declaration_end(self, at: int, end: int) -> int | None:
        if b"<!--".startswith(self.data[at : min(at + 4, end)]):
            comment = _COMMENT.match(self.data, at, end)
            return comment.end() if comment else None
        return self.data.find(b">", at, end) + 1 or None

    def _tag(self, at: int, name: re.Match[bytes], end: int) -> int | None:
        closes = self.data[at + 1] == ord("/")
        lowered = name[1].lower()
        if lowered == (b"head" if closes else b"body"):
            self.place = at
            return at
        after = _tag_end(self.data, name.end(), end)
        if after is not None and not closes:
            self._inside = _TEXT_ELEMENTS.get(lowered)
        return after


def _tag_end(data: bytearray, at: int, end: int) -> int | None:
    """Where a tag whose name ends at `at` ends; None where that is still to come."""
    while True:
        stop = _TO_VALUE.match(data, at, end)
        if stop is None:
            return None
        if stop[1] == b">":
            return stop.end()
        value = _QUOTE.match(data, stop.end(), end)
        if value is None:
            return None
        if value[1] in (b'"', b"'"):
            at = data.find(value[1], value.end(), end) + 1
            if not at:
                return None
        else:
            unquoted = _UNQUOTED.match(data, value.start(1), end)
            if unquoted is None:
                return None
            at = unquoted.end()

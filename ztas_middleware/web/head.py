"""Where in a page the script tag goes: first in `<head>`, behind the `<meta>` that open it.

Where there is no `<head>` it goes before `</head>`, else before `<body`, else nowhere. The head is
read to its end all the same: it may have the tag, and policies that forbid it.

A page comes in pieces of any size. It is read the way browsers read it (WHATWG HTML, 13.2.5) as
far as that decides what is a tag: comments, attribute values and the text of scripts, styles,
titles and the like may hold anything. Whatever is unclear means nowhere.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
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
# What a head may hold; whatever else begins ends it.
_HEAD_ELEMENTS: Final = frozenset(
    {
        *(b"base", b"basefont", b"bgsound", b"link", b"meta", b"noframes", b"noscript"),
        *(b"script", b"style", b"template", b"title"),
    }
)
_POLICY: Final = b"content-security-policy"
# What begins like this is UTF-16, whatever the headers say.
_BYTE_ORDER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class HeadSearch:
    """Reads a page up to the end of its head.

    Attributes:
        data: what has been fed.
        read: how many bytes of it are settled: the tag does not belong before any of them.
        place: where in `data` the tag belongs, as far as is known.
        over: whether nothing more will be known; `place` holds then, and without one the tag
            belongs nowhere.
        policies: the contents of the `<meta http-equiv=Content-Security-Policy>` so far.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.read = 0
        self.place: int | None = None
        self.over = False
        self.policies: list[str] = []
        self._at = 0
        self._opening = False
        self._inside: re.Pattern[bytes] | None = None

    def feed(self, chunk: bytes) -> None:
        """Read on, no further than `LOOK_AHEAD`."""
        looked = len(self.data)
        self.data += chunk
        if b"\0" in chunk or (looked < 2 and self.data.startswith(_BYTE_ORDER_MARKS)):  # noqa: PLR2004 - a mark has two bytes
            self.over, self.place = True, None
        end = min(len(self.data), LOOK_AHEAD)
        while not self.over:
            after = self._step(self._at, end)
            if after is None:
                self.over = end == LOOK_AHEAD
                break
            self._at = after
        self.read = self._at if self.place is None else self.place

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
            self._at = end - self.data.endswith(b"<", at, end)
            return None
        self._at = at = opening.start()
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
            self.over = True
            self.place = at if self.place is None else self.place
            return at
        after = _tag_end(self.data, name.end(), end)
        if after is not None and not closes:
            self._inside = _TEXT_ELEMENTS.get(lowered)
            self._note(lowered, at, after)
        return after

    def _note(self, name: bytes, at: int, after: int) -> None:
        """See what a start tag says about the place."""
        if name == b"head" and self.place is None:
            self.place, self._opening = after, True
        elif name == b"meta":
            if self._opening:
                self.place = after
            if _POLICY in self.data[at:after].lower():
                self.policies += _policies_in(self.data[at:after])
        else:
            self._opening = False
            # Nothing behind it is a part of the head that was opened.
            self.over = self.place is not None and name not in _HEAD_ELEMENTS


class _Meta(HTMLParser):
    """Reads one `<meta>`, entities and all."""

    def __init__(self) -> None:
        super().__init__()
        self.policies: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the policy that it makes."""
        # Of two attributes of one name the first counts.
        values = dict(reversed(attrs))
        if tag == "meta" and (values.get("http-equiv") or "").strip().lower() == _POLICY.decode():
            self.policies.append(values.get("content") or "")


def _policies_in(tag: bytearray) -> list[str]:
    parser = _Meta()
    parser.feed(tag.decode("latin-1"))
    return parser.policies


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

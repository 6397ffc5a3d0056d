r"""Lines of the combined log format, as nginx and Apache write them.

    203.0.113.7 - - [10/Oct/2026:13:55:36 +0200] "GET / HTTP/2.0" 200 2326 "REFERRER" "USER AGENT"

Also read: the common format (no referrer and User-Agent), times as ISO 8601 writes them, and
whatever stands in front of the time or behind the rest. Of what stands in front, the left-most word
that is an address is the visitor's, see `fronts`; behind it, the first list of addresses in quotes
is X-Forwarded-For (nginx's own `main`). In quotes, nginx writes `\x22` and Apache `\"`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from ztas_middleware.imports.fronts import front_of, is_address
from ztas_middleware.imports.instants import from_iso
from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.imports.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.requests import PageViews

NO_LOG_LINE = Refused("is no line of a combined log")
NO_TIME = Refused("the time can't be read")

NO_ADDRESS = Refused("has no address in front")

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_TIME = (
    r"\[(?:([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}):([0-9]{2}) ([+-][0-9]{4})"
    r"|([0-9]{4}-[0-9]{2}-[0-9]{2}[^\]]{9,30}))\]"
)
_BEGINNING = re.compile(rf'(.*?) ?{_TIME} (?=")')
_REST = re.compile(rf"{_QUOTED} ([0-9]{{3}}) (?:[0-9]+|-)(?: {_QUOTED} {_QUOTED}(?: (.*))?)?")
_IN_QUOTES = re.compile(_QUOTED)
_ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\bnrtvf]))')
_LETTERS: Final = {"b": "\b", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "f": "\f"}
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}


def reader(page_views: PageViews) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it."""
    instant = Clock()

    def read(line: str) -> Outcome:
        beginning = _BEGINNING.match(line)
        rest = _REST.fullmatch(line, beginning.end()) if beginning else None
        if beginning is None or rest is None:
            return NO_LOG_LINE
        before, minute, second, zone, iso = beginning.groups()
        time = from_iso(iso) if iso else instant(minute, zone)
        if time is None:
            return NO_TIME
        front = front_of(before)
        if front is None:
            return NO_ADDRESS
        request, status, referrer, agent, behind = rest.groups()
        method, _, words = request.partition(" ")
        target, _, protocol = words.rpartition(" ")
        if not protocol.startswith("HTTP/"):
            target = words
        return page_views.outcome(
            Request(
                time if iso else time + int(second) * 1000,
                front.address,
                method,
                unescaped(target),
                int(status),
                unescaped(referrer or ""),
                "" if agent in (None, "-") else unescaped(agent),
                front.host,
                "",
                _forwarded(behind) if behind else {},
            )
        )

    return read


def recognise(line: str) -> bool:
    """Whether it is a line of this format."""
    beginning = _BEGINNING.match(line)
    return beginning is not None and _REST.fullmatch(line, beginning.end()) is not None


def is_whole(line: str) -> bool:
    """Whether nothing can be missing at the end of a line that has no line end."""
    beginning = _BEGINNING.match(line)
    rest = _REST.fullmatch(line, beginning.end()) if beginning else None
    return rest is not None and rest[4] is not None


def unescaped(text: str) -> str:
    """What the server received, where it wrote escapes for some of it."""
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    try:
        # Bytes that were escaped one by one are characters only together.
        return plain.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return plain


def _character(escape: re.Match[str]) -> str:
    code, letter = escape.groups()
    return chr(int(code, 16)) if code else _LETTERS.get(letter, letter)


def _forwarded(behind: str) -> dict[str, str]:
    """The addresses that a proxy passed on, if any stand behind the User-Agent."""
    for text in _IN_QUOTES.findall(behind):
        if text and all(is_address(word.strip()) for word in text.split(",") if word.strip()):
            return {"HTTP_X_FORWARDED_FOR": text}
    return {}


class Clock:
    """From a minute and a zone to an instant; lines come in order, so the last is remembered."""

    def __init__(self) -> None:
        self._text = ("", "")
        self._instant: int | None = None

    def __call__(self, minute: str, zone: str) -> int | None:
        """The instant of `10/Oct/2025:13:55` in a zone such as `+0200`, in UTC milliseconds."""
        if (minute, zone) != self._text:
            self._text = minute, zone
            self._instant = _instant(minute, zone)
        return self._instant


def _instant(minute: str, zone: str) -> int | None:
    """The instant of `10/Oct/2026:13:55` in a zone such as `+0200`, in UTC milliseconds."""
    try:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        moment = datetime(
            int(minute[7:11]),
            _MONTHS[minute[3:6]],
            int(minute[:2]),
            int(minute[12:14]),
            int(minute[15:]),
            tzinfo=timezone(-offset if zone[0] == "-" else offset),
        )
        return int(moment.timestamp()) * 1000
    except (ValueError, KeyError, OverflowError):
        return None

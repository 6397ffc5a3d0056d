r"""Lines of the combined log format, as nginx and Apache write them.

    203.0.113.7 - - [10/Oct/2026:13:55:36 +0200] "GET / HTTP/2.0" 200 2326 "REFERRER" "USER AGENT"

Also read: the common format (no referrer and User-Agent), a virtual host in front (Debian's
Apache), and X-Forwarded-For behind (nginx's own `main`). In quotes, nginx writes `\x22` and
Apache `\"`.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.imports.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.requests import PageViews

NO_LOG_LINE = Refused("is no line of a combined log")
NO_TIME = Refused("the time can't be read")

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE = re.compile(
    r"([^\s\[][^\[]*) \[([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}):([0-9]{2})"
    rf" ([+-][0-9]{{4}})\] "
    rf"{_QUOTED} ([0-9]{{3}}) (?:[0-9]+|-)(?: {_QUOTED} {_QUOTED}(?: {_QUOTED})?(?: .*)?)?"
)
_ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\bnrtvf]))')
_LETTERS: Final = {"b": "\b", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "f": "\f"}
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_PLAIN_PREFIX = 3  # address, identity, user


def reader(page_views: PageViews) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it."""
    instant = _Clock()

    def read(line: str) -> Outcome:
        found = _LINE.fullmatch(line)
        if found is None:
            return NO_LOG_LINE
        before, minute, second, zone, request, status, referrer, agent, forwarded = found.groups()
        time = instant(minute, zone)
        if time is None:
            return NO_TIME
        parts = before.split(" ")
        host = ""
        # A user's name may have spaces in it; a virtual host is followed by an address.
        if len(parts) > _PLAIN_PREFIX and _looks_like_address(parts[1]):
            host = parts.pop(0)
        method, _, rest = request.partition(" ")
        target, _, protocol = rest.rpartition(" ")
        if not protocol.startswith("HTTP/"):
            target = rest
        headers = {}
        if forwarded and forwarded != "-":
            headers["HTTP_X_FORWARDED_FOR"] = forwarded
        return page_views.outcome(
            Request(
                time + int(second) * 1000,
                parts[0],
                method,
                unescaped(target),
                int(status),
                unescaped(referrer or ""),
                "" if agent in (None, "-") else unescaped(agent),
                host,
                "",
                headers,
            )
        )

    return read


def recognise(line: str) -> bool:
    """Whether it is a line of this format."""
    return _LINE.fullmatch(line) is not None


def is_whole(line: str) -> bool:
    """Whether nothing can be missing at the end of a line that has no line end."""
    found = _LINE.fullmatch(line)
    return found is not None and found[8] is not None


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


def _looks_like_address(text: str) -> bool:
    return text.count(".") == 3 or ":" in text  # noqa: PLR2004 - of an IPv4 address


class _Clock:
    """From a minute and a zone to an instant; lines come in order, so the last is remembered."""

    def __init__(self) -> None:
        self._text = ("", "")
        self._instant: int | None = None

    def __call__(self, minute: str, zone: str) -> int | None:
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

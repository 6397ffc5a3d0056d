"""From the named fields of an entry in a log to the request that it tells of.

Formats that name their fields, by a format given as text, by JSON's keys or in a header, differ in
the names; these are ours. What a field holds is text as it was logged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ztas_middleware.imports.combined import Clock, unescaped
from ztas_middleware.imports.fronts import UNIX, is_address
from ztas_middleware.imports.instants import from_iso, from_number
from ztas_middleware.imports.outcomes import Refused
from ztas_middleware.imports.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ADDRESS, FORWARDED, HOST, METHOD, TARGET, QUERY = (
    "address", "forwarded", "host", "method", "target", "query",
)  # fmt: skip
REQUEST, STATUS, REFERRER, USER_AGENT, CONTENT_TYPE, TIME = (
    "request", "status", "referrer", "user_agent", "content_type", "time",
)  # fmt: skip
HEADER: Final = "HTTP_"
"""What a request header's field begins with, named as in a WSGI environ."""

NO_TIME = Refused("the time can't be read")
NO_REQUEST = Refused("lacks the request, or its status")
NO_ADDRESS = Refused("has no address")

NOTHING: Final = ("", "-")

_CLF = re.compile(
    r"\[?([0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}):([0-9]{2}) ([+-][0-9]{4})\]?"
).fullmatch
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,9})?").fullmatch
_ADDRESS_WORD = re.compile(r"[^\s,\"]+")


def missing(names: Mapping[str, object] | frozenset[str]) -> list[str]:
    """What an entry with these fields does not tell, and no page view can do without."""
    lacks = []
    if ADDRESS not in names and FORWARDED not in names:
        lacks.append("the address")
    if TIME not in names:
        lacks.append("the time")
    if REQUEST not in names and not {METHOD, TARGET} <= set(names):
        lacks.append("the request")
    if STATUS not in names:
        lacks.append("the status")
    return lacks


def reader_of_fields() -> Callable[[Mapping[str, str]], Request | Refused]:
    """A function from an entry's fields to its request."""
    clock = Clock()

    def read(fields: Mapping[str, str]) -> Request | Refused:
        time = instant_of(fields.get(TIME, ""), clock)
        if time is None:
            return NO_TIME
        address = _address(fields)
        if address is None:
            return NO_ADDRESS
        method, target = _target(fields)
        status = fields.get(STATUS, "")
        if not (method and status.isdecimal()):
            return NO_REQUEST
        headers = {name: text for name, text in fields.items() if name.startswith(HEADER)}
        forwarded = fields.get(FORWARDED, "")
        if forwarded not in NOTHING:
            headers["HTTP_X_FORWARDED_FOR"] = forwarded
        return Request(
            time,
            address,
            method,
            target,
            int(status),
            _plain(fields, REFERRER),
            _plain(fields, USER_AGENT),
            _plain(fields, HOST),
            _plain(fields, CONTENT_TYPE),
            headers,
        )

    return read


def instant_of(text: str, clock: Clock) -> int | None:
    """UTC milliseconds of a time as logs write it: of the common log, of ISO 8601, or a number."""
    found = _CLF(text)
    if found:
        minute = clock(found[1], found[3])
        return None if minute is None else minute + int(found[2]) * 1000
    if _NUMBER(text):
        return from_number(float(text))
    return from_iso(text)


def _address(fields: Mapping[str, str]) -> str | None:
    """Whose request it was; where the log has nothing but X-Forwarded-For, its first address."""
    address = fields.get(ADDRESS, "")
    if address not in NOTHING:
        return UNIX if address.startswith(UNIX) else address
    words = _ADDRESS_WORD.findall(fields.get(FORWARDED, ""))
    return next(filter(is_address, words), None)


def _target(fields: Mapping[str, str]) -> tuple[str, str]:
    """The method, and the path with its query."""
    request = fields.get(REQUEST, "")
    if request:
        return request_line(request)
    target, query = fields.get(TARGET, ""), fields.get(QUERY, "")
    if query not in NOTHING and "?" not in target:
        target = f"{target}?{query.removeprefix('?')}"
    return fields.get(METHOD, ""), unescaped(target)


def request_line(text: str) -> tuple[str, str]:
    """The method and the target of `GET / HTTP/1.1`."""
    method, _, words = text.partition(" ")
    target, _, protocol = words.rpartition(" ")
    return method, unescaped(target if protocol.startswith("HTTP/") else words)


def _plain(fields: Mapping[str, str], name: str) -> str:
    text = fields.get(name, "")
    return "" if text in NOTHING else unescaped(text)

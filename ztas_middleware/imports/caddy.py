"""Lines of Caddy's access log: one JSON object each.

https://caddyserver.com/docs/logging shows one. Of the many things in it we look at the address,
the request, a few headers, and the kind of answer.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ztas_middleware.imports.combined import Clock
from ztas_middleware.imports.fields import instant_of
from ztas_middleware.imports.instants import from_number
from ztas_middleware.imports.outcomes import LeftOut, Refused
from ztas_middleware.imports.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.requests import PageViews

NO_JSON = Refused("is no JSON object")
NO_ENTRY = Refused("is no entry of Caddy's log")
NO_REQUEST = LeftOut("not a request")
TIME_KEYS = ("ts", "time", "timestamp", "@timestamp")
INCOMPLETE = Refused("lacks the request's address, method, uri or status")
NO_TIME = Refused("the time can't be read")


def reader(page_views: PageViews) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it."""
    clock = Clock()

    def read(line: str) -> Outcome:
        entry = entry_of(line)
        if entry is None:
            return NO_JSON
        if "request" not in entry or "status" not in entry:
            return NO_REQUEST if "logger" in entry or "level" in entry else NO_ENTRY
        time = instant(_time(entry), clock)
        if time is None:
            return NO_TIME
        request = _request(time, entry)
        return INCOMPLETE if request is None else page_views.outcome(request)

    return read


def recognise(line: str) -> bool:
    """Whether it is a line of this format: of Caddy's access log, or another of its logs."""
    entry = entry_of(line)
    if entry is None or _time(entry) is None:
        return False
    return isinstance(entry.get("request"), dict) or ("logger" in entry and "level" in entry)


def is_whole(line: str) -> bool:
    """Whether nothing can be missing at the end of a line that has no line end."""
    return entry_of(line) is not None


def entry_of(line: str) -> dict[str, Any] | None:
    """The entry in a line: JSON, or after the words of the encoder `console`."""
    if line.startswith("{") or "\t{" not in line:
        return parse(line)
    words, _, rest = line.partition("\t{")
    entry = parse("{" + rest)
    time, *others = words.split("\t")
    return None if entry is None or not others else {"ts": time, "level": others[0]} | entry


def parse(line: str) -> dict[str, Any] | None:
    """The JSON object in a line."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def instant(value: object, clock: Clock) -> int | None:
    """UTC milliseconds, from a number in one of Caddy's units or a text in one of its formats."""
    if isinstance(value, str):
        return instant_of(value, clock)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return from_number(value)


def _time(entry: dict[str, Any]) -> object:
    """Whatever `time_key` says that it is called."""
    return next((entry[key] for key in TIME_KEYS if key in entry), None)


def _request(time: int, entry: dict[str, Any]) -> Request | None:
    request, status = entry["request"], entry["status"]
    if not isinstance(request, dict):
        return None
    address = request.get("client_ip") or request.get("remote_ip") or request.get("remote_addr")
    method, uri, host = request.get("method"), request.get("uri"), request.get("host")
    if not (
        isinstance(address, str)
        and isinstance(method, str)
        and isinstance(uri, str)
        and isinstance(status, int)
    ):
        return None
    headers = _headers(request.get("headers"))
    return Request(
        time,
        address,
        method,
        uri,
        status,
        headers.pop("HTTP_REFERER", ""),
        headers.pop("HTTP_USER_AGENT", ""),
        host if isinstance(host, str) else "",
        _headers(entry.get("resp_headers")).get("HTTP_CONTENT_TYPE", ""),
        headers,
    )


def _headers(found: object) -> dict[str, str]:
    """Headers as in a WSGI environ."""
    if not isinstance(found, dict):
        return {}
    return {
        "HTTP_" + name.upper().replace("-", "_"): ", ".join(map(str, values))
        for name, values in found.items()
        if isinstance(values, list)
    }

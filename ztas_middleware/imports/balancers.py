"""Access logs of Amazon's load balancers, the application's (ALB) and the classic one (ELB).

    https 2026-11-28T10:00:00.186641Z app/lb/50dc6 203.0.113.5:2817 10.0.0.1:80 0.0 0.0 0.0 200 200
    34 366 "GET https://example.com:443/ HTTP/1.1" "USER AGENT" ...

(in one line); the classic one lacks the first word. Neither has the referrer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ztas_middleware.imports import fields
from ztas_middleware.imports.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.requests import PageViews

NO_ENTRY = Refused("is no entry of a load balancer's log")

_LINE = re.compile(
    r"(?:(?:https?|h2|grpcs|wss?) )?"
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,16}Z) \S+ (\S+) \S+ "
    r"(?:-?[0-9.]+ ){3}([0-9]{3}|-) (?:[0-9]{3}|-) [0-9]+ [0-9]+ "
    r'"([^"\\]*(?:\\.[^"\\]*)*)" "([^"\\]*(?:\\.[^"\\]*)*)" .*'
)
_HOST = re.compile(r"[a-z][a-z0-9+.-]*://([^/?#]+)", re.IGNORECASE)


def reader(page_views: PageViews) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it."""
    request_of = fields.reader_of_fields()

    def read(line: str) -> Outcome:
        found = _LINE.fullmatch(line)
        if found is None:
            return NO_ENTRY
        time, client, status, request, agent = found.groups()
        host = _HOST.match(request.partition(" ")[2])
        asked = request_of(
            {
                fields.TIME: time,
                fields.ADDRESS: client,
                fields.REQUEST: request,
                fields.STATUS: status if status != "-" else "0",
                fields.USER_AGENT: agent,
                fields.HOST: host[1] if host else "",
            }
        )
        return asked if isinstance(asked, Refused) else page_views.outcome(asked)

    return read


def recognise(line: str) -> bool:
    """Whether it is a line of this format."""
    return _LINE.fullmatch(line) is not None


def is_whole(line: str) -> bool:
    """Whether nothing can be missing at the end of a line that has no line end."""
    return recognise(line)

"""Logs of one JSON object a line, by the names that their fields usually have.

Traefik's own, and what people make of nginx (`escape=json`), Apache and others. Nobody says which
names those have, so that a line counts as such a log's only if it has all that a page view needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ztas_middleware.imports import combined, fields
from ztas_middleware.imports.caddy import NO_JSON, parse
from ztas_middleware.imports.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.requests import PageViews

INCOMPLETE = Refused("lacks the address, time, request or status under a name that is known")

# Compared without case, `_`, `-` and `.`; the first that is there counts.
NAMES: Final = {
    fields.ADDRESS: (
        "remoteaddr clientip remoteip clientaddr clienthost client remoteaddress remotehost ip"
    ),
    fields.FORWARDED: "httpxforwardedfor xforwardedfor requestxforwardedfor xff forwardedfor",
    fields.TIME: (
        "timeiso8601 starttime startutc time timelocal timestamp ts msec timeunix date datetime"
    ),
    fields.REQUEST: "request requestline",
    fields.METHOD: "requestmethod method verb httpmethod",
    fields.TARGET: "requesturi uri requestpath requesturl url path",
    fields.QUERY: "args querystring query requestquery",
    fields.STATUS: "status downstreamstatus statuscode responsestatus responsecode response code",
    fields.REFERRER: "httpreferer referer referrer requestreferer httpreferrer",
    fields.USER_AGENT: "httpuseragent useragent requestuseragent agent ua",
    fields.HOST: "httphost requesthost vhost virtualhost host servername domain",
    fields.CONTENT_TYPE: (
        "senthttpcontenttype downstreamcontenttype responsecontenttype contenttype"
    ),
    "HTTP_ACCEPT_LANGUAGE": "httpacceptlanguage acceptlanguage",
    "HTTP_SEC_FETCH_MODE": "httpsecfetchmode secfetchmode",
    "HTTP_SEC_FETCH_DEST": "httpsecfetchdest secfetchdest",
}
_BY_NAME: Final = {
    name: (field, rank) for field, names in NAMES.items() for rank, name in enumerate(names.split())
}


def reader(page_views: PageViews) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it."""
    request_of = fields.reader_of_fields()
    read_wrapped = combined.reader(page_views)

    def read(line: str) -> Outcome:
        entry = parse(line)
        if entry is None:
            return NO_JSON
        wrapped = _wrapped(entry)
        if wrapped is not None:
            return read_wrapped(wrapped)
        found = fields_of(entry)
        if fields.missing(found):
            return INCOMPLETE
        request = request_of(found)
        return request if isinstance(request, Refused) else page_views.outcome(request)

    return read


def recognise(line: str) -> bool:
    """Whether it is a line of this format, beyond doubt."""
    entry = parse(line)
    if entry is None:
        return False
    wrapped = _wrapped(entry)
    if wrapped is not None:
        return combined.recognise(wrapped)
    found = fields_of(entry)
    return not fields.missing(found) and not isinstance(fields.reader_of_fields()(found), Refused)


def is_whole(line: str) -> bool:
    """Whether nothing can be missing at the end of a line that has no line end."""
    return parse(line) is not None


def fields_of(entry: Mapping[str, object]) -> dict[str, str]:
    """The fields that are known by their names, as text."""
    found: dict[str, tuple[int, str]] = {}
    for key, value in entry.items():
        known = _BY_NAME.get("".join(filter(str.isalnum, key.lower())))
        if known is None or isinstance(value, bool) or not isinstance(value, (str, int, float)):
            continue
        field, rank = known
        if field not in found or rank < found[field][0]:
            found[field] = rank, str(value)
    return {field: text for field, (_, text) in found.items()}


def _wrapped(entry: Mapping[str, object]) -> str | None:
    """The line in an entry of Docker's `json-file`, which wraps whatever a container says."""
    log = entry.get("log")
    if isinstance(log, str) and entry.keys() <= {"log", "stream", "time", "attrs"}:
        return log.rstrip("\r\n")
    return None

"""The W3C's extended log format: IIS, and CloudFront with tabs for spaces.

    #Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status cs(User-Agent) cs(Referer)

https://www.w3.org/TR/WD-logfile.html; times are UTC. A server that is restarted writes the header
anew, perhaps another one, so that a file is looked at from its beginning on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ztas_middleware.imports import fields
from ztas_middleware.imports.outcomes import LeftOut, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.requests import PageViews

DIRECTIVE = LeftOut("header")
NO_HEADER = Refused("comes before a #Fields line that names what a page view needs")
WRONG_LENGTH = Refused("has another number of fields than its header")

_FIELDS: Final = "#Fields:"
_DATE, _TIME = "date", "time"
_NAMES: Final = {
    "c-ip": fields.ADDRESS,
    "cs(x-forwarded-for)": fields.FORWARDED,
    "x-forwarded-for": fields.FORWARDED,
    "cs-method": fields.METHOD,
    "cs-uri-stem": fields.TARGET,
    "cs-uri": fields.TARGET,
    "cs-uri-query": fields.QUERY,
    "sc-status": fields.STATUS,
    "cs(referer)": fields.REFERRER,
    "cs(user-agent)": fields.USER_AGENT,
    "cs-host": fields.HOST,
    "cs(host)": fields.HOST,
    "x-host-header": fields.HOST,  # CloudFront's cs(Host) is the name of the distribution
    "sc-content-type": fields.CONTENT_TYPE,
    "rs(content-type)": fields.CONTENT_TYPE,
}
_ENCODED: Final = frozenset({fields.REFERRER, fields.USER_AGENT, fields.CONTENT_TYPE})


def reader(page_views: PageViews) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it; it must see all of a file's lines."""
    request_of = fields.reader_of_fields()
    names: list[str] = []

    def read(line: str) -> Outcome:
        if line.startswith("#"):
            if line.startswith(_FIELDS):
                names[:] = _names(line)
            return DIRECTIVE
        if not names or _lacks(names):
            return NO_HEADER
        has_tabs = "\t" in line
        values = line.split("\t") if has_tabs else line.split()
        if len(values) != len(names):
            return WRONG_LENGTH
        entry = dict(zip(names, values, strict=True))
        found = {
            _NAMES[name]: text
            for name, text in entry.items()
            if name in _NAMES and not (name == "cs(host)" and "x-host-header" in entry)
        }
        for name in _ENCODED & found.keys():
            found[name] = _decoded(found[name], has_tabs=has_tabs)
        found[fields.TIME] = f"{entry[_DATE]}T{entry[_TIME]}"
        request = request_of(found)
        return request if isinstance(request, Refused) else page_views.outcome(request)

    return read


def recognise(line: str) -> bool:
    """Whether it is a header of this format that names what a page view needs."""
    return line.startswith(_FIELDS) and not _lacks(_names(line))


def is_entry(line: str) -> bool:
    """Whether it is a line of some log, and not of its header."""
    return not line.startswith("#")


def is_whole(_: str) -> bool:
    """Whether nothing can be missing at the end of a line that has no line end: nobody knows."""
    return False


def _names(line: str) -> list[str]:
    return line.removeprefix(_FIELDS).lower().split()


def _lacks(names: list[str]) -> bool:
    known = {_NAMES.get(name, "") for name in names}
    known |= {fields.TIME} if {_DATE, _TIME} <= set(names) else set()
    return bool(fields.missing(frozenset(known)))


def _decoded(text: str, *, has_tabs: bool) -> str:
    """A header's text: CloudFront percent-encodes it, once or twice; IIS writes `+` for spaces."""
    if not has_tabs:
        return text.replace("+", " ")
    text = unquote(text)
    return unquote(text) if "%20" in text else text

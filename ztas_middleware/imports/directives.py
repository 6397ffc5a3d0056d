"""A log's format as its server's configuration has it: nginx's `log_format`, Apache's `LogFormat`.

    $remote_addr - $remote_user [$time_local] "$request" $status "$http_user_agent"
    %h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"

Either becomes a regular expression. Variables that nobody needs match whatever stands there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ztas_middleware.imports import fields
from ztas_middleware.imports.outcomes import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ztas_middleware.imports.outcomes import Outcome
    from ztas_middleware.imports.requests import PageViews

LONGEST = 16_384
"""Characters of a line; what is longer might be tried in too many ways."""

NO_MATCH = Refused("is not in the format that --log-format says")

# https://nginx.org/en/docs/http/ngx_http_core_module.html#variables and those of the log module.
_NGINX: Final = {
    "remote_addr": fields.ADDRESS,
    "http_x_forwarded_for": fields.FORWARDED,
    "proxy_add_x_forwarded_for": fields.FORWARDED,
    "time_local": fields.TIME,
    "time_iso8601": fields.TIME,
    "msec": fields.TIME,
    "request": fields.REQUEST,
    "request_method": fields.METHOD,
    "request_uri": fields.TARGET,
    "uri": fields.TARGET,
    "document_uri": fields.TARGET,
    "args": fields.QUERY,
    "query_string": fields.QUERY,
    "status": fields.STATUS,
    "http_referer": fields.REFERRER,
    "http_user_agent": fields.USER_AGENT,
    "host": fields.HOST,
    "http_host": fields.HOST,
    "server_name": fields.HOST,
    "sent_http_content_type": fields.CONTENT_TYPE,
}
# https://httpd.apache.org/docs/current/mod/mod_log_config.html
_APACHE: Final = {
    "h": fields.ADDRESS,
    "a": fields.ADDRESS,
    "t": fields.TIME,
    "r": fields.REQUEST,
    "m": fields.METHOD,
    "U": fields.TARGET,
    "q": fields.QUERY,
    "s": fields.STATUS,
    "v": fields.HOST,
    "V": fields.HOST,
}
_APACHE_HEADERS: Final = {
    "referer": fields.REFERRER,
    "user-agent": fields.USER_AGENT,
    "x-forwarded-for": fields.FORWARDED,
    "host": fields.HOST,
}
_APACHE_TIMES: Final = frozenset({"sec", "msec", "usec", "begin:sec", "begin:msec", "begin:usec"})
_ISO_TIMES: Final = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%FT%T", "%F %T")

_STATEMENT = re.compile(
    r"""\s*(?:log_format|LogFormat)\s+(?:[\w-]+\s+)?(?:escape=\w+\s+)?(.*?)(?:\s+\w+)?\s*;?\s*""",
    re.DOTALL,
)
_STRING = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_NGINX_PART = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE_PART = re.compile(r"%(?:(%)|[!,0-9]*[<>]?(?:\{([^}]*)\})?[!,0-9]*[<>]?(\^?[A-Za-z]{1,2}))")


def compiled(text: str) -> re.Pattern[str]:
    """The regular expression of a format, with a group for each field that is needed.

    Raises:
        ValueError: page views can't be had of such a log; the message says why.
    """
    text = _of_statement(text)
    parts = list(_nginx(text) if "$" in text else _apache(text))
    pattern, names = "", set()
    for index, (literal, name) in enumerate(parts):
        pattern += re.escape(literal)
        if name is None:
            continue
        following = parts[index + 1][0] if index + 1 < len(parts) else ""
        value = _value(name, following[:1])
        if name in names:
            pattern += f"(?:{value})"
        else:
            pattern += f"(?P<{name}>{value})" if name else f"(?:{value})"
        names.add(name)
    lacks = fields.missing(frozenset(names))
    if lacks:
        raise ValueError(f"it lacks {', '.join(lacks)}")
    return re.compile(pattern + (r"\s*" if parts and parts[-1][1] is None else ""))


def reader(page_views: PageViews, pattern: re.Pattern[str]) -> Callable[[str], Outcome]:
    """A function from a line to what becomes of it."""
    request_of = fields.reader_of_fields()

    def read(line: str) -> Outcome:
        found = pattern.fullmatch(line) if len(line) <= LONGEST else None
        if found is None:
            return NO_MATCH
        request = request_of(found.groupdict())
        return request if isinstance(request, Refused) else page_views.outcome(request)

    return read


def _of_statement(text: str) -> str:
    """The format itself, where somebody gave the whole statement or its quoted strings."""
    found = _STATEMENT.fullmatch(text)
    strings = found[1] if found else text.strip()
    if _STRING.sub("", strings).strip():
        return text.strip()
    joined = "".join(
        single or re.sub(r"\\(.)", r"\1", double) for single, double in _STRING.findall(strings)
    )
    return joined or text.strip()


def _value(name: str, following: str) -> str:
    """What stands for a variable that is followed by this character."""
    if following == '"':
        return r'[^"\\]*(?:\\.[^"\\]*)*'
    if following not in ("", " "):
        return rf"[^{re.escape(following)}]*"
    if name == fields.TIME:
        return r"\S+(?: [+-][0-9]{4})?"
    if name == fields.FORWARDED:
        return r"[^\s,]*(?:, ?[^\s,]+)*"
    # A user's name has spaces in it, and so has what stands without quotes though it should not.
    return ".*?" if name in ("", fields.REQUEST, fields.REFERRER, fields.USER_AGENT) else r"\S*"


def _nginx(text: str) -> Iterator[tuple[str, str | None]]:
    """Literals, each with the field behind it; an empty name is a variable that nobody needs."""
    end = 0
    for part in _NGINX_PART.finditer(text):
        variable = part[1] or part[2]
        name = _NGINX.get(variable)
        if name is None:
            name = variable.upper() if variable.startswith("http_") else ""
        yield text[end : part.start()], name
        end = part.end()
    yield text[end:], None


def _apache(text: str) -> Iterator[tuple[str, str | None]]:
    end = 0
    literal = ""
    for part in _APACHE_PART.finditer(text):
        percent, argument, directive = part.groups()
        literal += text[end : part.start()]
        end = part.end()
        if percent:
            literal += "%"
            continue
        name, around = _apache_field(argument, directive)
        yield literal + around[:1], name
        literal = around[1:]
    yield literal + text[end:], None


def _apache_field(argument: str | None, directive: str) -> tuple[str, str]:
    """The field of a directive, and the brackets that it puts around it."""
    if directive == "t":
        if argument is None:
            return fields.TIME, "[]"
        if argument in _APACHE_TIMES or argument.startswith(_ISO_TIMES):
            return fields.TIME, ""
        raise ValueError(f"a time as %{{{argument}}}t is not read; %t is")
    if directive == "i" and argument is not None:
        header = argument.lower()
        return _APACHE_HEADERS.get(header, "HTTP_" + re.sub(r"\W", "_", header).upper()), ""
    if directive == "o" and (argument or "").lower() == "content-type":
        return fields.CONTENT_TYPE, ""
    return _APACHE.get(directive, ""), ""

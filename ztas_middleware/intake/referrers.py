"""The page a visitor came from, as scheme, host and path.

URLs are read the way browsers read them where that is a matter of a character or two (tabs,
backslashes, several at signs), and given up where it is not. Hosts are brought into form by
`config.hosts`; whether one is the site itself is for the caller to say.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ztas_middleware.config.domains import DEFAULT_PORTS, Domain
from ztas_middleware.config.hosts import ascii_host, is_name
from ztas_middleware.intake.paths import PATH_LIMIT, RAW_LIMIT, decode_page
from ztas_middleware.intake.redaction import redact
from ztas_middleware.intake.text import CACHED_INPUTS, CACHED_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

_TOP_PORT = 65_535

# WHATWG URL: tabs and line breaks are removed anywhere, C0 controls and spaces around.
_REMOVED: Final = dict.fromkeys(map(ord, "\t\n\r"))
_AROUND: Final = "".join(map(chr, range(0x21)))
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://([^/]*)(.*)", re.DOTALL).fullmatch
_AUTHORITY = re.compile(r"(\[[^\[\]]{2,60}\]|[^\[\]:]{1,253})(?::([0-9]{0,8}))?").fullmatch


def clean_referrer(referrer: str, own: Callable[[str], bool]) -> str | None:
    """Bring a referrer into the form that is stored.

    Args:
        referrer: what the client sent, a whole URL of any scheme that has a host.
        own: tells whether a host is the site itself; it is given the real host, without port, in
            the form of `ascii_host`, or the whole origin where the scheme is an application's.

    Returns:
        Scheme, host, the port unless it is the scheme's own, and the decoded and redacted path:
        at most 2,048 characters. None where there is no host, or it is the site's own.
    """
    parse = _parse_cached if len(referrer) <= CACHED_LENGTH else _parse
    parsed = parse(referrer)
    if parsed is None:
        return None
    host, clean = parsed
    return None if own(host) else clean


def _parse(referrer: str) -> tuple[str, str] | None:
    """The real host for the caller's question, and the whole as it is stored."""
    raw = referrer.partition("#")[0].partition("?")[0].strip(_AROUND)
    cut = len(raw) > RAW_LIMIT
    raw = raw[:RAW_LIMIT].translate(_REMOVED)
    if "\\" in raw and raw[:4].lower() == "http":
        raw = raw.replace("\\", "/")
    url = _URL(raw)
    if url is None:
        return None
    scheme = url[1].lower()
    authority = _AUTHORITY(url[2].rpartition("@")[2])
    if authority is None:
        return None
    try:
        host = ascii_host(authority[1])
    except ValueError:
        return None
    port = int(authority[2] or 0)
    if port > _TOP_PORT:
        return None
    shown = f"{scheme}://{redact(host) if is_name(host) else '[ip]'}"
    if port and port != DEFAULT_PORTS.get(scheme):
        shown += f":{port}"
    path = decode_page(url[3], cut=cut)
    if scheme not in DEFAULT_PORTS:
        host = Domain(host, scheme, port or None).app or host
    return host, (shown + path)[:PATH_LIMIT].rstrip()


_parse_cached = lru_cache(maxsize=CACHED_INPUTS)(_parse)

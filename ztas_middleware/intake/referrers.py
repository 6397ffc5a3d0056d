"""The page a visitor came from, as scheme, host and path.

URLs are read the way browsers read them where that is a matter of a character or two (tabs,
backslashes, several at signs), and given up where it is not: a referrer that no browser could
have followed is none. Whether a host is the site itself is for the caller to say.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ztas_middleware.intake.paths import PATH_LIMIT, RAW_LIMIT, decode_page
from ztas_middleware.intake.redaction import is_ipv6, redact
from ztas_middleware.intake.text import CACHED_INPUTS, CACHED_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable

_WEB: Final = ("http", "https")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_TOP_PORT = 65_535

# WHATWG URL: tabs and line breaks are removed anywhere, C0 controls and spaces around.
_REMOVED: Final = dict.fromkeys(map(ord, "\t\n\r"))
_AROUND: Final = "".join(map(chr, range(0x21)))
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31})://([^/]*)(.*)", re.DOTALL).fullmatch
_AUTHORITY = re.compile(r"(\[[^\[\]]{2,60}\]|[^\[\]:]{1,253})(?::([0-9]{0,8}))?").fullmatch
# All but the WHATWG's forbidden host code points, control characters and surrogates.
_HOST = re.compile(
    r"[^\x00-\x20\x7f-\xa0\"#%/:<>?@\[\\\]^`{|}\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\ud800-\udfff\ufeff]{1,253}"
).fullmatch
# WHATWG: a host whose last label is a number is an IPv4 address, as in http://3232235777/.
_NUMBER_LAST = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)").fullmatch


def clean_referrer(referrer: str, own: Callable[[str], bool]) -> str | None:
    """Bring a referrer into the form that is stored.

    Args:
        referrer: what the client sent, a whole URL of any scheme that has a host.
        own: tells whether a host is the site itself; it is given the real host in lower case and
            IDNA (`xn--`) form, without trailing dot, port or the brackets of IPv6.

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
    host = _canonical_host(authority[1]) if authority else None
    if authority is None or host is None:
        return None
    port = int(authority[2] or 0)
    if port > _TOP_PORT:
        return None
    shown = f"{scheme}://{_shown_host(scheme, host)}"
    if port and port != _DEFAULT_PORTS.get(scheme):
        shown += f":{port}"
    path = decode_page(url[3], cut=cut)
    return host, (shown + path)[:PATH_LIMIT].rstrip()


_parse_cached = lru_cache(maxsize=CACHED_INPUTS)(_parse)


def _canonical_host(host: str) -> str | None:
    if host.startswith("["):
        address = host[1:-1].lower()
        return address if is_ipv6(address) else None
    host = host.lower().removesuffix(".")
    if not host.isascii():
        if not _HOST(host):
            return None
        try:
            host = host.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return None
    return host if _HOST(host) else None


def _shown_host(scheme: str, host: str) -> str:
    if ":" in host or (scheme in _WEB and _NUMBER_LAST(host)):
        return "[ip]"
    return redact(host)

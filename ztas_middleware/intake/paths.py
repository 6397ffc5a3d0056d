"""The path of a page, in one form for one page.

Clients send a path or a whole URL, encoded or not, with whatever query and fragment the visitor
came with. What is kept is the decoded path, the query parameters that the configuration names,
and a fragment where it is the route of a single-page application.

Percent-encoding is decoded exactly once: `%2525` is kept as `%25`, since the page's own name for
itself is `%25`. So cleaning is not idempotent for paths that contain an encoded percent sign,
question mark or number sign; for every other path it is.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ztas_middleware.intake.redaction import LONGEST, redact
from ztas_middleware.intake.text import CACHED_INPUTS, CACHED_LENGTH, redact_cut, scrub

PATH_LIMIT: Final = 2048
"""Characters of a stored path or referrer."""
# A character of four UTF-8 bytes is twelve characters when percent-encoded.
RAW_LIMIT: Final = 12 * (PATH_LIMIT + LONGEST)
"""Characters of a raw path or referrer that are looked at, at most."""

_PLAIN = re.compile(r"(?!.*//)/[\w/.~,;!@:-]{0,2047}", re.ASCII).fullmatch
# Servers take several slashes for one (RFC 3986 does not, and a URL within a path has two).
_SLASHES = re.compile(r"(?<!:)//+")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,31}://[^/\\]*")
# Unbounded, but of a fixed-width unit: a bound would cut characters in two.
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# Bytes that are no UTF-8, as `surrogateescape` leaves them, in the canonical upper case.
_INVALID: Final = {0xDC00 + byte: f"%{byte:02X}" for byte in range(0x80, 0x100)}
_RESERVED: Final = _INVALID | {ord(character): f"%{ord(character):02X}" for character in "&=#+%"}


def clean_path(path: str | None, keep_query: frozenset[str]) -> str:
    """Bring a page's path or URL into the form that is stored.

    Args:
        path: what the client sent; None or empty is `/`.
        keep_query: names of the query parameters that belong to the page.

    Returns:
        A path with a leading slash, of at most 2,048 characters: decoded, redacted, with the
        query parameters to keep in the URL's order (`&=#+%` in them stay encoded, so that they
        can be parsed again) and with a fragment only if it is a route, `#/...` or `#!/...`.
    """
    if not path:
        return "/"
    if len(path) > CACHED_LENGTH:
        return _clean(path, keep_query)
    return _clean_cached(path, keep_query)


def decode(text: str) -> str:
    """Decode percent-encoded UTF-8 once; what is no UTF-8 stays encoded, in upper case."""
    return _ESCAPES.sub(_decoded, text) if "%" in text else text


def decode_page(raw: str, *, cut: bool) -> str:
    """Decode, scrub and redact a path without query and fragment; `cut` as in `redact_cut`."""
    return redact_cut(scrub(decode(raw)), PATH_LIMIT, cut=cut)


def _clean(path: str, keep_query: frozenset[str]) -> str:
    if _PLAIN(path):
        return redact(path)[:PATH_LIMIT]
    target, _, fragment = path.partition("#")
    page, _, query = target.partition("?")
    start = _without_origin(scrub(page[:RAW_LIMIT]).strip())
    page = decode_page(start, cut=len(page) > RAW_LIMIT).strip()
    result = _SLASHES.sub("/", page if page.startswith("/") else f"/{page}")
    if query and keep_query:
        result += _kept(query, keep_query)
    if fragment.startswith(("/", "!/")):
        # A route has a query of its own, and perhaps an anchor in its page.
        route, _, query = fragment.partition("#")[0].partition("?")
        result += f"#{decode_page(route[:RAW_LIMIT], cut=len(route) > RAW_LIMIT)}"
        if query and keep_query:
            result += _kept(query, keep_query)
    return result[:PATH_LIMIT].rstrip()


_clean_cached = lru_cache(maxsize=CACHED_INPUTS)(_clean)


def _without_origin(page: str) -> str:
    origin = _ORIGIN.match(page)
    return page[origin.end() :] if origin else page


def _kept(query: str, names: frozenset[str]) -> str:
    """The parameters to keep with their question mark, or nothing."""
    pairs = query[:RAW_LIMIT].split("&")
    if len(query) > RAW_LIMIT:
        pairs.pop()  # it may be half of a parameter
    kept = ""
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if decode(name) in names and len(kept) < PATH_LIMIT:
            part = scrub(f"{_decode_part(name)}{equals}{_decode_part(value)}")
            kept += f"{'&' if kept else '?'}{redact_cut(part, PATH_LIMIT, cut=False)}"
    return kept


def _decode_part(text: str) -> str:
    return _ESCAPES.sub(_decoded_part, text) if "%" in text else text


def _decoded(match: re.Match[str]) -> str:
    octets = bytes.fromhex(match[0].replace("%", ""))
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("utf-8", "surrogateescape").translate(_INVALID)


def _decoded_part(match: re.Match[str]) -> str:
    octets = bytes.fromhex(match[0].replace("%", ""))
    return octets.decode("utf-8", "surrogateescape").translate(_RESERVED)

"""The tracker's file, served: every answer there can be is made when the config is loaded.

What the script does is in `tracker/ztas.js`; where the tag for it goes is left to `tag` and
`pages`.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ztas_middleware.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.answer import Header

BUILT = Path(__file__).parents[1] / "tracker" / "ztas.min.js"

BUILT_WAY = b'"../api/track"'
"""The endpoint, as seen from the script, in the file as it is built."""

# An hour: long enough that a visit loads it once, short enough that a new version or another
# endpoint is everywhere soon. To ask again costs a 304.
CACHE_CONTROL = "public, max-age=3600"

_TAGS = re.compile(r'(?:W/)?("[^"]*")')
_GZIP = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:;\s*q=([0-9.]+)\s*)?(?:,|$)", re.IGNORECASE)


class _Variant:
    """The script in one encoding."""

    def __init__(self, body: bytes, encoding: str | None) -> None:
        # Two encodings are two representations, so their strong ETags differ (RFC 9110, 8.8.3.3).
        digest = hashlib.blake2b(body, digest_size=12).hexdigest()
        self.body = body
        self.etag = f'"{digest}"'
        self.revalidated: tuple[Header, ...] = (
            ("ETag", self.etag),
            ("Cache-Control", CACHE_CONTROL),
            ("Vary", "Accept-Encoding"),
            # For tags with `crossorigin`, without which there is no `integrity`. It is no secret.
            ("Access-Control-Allow-Origin", "*"),
        )
        coded: tuple[Header, ...] = (("Content-Encoding", encoding),) if encoding else ()
        self.headers: tuple[Header, ...] = (
            ("Content-Type", "text/javascript; charset=utf-8"),
            ("Content-Length", str(len(body))),
            *coded,
            *self.revalidated,
            # Pages of other origins load it, also those that ask for isolation (COEP).
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            ("X-Content-Type-Options", "nosniff"),
        )


class Script:
    """Handles the path that the key `script` names."""

    waits = False
    """Calls take no time worth a thread."""

    def __init__(self, path: str, endpoint: str) -> None:
        body = script_for(path, endpoint)
        self._plain = _Variant(body, None)
        self._gzipped = _Variant(gzip.compress(body, 9, mtime=0), "gzip")

    def __call__(self, environ: Mapping[str, Any]) -> Answer | None:
        """Answer GET and HEAD; None leaves every other method to the wrapped app."""
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return None
        accepted = environ.get("HTTP_ACCEPT_ENCODING")
        variant = self._gzipped if accepted and takes_gzip(accepted) else self._plain
        known = environ.get("HTTP_IF_NONE_MATCH")
        if known and matches(known, variant.etag):
            return Answer("304 Not Modified", list(variant.revalidated), ())
        body = (variant.body,) if method == "GET" else ()
        return Answer("200 OK", list(variant.headers), body)


def script_for(path: str, endpoint: str) -> bytes:
    """The built script, sending to `endpoint` where it is served from `path`."""
    way = quote(way_between(path, endpoint), safe="/")
    return BUILT.read_bytes().replace(BUILT_WAY, f'"{way}"'.encode("ascii"))


def way_between(source: str, target: str) -> str:
    """The relative reference that leads from one path to another below the same mount.

    Relative, because where the app is mounted may differ from request to request.
    """
    here = source.split("/")[1:-1]
    there = target.split("/")[1:]
    shared = 0
    while shared < min(len(here), len(there) - 1) and here[shared] == there[shared]:
        shared += 1
    # "./" in front keeps a path that begins with an empty segment from being read as absolute.
    return ("../" * (len(here) - shared) or "./") + "/".join(there[shared:])


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an `Accept-Encoding` header names gzip, and not with `q=0`."""
    found = _GZIP.search(accept_encoding)
    return found is not None and (found[1] is None or found[1].strip("0.") != "")


def matches(if_none_match: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names `etag`, by weak comparison (RFC 9110, 13.1.2)."""
    # Proxies that compress or decompress on their own make our tags weak.
    return if_none_match.strip() == "*" or etag in _TAGS.findall(if_none_match)

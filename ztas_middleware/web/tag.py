"""The script tag as bytes: what it looks like, and whether a page has it."""

from __future__ import annotations

import re
import zlib
from html import escape
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

from ztas_middleware.web.policy import Requests, nonce_under

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ztas_middleware.config.domains import Origin
    from ztas_middleware.web.policy import Policy

LONGEST_TAG: Final = 1024
"""Bytes from `<script` to the end of `src` that a tag in a page may have."""

MOST_INFLATED: Final = 1 << 20
"""Bytes of a compressed page that are looked at."""


class Tagging(NamedTuple):
    """All that the tag in one page depends on, but for the page's policies."""

    site_id: str
    script: str
    """The path that the script is served at, below the mount."""
    endpoint: str
    mount: str
    """WSGI's `SCRIPT_NAME`, bytes decoded as latin-1."""
    origin: Origin | None
    """Where the browser has the page from, if that is known."""

    def tag(self, policies: Sequence[Policy]) -> bytes | None:
        """The tag that loads the script; None where these policies do not let it do its work."""
        nonce: str | None = ""
        if policies:
            if self.origin is None:
                return None
            src, endpoint = self._path(self.script), self._path(self.endpoint)
            nonce = nonce_under(policies, Requests(self.origin, src, endpoint))
        return None if nonce is None else tag_for(self.script, self.site_id, self.mount, nonce)

    def _path(self, path: str) -> str:
        return _url_path(self.mount, path)


def tag_for(script: str, site_id: str, mount: str, nonce: str | None = None) -> bytes:
    """The tag that loads the script for a site.

    ASCII only, so that it means the same in every charset that contains ASCII.

    Args:
        script: the path that the script is served at, below the mount.
        site_id: the site's id.
        mount: WSGI's `SCRIPT_NAME`, bytes decoded as latin-1.
        nonce: what the page's policy wants to see on it, if anything.
    """
    more = f' nonce="{escape(nonce)}"' if nonce else ""
    src = escape(_url_path(mount, script))
    text = f'<script defer src="{src}" data-site="{escape(site_id)}"{more}></script>'
    return text.encode("ascii", "xmlcharrefreplace")


def _url_path(mount: str, path: str) -> str:
    return quote(mount.encode("latin-1", "replace") + path.encode())


class TagPattern:
    """Recognises the tag in markup, by its `src`, whatever else it has."""

    def __init__(self, script: str) -> None:
        path = quote(script).lstrip("/").encode("ascii")
        self.needle = path
        # Bounded, so that a page of nothing but beginnings of tags is no work.
        most = b"{0,%d}" % LONGEST_TAG
        source = (
            rb"<script\b[^>]" + most + rb"?(?<=[\s\"'/])src\s{0,9}=\s{0,9}[\"']?"
            rb"(?:[^\"'\s>]" + most + rb"/)?" + re.escape(path) + rb"(?=[\"'\s>?#])"
        )
        self.search = re.compile(source, re.IGNORECASE).search
        self.walk = re.compile(b"(<!--)|(-->)|" + source, re.IGNORECASE).finditer


class TagWatch:
    """Looks for the tag in a page that passes by in pieces; a tag in a comment is none."""

    def __init__(self, pattern: TagPattern) -> None:
        self.found = False
        self._pattern = pattern
        self._tail = b""
        self._in_comment = False

    def feed(self, chunk: bytes) -> None:
        """Look at the next piece."""
        if self.found:
            return
        data = self._tail + chunk
        # A page without the script's name, which is nearly every piece of any page, is not
        # walked through: the search for plain bytes is a hundred times as fast.
        if self._pattern.needle in data and self._walk(data):
            self.found = True
            return
        # The end may hold half a tag; whatever begins before it and opens a comment, or closes
        # one, has done so.
        cut = max(0, len(data) - LONGEST_TAG)
        opened, closed = data.rfind(b"<!--", 0, cut + 3), data.rfind(b"-->", 0, cut + 2)
        if opened != closed:
            self._in_comment = opened > closed
        self._tail = data[cut:]

    def _walk(self, data: bytes) -> bool:
        in_comment = self._in_comment
        for found in self._pattern.walk(data):
            opening, closing = found.groups()
            if opening:
                in_comment = True
            elif closing:
                in_comment = False
            elif not in_comment:
                return True
        return False


class InflatingWatch(TagWatch):
    """The same for a page that the app has compressed with gzip or deflate."""

    def __init__(self, pattern: TagPattern) -> None:
        super().__init__(pattern)
        self._inflate = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        self._left = MOST_INFLATED

    def feed(self, chunk: bytes) -> None:
        """Look into the next piece, as far as it can be unpacked."""
        if self._left <= 0 or self.found:
            return
        try:
            data = self._inflate.decompress(chunk, self._left)
        except zlib.error:
            self._left = 0
            return
        self._left -= len(data)
        super().feed(data)

"""The request as the reader's browser made it, which proxies in between may have changed.

What a proxy says of it is believed from a trusted one only. What the browser says itself is
believed before that: proxies are set up by hand, and get the scheme and the port wrong.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.intake.clients import Clients

# A path from the root, of which nothing can be taken for a host, a query or another header.
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+")


class Forwarding:
    """Reads requests under one configuration."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def is_secure(self, environ: Mapping[str, Any]) -> bool:
        """Whether the reader came by https."""
        origin = environ.get("HTTP_ORIGIN", "").lower()
        if origin.startswith(("http://", "https://")):
            return bool(origin.startswith("https://"))
        if environ["wsgi.url_scheme"] == "https":
            return True
        return self._said(environ, "HTTP_X_FORWARDED_PROTO").lower() == "https"

    def hosts(self, environ: Mapping[str, Any]) -> set[str]:
        """The names, without ports, under which the reader may know us."""
        found = (environ.get("HTTP_HOST", ""), self._said(environ, "HTTP_X_FORWARDED_HOST"))
        return {name for host in found if (name := _name(f"//{host}"))}

    def is_from_here(self, environ: Mapping[str, Any]) -> bool:
        """Whether a form was sent from one of our own pages, and not by another site.

        The session's cookie is `SameSite=Lax` already; this also keeps others from logging
        somebody in or out.
        """
        fetched_from = environ.get("HTTP_SEC_FETCH_SITE")
        if fetched_from:
            # A browser's own word; a page can't set it. `none` is the address bar.
            return fetched_from in ("same-origin", "none")
        origin = environ.get("HTTP_ORIGIN")
        if not origin:
            return True  # no browser sends a form without either header
        # Ports are not compared: proxies drop them, and cookies don't know them either.
        return _name(origin) in self.hosts(environ)

    def prefix(self, environ: Mapping[str, Any]) -> str:
        """What a proxy has taken off the front of the path; empty if nothing."""
        prefix = self._said(environ, "HTTP_X_FORWARDED_PREFIX").rstrip("/")
        return prefix if _PREFIX.fullmatch(prefix) else ""

    def _said(self, environ: Mapping[str, Any], header: str) -> str:
        """The first item of a list, which is of the proxy next to the reader."""
        value = environ.get(header, "")
        if not value or not self._clients.peer(environ).trusted:
            return ""
        return str(value).partition(",")[0].strip()


def _name(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None

"""Which site a request to the app belongs to, by its `Host`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ztas_middleware.config.domains import covers
from ztas_middleware.intake.origin import MAX_LENGTH, parse_origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ztas_middleware.config.model import Site

_MAX_REMEMBERED = 1024


class SitesByHost:
    """Finds the first of some sites that has a host among its domains.

    The scheme of a domain is not compared: behind a proxy that ends TLS the app does not know it.
    """

    def __init__(self, sites: Iterable[Site]) -> None:
        self._sites = tuple(sites)
        self._remembered: dict[str, Site | None] = {}

    def of(self, environ: Mapping[str, Any]) -> Site | None:
        """The site that the request is for."""
        host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
        try:
            return self._remembered[host]
        except KeyError:
            found = self._find(host)
        if len(host) <= MAX_LENGTH:
            if len(self._remembered) >= _MAX_REMEMBERED:
                # Only a flood of made-up hosts gets here; the usual ones are back in no time.
                self._remembered.clear()
            self._remembered[host] = found
        return found

    def _find(self, host: str) -> Site | None:
        plain, secure = parse_origin(f"http://{host}"), parse_origin(f"https://{host}")
        if plain is None or secure is None:
            return None
        # One and the same where the host names a port.
        ports = (None, plain.port, secure.port)
        for site in self._sites:
            for domain in site.domains:
                if domain.port in ports and covers(domain, plain.host):
                    return site
        return None

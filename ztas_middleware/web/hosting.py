"""Which site a request to the app belongs to, by its `Host`, and from which origin it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ztas_middleware.config.domains import covers
from ztas_middleware.intake.origin import MAX_LENGTH, parse_origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ztas_middleware.config.domains import Origin
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
        host = _host(environ)
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


def origin_of(environ: Mapping[str, Any]) -> Origin | None:
    """The origin that the browser has the requested page from, as far as it can be known."""
    origin = parse_origin(f"http://{_host(environ)}")
    if origin is None or not _is_secure(environ, origin.host):
        return origin
    return parse_origin(f"https://{_host(environ)}")


def _host(environ: Mapping[str, Any]) -> str:
    return environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"


def _is_secure(environ: Mapping[str, Any], host: str) -> bool:
    """Whether the browser speaks TLS, though the app may sit behind a proxy that ends it.

    `X-Forwarded-Proto` is believed from anybody: it says something about the sender's page alone.
    """
    forwarded = environ.get("HTTP_X_FORWARDED_PROTO", "").partition(",")[0].strip().lower()
    if "https" in (environ.get("wsgi.url_scheme"), forwarded):
        return True
    # Browsers send these headers to https and to the machine they run on, and to nobody else.
    local = host == "::1" or host.startswith("127.") or f".{host}".endswith(".localhost")
    return bool(environ.get("HTTP_SEC_FETCH_MODE")) and not local

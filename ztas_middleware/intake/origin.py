"""The `Origin` header: parsed, and which sites it belongs to.

What an entry of `domain` matches is `config.domains`; what follows from the verdict (403, CORS)
is left to the endpoint.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ztas_middleware.config.domains import DEFAULT_PORTS, Origin, covers, matches, parse_port
from ztas_middleware.config.hosts import ascii_host
from ztas_middleware.intake.text import as_utf8

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config.domains import Domain
    from ztas_middleware.config.model import Site

# A scheme, 253 characters of host and a port come to 267; a host in raw UTF-8 has more bytes.
MAX_LENGTH = 512
_MAX_REMEMBERED = 1024
_NOWHERE: frozenset[str] = frozenset()
_ORIGIN = re.compile(
    r"(https?)://(\[[0-9a-f:.]+\]|[^\s/?#@:\[\]\\,]+)(?::([0-9]+))?", re.IGNORECASE
)

_Index = dict[str, list[tuple["Domain", str]]]


def parse_origin(header: str) -> Origin | None:
    """Parse an `Origin` header as WSGI hands it over (bytes decoded as latin-1).

    Returns:
        None for everything but one `http` or `https` origin: `null`, a path, a user name, a list.
    """
    if len(header) > MAX_LENGTH:
        return None
    found = _ORIGIN.fullmatch(as_utf8(header))
    if not found:
        return None
    scheme, host, port = found.groups()
    scheme = scheme.lower()
    try:
        return Origin(scheme, ascii_host(host), parse_port(port) if port else DEFAULT_PORTS[scheme])
    except ValueError:
        return None


class Origins:
    """Which of the configured sites an `Origin` belongs to, remembered for the usual ones."""

    def __init__(self, sites: Mapping[str, Site]) -> None:
        self._by_host: _Index = {}
        self._by_suffix: _Index = {}
        self._by_app: dict[str, frozenset[str]] = {}
        self._remembered: dict[str, frozenset[str]] = {}
        for site in sites.values():
            for domain in site.domains:
                if domain.app:
                    known = self._by_app.get(domain.app, _NOWHERE)
                    self._by_app[domain.app] = known | {site.id}
                    continue
                index = self._by_suffix if domain.wildcard else self._by_host
                for host in {domain.host, domain.twin or domain.host}:
                    index.setdefault(host, []).append((domain, site.id))

    def sites_of(self, header: str) -> frozenset[str]:
        """The ids of all sites whose pages have this origin; empty where it is allowed nowhere."""
        try:
            return self._remembered[header]
        except KeyError:
            found = self._by_app.get(header.lower()) if len(header) <= MAX_LENGTH else None
            found = found or self._sites_of(parse_origin(header))
        # Anybody can send a megabyte; it must not be kept a thousand times over.
        if len(header) <= MAX_LENGTH:
            if len(self._remembered) >= _MAX_REMEMBERED:
                # Only a flood of made-up origins gets here; the usual ones are back in no time.
                self._remembered.clear()
            self._remembered[header] = found
        return found

    def _sites_of(self, origin: Origin | None) -> frozenset[str]:
        if origin is None:
            return _NOWHERE
        candidates = list(self._by_host.get(origin.host, ()))
        suffix = origin.host
        while self._by_suffix and "." in suffix:
            suffix = suffix.partition(".")[2]
            candidates += self._by_suffix.get(suffix, ())
        return frozenset(site_id for domain, site_id in candidates if matches(domain, origin))


def is_own_host(site: Site, host: str) -> bool:
    """Whether `host`, in the form of `ascii_host` and without port, is one of the site's."""
    return any(covers(domain, host) for domain in site.domains)

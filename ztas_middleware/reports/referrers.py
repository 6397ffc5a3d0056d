"""Where a page view came from: its referrer's host, and the source it counts for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ztas_middleware.reports.sources import name_of

if TYPE_CHECKING:
    from ztas_middleware.config.domains import Domain

DIRECT = "Direct"

CACHED = 4_096
"""Referrers whose host is remembered; most page views come from a few."""


class Referrers:
    """Referrers as one site sees them: its own hosts are none.

    The intake has left out the site's own referrers already, but rows may have been imported, or
    the site may have moved to another domain since.
    """

    def __init__(self, domains: tuple[Domain, ...]) -> None:
        self._names = frozenset(_bare(domain.host) for domain in domains if not domain.wildcard)
        self._endings = tuple("." + domain.host for domain in domains if domain.wildcard)
        # A cache for each site, so that nothing outlives the configuration.
        self.host = lru_cache(CACHED)(self._host)
        self._source = lru_cache(CACHED)(self._source_of_host)

    def source(self, referrer: str | None, utm_source: str | None) -> str:
        """What brought a page view: the tag, else the referrer's owner, else nobody."""
        return utm_source or self._source(self.host(referrer))

    def _host(self, referrer: str | None) -> str | None:
        """The host of a stored referrer, without port and `www.`."""
        if referrer is None:
            return None
        host = _authority(referrer)
        if _bare(host) in self._names or host.endswith(self._endings):
            return None
        return _bare(host) or None

    def _source_of_host(self, host: str | None) -> str:
        return DIRECT if host is None else name_of(host)


def _bare(host: str) -> str:
    return host.removeprefix("www.")


def _authority(referrer: str) -> str:
    """The host in `scheme://host:port/path`, which is how referrers are stored."""
    _, found, rest = referrer.partition("://")
    authority = (rest if found else referrer).partition("/")[0].lower()
    # `[ip]` stands for an address that was redacted; it and IPv6 have no port inside.
    host, closed, _ = authority.partition("]")
    return host + closed if closed else authority.partition(":")[0]

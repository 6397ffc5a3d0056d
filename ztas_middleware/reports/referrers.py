"""Where a page view came from: its referrer's host, and the source it counts for."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ztas_middleware.acquisition.hosts import OwnHosts, host_of
from ztas_middleware.acquisition.sources import source_of

if TYPE_CHECKING:
    from ztas_middleware.config.domains import Domain

CACHED = 4_096
"""Referrers and tags that are remembered; most page views come from a few."""


class Referrers:
    """Referrers as one site sees them: its own hosts are none."""

    def __init__(self, domains: tuple[Domain, ...]) -> None:
        self._own = OwnHosts(domains)
        # A cache for each site, so that nothing outlives the configuration.
        self.host = lru_cache(CACHED)(self._host)
        self._source = lru_cache(CACHED)(source_of)

    def source(self, referrer: str | None, utm_source: str | None) -> str:
        """What brought a page view: the tag, else the referrer's owner, else nobody."""
        return self._source(utm_source, self.host(referrer))

    def _host(self, referrer: str | None) -> str | None:
        return host_of(referrer, self._own)

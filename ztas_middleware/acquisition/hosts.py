"""The host of a stored referrer, as far as it is another site's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ztas_middleware.config.domains import Domain

LOCAL = "localhost"
"""A page that somebody builds on their own machine, which is no site that visitors come from."""


class OwnHosts:
    """One site's own hosts, which no visit comes from.

    The intake has left out the site's own referrers already, but rows may have been imported, or
    the site may have moved to another domain since.
    """

    def __init__(self, domains: Iterable[Domain]) -> None:
        domains = tuple(domain for domain in domains if not domain.app)
        self._names = frozenset(_bare(domain.host) for domain in domains if not domain.wildcard)
        self._endings = tuple("." + domain.host for domain in domains if domain.wildcard)

    def __contains__(self, host: str) -> bool:
        """Whether a host, with or without `www.`, is the site's own."""
        return _bare(host) in self._names or host.endswith(self._endings)


def host_of(referrer: str | None, own: OwnHosts) -> str | None:
    """The host of a stored referrer in lower case, without port and `www.`; None for no other site.

    Args:
        referrer: the column `referrer`, `scheme://host:port/path`.
        own: the hosts of the site that was visited.
    """
    if referrer is None:
        return None
    host = authority(referrer)
    if host in own or host == LOCAL:
        return None
    return _bare(host) or None


def authority(referrer: str) -> str:
    """The host in `scheme://host:port/path`, which is how referrers are stored."""
    _, found, rest = referrer.partition("://")
    host = (rest if found else referrer).partition("/")[0].lower()
    # `[ip]` stands for an address that was redacted; it and IPv6 have no port inside.
    start, closed, _ = host.partition("]")
    return start + closed if closed else host.partition(":")[0].rstrip(".")


def _bare(host: str) -> str:
    return host.removeprefix("www.")

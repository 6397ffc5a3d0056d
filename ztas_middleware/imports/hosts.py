"""Which hosts' requests count, of a log that has those of several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ztas_middleware.config.domains import covers, parse_domain
from ztas_middleware.config.hosts import ascii_host

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ztas_middleware.config.model import Site

NAMELESS = frozenset({"", "-", "_"})
"""What logs write where a request names no host, or none that the server knows."""


def wanted(hosts: Iterable[str], site: Site) -> Callable[[str], bool]:
    """A function that tells whether a host, with a port or without, is one that counts.

    Args:
        hosts: see `Terms.hosts`.
        site: whose own hosts count where none are given.
    """
    given = tuple(map(parse_domain, hosts))
    domains = given or site.domains

    def is_wanted(host: str) -> bool:
        if host in NAMELESS:
            return not given
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        try:
            plain = ascii_host(name)
        except ValueError:
            return False
        return any(covers(domain, plain) for domain in domains)

    return is_wanted

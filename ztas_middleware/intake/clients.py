"""Who sent a request: the client's address, as far as the proxies in between can be believed.

`X-Forwarded-For` is a list that every hop appends to, so only its right end, written by proxies
we trust, means anything; the left end is whatever the client made up. We walk from the right and
stop at the first address that is not a trusted proxy.

Addresses live in memory only, for as long as the caches below hold them.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ztas_middleware.config.model import Network

LONGEST_ADDRESS = 64
"""Characters; an IPv6 address with brackets and port has 47, a zone id adds a few."""

# How servers write the other end of a Unix socket: gunicorn not at all, waitress as "localhost",
# uWSGI's own HTTP as the one address that no client can have.
UNIX_SOCKETS = frozenset({"", "localhost", "0.0.0.0"})  # noqa: S104 - nothing is bound to it

REMEMBERED = 5_120
"""Addresses, half a kilobyte each. A visitor comes back soon, and reading an address takes 8 us."""

# Headers are attacker-controlled; a legitimate chain of proxies is short.
MOST_HOPS = 32


class Client(NamedTuple):
    """One address and what the configuration says of it."""

    address: str
    """Canonical text; an IPv4-mapped IPv6 address as IPv4."""
    trusted: bool
    """A proxy whose word is believed."""
    excluded: bool
    loopback: bool


class Clients:
    """Resolves requests to clients under one configuration."""

    def __init__(self, trusted: tuple[Network, ...], excluded: tuple[Network, ...]) -> None:
        @lru_cache(maxsize=REMEMBERED)
        def look_up(text: str) -> Client | None:
            address = parse_address(text)
            if address is None:
                return None
            canonical = str(address)
            return Client(
                text if text == canonical else canonical,  # nearly always, and kept once
                trusted=any(address in network for network in trusted),
                excluded=any(address in network for network in excluded),
                loopback=address.is_loopback,
            )

        @lru_cache(maxsize=512)
        def look_up_peer(text: str) -> Client:
            if text in UNIX_SOCKETS or text.startswith("unix:"):
                text = "127.0.0.1"
            found = look_up(text) if len(text) <= LONGEST_ADDRESS else None
            if found is None:
                # Whatever a server might say is an address of its own, believed in nothing.
                text = text[:LONGEST_ADDRESS]
                found = Client(text, trusted=False, excluded=False, loopback=False)
            return found

        self._look_up = look_up
        self._look_up_peer = look_up_peer

    def peer(self, environ: Mapping[str, Any]) -> Client:
        """Who holds the other end of the socket."""
        return self._look_up_peer((environ.get("REMOTE_ADDR") or "")[: LONGEST_ADDRESS + 1])

    def client(self, environ: Mapping[str, Any], peer: Client) -> Client:
        """Who sent the request that `peer` handed over."""
        if not peer.trusted:
            return peer
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        if not forwarded:
            return peer
        if "," not in forwarded:
            return self._hop(forwarded) or peer
        # Empty elements of a list count for nothing (RFC 9110, 5.6.1).
        forwarded = forwarded.rstrip(", \t")
        client = peer
        # What lies beyond MOST_HOPS stays in one piece, which is no address.
        for hop in reversed(forwarded.rsplit(",", MOST_HOPS)):
            if not hop.strip():
                continue
            seen = self._hop(hop)
            if seen is None:
                break
            client = seen
            if not seen.trusted:
                break
        return client

    def _hop(self, text: str) -> Client | None:
        text = text.strip()
        return self._look_up(text) if 0 < len(text) <= LONGEST_ADDRESS else None


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Read an address as proxies write it: bare, `[v6]`, `v4:port` or `[v6]:port`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        if ":" not in text:
            return ipaddress.IPv4Address(text)
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address

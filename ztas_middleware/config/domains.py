"""Entries of `domain`, parsed once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Domain:
    """One entry of `domain`: which hosts, and where it says so, which scheme and port."""

    host: str
    """Lower case, no trailing dot, IDNA (`xn--`) form, without `*.`; IPv6 without brackets."""
    scheme: str | None = None
    """`http` or `https`; None is either."""
    port: int | None = None
    """None is any; an entry with a scheme and no port has that scheme's default port."""
    wildcard: bool = False
    """`*.example.com`: any subdomain, and not the domain itself."""

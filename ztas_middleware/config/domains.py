"""Entries of `domain` and the hosts and origins they stand for.

Hosts are compared in one form: lower case, no trailing dot, IDNA (`xn--`), IPv6 compressed and
without brackets. Reading the `Origin` header is left to `intake.origin`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from ztas_middleware.config.hosts import ascii_host, is_name

DEFAULT_PORTS = {"http": 80, "https": 443}

# Of these, browsers send no Origin, or `null` (HTML, 7.1.1; WHATWG URL, 4.7).
_WITHOUT_ORIGIN = frozenset(
    {"about", "blob", "data", "file", "ftp", "ftps", "javascript", "mailto", "ws", "wss"}
)

# scheme://, then the host, bracketed where it is IPv6, then :port.
_ENTRY = re.compile(
    r"""
    (?: (?P<scheme> [a-z][a-z0-9+.-]* ) :// )?
    (?P<host> \[ [^\[\]]* \] | [^:\[\]]* )
    (?: : (?P<port> .* ) )?
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL | re.ASCII,
)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_MAX_PORT = 65_535
_BARE_IPV6 = re.compile(r"[0-9a-f.]*:[0-9a-f.]*:[0-9a-f:.]*", re.IGNORECASE)


class Origin(NamedTuple):
    """Where a page came from, as browsers compare it."""

    scheme: str
    """`http` or `https`."""
    host: str
    """In the form of `ascii_host`."""
    port: int
    """The scheme's own where the header names none."""


@dataclass(frozen=True, slots=True)
class Domain:
    """One entry of `domain`: which hosts, and where it says so, which scheme and port."""

    host: str
    """Lower case, no trailing dot, IDNA (`xn--`) form, without `*.`; IPv6 without brackets."""
    scheme: str | None = None
    """`http`, `https`, or an application's own, such as `capacitor`; None is http or https."""
    port: int | None = None
    """None is any; an entry with a scheme and no port has that scheme's default port."""
    wildcard: bool = False
    """`*.example.com`: any subdomain, and not the domain itself."""

    @property
    def app(self) -> str | None:
        """The one origin of an application with a scheme of its own; None for web pages."""
        if self.scheme is None or self.scheme in DEFAULT_PORTS:
            return None
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}"

    @property
    def name(self) -> str:
        """What a site is called after its entry."""
        if self.app:
            return self.app
        host = f"*.{self.host}" if self.wildcard else self.host
        return f"{host}:{self.port}" if self.port and not self.scheme else host

    @property
    def twin(self) -> str | None:
        """The host with `www.` put in front or taken away; None where there is no such thing."""
        if self.wildcard or self.app or not is_name(self.host):
            return None
        return self.host[4:] if self.host.startswith("www.") else f"www.{self.host}"


def parse_domain(text: str) -> Domain:
    """Parse `[scheme://][*.]host[:port]`.

    Raises:
        ValueError: with a message for the person who wrote the entry.
    """
    if any(c.isspace() for c in text):
        raise ValueError("a domain has no spaces")
    if "@" in text:
        raise ValueError("a domain has no user name or password")
    entry = _ENTRY.fullmatch(text)
    if entry is None:
        raise ValueError("write it as example.com, https://example.com or [::1]")
    scheme, host, port = entry.groups()
    scheme = scheme.lower() if scheme else None
    if scheme in _WITHOUT_ORIGIN:
        raise ValueError(f"{scheme}:// has no origin")
    if set(text[len(scheme) + 3 if scheme else 0 :]) & set("/?#\\"):
        raise ValueError("a domain is a host, without path and query")
    if _BARE_IPV6.fullmatch(text):
        raise ValueError(f"an IPv6 address goes in brackets: [{text}]")
    number = None if port is None else parse_port(port)
    if number is None and scheme is not None:
        number = DEFAULT_PORTS.get(scheme)
    wildcard = host.startswith("*.")
    if wildcard and scheme is not None and scheme not in DEFAULT_PORTS:
        raise ValueError(f"{scheme}:// stands for one origin, without a star")
    name = ascii_host(host[2:] if wildcard else host)
    if wildcard and not is_name(name):
        raise ValueError("an address has no subdomains")
    return Domain(name, scheme, number, wildcard)


def parse_port(text: str) -> int:
    """A port number, in plain digits.

    Raises:
        ValueError: it is none.
    """
    if not _PORT.fullmatch(text) or int(text) > _MAX_PORT:
        raise ValueError(f"a port is a number from 1 to {_MAX_PORT}")
    return int(text)


def covers(domain: Domain, host: str) -> bool:
    """Whether `host`, in the form of `ascii_host`, is one of the entry's, on whatever port.

    An application's own scheme has no host by itself: there, it is the whole origin.
    """
    if domain.app:
        return host == domain.app
    if domain.wildcard:
        return host.endswith(f".{domain.host}")
    return host in (domain.host, domain.twin)


def matches(domain: Domain, origin: Origin) -> bool:
    """Whether a page of this origin belongs to the entry."""
    return (
        (domain.scheme is None or domain.scheme == origin.scheme)
        and (domain.port is None or domain.port == origin.port)
        and covers(domain, origin.host)
    )

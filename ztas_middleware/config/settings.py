"""Nodes -> values with rules of their own: site ids, paths, networks, timezones, globs."""

from __future__ import annotations

import re
from datetime import timezone, tzinfo
from ipaddress import IPv6Network, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from ztas_middleware.config.domains import Domain, parse_domain
from ztas_middleware.config.nodes import Node, Refused, quoted, refuse
from ztas_middleware.config.proxies import PRIVATE, PRIVATE_NETWORKS
from ztas_middleware.config.values import list_of, literal_text, scalar, suggestion, text
from ztas_middleware.passwords import is_password_hash

if TYPE_CHECKING:
    from ztas_middleware.config.model import Network

_MAX_SITE_ID = 64
_MAX_PATH = 256
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_COOKIE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 6265, 4.1.1
_TOKEN = re.compile(r"sha256:([0-9a-f]{64})")
_MEMORY = re.compile(r"([1-9][0-9]{0,6})(MB|GB)", re.IGNORECASE)
_LEAST_MEMORY = 128 << 20
_UTC = frozenset({"UTC", "Etc/UTC"})
# IPv4-mapped IPv6, ::ffff:0:0/96 (RFC 4291, 2.5.5.2).
_MAPPED = IPv6Network("::ffff:0:0/96")


def site_id(node: Node) -> str:
    """A site's id: text of up to 64 characters, compared as it is."""
    if node.kind != "text":
        quotes = f"; write it in quotes: {quoted(node.text)}" if node.text else ""
        raise refuse(node, f"a site id must be text, not {node.name}{quotes}")
    try:
        name = literal_text(node)
    except Refused as refused:
        raise refuse(node, f"a site id {refused.complaints[0].problem}") from None
    if len(name) > _MAX_SITE_ID:
        raise refuse(node, f"a site id has at most {_MAX_SITE_ID} characters, not {len(name)}")
    if name != name.strip():
        raise refuse(node, "a site id must not begin or end with a space")
    return name


def domain(node: Node) -> Domain:
    """One entry of `domain`."""
    entry = text(node)
    try:
        return parse_domain(entry)
    except ValueError as error:
        raise refuse(node, f"{quoted(entry)}: {error}") from None


def web_origin(node: Node) -> str:
    """An origin of web pages: `https://example.org`, with a port where it is not the usual one."""
    entry = text(node)
    scheme, separator, host = entry.partition("://")
    try:
        found = parse_domain(entry) if separator and scheme.lower() in ("http", "https") else None
    except ValueError as error:
        raise refuse(node, f"{quoted(entry)}: {error}") from None
    if found is None or found.wildcard:
        raise refuse(node, f"{quoted(entry)} must be an origin such as https://example.org")
    return f"{scheme.lower()}://{found.host}" + (f":{found.port}" if ":" in host else "")


def reader_origin(node: Node) -> str:
    """An origin of web pages, or `*` for all of them."""
    return "*" if text(node) == "*" else web_origin(node)


def domains(node: Node) -> tuple[Domain, ...]:
    """`domain`: one entry, or a list of at least one."""
    if node.kind != "list":
        return (domain(node),)
    if not node.items:
        raise refuse(node, "must name at least one domain")
    return list_of(domain)(node)


def zone(node: Node) -> tzinfo:
    """An IANA timezone; UTC needs no database."""
    # Imported here: six milliseconds that most sites, in UTC, do not need.
    import zoneinfo

    name = text(node)
    if name in _UTC:
        return timezone.utc
    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        # KeyError: not there. ValueError: no zone file, or outside the database's folder.
        # OSError: the name of a folder of it, `Europe`.
        known = zoneinfo.available_timezones()
    problem = f"unknown timezone {quoted(name)}"
    if not known:
        raise refuse(node, f"{problem}: this machine has no timezone database (pip install tzdata)")
    raise refuse(node, problem + suggestion(name, known))


def file(node: Node) -> Path:
    """A file's path, `~` expanded; a relative one is left to the loader, which knows its start."""
    name = text(node)
    if name == ":memory:" or name.startswith("file:"):
        raise refuse(node, f"must be the path of a file, not {quoted(name)}")
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise refuse(node, f"{quoted(name)}: there is no home directory for this ~") from None


def memory(node: Node) -> str:
    """An amount of memory, as DuckDB writes it."""
    amount = text(node)
    number = _MEMORY.fullmatch(amount)
    if number is None:
        raise refuse(node, f"must be an amount of memory such as 256MB, not {quoted(amount)}")
    if int(number[1]) << {"MB": 20, "GB": 30}[number[2].upper()] < _LEAST_MEMORY:
        raise refuse(node, f"must be at least 128MB, not {quoted(amount)}")
    return amount


def url_path(node: Node) -> str:
    """The path that a request is recognised by: absolute, decoded, without query or fragment."""
    path = text(node)
    if not path.startswith("/"):
        raise refuse(node, f"must begin with a slash: {quoted(path)}")
    if path.startswith("//"):
        raise refuse(node, f"must begin with a single slash: {quoted(path)}")
    if len(path) > _MAX_PATH:
        raise refuse(node, f"must have at most {_MAX_PATH} characters")
    if "?" in path or "#" in path:
        raise refuse(node, f"must be a path without query and fragment: {quoted(path)}")
    if "%" in path or " " in path or "\\" in path:
        raise refuse(node, f"must not have spaces, backslashes or percent signs: {quoted(path)}")
    if {".", ".."} & set(path.split("/")):
        raise refuse(node, f'must not have "." or ".." in it: {quoted(path)}')
    return path


def folder(node: Node) -> str:
    """The path that other paths are below, without its trailing slash; `/` becomes empty."""
    return url_path(node).removesuffix("/")


def token(node: Node) -> str:
    """The SHA-256 of a token, as lower-case hex; the token itself must never be in the file."""
    stored = _TOKEN.fullmatch(text(node).lower())
    if stored is None:
        raise refuse(node, "must be a hash (sha256: and 64 hex digits) as `ztas token` prints it")
    return stored[1]


def password(node: Node) -> str:
    """The hash of a password; the password itself must never be in the file."""
    stored = text(node)
    if not is_password_hash(stored):
        raise refuse(node, "must be a hash (scrypt:...) as `ztas password` prints it")
    return stored


def glob(node: Node) -> str:
    """A pattern over paths; one that begins with neither a slash nor `*` would never match."""
    pattern = text(node)
    if not pattern.startswith(("/", "*")):
        raise refuse(node, f'must begin with "/" or "*": {quoted(pattern)}')
    return pattern


def network(node: Node) -> Network:
    """An address or a network; host bits may be set, an IPv4-mapped one becomes IPv4."""
    name = text(node)
    try:
        if "%" in name:
            raise ValueError  # noqa: TRY301 - a zone, fe80::1%eth0, would silently be dropped
        found = ip_network(name, strict=False)
    except ValueError:
        problem = f"must be an IP address or a network such as 10.0.0.0/8, not {quoted(name)}"
        raise refuse(node, problem) from None
    if isinstance(found, IPv6Network) and found.subnet_of(_MAPPED):
        bits = int(found.network_address) & 0xFFFF_FFFF
        return ip_network((bits, found.prefixlen - 96))
    return found


def proxies(node: Node) -> tuple[Network, ...]:
    """`trusted_proxies`: a list of addresses and networks, in which `private` is several."""
    if node.kind != "list" and scalar(node).text == PRIVATE:
        return PRIVATE_NETWORKS
    found = list_of(_proxy)(node)
    return tuple(network for networks in found for network in networks)


def _proxy(node: Node) -> tuple[Network, ...]:
    if scalar(node).text == PRIVATE:
        return PRIVATE_NETWORKS
    try:
        return (network(node),)
    except Refused as refused:
        near = suggestion(scalar(node).text, (PRIVATE,))
        raise refuse(node, f"{refused.complaints[0].problem}{near}") if near else refused from None


def cookie(node: Node) -> str:
    """The name of a cookie."""
    name = text(node)
    if not _COOKIE.fullmatch(name):
        raise refuse(node, f"must be the name of a cookie such as staff, not {quoted(name)}")
    return name


def header(node: Node) -> str:
    """The name of a request header."""
    name = text(node)
    if not _HEADER.fullmatch(name):
        raise refuse(node, f"must be the name of a header such as CF-IPCountry, not {quoted(name)}")
    return name


def parameter(node: Node) -> str:
    """The name of a query parameter."""
    name = text(node)
    if set(name) & set("?&=#"):
        raise refuse(node, f"must be the bare name of a query parameter, not {quoted(name)}")
    return name

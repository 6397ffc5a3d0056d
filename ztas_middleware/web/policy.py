"""Content-Security-Policy: may the script run in a page, and may its hits go out?

Read is what decides about these two requests, the way browsers do it (W3C, CSP Level 3, 6.7). All
policies of a page hold together, those of `<meta>` elements included. Report-Only ones forbid
nothing, and never get here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ztas_middleware.config.domains import Origin

HEADER: Final = "content-security-policy"

_NONCE = re.compile(r"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_HOST_SOURCE = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9+.-]*)://)?"
    r"(?P<host>\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)"
    r"(?::(?P<port>[0-9]+|\*))?(?P<path>/[^?#]*)?",
    re.IGNORECASE,
)
_SCHEME_SOURCE = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
# What a scheme in a policy stands for besides itself.
_UPGRADES: Final = {"http": ("https",), "ws": ("wss", "http", "https"), "wss": ("https",)}
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

Policy = dict[str, list[str]]
"""Directives by their name, in lower case, with their sources as they were written."""


class Requests(NamedTuple):
    """What has to be allowed, all of it at the page's own origin."""

    origin: Origin
    script: str
    """The script's path, as browsers write it."""
    endpoint: str


def parse_policies(headers: Iterable[str]) -> list[Policy]:
    """Read the values of `Content-Security-Policy` headers, each of which may hold several."""
    policies = []
    for text in ",".join(headers).split(","):
        policy: Policy = {}
        for directive in text.split(";"):
            name, *sources = directive.split() or [""]
            if name:
                # Of two directives of one name the second is ignored.
                policy.setdefault(name.lower(), sources)
        if policy:
            policies.append(policy)
    return policies


def parse_meta(contents: Iterable[str]) -> list[Policy]:
    """Read the contents of `<meta>` elements, in which a sandbox means nothing."""
    policies = parse_policies(contents)
    for policy in policies:
        policy.pop("sandbox", None)
    return policies


def nonce_under(policies: Sequence[Policy], wanted: Requests) -> str | None:
    """The nonce that the tag needs under these policies.

    Returns:
        A nonce that all of them accept, or "" where it can do without one; None where they do not
        let the script run, or its hits out.
    """
    for policy in policies:
        if _is_sandbox(policy) or not _may_connect(policy, wanted):
            return None
    nonces = [nonce for policy in policies for nonce in _nonces(_script_sources(policy))]
    for nonce in (*nonces, ""):
        if all(_may_run(policy, wanted, nonce) for policy in policies):
            return nonce
    return None


def _is_sandbox(policy: Policy) -> bool:
    """Whether no script runs, or none that has an origin: the endpoint refuses `Origin: null`."""
    if "sandbox" not in policy:
        return False
    allowed = {flag.lower() for flag in policy["sandbox"]}
    return not {"allow-scripts", "allow-same-origin"} <= allowed


def _may_connect(policy: Policy, wanted: Requests) -> bool:
    sources = _first(policy, "connect-src", "default-src")
    return sources is None or _matches_any(sources, wanted.origin, wanted.endpoint)


def _may_run(policy: Policy, wanted: Requests, nonce: str) -> bool:
    sources = _script_sources(policy)
    if sources is None or (nonce and nonce in _nonces(sources)):
        return True
    if any(source.lower() == "'strict-dynamic'" for source in sources):
        return False  # where it is, addresses allow nothing
    return _matches_any(sources, wanted.origin, wanted.script)


def _script_sources(policy: Policy) -> list[str] | None:
    return _first(policy, "script-src-elem", "script-src", "default-src")


def _first(policy: Policy, *names: str) -> list[str] | None:
    return next((policy[name] for name in names if name in policy), None)


def _nonces(sources: Iterable[str] | None) -> list[str]:
    return [found[1] for source in sources or () if (found := _NONCE.fullmatch(source))]


def _matches_any(sources: Iterable[str], origin: Origin, path: str) -> bool:
    return any(_matches(source, origin, path) for source in sources)


def _matches(source: str, origin: Origin, path: str) -> bool:
    """Whether a source covers a path at the page's own origin."""
    if source.lower() == "'self'" or source == "*":
        return True
    scheme = _SCHEME_SOURCE.fullmatch(source)
    if scheme:
        return _covers_scheme(scheme[1], origin.scheme)
    found = _HOST_SOURCE.fullmatch(source)
    return (
        found is not None
        and (found["scheme"] is None or _covers_scheme(found["scheme"], origin.scheme))
        and _covers_host(found["host"].lower(), origin.host)
        and _covers_port(found["port"], origin)
        and _covers_path(found["path"] or "/", path)
    )


def _covers_scheme(expected: str, scheme: str) -> bool:
    expected = expected.lower()
    return scheme == expected or scheme in _UPGRADES.get(expected, ())


def _covers_host(pattern: str, host: str) -> bool:
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return host == pattern.rstrip(".")


def _covers_port(port: str | None, origin: Origin) -> bool:
    if port == "*":
        return True
    default = _DEFAULT_PORTS.get(origin.scheme)
    if port is None:
        return origin.port == default
    # A page that was upgraded has left the port of http.
    return int(port) == origin.port or (
        int(port) == _DEFAULT_PORTS["http"] and origin.port == default
    )


def _covers_path(pattern: str, path: str) -> bool:
    if pattern == "/":
        return True
    if pattern.endswith("/"):
        return unquote(path).startswith(unquote(pattern))
    return unquote(path) == unquote(pattern)

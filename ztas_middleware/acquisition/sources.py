"""The source of a visit, and of what kind its owner is; the tables are `directory` and below."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ztas_middleware.acquisition import directory, ga4, long_tail
from ztas_middleware.acquisition.hosts import authority

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DIRECT = "Direct"

Kind = Literal["search", "social", "video", "ai", "email", "paid", "other"]


class Owner(NamedTuple):
    """Whose a host or tag is; `name` is None where only the kind is known."""

    name: str | None
    kind: Kind


_OTHER = Owner(None, "other")

TABLES: tuple[tuple[Kind, Mapping[str, str], bool], ...] = (
    ("search", directory.SEARCH, False),
    ("ai", directory.AI, False),
    ("social", directory.SOCIAL, False),
    ("video", directory.VIDEO, False),
    ("email", directory.EMAIL, False),
    ("other", directory.OTHER, False),
    ("paid", directory.ADS, False),
    ("search", long_tail.SEARCH, True),
    ("social", long_tail.SOCIAL, True),
    ("email", long_tail.EMAIL, True),
    ("paid", long_tail.ADS, True),
)
"""Of each kind, names and their words, and whether a word is a host alone."""

KINDS: tuple[tuple[Kind, str], ...] = (
    ("search", ga4.SEARCH),
    ("social", ga4.SOCIAL),
    ("video", ga4.VIDEO),
)

_COUNTRY = re.compile(
    rf"((?:.*\.)?(?:{'|'.join(directory.COUNTRIES)}))\.(?:(?:com?|it)\.)?[a-z]{{2,3}}"
)
_APPLICATION = re.compile(r"(?:com|org|net|io|ai|ch|jp|ru|tv|xyz)\..+")


class _Index(NamedTuple):
    """The tables the other way round."""

    domains: Mapping[str, Owner]
    """With everything below them; an application with everything that begins with it."""
    hosts: Mapping[str, Owner]
    names: Mapping[str, Owner]
    """What is written into `utm_source`, folded."""


def source_of(utm_source: str | None, host: str | None) -> str:
    """What brought a visit: the tag, else the referrer's host, by the name people know it by.

    Args:
        utm_source: the column; one that nobody knows keeps its text as it was written.
        host: what `hosts.host_of` says of the column `referrer`.

    Returns:
        A name ("Google"), a tag, a host, or "Direct" where there is neither.
    """
    return owner_of(utm_source, host).name or utm_source or host or DIRECT


def owner_of(utm_source: str | None, host: str | None) -> Owner:
    """Whose the tag is, or else the host."""
    if utm_source:
        return _tag_owner(utm_source)
    return _host_owner(host) if host else Owner(DIRECT, "other")


def is_paid_tag(tag: str) -> bool:
    """Whether a `utm_source` says by itself that the click was paid for (`fbads`)."""
    return _folded(tag) in directory.PAID_TAGS


def home_of(name: str) -> str | None:
    """A referrer that counts for a known name, as other programs export it; None for all others.

    `https://google.com/` for "Google": what an import writes into `referrer`, so that a source
    is not taken for a campaign.
    """
    owner = _index().names.get(_folded(name))
    for _, table, _ in TABLES:
        words = table.get(owner.name or "") if owner else None
        if words:
            return f"https://{words.split()[0].removeprefix('=')}/"
    return None


def _tag_owner(tag: str) -> Owner:
    # Some tag with an address ("google.com", "https://www.facebook.com/"), ChatGPT does so itself.
    at = _host_owner(authority(tag.strip()).removeprefix("www.")) if "." in tag else _OTHER
    if at.name is not None:
        return at
    named = _index().names.get(_folded(tag), _OTHER)
    return named if at.kind == "other" else Owner(named.name, at.kind)


def _host_owner(host: str) -> Owner:
    domains, hosts, _ = _index()
    host = _COUNTRY.sub(r"\1.com", host, count=1) if _COUNTRY.fullmatch(host) else host
    known = hosts.get(host) or hosts.get(host.removeprefix("m.")) or _OTHER
    if known.name is not None or host.endswith(directory.PEOPLES):
        return known
    owner = next(filter(None, map(domains.get, _wider(host))), _OTHER)
    return Owner(owner.name, known.kind) if known is not _OTHER else owner


def _wider(host: str) -> Iterator[str]:
    """The host and the domains it lies in, then the application it is a part of."""
    labels = host.split(".")
    for start in range(len(labels) - 1):
        yield ".".join(labels[start:])
    if _APPLICATION.fullmatch(host):
        for end in range(len(labels) - 1, 1, -1):
            yield ".".join(labels[:end])


@cache
def _index() -> _Index:
    domains: dict[str, Owner] = {}
    hosts: dict[str, Owner] = {}
    names: dict[str, Owner] = {_folded(DIRECT): Owner(DIRECT, "other")}
    for owner, word, alone in _words():
        # "Orange" was a search engine, too, but few who write it into a tag mean that.
        named = Owner(owner.name, "other") if alone else owner
        names.setdefault(_folded(owner.name or ""), named)
        (hosts if alone or word.startswith("=") else domains).setdefault(word.lstrip("="), owner)
    for alias, name in directory.ALIASES.items():
        names[alias] = names[_folded(name)]
    for kind, text in KINDS:
        for word in text.split():
            if "." in word and word not in domains:
                hosts.setdefault(word, Owner(None, kind))
            tag = _folded(word.partition(".")[0])
            if names.get(tag, _OTHER).kind == "other":
                names[tag] = Owner(names.get(tag, _OTHER).name, kind)
    return _Index(domains, hosts, names)


def _words() -> Iterator[tuple[Owner, str, bool]]:
    for kind, table, alone in TABLES:
        for name, words in table.items():
            for word in words.split():
                yield Owner(name, kind), word, alone


def _folded(tag: str) -> str:
    return re.sub(r"[\s_-]+", "", tag.casefold())

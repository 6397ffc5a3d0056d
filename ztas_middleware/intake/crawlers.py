"""What the crawleruseragents package knows, in a shape that is quick to ask.

The package tries its 1,500 patterns on every User-Agent, which costs 100 to 300 us. Nearly all
of them are plain text, or contain some, so here each is filed under four letters without which
it cannot match, and only the patterns whose letters occur are tried: some 10 us, and nothing to
compile. The answers are the package's own; a test compares them. Where it is wrong is written
in `bot_tables`, and what follows from an answer is decided in `bots`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LONGEST = 512
"""Characters of a User-Agent that are looked at; browsers send 100 to 400."""

_LETTERS = 4
_WINDOWS = [slice(start, start + _LETTERS) for start in range(LONGEST)]

# Every browser has these letters, so they are the worst to file a pattern under.
_EVERYWHERE = (
    "Mozilla/5.0 (Linux; Android 10; K) (Windows NT 10.0; Win64; x64; rv:1.9) (X11; Linux x86_64) "
    "(Macintosh; Intel Mac OS X 10_15_7) (iPhone; CPU iPhone OS 18_5 like Mac OS X) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Version/26.0 Chrome/141.0.0.0 Mobile Safari/537.36 "
    "Gecko/20100101 Firefox/143.0 Edg/141.0.0.0 SamsungBrowser/28.0 OPR/122.0.0.0 "
    "[FBAN/FBIOS;FBAV/440.0;FBBV/1;FBDV/iPhone14,7;FBMD/iPhone;FBSN/iOS;FBLC/en_US] Instagram"
)

# Parts of a regular expression that stand for varying text, with their quantifier.
_VARYING = re.compile(r"(?:\[[^]]+\]|\([^()]*\)|\\[A-Za-z]|(?<!\\)\.)[*+?]?|[\^$]")
_SPECIAL = re.compile(r"[\\^$.|?*+(){}\[\]]")
_ESCAPED = re.compile(r"\\(\W)")


class Entry(NamedTuple):
    """One pattern of the package."""

    text: str
    """What every match contains; empty where that is not plain to see."""
    pattern: re.Pattern[str] | None
    """None where `text` says it all."""
    library: bool
    """Whether it is an HTTP library (tag `http-library`) rather than a crawler."""
    place: int
    """Where it stands in the package's list."""

    def matches(self, user_agent: str) -> bool:
        """Whether the pattern is found anywhere in the User-Agent."""
        return self.text in user_agent and (
            self.pattern is None or self.pattern.search(user_agent) is not None
        )


@dataclass(frozen=True, slots=True)
class Crawlers:
    """The package's patterns, filed."""

    filed: Mapping[str, tuple[Entry, ...]]
    """By four letters that are part of their text."""
    unfiled: tuple[Entry, ...]
    """The few that have no such text, and are always tried."""

    def find(self, user_agent: str) -> Literal["crawler", "library"] | None:
        """Tell what the package takes a User-Agent for; a crawler where it could be both.

        Args:
            user_agent: at most `LONGEST` characters are looked at.
        """
        found: Literal["library"] | None = None
        text = user_agent[:LONGEST]
        for entry in self._candidates(text):
            if (entry.library and found) or not entry.matches(text):
                continue
            if not entry.library:
                return "crawler"
            found = "library"
        return found

    def name(self, user_agent: str) -> int | None:
        """Where in the package's list the crawler is that says most of a User-Agent's text."""
        text = user_agent[:LONGEST]
        found = [
            (len(entry.text), -entry.place)
            for entry in self._candidates(text)
            if not entry.library and entry.matches(text)
        ]
        return -max(found)[1] if found else None

    def _candidates(self, user_agent: str) -> Iterator[Entry]:
        yield from self.unfiled
        windows = _WINDOWS[: len(user_agent)]
        # Nearly every browser is done here, without a step in Python for each letter.
        if self.filed.keys().isdisjoint(map(user_agent.__getitem__, windows)):
            return
        for window in windows:
            yield from self.filed.get(user_agent[window], ())


@cache
def load() -> Crawlers:
    """Read the package's patterns, once: some 20 ms and 2 MB, most of it the import.

    Imported here rather than above, so that importing this module stays cheap.
    """
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # see above

    return arrange(
        (str(entry["pattern"]), "http-library" in entry.get("tags", ()))
        for entry in CRAWLER_USER_AGENTS_DATA
    )


def arrange(patterns: Iterable[tuple[str, bool]]) -> Crawlers:
    """File patterns, given with whether they are HTTP libraries."""
    common = set(_letters(_EVERYWHERE))
    filed: dict[str, list[Entry]] = {}
    unfiled = []
    for place, (pattern, library) in enumerate(patterns):
        entry = _entry(pattern, library, place)
        choice = _letters(entry.text)
        if choice:
            letters = next((some for some in choice if some not in common), choice[0])
            filed.setdefault(letters, []).append(entry)
        else:
            unfiled.append(entry)
    return Crawlers({key: tuple(drawer) for key, drawer in filed.items()}, tuple(unfiled))


def _letters(text: str) -> list[str]:
    return [text[start : start + _LETTERS] for start in range(len(text) - _LETTERS + 1)]


def _entry(pattern: str, library: bool, place: int) -> Entry:
    pieces = _VARYING.split(pattern)
    plain = [_ESCAPED.sub(r"\1", piece) for piece in pieces]
    # What is special and still there (an alternative, a quantifier after a letter, a flag) may
    # mean that none of the pieces has to occur.
    if any(_SPECIAL.search(_ESCAPED.sub("", piece)) for piece in pieces) or "(?" in pattern:
        return Entry("", re.compile(pattern), library, place)
    text = max(plain, key=len)
    return Entry(text, re.compile(pattern) if len(pieces) > 1 else None, library, place)

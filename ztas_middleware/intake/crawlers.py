"""What the crawleruseragents package knows, in a shape that is quick to ask.

The package tries its 1,500 patterns on every User-Agent, which costs 100 to 300 us. Nearly all
of them are plain text, or contain some, so here each is filed under four letters without which
it cannot match, and only the patterns whose letters occur are tried: some 10 us, and nothing to
compile. Without folding the answers are the package's own; a test compares them. Folded, a
pattern is found in any letter case where a word begins with it, and the names that only
`bot_tables` has are found, too. Where all this is wrong is written there, and what follows from an
answer is decided in `bots`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from ztas_middleware.intake.bot_tables import APPLICATION_TAGS, APPLICATIONS, MONITORS, TOOLS

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
_EITHER = re.compile(r"\[(\w)\w\]")


class Known(NamedTuple):
    """One pattern, as it is given to `arrange`."""

    pattern: str
    library: bool = False
    """Whether it is an HTTP library (tag `http-library`) rather than a crawler."""
    application: bool = False
    """Whether people have an application of that name, with a browser inside."""
    folded: bool = False
    """Whether it is looked for only where letter case does not count."""


class Entry(NamedTuple):
    """One pattern, filed."""

    known: Known
    text: str
    """What every match contains; empty where that is not plain to see."""
    pattern: re.Pattern[str] | None
    """None where `text` says it all."""
    lowered: str
    """The text in lower case, by which it is found where case does not count; or empty, where
    `folded` must tell."""
    folded: re.Pattern[str] | None
    """The pattern without letter case, where it is more than a plain text."""
    place: int
    """Where it stands in the list that was given."""

    def matches(self, user_agent: str) -> bool:
        """Whether the pattern is found anywhere in the User-Agent."""
        return (
            not self.known.folded
            and self.text in user_agent
            and (self.pattern is None or self.pattern.search(user_agent) is not None)
        )

    def begins_a_word(self, lowered: str) -> bool:
        """Whether it is found in a User-Agent in lower case, not in the midst of a word."""
        if self.folded:
            return any(
                not (
                    found.group()[:1].isalnum()
                    and _goes_on(lowered[found.start() - 1 : found.start()])
                )
                for found in self.folded.finditer(lowered)
            )
        place = lowered.find(self.lowered) if self.lowered else -1
        while place > 0 and self.lowered[0].isalnum() and _goes_on(lowered[place - 1]):
            place = lowered.find(self.lowered, place + 1)
        return place >= 0


def _goes_on(letter: str) -> bool:
    return letter == "_" or letter.isalnum()


@dataclass(frozen=True, slots=True)
class Crawlers:
    """The package's patterns, filed."""

    filed: Mapping[str, tuple[Entry, ...]]
    """By four letters that are part of their text."""
    unfiled: tuple[Entry, ...]
    """The few that have no such text, and are always tried."""

    def find(
        self, user_agent: str, *, fold: bool = False, applications: bool = True
    ) -> Literal["crawler", "library"] | None:
        """Tell what a User-Agent is taken for; a crawler where it could be both.

        Args:
            user_agent: at most `LONGEST` characters are looked at.
            fold: whether to look in any letter case, and for our own names.
            applications: whether the names of people's applications count.
        """
        found: Literal["library"] | None = None
        for entry in self._found(user_agent[:LONGEST], fold=fold):
            if entry.known.application and not applications:
                continue
            if not entry.known.library:
                return "crawler"
            found = "library"
        return found

    def place(self, user_agent: str) -> int | None:
        """Where in the list the crawler stands that says most of a User-Agent's text."""
        found = [
            (len(entry.text), -entry.place)
            for entry in self._found(user_agent[:LONGEST], fold=True)
            if not entry.known.library
        ]
        return -max(found)[1] if found else None

    def _found(self, text: str, *, fold: bool) -> Iterator[Entry]:
        lowered = text.lower()
        for entry in self._candidates(lowered):
            if entry.matches(text) or (fold and entry.begins_a_word(lowered)):
                yield entry

    def _candidates(self, lowered: str) -> Iterator[Entry]:
        yield from self.unfiled
        windows = _WINDOWS[: len(lowered)]
        # Nearly every browser is done here, without a step in Python for each letter.
        if self.filed.keys().isdisjoint(map(lowered.__getitem__, windows)):
            return
        for window in windows:
            yield from self.filed.get(lowered[window], ())


@cache
def load() -> Crawlers:
    """Read the package's patterns, once: some 20 ms and 2 MB, most of it the import.

    The package is imported here rather than above, so that importing this module stays cheap.
    """
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # see above

    return arrange(
        [
            *(
                Known(
                    str(entry["pattern"]),
                    library="http-library" in entry.get("tags", ()),
                    application=entry["pattern"] in APPLICATIONS
                    or not APPLICATION_TAGS.isdisjoint(entry.get("tags", ())),
                )
                for entry in CRAWLER_USER_AGENTS_DATA
            ),
            *(Known(re.escape(name), folded=True) for name in (*MONITORS, *TOOLS)),
        ]
    )


def arrange(patterns: Iterable[Known]) -> Crawlers:
    """File patterns."""
    common = set(_letters(_EVERYWHERE.lower()))
    filed: dict[str, list[Entry]] = {}
    unfiled = []
    for place, known in enumerate(patterns):
        entry = _entry(known, place)
        choice = _letters(entry.text.lower())
        if choice:
            letters = next((some for some in choice if some not in common), choice[0])
            filed.setdefault(letters, []).append(entry)
        else:
            unfiled.append(entry)
    return Crawlers({key: tuple(drawer) for key, drawer in filed.items()}, tuple(unfiled))


def _letters(text: str) -> list[str]:
    return [text[start : start + _LETTERS] for start in range(len(text) - _LETTERS + 1)]


def _entry(known: Known, place: int) -> Entry:
    pieces = _VARYING.split(known.pattern)
    plain = [_ESCAPED.sub(r"\1", piece) for piece in pieces]
    # What is special and still there (an alternative, a quantifier after a letter, a flag) may
    # mean that none of the pieces has to occur.
    special = any(_SPECIAL.search(_ESCAPED.sub("", piece)) for piece in pieces)
    if special or "(?" in known.pattern:
        return Entry(known, "", re.compile(known.pattern), "", _fold(known), place)
    text = max(plain, key=len)
    if len(pieces) == 1:
        return Entry(known, text, None, text.lower(), None, place)
    # "[cC]laude[bB]ot" is plain text where case does not count.
    either = _EITHER.sub(r"\1", known.pattern)
    lowered = "" if _VARYING.search(either) else _ESCAPED.sub(r"\1", either).lower()
    folded = None if lowered else _fold(known)
    return Entry(known, text, re.compile(known.pattern), lowered, folded, place)


def _fold(known: Known) -> re.Pattern[str]:
    return re.compile(known.pattern, re.IGNORECASE)

"""Whether a person sent a hit, judged by the User-Agent alone.

The crawleruseragents package decides (`crawlers`), corrected by `bot_tables`, and the
configuration's `allow` and `deny` stand above both. What becomes of a bot's hit, and which other
requests are dropped (prefetches, opted-out visitors), is decided where they are received.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple

from ztas_middleware.intake.agents import UNKNOWN, Agent, identify
from ztas_middleware.intake.bot_tables import (
    CALLING_CARD,
    INNOCENT,
    LIBRARIES,
    PEOPLES,
    SHAPES,
    SIGNS,
    Sign,
)
from ztas_middleware.intake.crawlers import LONGEST, load

Verdict = Literal["human", "library", "crawler"]

_REMEMBERED = 1024
"""User-Agents; with keys of `LONGEST` characters at most, well below a megabyte."""


class Looked(NamedTuple):
    """All there is to know of one User-Agent."""

    is_bot_from_page: bool
    """Whether to drop a hit that claims to come from a browser: it has an `Origin`, or it is a
    page or an image that was fetched."""
    is_bot_from_server: bool
    """Whether to drop a hit without an `Origin`, where an HTTP library is what one expects."""
    is_bot_from_log: bool
    """Whether to leave a request out of which nothing but a User-Agent tells: whoever has none, or
    not a browser's, is no visitor but a health check, a monitor or a tool."""
    agent: Agent


def classify(user_agent: str) -> Verdict:
    """Tell people, HTTP libraries and crawlers apart, before the configuration is asked.

    Pure, and uncached: 10 to 50 us. A missing User-Agent is nobody's, so it is no bot's.

    Args:
        user_agent: any text; only its first 512 characters (`LONGEST`) are looked at.

    Returns:
        `crawler` for whatever reads pages without a person before it, `library` for a program
        that speaks HTTP and does not pretend to be a browser, else `human`.
    """
    text = user_agent[:LONGEST]
    # Nearly everybody is done here.
    if not load().find(text, fold=True) and not _signs(text.lower()):
        return "library" if LIBRARIES.match(text) else "human"
    plain = INNOCENT.sub(" ", text)
    application = PEOPLES.match(text) is not None and not CALLING_CARD.search(text)
    applications = not application
    known = load().find(plain, applications=applications) or load().find(
        plain, fold=True, applications=applications
    )
    if known:
        return known
    if LIBRARIES.match(text):
        return "library"
    for sign in _signs(plain.lower()):
        if sign.pattern.search(plain) and not (application and sign.application):
            return sign.verdict
    return "human"


def _signs(lowered: str) -> list[Sign]:
    return [sign for sign in SIGNS if sign.hint in lowered]


class BotFilter:
    """The verdicts of one configuration, remembered.

    The first one made reads the package's patterns, some 20 ms. That is when an application is
    wrapped, so no visitor waits for it, and servers that load the application before they fork
    share the memory.

    Args:
        allow: substrings, case as written, of a User-Agent that is never a bot.
        deny: substrings of one that always is; they win over `allow`.
    """

    def __init__(self, allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> None:
        load()
        self._allow = allow
        self._deny = deny
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._judge)

    def look(self, user_agent: str) -> Looked:
        """Judge a User-Agent, and name what it is; the hot path's one call.

        Args:
            user_agent: the header as received, empty where there is none. Everything, `allow`
                and `deny` included, looks at its first 512 characters (`LONGEST`) only, so that
                neither time nor memory is the sender's to spend.
        """
        if len(user_agent) > LONGEST:
            user_agent = user_agent[:LONGEST]
        return self._remembered(user_agent)

    def _judge(self, user_agent: str) -> Looked:
        verdict = classify(user_agent)
        # A library may name the system it runs on; that is no visitor's.
        agent = UNKNOWN if verdict == "library" else identify(user_agent)
        if user_agent and any(part in user_agent for part in self._deny):
            return Looked(True, True, True, agent)
        if any(part in user_agent for part in self._allow):
            return Looked(False, False, False, agent)
        is_bot = verdict != "human"
        shapeless = SHAPES.search(user_agent) is None
        return Looked(is_bot, verdict == "crawler", is_bot or shapeless, agent)

"""From a User-Agent to browser and its major version, operating system and kind of device.

Never minor versions or models: a report needs no more, and more would help to tell visitors
apart. Whether the sender is a browser at all is the business of `bots`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ztas_middleware.intake.agent_tables import (
    APPLICATIONS,
    BROWSERS,
    DESKTOPS,
    IOS_ALONE,
    POCKETS,
    SCREEN_HINTS,
    SCREEN_MODELS,
    SCREENS,
    SMALL_MODEL,
    SMALL_SCREEN,
    SYSTEMS,
    TABLET,
    TELEPHONES,
    TELEVISION,
    VERSIONS,
)

OTHER = "Other"


class Agent(NamedTuple):
    """What a hit says of its sender; `Other` where unknown."""

    browser: str
    os: str
    device: str
    version: int | None = None
    """The browser's major version; None where the text has none, or the browser no name."""


UNKNOWN = Agent(OTHER, OTHER, OTHER)

_MAJOR = re.compile(r"[ /]?(\d{1,4})(?!\d)")
_PARENTHESES = re.compile(r"\(([^)]*)")


def identify(user_agent: str) -> Agent:
    """Name what a User-Agent says of itself.

    Pure and uncached; `BotFilter.look` remembers the answers. The tokens are those that the
    browsers send; `benchmarks/bot_verdicts.py` compares the result with a published corpus.

    Args:
        user_agent: the header, or its first few hundred characters; may be empty.

    Returns:
        Three names, each `Other` where the text does not tell, and a version. Safari on an iPad
        asks for desktop pages and says it is a Mac, and is taken at its word.
    """
    lowered = user_agent.lower()
    # An application's own name, further behind, may have another system's or device's in it.
    first = _PARENTHESES.search(lowered)
    machine = first[1] if first else lowered
    system = _system(lowered, machine)
    if system == "macOS" and IOS_ALONE.search(user_agent):
        system = "iOS"
    browser, token = _browser(lowered, system)
    version = None if browser == OTHER else _version(lowered, browser, token)
    return Agent(browser, system, _device(user_agent, lowered, machine, system), version)


def _system(lowered: str, machine: str) -> str:
    if "kaios/" in lowered:  # its first parentheses may say Android
        return "KaiOS"
    named = _first(_LOWERED_SYSTEMS, machine)
    if named == OTHER and machine is not lowered:
        named = _first(_LOWERED_SYSTEMS, lowered)
    if named != OTHER:
        return named
    return next((name for token, name in _LOWERED_APPLICATIONS if token in lowered), OTHER)


def _first(table: tuple[tuple[str, str], ...], lowered: str) -> str:
    for token, name in table:
        if token in lowered and _place(token, lowered) >= 0:
            return name
    return OTHER


def _place(token: str, lowered: str) -> int:
    """Where a token is that begins a word; -1 where it does not."""
    place = lowered.find(token)
    while place > 0 and token[0].isalnum() and lowered[place - 1].isalpha():
        place = lowered.find(token, place + 1)
    return place


def _browser(lowered: str, system: str) -> tuple[str, str]:
    """The browser's name, and the token that its version stands behind."""
    for token, name in _LOWERED_BROWSERS:
        if token in lowered and _place(token, lowered) >= 0:
            return name, token
    if "applewebkit/" in lowered:
        if system == "Android":
            # Before Chrome (Android 4.4), the system had a browser without a name.
            return "Android Browser", "version/"
        # Safari is Apple's only (and was, until 2012, on Windows). Applications on iOS leave its
        # name out, and have no other engine.
        if system == "iOS" or (system in ("macOS", "Windows") and "safari/" in lowered):
            return "Safari", "version/"
    return OTHER, ""


def _version(lowered: str, browser: str, token: str) -> int | None:
    for other in (*_LOWERED_VERSIONS.get(browser, ()), token):
        place = lowered.find(other)
        found = _MAJOR.match(lowered, place + len(other)) if place >= 0 else None
        if found:
            return int(found[1])
    return None


def _device(text: str, lowered: str, machine: str, system: str) -> str:
    # "MY MOBILE 708" is a tablet's model; a text in one letter case can't tell.
    mobile = "Mobile" in text or ("Mozilla/" not in text and "mobile" in lowered)
    if any(hint in lowered for hint in SCREEN_HINTS) and (
        SCREENS.search(lowered)
        or SCREEN_MODELS.search(machine)
        or (not mobile and TELEVISION.search(machine))
    ):
        return OTHER
    if system in POCKETS:
        # Applications that fetch by themselves leave `Mobile` out on telephones, too.
        small = mobile or not lowered.startswith("mozilla/")
        return "mobile" if small and not TABLET.search(text) else "tablet"
    if system == "iOS":
        return "tablet" if "ipad" in lowered or "macintosh" in lowered else "mobile"
    if system in DESKTOPS and not (SMALL_SCREEN.search(lowered) or SMALL_MODEL.search(machine)):
        return "desktop"
    return "mobile" if any(token in lowered for token in TELEPHONES) else OTHER


def _lower(table: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((token.lower(), name) for token, name in table)


_LOWERED_BROWSERS = _lower(BROWSERS)
_LOWERED_SYSTEMS = _lower(SYSTEMS)
_LOWERED_APPLICATIONS = _lower(APPLICATIONS)
_LOWERED_VERSIONS = {
    name: tuple(token.lower() for token in tokens) for name, tokens in VERSIONS.items()
}

"""From a User-Agent to browser and its major version, operating system and kind of device.

Never minor versions or models: a report needs no more, and more would help to tell visitors
apart. Whether the sender is a browser at all is the business of `bots`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHER = "Other"


class Agent(NamedTuple):
    """What a hit says of its sender; `Other` where unknown."""

    browser: str
    os: str
    device: str
    version: int | None = None
    """The browser's major version; None where the text has none, or the browser no name."""


UNKNOWN = Agent(OTHER, OTHER, OTHER)

# Every browser claims to be those it wants to be served like, so the rarest claim is the true
# one: the first token found decides, and the tokens that all others copy come last.
_BROWSERS: tuple[tuple[str, str], ...] = (
    # Web views of applications: people meet our pages inside them, so the app is the answer.
    ("Instagram", "Instagram"),
    ("FBAN/", "Facebook"),  # iOS
    ("FB_IAB/", "Facebook"),  # Android
    ("MetaIAB Facebook", "Facebook"),  # Android, since 2025
    ("BytedanceWebview", "TikTok"),
    ("musical_ly", "TikTok"),  # its name until 2018
    ("MicroMessenger/", "WeChat"),
    ("Snapchat/", "Snapchat"),
    ("Pinterest/", "Pinterest"),
    ("LinkedInApp", "LinkedIn"),
    ("KAKAOTALK", "KakaoTalk"),
    (" Line/", "LINE"),
    ("GSA/", "Google App"),
    # Another's engine under a name of its own.
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("OPT/", "Opera"),  # Opera Touch, then Opera on iOS
    ("OPX/", "Opera"),  # Opera GX on iOS
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),  # up to 18, before it became Chromium
    ("YaBrowser/", "Yandex Browser"),
    ("YaSearchBrowser/", "Yandex Browser"),
    ("UCBrowser", "UC Browser"),
    ("UBrowser/", "UC Browser"),  # on Windows
    ("UCWEB", "UC Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("QQBrowser/", "QQ Browser"),  # MQQBrowser/ on telephones
    ("VivoBrowser/", "vivo Browser"),
    ("HeyTapBrowser/", "HeyTap Browser"),
    ("Quark/", "Quark"),
    ("Whale/", "Whale"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),  # macOS and iOS
    ("Silk/", "Silk"),
    ("Puffin/", "Puffin"),
    ("Ecosia", "Ecosia"),
    ("coc_coc_browser/", "Coc Coc"),
    ("Opera", "Opera"),  # up to 12, and Opera Mini
    # What the others claim.
    ("FxiOS/", "Firefox"),
    ("Focus/", "Firefox"),  # Firefox Focus on iOS
    ("Firefox/", "Firefox"),
    ("IEMobile", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    ("Trident/", "Internet Explorer"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Chromium/", "Chrome"),
)

# Where the version stands instead, for those that write it elsewhere: Opera's text says 9.80 for
# all from 10 to 12, Internet Explorer 11 calls itself by its engine's version alone.
_VERSIONS: Mapping[str, tuple[str, ...]] = {
    "Ecosia": ("Ecosia android@", "Ecosia ios@"),
    "Facebook": ("FBAV/",),
    "Internet Explorer": ("; rv:",),
    "Opera": ("OPR/", "Opera Mini/", "Version/"),
}
_MAJOR = re.compile(r"[ /]?(\d{1,4})(?!\d)")

# In this order: a Windows telephone claims Android and iPhone too, Android claims Linux, and
# iOS claims to be "like Mac OS X".
_SYSTEMS: tuple[tuple[str, str], ...] = (
    ("Windows Phone", "Windows Phone"),
    ("KAIOS/", "KaiOS"),
    ("Tizen", "Tizen"),
    ("Web0S", "webOS"),  # with a zero: LG's televisions
    ("webOS", "webOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("CrOS ", "ChromeOS"),
    ("Android", "Android"),
    ("; Adr ", "Android"),  # UC Browser's own short form
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iPod", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
)

_DESKTOPS = frozenset({"Windows", "macOS", "Linux", "ChromeOS"})
_POCKETS = frozenset({"Android", "HarmonyOS"})

# Televisions, the boxes and sticks beside them, and game consoles: none of the three kinds.
_SCREENS = (
    *("TV", "BRAVIA", "CrKey", "Web0S", "VIDAA", "NetCast", "Viera", "Roku"),
    *("PlayStation", "Nintendo", "Xbox", "XBOX"),
    " AFT",  # Amazon's Fire TV models: AFTM, AFTKA, ...
)
# The second line is from before touch screens, or, as Opera Mini, hides what it runs on.
_TELEPHONES = (
    *("Mobi", "Phone", "iPod", "KAIOS"),
    *("MIDP", "Opera Mini", "BlackBerry", "Symbian", "Nokia"),
)

# Many tablets say `Mobile` as telephones do. Their model's name may tell: "Redmi Pad", "MediaPad",
# "TAB-10", Samsung's SM-T, SM-X and SM-P, Lenovo's TB-; and so does Yandex Browser's "/apad".
_TABLET = re.compile(
    r"T(?:ablet|(?:ab|AB)(?![a-z])|B-?[\dA-Z]\d)|P(?:ad|AD)(?![A-Za-z])|MediaPad|SM-[TXP]\d|/apad"
)


def identify(user_agent: str) -> Agent:
    """Name what a User-Agent says of itself.

    Pure and uncached; `BotFilter.look` remembers the answers. The tokens are those that the
    browsers send; `benchmarks/bot_verdicts.py` compares the result with a published corpus.

    Args:
        user_agent: the header, or its first few hundred characters; may be empty.

    Returns:
        Three names, each `Other` where the text does not tell. An iPad that asks for desktop
        pages, as they do by default, says it is a Mac, and is taken at its word.
    """
    system = _first(_SYSTEMS, user_agent)
    browser, token = _browser(user_agent, system)
    version = None if browser == OTHER else _version(user_agent, browser, token)
    return Agent(browser, system, _device(user_agent, system), version)


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    for token, name in table:
        if token in text:
            return name
    return OTHER


def _browser(text: str, system: str) -> tuple[str, str]:
    """The browser's name, and the token that its version stands behind."""
    for token, name in _BROWSERS:
        if token in text:
            return name, token
    if "AppleWebKit/" in text:
        if system == "Android":
            # Before Chrome (Android 4.4), the system had a browser without a name.
            return "Android Browser", "Version/"
        # Safari is Apple's only (and was, until 2012, on Windows). Applications on iOS leave its
        # name out, and have no other engine.
        if system == "iOS" or (system in ("macOS", "Windows") and "Safari/" in text):
            return "Safari", "Version/"
    return OTHER, ""


def _version(text: str, browser: str, token: str) -> int | None:
    for other in (*_VERSIONS.get(browser, ()), token):
        found = other in text and _MAJOR.match(text, text.index(other) + len(other))
        if found:
            return int(found[1])
    return None


def _device(text: str, system: str) -> str:
    if any(token in text for token in _SCREENS):
        return OTHER
    if system in _POCKETS:
        # Applications that fetch by themselves (Dalvik) leave `Mobile` out on telephones too.
        small = "Mobile" in text or text.startswith("Dalvik/")
        return "mobile" if small and not _TABLET.search(text) else "tablet"
    if "iPad" in text:
        return "tablet"
    if system in _DESKTOPS and "Mobile" not in text:
        return "desktop"
    return "mobile" if any(token in text for token in _TELEPHONES) else OTHER

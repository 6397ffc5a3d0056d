"""What browsers, systems and devices write into their User-Agents, as data for `agents`.

Letter case does not count, and a token begins where a word begins ("BIDUBrowser" is no UBrowser).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Every browser claims to be those it wants to be served like, so the rarest claim is the true
# one: the first token found decides, and the tokens that all others copy come last.
BROWSERS: tuple[tuple[str, str], ...] = (
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
    ("Line/", "LINE"),
    ("GSA/", "Google App"),
    # Headsets: they claim to be Samsung's, Firefox or each other, too.
    ("PicoBrowser/", "Pico Browser"),
    ("Wolvic/", "Wolvic"),
    ("OculusBrowser/", "Oculus Browser"),
    # Another's engine under a name of its own.
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("OPT/", "Opera"),  # Opera Touch, then Opera on iOS
    ("OPX/", "Opera"),  # Opera GX on iOS
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("EdgW/", "Edge"),  # in web views of Windows
    ("Edge/", "Edge"),  # up to 18, before it became Chromium
    ("YaBrowser/", "Yandex Browser"),
    ("YaSearchBrowser/", "Yandex Browser"),
    ("UCBrowser", "UC Browser"),
    ("UBrowser/", "UC Browser"),  # on Windows
    ("UCWEB", "UC Browser"),
    ("UCMini/", "UC Browser"),
    ("UCTurbo/", "UC Browser"),
    ("BIDUBrowser", "Baidu Browser"),
    ("baidubrowser", "Baidu Browser"),
    ("baiduboxapp/", "Baidu Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("QQBrowser/", "QQ Browser"),
    ("MQQBrowser/", "QQ Browser"),  # on telephones
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
    ("Klar/", "Firefox"),  # its name in German
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
VERSIONS: Mapping[str, tuple[str, ...]] = {
    "Ecosia": ("Ecosia android@", "Ecosia ios@"),
    "Facebook": ("FBAV/",),
    "Internet Explorer": ("; rv:",),
    "Opera": ("OPR/", "Opera Mini/", "Version/"),
}

# In this order: a Windows telephone claims Android and iPhone too, Android claims Linux, and
# iOS claims to be "like Mac OS X".
SYSTEMS: tuple[tuple[str, str], ...] = (
    ("Windows Phone", "Windows Phone"),
    ("Tizen", "Tizen"),
    ("Web0S", "webOS"),  # with a zero: LG's televisions
    ("webOS", "webOS"),
    ("HarmonyOS", "HarmonyOS"),
    ("OpenHarmony", "HarmonyOS"),
    ("CrOS ", "ChromeOS"),
    ("Android", "Android"),
    ("Adr ", "Android"),  # UC Browser's own short form
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iPod", "iOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
)
# Facebook's applications, where they say nothing else: "[FBAN/FB4A;FBDV/SM-S921B;FBSV/16;]".
APPLICATIONS: tuple[tuple[str, str], ...] = (
    ("FBIOS", "iOS"),
    ("FBSN/iOS", "iOS"),
    ("FBSN/iPadOS", "iOS"),
    ("ForiOS;", "iOS"),  # "FBAN/MessengerForiOS"
    ("FB4A", "Android"),
    ("FBAN/EMA", "Android"),  # Facebook Lite
    ("-Android;", "Android"),  # "FBAN/Orca-Android"
    ("ForAndroid;", "Android"),
)

IOS_ALONE = re.compile(
    r"\b(?:\w+iOS/|OPT/|OPX/|GSA/|Focus/|Klar/|FBIOS|Ecosia ios@|Mobile/\w|iPad|iPhone)",
    re.IGNORECASE,
)
"""What nobody writes on a Mac: behind "Macintosh", it is an iPad that asks for desktop pages."""

DESKTOPS = frozenset({"Windows", "macOS", "Linux", "ChromeOS"})
POCKETS = frozenset({"Android", "HarmonyOS"})

# None of the three kinds of device: televisions, the boxes and sticks beside them ("AFTM" is
# Amazon's), game consoles, headsets. Both are searched in lower case, and only if a hint is there.
SCREEN_HINTS = (
    *("tv", "bravia", "crkey", "web0s", "vidaa", "netcast", "viera", "roku", "omi/", "aft"),
    *("playstation", "nintendo", "xbox", "oculus", "vive", "pico", "magic", " vr"),
)
SCREENS = re.compile(
    r"\b(?:hbbtv|smart-?tva?(?![a-z])|inettvbrowser|nettv|tv bro|opera tv|tv safari|crkey|netcast"
    r"|vidaa|web0s|omi/\d|vstvb|roku|bravia|oculus|mobile vr|vr (?:mobile )?safari|playstation"
    r"|nintendo)"
)
"""What they write anywhere."""
SCREEN_MODELS = re.compile(
    r"(?:smart|google|android|apple|magenta|portal|net|sky|mi|\ba)[ _-]?tv\d?(?![a-z0-9])"
    r"|\btv ?(?:box|stick)\b|\baft[a-z0-9]{1,12}\b|\bviera|xbox"
    r"|\b(?:vive (?:focus|xr|cosmos)|magic leap|pico (?:\d|neo|g\d))\b"
)
"""What they call themselves in the first parentheses; "TV" in a telephone's model ("BNTV250",
"HTV31") is none."""
TELEVISION = re.compile(r"(?<![a-z0-9-])tv(?![a-z0-9])|tv[_-]?(?:led)?[2-9]\d(?!\d)")
"""The word alone, or with inches, as models of telephones have it, too: they say `Mobile`."""

SMALL_SCREEN = re.compile(r"mobile(?: safari|/\w|$)|midp|opera mini")
SMALL_MODEL = re.compile(r"mobi|phone")
"""What a browser on a telephone writes, anywhere and in the first parentheses, whatever system it
names; in lower case. An application may be called "MobileSync"."""

# The second line is from before touch screens, or, as Opera Mini, hides what it runs on.
TELEPHONES = (
    *("mobi", "phone", "ipod", "kaios"),
    *("midp", "opera mini", "blackberry", "symbian", "nokia"),
)

# Many tablets say `Mobile` as telephones do. Their model's name may tell: "Redmi Pad", "MediaPad",
# "TAB-10", Samsung's SM-T, SM-X and SM-P, Lenovo's TB-; and so does Yandex Browser's "/apad".
TABLET = re.compile(
    r"T(?:ablet|(?:ab|AB)(?![a-z])|B-?[\dA-Z]\d)|P(?:ad|AD)(?![A-Za-z])|MediaPad|SM-[TXP]\d|/apad"
    r"|FBID/tablet"
)

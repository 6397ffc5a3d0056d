"""Browser, system and device, by the User-Agents that are seen most and by a corpus."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import bot_verdicts
from ztas_middleware.intake.agent_tables import APPLICATIONS, BROWSERS, SYSTEMS
from ztas_middleware.intake.agents import UNKNOWN, identify

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
CROS = "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
WEBVIEW = ANDROID.replace("K)", "SM-S911B Build/AP3A.240905.015; wv)") + "Version/4.0 "
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) "
)
IPAD = IPHONE.replace("iPhone; CPU iPhone OS", "iPad; CPU OS")
CHROME = "Chrome/141.0.0.0 Safari/537.36"
MOBILE_CHROME = "Chrome/141.0.0.0 Mobile Safari/537.36"
WINDOWS_PHONE = (
    "Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15254"
)


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        pytest.param(WINDOWS + CHROME, "Chrome Windows desktop", id="chrome"),
        pytest.param(MAC + CHROME, "Chrome macOS desktop", id="chrome, mac"),
        pytest.param(LINUX + CHROME, "Chrome Linux desktop", id="chrome, linux"),
        pytest.param(CROS + CHROME, "Chrome ChromeOS desktop", id="chromebook"),
        pytest.param(ANDROID + MOBILE_CHROME, "Chrome Android mobile", id="chrome, android"),
        pytest.param(ANDROID + CHROME, "Chrome Android tablet", id="android without Mobile"),
        pytest.param(
            ANDROID.replace("; K)", "; SM-X700)") + MOBILE_CHROME,
            "Chrome Android tablet",
            id="galaxy tab",
        ),
        pytest.param(
            ANDROID.replace("; K)", "; Redmi Pad)") + MOBILE_CHROME,
            "Chrome Android tablet",
            id="redmi pad",
        ),
        pytest.param(
            ANDROID.replace("; K)", "; PadFone T00N)") + MOBILE_CHROME,
            "Chrome Android mobile",
            id="a telephone called PadFone",
        ),
        pytest.param(WEBVIEW + MOBILE_CHROME, "Chrome Android mobile", id="android web view"),
        pytest.param(
            IPHONE + "CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1",
            "Chrome iOS mobile",
            id="chrome, iphone",
        ),
        pytest.param(
            IPHONE + "Version/18.5 Mobile/15E148 Safari/604.1", "Safari iOS mobile", id="safari"
        ),
        pytest.param(
            IPAD + "Version/18.5 Mobile/15E148 Safari/604.1", "Safari iOS tablet", id="ipad"
        ),
        pytest.param(
            IPHONE.replace("iPhone;", "iPod touch;") + "Version/15.8 Mobile/15E148 Safari/604.1",
            "Safari iOS mobile",
            id="ipod",
        ),
        pytest.param(IPHONE + "Mobile/15E148", "Safari iOS mobile", id="ios web view"),
        pytest.param(MAC + "Version/18.5 Safari/605.1.15", "Safari macOS desktop", id="mac safari"),
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0",
            "Firefox Windows desktop",
            id="firefox",
        ),
        pytest.param(
            "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
            "Firefox Linux desktop",
            id="firefox, linux",
        ),
        pytest.param(
            "Mozilla/5.0 (Android 15; Mobile; rv:144.0) Gecko/144.0 Firefox/144.0",
            "Firefox Android mobile",
            id="firefox, android",
        ),
        pytest.param(
            "Mozilla/5.0 (Android 15; Tablet; rv:144.0) Gecko/144.0 Firefox/144.0",
            "Firefox Android tablet",
            id="firefox, tablet",
        ),
        pytest.param(
            IPHONE + "FxiOS/144.0 Mobile/15E148 Safari/605.1.15", "Firefox iOS mobile", id="fxios"
        ),
        pytest.param(WINDOWS + CHROME + " Edg/141.0.0.0", "Edge Windows desktop", id="edge"),
        pytest.param(
            ANDROID + MOBILE_CHROME + " EdgA/141.0.0.0", "Edge Android mobile", id="edge, android"
        ),
        pytest.param(
            IPHONE + "Version/18.0 EdgiOS/141.0.0 Mobile/15E148 Safari/604.1",
            "Edge iOS mobile",
            id="edge, iphone",
        ),
        pytest.param(WINDOWS + CHROME + " Edge/18.19045", "Edge Windows desktop", id="old edge"),
        pytest.param(WINDOWS + CHROME + " OPR/122.0.0.0", "Opera Windows desktop", id="opera"),
        pytest.param(
            ANDROID + MOBILE_CHROME + " OPR/91.0.0.0", "Opera Android mobile", id="opera, android"
        ),
        pytest.param(
            "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.12.388 Version/12.18",
            "Opera Windows desktop",
            id="opera 12",
        ),
        pytest.param(
            "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/191.283; U; en) Presto/2.12.423",
            "Opera Other mobile",
            id="opera mini",
        ),
        pytest.param(
            ANDROID + "SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet Android mobile",
            id="samsung internet",
        ),
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko",
            "Internet Explorer Windows desktop",
            id="internet explorer",
        ),
        pytest.param(WINDOWS_PHONE, "Edge Windows Phone mobile", id="windows phone"),
        pytest.param(
            WINDOWS + "Chrome/138.0.0.0 YaBrowser/25.8.0.0 Safari/537.36",
            "Yandex Browser Windows desktop",
            id="yandex",
        ),
        pytest.param(WINDOWS + CHROME + " Vivaldi/7.6", "Vivaldi Windows desktop", id="vivaldi"),
        pytest.param(
            MAC + "Version/18.5 Safari/605.1.15 Ddg/18.5", "DuckDuckGo macOS desktop", id="ddg"
        ),
        pytest.param(
            WEBVIEW + MOBILE_CHROME + " [FB_IAB/FB4A;FBAV/530.0.0.48.74;]",
            "Facebook Android mobile",
            id="facebook, android",
        ),
        pytest.param(
            IPHONE + "Mobile/22F76 [FBAN/FBIOS;FBAV/530.0.0;FBDV/iPhone14,7]",
            "Facebook iOS mobile",
            id="facebook, iphone",
        ),
        pytest.param(
            IPHONE + "Mobile/22F76 Instagram 400.0.0 (iPhone14,7; iOS 18_5)",
            "Instagram iOS mobile",
            id="instagram",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; U; Android 4.3; en-us; GT-I9300 Build/JSS15J) AppleWebKit/534.30 "
            "(KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
            "Android Browser Android mobile",
            id="before chrome",
        ),
        pytest.param(
            "Dalvik/2.1.0 (Linux; U; Android 14; SM-S911B Build/UP1A.231005.007)",
            "Other Android mobile",
            id="dalvik",
        ),
        pytest.param(
            "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) " + CHROME,
            "Chrome webOS Other",
            id="television",
        ),
        pytest.param(
            LINUX + "Version/17.0 Safari/605.1.15", "Other Linux desktop", id="not Apple's Safari"
        ),
        pytest.param(
            MAC + "CriOS/102 Version/11.1.1 Safari/605.1.15",
            "Chrome iOS tablet",
            id="chrome, ipad that says mac",
        ),
        pytest.param(
            MAC + "FxiOS/144.0 Safari/605.1.15", "Firefox iOS tablet", id="firefox, ipad, mac"
        ),
        pytest.param(
            MAC + "Version/18.5 EdgiOS/141.0 Safari/605.1.15",
            "Edge iOS tablet",
            id="edge, ipad, mac",
        ),
        pytest.param(MAC + "Mobile/15E148", "Safari iOS tablet", id="web view, ipad, mac"),
        pytest.param(
            MAC + "Mobile/15E148 DuckDuckGo/7", "DuckDuckGo iOS tablet", id="duckduckgo, ipad, mac"
        ),
        pytest.param(
            MAC + "Mobile/15E148 Instagram 400.0.0 (iPad14,1; iPadOS 18_5)",
            "Instagram iOS tablet",
            id="instagram, ipad, mac",
        ),
        pytest.param(
            "[FBAN/FB4A;FBAV/567.1.0.52.74;FBPN/com.facebook.katana;FBDV/SM-S921B;FBSV/16;]",
            "Facebook Android mobile",
            id="facebook, nothing but brackets",
        ),
        pytest.param(
            "[FBAN/FB4A;FBAV/567.1.0;FBDV/SM-X710;FBSV/15;]",
            "Facebook Android tablet",
            id="facebook, brackets, tablet",
        ),
        pytest.param(
            "[FBAN/FBIOS;FBAV/567.1.0;FBDV/iPhone14,7;FBSN/iOS;FBID/phone;]",
            "Facebook iOS mobile",
            id="facebook, brackets, iphone",
        ),
        pytest.param(
            "[FBAN/FBIOS;FBAV/567.1.0;FBDV/iPad13,18;FBSN/iPadOS;FBID/tablet;]",
            "Facebook iOS tablet",
            id="facebook, brackets, ipad",
        ),
        pytest.param(
            "[FBAN/Orca-Android;FBAV/500.0.0;FBPN/com.facebook.orca;FBDV/Pixel 8;]",
            "Facebook Android mobile",
            id="messenger, brackets",
        ),
        pytest.param(
            "[FBAN/MessengerForiOS;FBAV/500.0.0;FBDV/iPhone14,7;FBID/phone;]",
            "Facebook iOS mobile",
            id="messenger, brackets, iphone",
        ),
        pytest.param(
            "[FB_IAB/FB4A;FBAV/490.0.0.63.82;IABMV/1;]",
            "Facebook Android mobile",
            id="facebook's web view, brackets",
        ),
        pytest.param(
            "Instagram 361.0.0.46.88 Android (34/14; 480dpi; 1080x2400; samsung; SM-S911B; de_DE)",
            "Instagram Android mobile",
            id="instagram by itself",
        ),
        pytest.param(
            WINDOWS + "Chrome/47.0.2526.106 BIDUBrowser/8.7 Safari/537.36",
            "Baidu Browser Windows desktop",
            id="a token begins where a word begins",
        ),
        pytest.param(
            WINDOWS + CHROME + " MyOnline/2", "Chrome Windows desktop", id="no line in online"
        ),
        pytest.param(
            WINDOWS + CHROME + " AndroidFileTransfer/1", "Chrome Windows desktop", id="app's name"
        ),
        pytest.param(
            LINUX + CHROME + " ToolForWindows/3 (iPhone Backup)",
            "Chrome Linux desktop",
            id="the first parentheses decide",
        ),
        pytest.param(
            "Mozilla/5.0 (Mobile; LYF/F220B/LYF-F220B;Android; rv:48.0) Gecko/48.0 Firefox/48.0 "
            "KAIOS/2.5",
            "Firefox KaiOS mobile",
            id="kaios",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 12; Quest 2) AppleWebKit/537.36 (KHTML, like Gecko) "
            "OculusBrowser/30.0 SamsungBrowser/4.0 Chrome/122.0 Mobile VR Safari/537.36",
            "Oculus Browser Android Other",
            id="headset, oculus",
        ),
        pytest.param(
            "Mozilla/5.0 (X11; Linux x86_64; Quest 3) AppleWebKit/537.36 (KHTML, like Gecko) "
            "OculusBrowser/35.0 Chrome/126.0 VR Safari/537.36",
            "Oculus Browser Linux Other",
            id="headset, desktop pages",
        ),
        pytest.param(
            "Mozilla/5.0 (Android 12; Mobile VR; rv:121.0) Gecko/121.0 Firefox/121.0 Wolvic/1.6",
            "Wolvic Android Other",
            id="headset, wolvic",
        ),
        pytest.param(
            "Mozilla/5.0 (X11; Linux x86_64; PICO 4 OS5.8.2 like Quest) AppleWebKit/537.36 (KHTML, "
            "like Gecko) PicoBrowser/3.3.38 Chrome/105.0 VR Safari/537.36 OculusBrowser/7.0",
            "Pico Browser Linux Other",
            id="headset, pico",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 8.1.0; BNTV650) AppleWebKit/537.36 (KHTML, like Gecko) "
            + CHROME,
            "Chrome Android tablet",
            id="tv in a tablet's model",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 6.0.1; HTV31) AppleWebKit/537.36 (KHTML, like Gecko) "
            + MOBILE_CHROME,
            "Chrome Android mobile",
            id="tv in a telephone's model",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 9; W-K360-TV) AppleWebKit/537.36 (KHTML, like Gecko) "
            + MOBILE_CHROME,
            "Chrome Android mobile",
            id="tv as a telephone's suffix",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 11; Chromecast Google TV) AppleWebKit/537.36 (KHTML) "
            + CHROME,
            "Chrome Android Other",
            id="google tv",
        ),
        pytest.param(
            WINDOWS + CHROME + " SmartTVRemote/2 iPadMirror MobileSync/3",
            "Chrome Windows desktop",
            id="other devices in an app's name",
        ),
        pytest.param(
            "Mozilla/5.0 (Linux; Android 11; TDTV65BS05U_BK) AppleWebKit/537.36 (KHTML) " + CHROME,
            "Chrome Android Other",
            id="tv and its inches",
        ),
        pytest.param((WINDOWS + CHROME).lower(), "Chrome Windows desktop", id="lower case"),
        pytest.param(
            (ANDROID + MOBILE_CHROME).lower(), "Chrome Android mobile", id="lower, android"
        ),
        pytest.param((WINDOWS + CHROME).upper(), "Chrome Windows desktop", id="upper case"),
        pytest.param("", "Other Other Other", id="empty"),
        pytest.param("curl/8.14.1", "Other Other Other", id="curl"),
        pytest.param("python-requests/2.32.3", "Other Other Other", id="requests"),
        pytest.param("Java/17.0.9", "Other Other Other", id="java"),
    ],
)
def test_names(user_agent, expected):
    assert " ".join(identify(user_agent)[:3]) == expected


@pytest.mark.parametrize(
    ("user_agent", "version"),
    [
        pytest.param(WINDOWS + CHROME, 141, id="chrome"),
        pytest.param(MAC + "Version/18.5 Safari/605.1.15", 18, id="safari"),
        pytest.param(WINDOWS + CHROME + " Edg/140.0.0.0", 140, id="edge"),
        pytest.param(WINDOWS + CHROME + " OPR/122.0.0.0", 122, id="opera"),
        pytest.param(
            "Opera/9.80 (Windows NT 6.1; U; en) Presto/2.12.388 Version/12.18", 12, id="opera 12"
        ),
        pytest.param("Opera/9.27 (Windows NT 5.1; U; en)", 9, id="opera 9"),
        pytest.param(
            "Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/191.283; U; en) Presto/2.12.423",
            7,
            id="opera mini",
        ),
        pytest.param(
            "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; Tablet PC 2.0; rv:11.0) like Gecko",
            11,
            id="internet explorer 11",
        ),
        pytest.param("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)", 8, id="msie"),
        pytest.param(
            IPHONE + "Mobile/22F76 [FBAN/FBIOS;FBAV/530.0.0;FBDV/iPhone14,7]", 530, id="facebook"
        ),
        pytest.param(
            IPHONE + "Mobile/22F76 Instagram 400.0.0 (iPhone14,7; iOS 18_5)", 400, id="instagram"
        ),
        pytest.param(IPHONE + "Mobile/22F76", None, id="an application's view"),
        pytest.param(WINDOWS + "Chrome/99999999", None, id="no version of anybody's"),
        pytest.param(WINDOWS + "Chrome/x", None, id="none"),
        pytest.param("curl/8.14.1", None, id="not a browser"),
    ],
)
def test_the_major_version(user_agent, version):
    assert identify(user_agent).version == version


@pytest.mark.parametrize(
    ("column", "least"),
    [
        pytest.param("browser", 0.98, id="browser"),
        pytest.param("os", 0.99, id="os"),
        # Most of the rest are Android tablets that say `Mobile`: only a list of models could tell.
        pytest.param("device", 0.94, id="device"),
        pytest.param("version", 0.98, id="version"),
    ],
)
def test_the_corpus_agrees(column, least):
    right, comparable = bot_verdicts.agreement(column)
    assert comparable > 29_000
    assert right / comparable >= least


NAMES = {name for table in (BROWSERS, SYSTEMS) for _, name in table}
TOKENS = [token for table in (BROWSERS, SYSTEMS, APPLICATIONS) for token, _ in table]


@given(st.lists(st.text(max_size=5) | st.sampled_from(TOKENS)).map("".join))
def test_any_text_has_three_names(text):
    named = identify(text)
    assert {named.browser, named.os} <= NAMES | {"Safari", "Android Browser", "KaiOS", "Other"}
    assert named.device in {"desktop", "mobile", "tablet", "Other"}


def test_nothing_is_unknown():
    assert UNKNOWN == ("Other", "Other", "Other", None)

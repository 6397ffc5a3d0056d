"""Who is a person: the tables, the package, the configuration above both, and what is kept."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import crawleruseragents
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import bot_verdicts
from ztas_middleware.intake.agents import UNKNOWN
from ztas_middleware.intake.bot_tables import SHAPES, SIGNS
from ztas_middleware.intake.bots import BotFilter, classify
from ztas_middleware.intake.crawlers import LONGEST, load

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
ANDROID = "Mozilla/5.0 (Linux; Android {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/1 Safari/1"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML) {}"
ELECTRON = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "{} Chrome/142.0.7444.265 Electron/39.8.5 Safari/537.36"
)

PEOPLE = {
    "empty": "",
    "spaces": "   ",
    "chrome": CHROME,
    "android 15 build": ANDROID.format("15; CPH2655 Build/AP3A.240617.008"),
    "android 15 build elsewhere": "App/1 (build AP3A.240617.008)",
    "facebook web view": ANDROID.format("16; Pixel 10; wv") + " MetaIAB Facebook",
    "vs code": ELECTRON.format("Code/1.115.0"),
    "trae": ELECTRON.format("Trae/1.107.1"),
    "notion": ELECTRON.format("Notion/3.1.0"),
    "viber": ANDROID.format("16; SM-F966N; wv") + " Viber/27.4.0.0",
    "whatsapp": IPHONE.format("Mobile/15E148 WhatsApp/25.20.79"),
    "whatsapp business": IPHONE.format("Mobile/24A446 Safari/604 [FBAN/WhatsAppSMBIPhone]"),
    "blackboard": IPHONE.format("Mobile/15E302 Blackboard/3.6.1"),
    "sogou mse": ANDROID.format("10; M40SE") + " SogouMSE,SogouMobileBrowser/6.1.5",
    "sogou search": ANDROID.format("9; KT20") + " SogouSearch Android1.0 version3.0",
    "cherry sonic": ANDROID.format("2.3.6; fr-fr; Cherry Sonic Build/GRK39F"),
    "viewsonic": ANDROID.format("4.4.2; ViewSonic V500 Build/KVT49L"),
    "viewsonic, windows": "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; ViewSonic)",
    "o+ sonic": ANDROID.format("5.1; O+ Sonic"),
    "panasonic": ANDROID.format("4.2; Panasonic T21 Build/JDQ39"),
    "htc butterfly": ANDROID.format("4.2.2; HTC Butterfly Build/JDQ39"),
    "fever": ANDROID.format("8.1.0; Fever_Plus_J"),
    "expanse": ANDROID.format("8.0.0; Expanse"),
    "spider 8": ANDROID.format("13; Spider 8"),
    "power bot": ANDROID.format("6.0; POWER BOT Build/MRA58K"),
    "cubot": ANDROID.format("13; Cubot X30"),
    "cubot in facebook": IPHONE.format("[FBAN/FB4A;FBDV/POWER BOT;FBMF/CUBOT;FBBD/CUBOT;]"),
    "cubot in instagram": ANDROID.format("9; K; wv")
    + " Instagram 406.0.0.58.159 Android (28/9; 480dpi; 1080x2036; Hello; SPIDER; x; en_US)",
    "ends in 008": "Opera/9.80 (MAUI Runtime; Opera Mini/4.4.39008/37.8625; U; en) Presto/2.12",
    "ecosia": ANDROID.format("10; K") + " (Ecosia android@143.0.0.0)",
    "internet explorer": "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)",
    "konqueror": "Mozilla/5.0 (compatible; Konqueror/4.5; FreeBSD) KHTML/4.5.4 (like Gecko)",
    "native application": "Dalvik/2.1.0 (Linux; U; Android 11; V2043 Build/RP1A.200720.012)",
    "slack": ELECTRON.format("Slack/4.46.101") + " AppleSilicon Sonic Slack_SSB/4.46.101",
    "mattermost": ELECTRON.format("Mattermost/5.9.0"),
    "an application of the same name as a preview": IPHONE.format("Mobile/22F76 Tumblr/36.1"),
    "a reader of the same name as a fetcher": ANDROID.format("14; Pixel 8; wv")
    + " Mobile Inoreader/7.8.5",
    "names its page, iphone": IPHONE.format("Mobile/22F76 discover/8.50 (https://xhs.example)"),
    "names its page, android": ANDROID.format("14; Pixel 8; wv") + " App/1 http://app.example",
    "names its page, tablet": ANDROID.format("14; SM-X710") + " App/1 https://app.example",
    "names its page, gecko": "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0 "
    "App/1 (https://app.example)",
    "names its page, desktop": ELECTRON.format("App/1") + " https://app.example",
    "scans codes": IPHONE.format("Mobile/22F76 QRScanner/5.2"),
    "looks after babies": ANDROID.format("14; Pixel 8; wv") + " Mobile BabyMonitor/3",
    "lower case": CHROME.lower(),
    "upper case": CHROME.upper(),
    "lower case, viewsonic": ANDROID.format("4.4.2; ViewSonic V500 Build/KVT49L").lower(),
    "no parentheses": "Mozilla/5.0 Linux; Android 9; SM-A505U AppleWebKit/537.36 KHTML, like Gecko",
    "maxthon": "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0; Maxthon/4.2)",
    "next to nothing": "Mozilla/5.0",
    "unknown program": "shop-backend/2.3",
    "unknown program, an agent": "ShopAgent/2.3",
}

CRAWLERS = {
    "googlebot": GOOGLEBOT,
    "googlebot on the android 15 build": ANDROID.format("15; X Build/AP3A.240617.008")
    + " (compatible; Googlebot/2.1)",
    "curl in a crawler": "Mozilla/5.0 (compatible; AhrefsBot/7.0) python-requests/2.32",
    "applebot": "AppleBot/0.1",
    "unknown bot": "XBot/1.0",
    "unknown bot, no version": "Mozilla/5.0 (compatible; somebot)",
    "bot with a suffix": "Mozilla/5.0 (compatible) Ai2Bot-Dolma",
    "robots": "robots",
    "unknown spider": "EasouSpider",
    "unknown crawler": "nlcrawler/1.0",
    "unknown, with its home page": "Mozilla/5.0 Choosito/1.0 +http://www.choosito.com/",
    "unknown, with an address": "Mozilla/5.0 Ezoom/1.0 help@moz.com",
    "unknown, compatible": "Mozilla/5.0 (compatible; DataXu/1.0)",
    "unknown, compatible, behind": "Mozilla/5.0 AppleWebKit/537.36 (KHTML; compatible; MistralAI)",
    "whatsapp preview": "WhatsApp/2.19.330 A",
    "viber preview": "Viber",
    "sogou": "Sogou web spider/4.0",
    "lighthouse": CHROME + " Lighthouse/8.0",
    "chrome-lighthouse": CHROME + " Chrome-Lighthouse",
    "headless": CHROME.replace("Chrome", "HeadlessChrome"),
    "jsdom": "Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/20.0.3",
    "cypress": ELECTRON.format("Cypress/13.6.0"),
    "prerender": CHROME + " Prerender (+https://github.com/prerender/prerender)",
    "prerender, no link": CHROME + " Prerender",
    "page speed": IPHONE.format("(KHTML, like Gecko; Google Page Speed Insights) Version/4.0.5"),
    "google-amphtml": ANDROID.format("6.0; Nexus 5X") + " (compatible; Google-AMPHTML)",
    "webpagetest": "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0; PTST 2.386) like Gecko",
    "debugbear": CHROME + " DebugBear",
    "monitor": CHROME + " YottaaMonitor",
    "gomez": CHROME.replace("Gecko", "Gecko; GomezAgent 3.0"),
    "catchpoint": CHROME.replace("x64", "x64; Catchpoint"),
    "catchpoint, telephone": ANDROID.format("14; Pixel 8; Catchpoint") + " Mobile",
    "functionize": CHROME + " Functionize",
    "assetnote": CHROME + " Assetnote/1.0.0",
    "proxy checker": CHROME + " ProxyChecker/2.0",
    "a checker that no list has": CHROME + " HeaderChecker/0.3",
    "a scanner that no list has": CHROME + " (scanner.ducks.example)",
    "an agent that no list has": CHROME + " CybaaAgent",
    "a tester that no list has": CHROME + " PageTester/1.2",
    "automation": CHROME + " SiteAutomation/2",
    "a validator": CHROME + " PageValidator/1",
    "a downloader": CHROME + " SiteDownloader/1",
    "lower case, known": "mozilla/5.0 (x11; linux x86_64; rv:101.0) firefox/101.0 site24x7",
    "upper case, known": CHROME.upper() + " SITE24X7",
    "lower case, googlebot": GOOGLEBOT.lower(),
    "lower case, where a pattern asks for a beginning": (CHROME + " PTST/240101").lower(),
    "upper case, where a pattern asks for an end": "Mozilla/5.0 (SSL LABS",
    "lower case, lighthouse": (CHROME + " Chrome-Lighthouse").lower(),
    "names its page in a telephone's clothes": IPHONE.format(
        "Mobile/22F76 Odd/1 +http://odd.example"
    ),
    "compatible in a telephone's clothes": IPHONE.format(
        "Mobile/22F76 (compatible; http://odd.example)"
    ),
    "no system": "Mozilla/5.0 Jorgee",
    "nothing but its name": "Mozilla/5.0 (Morningscore/1.0)",
    "duplexweb": ANDROID.format("8.0; Pixel 2 Build/OPD3; DuplexWeb-Google/1.0"),
}

LIBRARIES = {
    "requests": "python-requests/2.32.3",
    "curl": "curl/8.14.1",
    "node-fetch": "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
    "lower case": "PYTHON-REQUESTS/2.32",
    "go": "Go-http-client/1.1",
    "axios": "axios/1.7.9",
    "okhttp": "okhttp/4.12.0",
    "aiohttp": "Python/3.13 aiohttp/3.11.11",
    "undici": "undici",
    "node": "node",
    "postman": "PostmanRuntime/7.43.0",
    "java": "Java/17.0.9",
    "java's own client": "Java-http-client/21.0.5",
    "dart": "Dart/3.6 (dart:io)",
    "pycurl": "PycURL/7.45.4 libcurl/8.11.1",
    "guzzle": "GuzzleHttp/7",
    "ruby": "Ruby",
    "powershell": "Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.26100",
    "names its home page": "shop-backend/2.3 (+https://shop.example)",
    "names its people": "shop-backend/2.3 (ops@shop.example)",
}


def cases(table: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("user_agent", table.values(), ids=table.keys())


@cases(PEOPLE)
def test_people_are_people(user_agent):
    assert classify(user_agent) == "human"
    seen = BotFilter().look(user_agent)
    assert (seen.is_bot_from_page, seen.is_bot_from_server) == (False, False)


@cases(CRAWLERS)
def test_a_crawler_is_a_bot_either_way(user_agent):
    assert classify(user_agent) == "crawler"
    seen = BotFilter().look(user_agent)
    assert (seen.is_bot_from_page, seen.is_bot_from_server) == (True, True)


@cases(LIBRARIES)
def test_a_library_is_a_bot_only_from_a_page(user_agent):
    assert classify(user_agent) == "library"
    seen = BotFilter().look(user_agent)
    assert (seen.is_bot_from_page, seen.is_bot_from_server) == (True, False)
    assert seen.agent == UNKNOWN


@pytest.mark.parametrize(
    ("allow", "deny", "user_agent", "bot"),
    [
        pytest.param(("Googlebot",), (), GOOGLEBOT, False, id="allowed crawler"),
        pytest.param(("python-req",), (), "python-requests/2.32", False, id="allowed library"),
        pytest.param(("googlebot",), (), GOOGLEBOT, True, id="case as written"),
        pytest.param((), ("Win64",), CHROME, True, id="denied browser"),
        pytest.param((), ("Trae",), CHROME, False, id="denied is another"),
        pytest.param(("Chrome",), ("Win64",), CHROME, True, id="deny wins"),
        pytest.param((), ("",), "", False, id="empty is never a bot"),
    ],
)
def test_the_configuration_stands_above_the_tables(allow, deny, user_agent, bot):
    seen = BotFilter(allow, deny).look(user_agent)
    assert seen.is_bot_from_page is bot
    assert seen.is_bot_from_server is bot


def test_a_denied_library_is_a_bot_from_a_server_too():
    assert BotFilter(deny=("curl",)).look("curl/8.14.1").is_bot_from_server


VISITORS = {
    "chrome": CHROME,
    "opera 12": "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18",
    "facebook, nothing but brackets": "[FBAN/FB4A;FBAV/567.1.0.52.74;FBPN/com.facebook.katana;]",
    "behind another name": "TV Bro/1.0 " + CHROME,
    "lynx": "Lynx/2.8.8pre.3 libwww-FM/2.14",
    "ucweb": "UCWEB/2.0 (MIDP-2.0; U; Adr 4.2.2; id; Ex45i) U2/1.0.0 UCBrowser/10.4.2.659",
    "lower case": CHROME.lower(),
    "native application": "Dalvik/2.1.0 (Linux; U; Android 11; V2043 Build/RP1A.200720.012)",
}
NO_VISITORS = {
    "none": "",
    "a dash": "-",
    "elb": "ELB-HealthChecker/2.0",
    "kubernetes": "kube-probe/1.28",
    "monit": "Monit/5.33.0",
    "consul": "Consul Health Check",
    "haproxy": "HAProxy",
    "gobuster": "gobuster/3.1.0",
    "collectd": "collectd/5.5.1",
    "somebody's own": "shop-backend/2.3",
    "curl": "curl/8.14.1",
    "an application's own fetches": "NewsBlur/4.0.1 CFNetwork/672.1.13 Darwin/14.0.0",
    "googlebot": GOOGLEBOT,
}


@cases(VISITORS)
def test_a_browsers_shape_is_a_visitor_in_a_log(user_agent):
    assert not BotFilter().look(user_agent).is_bot_from_log


@cases(NO_VISITORS)
def test_another_shape_is_no_visitor_in_a_log(user_agent):
    assert BotFilter().look(user_agent).is_bot_from_log


def test_the_configuration_stands_above_shapes_too():
    assert not BotFilter(allow=("shop-backend",)).look("shop-backend/2.3").is_bot_from_log
    assert BotFilter(deny=("Win64",)).look(CHROME).is_bot_from_log


def test_the_browsers_of_the_corpus_have_a_browsers_shape():
    browsers = bot_verdicts.browsers()
    shapeless = [one for one in browsers if SHAPES.search(one) is None]
    assert len(shapeless) / len(browsers) < 0.005


def test_hardly_a_bot_of_the_corpus_is_a_visitor_in_a_log():
    bots = bot_verdicts.bots()
    visitors = [one for one in bots if not BotFilter().look(one).is_bot_from_log]
    assert len(visitors) / len(bots) < 0.01


def test_the_agent_is_named_beside_the_verdict():
    assert BotFilter().look(CHROME).agent[:3] == ("Chrome", "Windows", "desktop")


def test_what_lies_past_the_cap_is_not_seen():
    padded = CHROME + " " * (LONGEST - len(CHROME))
    seen = BotFilter(allow=("ALLOWED",), deny=("DENIED",)).look(padded + " XBot/1.0 DENIED")
    assert not seen.is_bot_from_page
    assert classify(padded + " XBot/1.0") == "human"


def test_the_package_decides_but_where_it_takes_people_for_bots():
    corrected = {
        entry["pattern"]
        for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA
        for instance in entry["instances"]
        if classify(instance) != load().find(instance)
    }
    assert corrected == {r"AP3A\.240617\.008", r"Code\/1\.", r"Trae\/", "MetaIAB Facebook"}


def test_no_browser_of_the_corpus_is_a_bot_but_a_few():
    assert len(bot_verdicts.browsers()) > 30_000
    assert len(bot_verdicts.false_positives()) <= 1


@pytest.mark.parametrize("recased", [str.lower, str.upper])
def test_letter_case_makes_no_browser_a_bot_and_no_bot_a_browser(recased):
    browsers = list(bot_verdicts.browsers())[::5]
    assert [one for one in browsers if classify(recased(one)) != classify(one)] == []
    bots = bot_verdicts.bots()
    different = [one for one in bots if classify(recased(one)) != classify(one)]
    assert len(different) / len(bots) < 0.01


@pytest.mark.parametrize("recased", [str.lower, str.upper, str.title])
def test_letter_case_hides_no_crawler_of_the_package(recased):
    examples = [
        one for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for one in entry["instances"]
    ]
    assert [
        one for one in examples if classify(one) != "human" and classify(recased(one)) == "human"
    ] == []


def test_most_bots_of_the_corpus_are_caught():
    bots = bot_verdicts.bots()
    assert len(bots) > 1_300
    assert len(bot_verdicts.missed()) / len(bots) < 0.12


def test_every_sign_hints_at_what_it_finds():
    # A hint that is not part of a match would switch its sign off without a sound.
    found = set()
    for user_agent in [*CRAWLERS.values(), *LIBRARIES.values(), *bot_verdicts.bots()]:
        for sign in SIGNS:
            if sign.pattern.search(user_agent):
                found.add(sign.pattern.pattern)
                assert sign.hint in user_agent.lower()
    assert found == {sign.pattern.pattern for sign in SIGNS}


@settings(deadline=None)  # the first example loads the tables
@given(st.text())
def test_any_text_has_a_verdict(text):
    assert classify(text) in ("human", "library", "crawler")


@settings(deadline=None)  # the first example loads the tables
@given(
    st.lists(
        st.sampled_from(
            [*CRAWLERS.values(), *PEOPLE.values(), "Android 1; ", "compatible; ", "Mozilla/5.0 "]
        ),
        min_size=1,
        max_size=60,
    )
)
def test_only_the_first_characters_count(parts):
    text = " ".join(parts)
    assert classify(text) == classify(text[:LONGEST])
    assert BotFilter().look(text) == BotFilter().look(text[:LONGEST])


@pytest.mark.parametrize(
    "unit",
    ["Android 1; ", "Android (1/", "compatible; ", "Mozilla/5.0 a@", "a@a", "://", "BOT", "FBDV/",
     "Spider", "Current", "ContextualBot", "(", "Google-", "\x00", "\ud800"],
)  # fmt: skip
def test_repetition_does_not_hold_the_server_up(unit):
    # It would hang here: 512 characters are enough for a pattern that tries every way to split.
    text = "Mozilla/5.0 (" + unit * 10_000
    assert classify(text) == classify(text[:LONGEST])


def test_what_is_remembered_stays_below_a_megabyte():
    bots = BotFilter()
    bots.look(CHROME)
    tracemalloc.start()
    for number in range(2_000):
        bots.look(f"Mozilla/5.0 {number} " + "x" * 8_000)
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 1_000_000


def test_the_package_is_loaded_with_the_first_filter_and_not_before():
    program = """if True:
        import sys
        from ztas_middleware.intake import bots
        assert "crawleruseragents" not in sys.modules
        bots.BotFilter()
        assert "crawleruseragents" in sys.modules
    """
    subprocess.run([sys.executable, "-c", program], check=True)

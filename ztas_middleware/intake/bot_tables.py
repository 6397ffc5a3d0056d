"""Where the crawleruseragents package errs, as data: people it takes for bots, bots it misses.

Kept small. An entry says what it is and where it was seen; what a whole class of names has in
common is one entry. No pattern repeats inside a repetition, so none can be made to run long.
`bots` applies the tables, and looks at 512 characters at most.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

_INNOCENT = (
    # The name and build of an Android device, where the system puts it and where the
    # Facebook and Instagram applications repeat it. Hardware may be called anything:
    # "ViewSonic", "Cherry Sonic", "HTC Butterfly", "Fever_Plus", "Expanse", "Spider 8",
    # "POWER BOT", and "Build/AP3A.240617.008" is Android 15 on half a dozen makes.
    r"Android[ /][\w.]+; ?(?:U; ?)?(?:[A-Za-z]{2}[-_][A-Za-z]{2,3}; ?)?[^;()]*",
    r"FB(?:DV|MF|BD)/[^;\]]*",
    r"Android \(\d+/[^)]*",
    # The same where they stand elsewhere.
    r"AP3A\.240617\.008",
    r"ViewSonic",
    r"Cherry Sonic",
    r"HTC[ _]?Butterfly",
    r"Fever_Plus",
    r"(?i:cubot)",  # a make of telephones
    # Browsers inside applications; the link previews of the same firms begin with their
    # name or have another ("facebookexternalhit").
    r"MetaIAB Facebook",
    r"(?<=[ /;(\[])(?:WhatsApp|Viber)",
    r"(?<=[ /;(\[])Blackboard/",  # the mobile application; "Blackboard Safeassign" is not
    # Desktop applications that show pages: Visual Studio Code, Trae, Notion.
    r"\bCode/1\.",
    r"\bTrae/",
    r"(?<=\) )Notion/",
    # Sogou's browsers and its application; its crawlers say "Sogou web spider".
    r"Sogou(?:MSE|MobileBrowser|Search)",
    # The crawler of 80legs is called "008"; these end in it: "Opera Mini/4.4.39008/37",
    # the telephone "TS1008/1.0".
    r"(?<=\w)008/",
    # A component of Internet Explorer's time that names its home page.
    r"http://bsalsa\.com",
)
INNOCENT = re.compile("|".join(_INNOCENT))
"""Text that says nothing of bots, whatever the tables below or the package see in it."""

_LIBRARIES = (
    # JavaScript; "node" is all that its built-in fetch says.
    *("node$", "undici", "Bun/", "Deno/", "superagent", "needle/"),
    # Java, Kotlin, Scala, Dart
    *("Java/", "Java-http-client/", "Jakarta Commons-HttpClient", "Apache-HttpAsyncClient"),
    *("ReactorNetty/", "akka-http/", "ktor-client", "unirest-java", "Dart/"),
    # C, PHP, Ruby, Perl, Python
    *("libcurl", "PycURL/", "GuzzleHttp/", "Symfony HttpClient", "PHP/", "Ruby$", "Faraday "),
    *("Typhoeus", "rest-client/", "LWP::Simple/", "python-urllib3/", "urllib3/"),
    # Rust, .NET, Erlang
    *("reqwest", "ureq/", "hyper/", "RestSharp/", "hackney/"),
    # People at work on an integration
    *("PostmanRuntime/", "insomnia/", "bruno-runtime/", "vscode-restclient", "xh/"),
)
LIBRARIES = re.compile("|".join(_LIBRARIES))
"""HTTP libraries that the package does not know, by what they send when nobody says otherwise; to
be matched at the start."""


class Sign(NamedTuple):
    """What gives away something that no list knows by name."""

    hint: str
    """Lower case; where the lower-cased text lacks it, the pattern cannot match."""
    pattern: re.Pattern[str]
    verdict: Literal["crawler", "library"]


def _sign(hint: str, pattern: str, verdict: Literal["crawler", "library"] = "crawler") -> Sign:
    return Sign(hint, re.compile(pattern), verdict)


SIGNS = (
    # Stands behind "Mozilla/5.0 (Windows NT; ...)".
    _sign("powershell", r"PowerShell/\d", "library"),
    # What they call themselves: "XBot/1.0", "AppleBot/0.1", "robots", "EasouSpider", "nlcrawler".
    # Not the start of another word ("Botswana").
    _sign("bot", r"[Bb][Oo][Tt]s?(?![A-Za-z])|Bots?[A-Z]"),
    _sign("spider", r"(?i)spider"),
    _sign("crawl", r"(?i)crawl"),
    _sign("scrap", r"(?i)scrap(?:e|ing)"),
    # Where to complain. No browser names its home page; a server that tracks may name its own
    # ("shop/2.1 (+https://shop.example)"), and does not pretend to be Mozilla.
    _sign("://", r"^Mozilla/.*https?://"),
    _sign("://", r"https?://", "library"),
    _sign("@", r"^Mozilla/.*[\w.]@[\w-]+\.[a-z]{2}"),
    _sign("@", r"[\w.]@[\w-]+\.[a-z]{2}", "library"),
    # "(compatible; DataXu/1.0)". Internet Explorer and Konqueror wrote that too, and the few
    # others that did ("Mozilla/5.0 (compatible; U; ABrowse 0.6; Syllable)") name their system.
    _sign(
        "compatible; ",
        r"^Mozilla/5.*compatible; (?!U;)"
        r"(?![^)]*(?:MSIE|Konqueror|Windows|Linux|Mac OS|AmigaOS|Haiku))[A-Za-z]",
    ),
    # Google's many visitors: "Google-AMPHTML", "Google-Publisher-Plugin", "DuplexWeb-Google".
    _sign("google", r"\bGoogle-[A-Za-z]|-Google\b|Google Search Console"),
    # Browsers that nobody sits before. "PTST 2.386" is WebPageTest's older form.
    _sign("monitor", r"(?i)monitor"),
    _sign("ptst", r"\bPTST "),
    _sign("debugbear", r"DebugBear"),
    _sign("headless", r"(?i)headless"),
    _sign("lighthouse", r"Lighthouse"),
    _sign("page", r"Page ?[Ss]peed"),
    _sign("prerender", r"(?i)prerender"),
    _sign("jsdom", r"jsdom/"),
    _sign("cypress", r"Cypress"),
    _sign("synthetic", r"Synthetic"),  # "Datadog/Synthetics", "DynatraceSynthetic/1.179"
    _sign("cloudflare", r"Cloudflare"),  # "CloudflareObservatory/1.0", "CloudflareDiagnostics"
)
"""In this order; the first that is found decides."""

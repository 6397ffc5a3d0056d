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
    r"cubot",  # a make of telephones
    # Browsers inside applications; the link previews of the same firms begin with their
    # name or have another ("facebookexternalhit").
    r"MetaIAB Facebook",
    r"(?<=[ /;(\[])(?:WhatsApp|Viber)",
    r"(?<=[ /;(\[])Blackboard/",  # the mobile application; "Blackboard Safeassign" is not
    # Desktop applications that show pages: Visual Studio Code, Trae, Notion.
    r"\bCode/1\.",
    r"\bTrae/",
    r"(?<=\) )Notion/",
    # Slack's desktop application, on Apple's processors; "Sonic" is a crawler.
    r"\bSonic(?= Slack_SSB)",
    # Sogou's browsers and its application; its crawlers say "Sogou web spider".
    r"Sogou(?:MSE|MobileBrowser|Search)",
    # The crawler of 80legs is called "008"; these end in it: "Opera Mini/4.4.39008/37",
    # the telephone "TS1008/1.0".
    r"(?<=\w)008/",
    # A component of Internet Explorer's time that names its home page.
    r"http://bsalsa\.com",
)
INNOCENT = re.compile("|".join(_INNOCENT), re.IGNORECASE)
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
    *("PostmanRuntime/", "insomnia/", "bruno-runtime/", "vscode-restclient", "xh/", "Playwright/"),
)
# No browser's text is tried: in any letter case, that would take three times as long as all else.
LIBRARIES = re.compile(f"(?!mozilla/)(?:{'|'.join(_LIBRARIES)})", re.IGNORECASE)
"""HTTP libraries that the package does not know, by what they send when nobody says otherwise; to
be matched at the start."""


SHAPES = re.compile(
    r"mozilla ?/|opera[ /]|applewebkit|browser[ /]|msie |dalvik/|cronet/|android \d|uc ?web"
    # Telephones before touch screens, televisions, browsers of text, Facebook's applications.
    r"|midp|obigo|hbbtv/|^(?:lynx|e?links|w3m|dillo|netsurf|ibrowse|amiga|docomo)\b"
    r"|\[fb(?:an|_iab)/",
    re.IGNORECASE,
)
"""What all browsers' texts have something of. Of Matomo's 34,393, it leaves out 137: Safari's own
fetches ahead (`CFNetwork`), models of telephones without any more, browsers of the nineties."""

APPLICATION_TAGS = frozenset({"feed-reader", "social-preview"})
APPLICATIONS = frozenset({r"Asana\/"})
"""Tags and patterns of the package that people's applications are called like, too: a telephone's
browser or a desktop application that says `Tumblr/36.1` is one that shows a page inside."""

PEOPLES = re.compile(
    r"Mozilla/5\.0 \((?:iPhone|iPad|iPod|Android|Linux; (?:U; |arm_64; )?Android)"
    r"(?=.*(?:AppleWebKit/|Gecko/))|Mozilla/5\.0 .* Electron/",
    re.IGNORECASE,
)
"""How a telephone's browser begins, or a desktop application, whatever else they say."""

CALLING_CARD = re.compile(r"compatible;|\+https?://", re.IGNORECASE)
"""What a crawler names itself and its page behind, in a telephone's clothes, too."""

MONITORS = (
    # Real browsers that are driven by a schedule.
    *("Catchpoint", "GomezAgent", "KTXN", "DejaClick", "AlertSite", "DMBrowser", "iplabel"),
    *("Sitespeed", "webhint", "infrawatch", "yunjiankong", "google_partner_monitoring"),
    *("SpeedCurve", "YLT", "Sematext", "AppDynamics", "Monitis", "SolarWinds", "Freshping"),
    *("Cronitor", "BetterStack", "Nagios", "Icinga", "Prometheus", "Route53-Health"),
)
TOOLS = (
    # Tests and errands in a browser that nobody sits before.
    *("Functionize", "Selenium", "Puppeteer", "PhantomJS", "SlimerJS", "CasperJS"),
    *("HtmlUnit", "TestCafe", "WebdriverIO", "Katalon", "GhostInspector", "Ghost Inspector"),
    *("BackstopJS", "Zombie.js", "Browserless", "Crawlee", "Convertify", "Siege "),
    *("Applitools", "BrowserStack", "SauceLabs", "LambdaTest", "Rendertron", "geckoversion"),
    # Searches for holes.
    *("Assetnote", "Acunetix", "Netsparker", "Invicti", "OWASP", "Nessus", "Tenable", "OpenVAS"),
    *("Nikto", "Nuclei", "sqlmap", "WPScan", "Detectify", "Arachni", "w3af", "Wapiti", "Nmap"),
    *("zgrab", "masscan", "dirbuster", "gobuster", "feroxbuster", "Censys", "Shodan", "LeakIX"),
    *(
        "l9explore",
        "Netcraft",
        "burpcollaborator",
        "Interactsh",
        "CybaaAgent",
        "Keydrop",
        "Jorgee",
        "xtate",
    ),
    *("BurpSuite", "Burp Suite", "Probely", "InsightAppSec", "Rapid7", "BitSight", "UpGuard"),
    *("SecurityScorecard", "Quttera", "urlscan", "CheckPhish", "ZeroFox"),
    *("OnlyScans", "Laravel Reaver", "project_patchwatch", "Exchange check"),
    # Looks for others: for brands, advertisements, addresses, copies, mail.
    *("BrandVerity", "TagInspector", "Datanyze", "Inspici", "GoogleAdSenseInfeed", "WhatCMS"),
    *("Morningscore", "Mixnode", "Sparkler", "ArchiveBox", "SiteSucker"),
    *("UCSBNetworkMeasurement", "KarnoProspecting", "ArtelLeadRadar", "SeznamEmailProxy"),
    *("ScreamingFrog", "SISTRIX", "Wappalyzer", "BuiltWith", "SimilarTech", "Monsido"),
    *("Siteimprove", "Apify", "Zyte", "BrightData", "ParseHub", "Octoparse", "WebHarvy", "80legs"),
    *("ScreenshotMachine", "ScreenshotOne", "url2png", "ApiFlash", "Urlbox", "Browshot"),
    *("Grapeshot", "Copyscape", "Adbeat"),
    *("mail.ukr.net proxy", "Daumoa", "Firefox mutant"),
)
"""Names that the package lacks; in any letter case, where a word begins. Seen in isbot's and in
Matomo's lists, or what the tools and their makers are called."""


class Sign(NamedTuple):
    """What gives away something that no list knows by name."""

    hint: str
    """Lower case; where the lower-cased text lacks it, the pattern cannot match."""
    pattern: re.Pattern[str]
    verdict: Literal["crawler", "library"]
    application: bool
    """Whether people's applications (`PEOPLES`) may be called so, too."""


def _sign(
    hint: str,
    pattern: str,
    verdict: Literal["crawler", "library"] = "crawler",
    *,
    application: bool = False,
) -> Sign:
    return Sign(hint, re.compile(pattern, re.IGNORECASE), verdict, application)


SIGNS = (
    # Stands behind "Mozilla/5.0 (Windows NT; ...)".
    _sign("powershell", r"PowerShell/\d", "library"),
    # What they call themselves: "XBot/1.0", "AppleBot/0.1", "robots", "EasouSpider", "nlcrawler".
    # Not the start of another word ("Botswana").
    _sign("bot", r"bots?(?![a-z])|(?-i:Bots?[A-Z])"),
    _sign("spider", r"spider"),
    _sign("crawl", r"crawl"),
    _sign("scrap", r"scrap(?:e|ing)"),
    # Where to complain. No browser names its home page, but applications that show pages may
    # ("MyApp/8.5 https://app.example"); a server that tracks may name its own
    # ("shop/2.1 (+https://shop.example)"), and does not pretend to be Mozilla.
    _sign("://", r"^Mozilla/.*https?://", application=True),
    _sign("://", r"^(?!Mozilla/).*https?://", "library"),
    _sign("@", r"^Mozilla/.*[\w.]@[\w-]+\.[a-z]{2}"),
    _sign("@", r"^(?!Mozilla/).*[\w.]@[\w-]+\.[a-z]{2}", "library"),
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
    _sign("monitor", r"monitor", application=True),
    # What they do, as they write it behind a browser's text: "ProxyChecker/2.0".
    *(
        _sign(hint, rf"^Mozilla/.*{word}", application=True)
        for hint, word in (
            *(("check", "checker"), ("scanner", "scanner"), ("inspect", "inspector")),
            *(("valid", "validator"), ("probe", r"probe\b"), ("proxy", r"[a-z]proxy\b")),
            *(("agent", r"[a-z]agent\b"), ("archiver", "archiver"), ("fetcher", "fetcher")),
            *(("extract", "extractor"), ("harvest", "harvest"), ("download", "downloader")),
            *(("grab", "grabber"), ("tester", "tester"), ("automat", "automat(?:ion|ed)")),
            *(("uptime", "uptime"), ("audit", "audit")),
        )
    ),
    _sign("preview", r"^Mozilla/.*preview"),
    _sign("ptst", r"\bPTST "),
    _sign("debugbear", r"DebugBear"),
    _sign("headless", r"headless"),
    _sign("lighthouse", r"Lighthouse"),
    _sign("page", r"Page ?[Ss]peed"),
    _sign("prerender", r"prerender"),
    _sign("jsdom", r"jsdom/"),
    _sign("cypress", r"Cypress"),
    _sign("synthetic", r"Synthetic"),  # "Datadog/Synthetics", "DynatraceSynthetic/1.179"
    _sign("cloudflare", r"Cloudflare"),  # "CloudflareObservatory/1.0", "CloudflareDiagnostics"
)
"""In this order; the first that is found decides."""

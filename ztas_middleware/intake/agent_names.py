"""Which assistant, crawler or preview a User-Agent is, by name and kind.

The crawleruseragents package has most of them, its patterns are the names and its tags the kinds;
`KNOWN` has those that call themselves otherwise, or are filed under another kind than their owners
say. Whoever is a bot and not listed is `Other`: a text that anybody may send never becomes a name.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from ztas_middleware.intake.bot_tables import MONITORS, TOOLS
from ztas_middleware.intake.bots import classify
from ztas_middleware.intake.crawlers import LONGEST, load

AgentKind = Literal["ai", "search", "preview", "monitor", "other"]


class AgentName(NamedTuple):
    """One that reads pages without a person before it."""

    name: str
    kind: AgentKind


UNLISTED = AgentName("Other", "other")

KNOWN: tuple[tuple[str, str, AgentKind], ...] = (
    # A text without its lower-cased token is not looked at further; the first that fits decides.
    # Apple's Messages asks for previews in the names of two others.
    ("facebookexternalhit/1.1 facebot twitterbot/1.0", "iMessage", "preview"),
    # Search to the package; their owners say that they feed models or assistants.
    ("amazonbot", "Amazonbot", "ai"),  # developer.amazon.com/amazonbot
    ("applebot-extended", "Applebot-Extended", "ai"),  # support.apple.com/119829
    ("google-agent", "Google-Agent", "ai"),
    ("youbot", "YouBot", "ai"),
    ("pangubot", "PanguBot", "ai"),
    ("meta-webindexer", "meta-webindexer", "ai"),  # developers.facebook.com/docs/sharing/webmasters
    ("meta-externalfetcher", "meta-externalfetcher", "ai"),  # the same: links given to Meta AI
    ("diffbot", "Diffbot", "ai"),
    ("grokbot", "GrokBot", "ai"),
    ("omgili", "Omgili", "ai"),  # webz.io sells what it reads to trainers of models
    ("icc-crawler", "ICC-Crawler", "ai"),
    # By the names that people know.
    ("perplexityuser", "Perplexity-User", "ai"),
    ("bingbot", "Bingbot", "search"),
    ("yahoo! slurp", "Yahoo Slurp", "search"),
    ("yandex.com/bots", "YandexBot", "search"),
    ("slackbot", "Slackbot", "preview"),
    ("slack-imgproxy", "Slackbot", "preview"),
    ("pinterest.com/bot", "Pinterestbot", "preview"),
    ("whatsapp/", "WhatsApp", "preview"),
    ("snap url preview", "Snapchat", "preview"),
    ("ptst/", "WebPageTest", "monitor"),
    ("headlesschrome", "HeadlessChrome", "other"),
    ("semrushbot", "SemrushBot", "other"),
    ("barkrowler", "Barkrowler", "other"),
)

HEALTH_CHECKS: tuple[tuple[str, str], ...] = (
    # How they begin. No list of bots has them: from a server, they may be what tracks.
    ("elb-healthchecker/", "ELB-HealthChecker"),
    ("amazon-route53-health-check-service", "Amazon Route 53"),
    ("googlehc/", "GoogleHC"),
    ("kube-probe/", "kube-probe"),
    ("monit/", "Monit"),
    ("consul health check", "Consul"),
    ("haproxy", "HAProxy"),
    ("envoy/hc", "Envoy"),
    ("collectd/", "collectd"),
    ("applicationhealthservice/", "ApplicationHealthService"),
)

_KINDS: tuple[tuple[str, AgentKind], ...] = (
    ("ai-crawler", "ai"),
    ("search-engine", "search"),
    ("social-preview", "preview"),
    ("monitoring", "monitor"),
)
"""The package's tags, in the order that decides where it has several."""

_REMEMBERED = 1024


def agent_of(user_agent: str) -> AgentName | None:
    """Name an assistant, crawler, preview or monitor.

    Args:
        user_agent: the header as received; only its first 512 characters (`LONGEST`) are looked at.

    Returns:
        Name and kind, `Other` for a bot that no list has; None for people and for programs that
        are merely an HTTP library.
    """
    return _agent_of(user_agent[:LONGEST])


@lru_cache(_REMEMBERED)
def _agent_of(text: str) -> AgentName | None:
    lowered = text.lower()
    for start, name in HEALTH_CHECKS:
        if lowered.startswith(start):
            return AgentName(name, "monitor")
    if classify(text) != "crawler":
        return None
    for token, name, kind in KNOWN:
        if token in lowered:
            return AgentName(name, kind)
    place = load().place(text)
    return UNLISTED if place is None else _listed()[place]


@cache
def _listed() -> tuple[AgentName, ...]:
    """Every entry of the package, then our own, in the order of `crawlers.load`."""
    from crawleruseragents import CRAWLER_USER_AGENTS_DATA  # costs 10 ms, and few need it

    return (
        *(
            AgentName(_spelled(str(entry["pattern"])), _kind(entry.get("tags", ())))
            for entry in CRAWLER_USER_AGENTS_DATA
        ),
        *(AgentName(name.strip(" /"), "monitor") for name in MONITORS),
        *(AgentName(name.strip(" /"), "other") for name in TOOLS),
    )


def _kind(tags: tuple[str, ...]) -> AgentKind:
    return next((kind for tag, kind in _KINDS if tag in tags), "other")


def _spelled(pattern: str) -> str:
    """The text that a pattern is about: `ClaudeBot` of `[cC]laude[bB]ot`."""
    text = re.sub(r"\[(\w)(\w)\]", lambda pair: min(pair.group(1, 2)), pattern)
    text = re.sub(r"\(([^()|]+)\|[^()]*\)", r"\1", text).lstrip("^")
    plain = re.match(r"(?:\\[^\w]|[^\\\[\](){}|^$*?])+", text)
    return re.sub(r"\\(.)", r"\1", plain[0] if plain else text).strip(" /();+-")

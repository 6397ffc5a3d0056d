"""Assistants, crawlers and previews, by name and kind."""

from __future__ import annotations

import crawleruseragents
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import bot_verdicts
from ztas_middleware.intake.agent_names import HEALTH_CHECKS, KNOWN, UNLISTED, _listed, agent_of
from ztas_middleware.intake.bots import classify
from ztas_middleware.intake.crawlers import LONGEST

COMPATIBLE = "Mozilla/5.0 (compatible; {})"
WEBKIT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; {})"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/141.0.0.0 Safari/537.36"
)

AGENTS = {
    WEBKIT.format("GPTBot/1.2; +https://openai.com/gptbot"): ("GPTBot", "ai"),
    WEBKIT.format("ChatGPT-User/1.0; +https://openai.com/bot"): ("ChatGPT-User", "ai"),
    COMPATIBLE.format("OAI-SearchBot/1.0; +https://openai.com/searchbot"): ("OAI-SearchBot", "ai"),
    WEBKIT.format("ClaudeBot/1.0; +claudebot@anthropic.com"): ("ClaudeBot", "ai"),
    WEBKIT.format("Claude-User/1.0; +Claude-User@anthropic.com"): ("Claude-User", "ai"),
    WEBKIT.format("Claude-SearchBot/1.0; +https://anthropic.com"): ("Claude-SearchBot", "ai"),
    WEBKIT.format("PerplexityBot/1.0; +https://perplexity.ai/perplexitybot"): (
        "PerplexityBot",
        "ai",
    ),
    WEBKIT.format("Perplexity-User/1.0; +https://perplexity.ai/perplexity-user"): (
        "Perplexity-User",
        "ai",
    ),
    COMPATIBLE.format("Google-Extended/1.0; +http://www.google.com/bot.html"): (
        "Google-Extended",
        "ai",
    ),
    COMPATIBLE.format("Bytespider; spider-feedback@bytedance.com"): ("Bytespider", "ai"),
    "CCBot/2.0 (https://commoncrawl.org/faq/)": ("CCBot", "ai"),
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)": (
        "meta-externalagent",
        "ai",
    ),
    WEBKIT.format("Amazonbot/0.1; +https://developer.amazon.com/support/amazonbot"): (
        "Amazonbot",
        "ai",
    ),
    COMPATIBLE.format("Applebot-Extended/0.1; +http://www.apple.com/go/applebot"): (
        "Applebot-Extended",
        "ai",
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)": (
        "Applebot",
        "search",
    ),
    COMPATIBLE.format("Googlebot/2.1; +http://www.google.com/bot.html"): ("Googlebot", "search"),
    "Googlebot-Image/1.0": ("Googlebot-Image", "search"),
    COMPATIBLE.format("bingbot/2.0; +http://www.bing.com/bingbot.htm"): ("Bingbot", "search"),
    COMPATIBLE.format("YandexBot/3.0; +http://yandex.com/bots"): ("YandexBot", "search"),
    COMPATIBLE.format("Baiduspider/2.0; +http://www.baidu.com/search/spider.html"): (
        "Baiduspider",
        "search",
    ),
    "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)": ("DuckDuckBot", "search"),
    "Twitterbot/1.0": ("Twitterbot", "preview"),
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": (
        "facebookexternalhit",
        "preview",
    ),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) "
    "Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0": (
        "iMessage",
        "preview",
    ),
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": ("Slackbot", "preview"),
    "Slack-ImgProxy (+https://api.slack.com/robots)": ("Slackbot", "preview"),
    COMPATIBLE.format("Discordbot/2.0; +https://discordapp.com"): ("Discordbot", "preview"),
    "WhatsApp/2.23.20.0 A": ("WhatsApp", "preview"),
    "TelegramBot (like TwitterBot)": ("TelegramBot", "preview"),
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)": (
        "LinkedInBot",
        "preview",
    ),
    "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)": (
        "UptimeRobot",
        "monitor",
    ),
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)": ("Pingdom", "monitor"),
    "ELB-HealthChecker/2.0": ("ELB-HealthChecker", "monitor"),
    "kube-probe/1.28": ("kube-probe", "monitor"),
    "mozilla/5.0 (compatible; gptbot/1.2; +https://openai.com/gptbot)": ("GPTBot", "ai"),
    CHROME + " Catchpoint": ("Catchpoint", "monitor"),
    CHROME + " Assetnote/1.0.0": ("Assetnote", "other"),
    CHROME + " PTST/250101.1": ("WebPageTest", "monitor"),
    COMPATIBLE.format("AhrefsBot/7.0; +http://ahrefs.com/robot/"): ("AhrefsBot", "other"),
    COMPATIBLE.format("SemrushBot/7~bl; +http://www.semrush.com/bot.html"): (
        "SemrushBot",
        "other",
    ),
    CHROME.replace("Chrome", "HeadlessChrome"): ("HeadlessChrome", "other"),
    COMPATIBLE.format("NobodyKnowsBot/1.0"): ("Other", "other"),
}


@pytest.mark.parametrize(("user_agent", "agent"), AGENTS.items(), ids=lambda text: str(text)[:60])
def test_the_name_and_kind_of_an_agent(user_agent, agent):
    assert agent_of(user_agent) == agent


@pytest.mark.parametrize(
    "user_agent",
    [
        pytest.param("", id="nobody"),
        pytest.param(CHROME, id="a browser"),
        pytest.param("curl/8.14.1", id="a library"),
        pytest.param(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML) "
            "Mobile/15E148 WhatsApp/25.20.79",
            id="a browser inside an application",
        ),
    ],
)
def test_who_is_no_agent_has_no_name(user_agent):
    assert agent_of(user_agent) is None


def test_every_example_of_the_package_has_a_name_that_is_its_own():
    names = {agent.name for agent in _listed()} | {name for _, name, _ in KNOWN}
    names |= {name for _, name in HEALTH_CHECKS}
    crawlers = [
        instance
        for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA
        for instance in entry["instances"]
        if classify(instance) == "crawler"
    ]
    assert len(crawlers) > 2_000
    for one in crawlers:
        agent = agent_of(one)
        assert agent is not None
        assert agent == UNLISTED or agent.name in names


def test_names_are_short_and_plain():
    for name, _ in _listed():
        assert 1 < len(name) < 60
        assert not set(name) & set("\\[]^$?*|")


def test_most_bots_of_the_corpus_have_a_name():
    caught = [one for one in bot_verdicts.bots() if classify(one) == "crawler"]
    named = [one for one in caught if agent_of(one) != UNLISTED]
    assert len(named) / len(caught) > 0.7


@settings(deadline=None)  # the first example loads the tables
@given(st.text())
def test_any_text_is_an_agent_or_none(text):
    agent = agent_of(text)
    assert agent is None or agent.kind in {"ai", "search", "preview", "monitor", "other"}


def test_what_lies_past_the_cap_is_not_seen():
    assert agent_of(CHROME + " " * LONGEST + "GPTBot/1.0") is None

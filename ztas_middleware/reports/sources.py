"""Which hosts are whose, under the names people know: a table, and patterns for the widespread.

Hosts are as `referrers.host_of` gives them, without `www.`; an app that opens a link announces
itself as `android-app://package.name`, whose host is the package. Hosts that are not here stand
for themselves. Tags of our own making (`utm_source`) are never looked up.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCES: Mapping[str, str] = {
    # Search engines
    "bing.com": "Bing",
    "cn.bing.com": "Bing",
    "duckduckgo.com": "DuckDuckGo",
    "com.duckduckgo.mobile.android": "DuckDuckGo",
    "html.duckduckgo.com": "DuckDuckGo",
    "com.google.android.googlequicksearchbox": "Google",  # the search box and Discover on Android
    "cse.google.com": "Google",  # search boxes that sites embed
    "ecosia.org": "Ecosia",
    "search.brave.com": "Brave Search",
    "startpage.com": "Startpage",
    "eu.startpage.com": "Startpage",
    "us.startpage.com": "Startpage",
    "qwant.com": "Qwant",
    "lite.qwant.com": "Qwant",
    "kagi.com": "Kagi",
    "search.marginalia.nu": "Marginalia",
    "mojeek.com": "Mojeek",
    "presearch.com": "Presearch",
    "swisscows.com": "Swisscows",
    "search.aol.com": "AOL Search",
    "ask.com": "Ask",
    "search.seznam.cz": "Seznam",
    "search.naver.com": "Naver",
    "m.search.naver.com": "Naver",
    "search.daum.net": "Daum",
    "m.search.daum.net": "Daum",
    "baidu.com": "Baidu",
    "m.baidu.com": "Baidu",
    "sogou.com": "Sogou",
    "m.sogou.com": "Sogou",
    "so.com": "360 Search",
    "m.so.com": "360 Search",
    "coccoc.com": "Cốc Cốc",
    "news.google.com": "Google News",
    "scholar.google.com": "Google Scholar",
    # Chat assistants
    "chatgpt.com": "ChatGPT",
    "chat.openai.com": "ChatGPT",  # its address until 2024
    "claude.ai": "Claude",
    "gemini.google.com": "Gemini",
    "bard.google.com": "Gemini",  # its name until 2024
    "copilot.microsoft.com": "Microsoft Copilot",
    "perplexity.ai": "Perplexity",
    "chat.deepseek.com": "DeepSeek",
    "chat.mistral.ai": "Mistral",
    "grok.com": "Grok",
    "meta.ai": "Meta AI",
    "chat.qwen.ai": "Qwen",
    "kimi.com": "Kimi",
    "poe.com": "Poe",
    "phind.com": "Phind",
    "you.com": "You.com",
    # Social networks; `l.` and `lm.` are the redirects that links out go through
    "facebook.com": "Facebook",
    "m.facebook.com": "Facebook",
    "l.facebook.com": "Facebook",
    "lm.facebook.com": "Facebook",
    "web.facebook.com": "Facebook",
    "com.facebook.katana": "Facebook",
    "instagram.com": "Instagram",
    "l.instagram.com": "Instagram",
    "com.instagram.android": "Instagram",
    "threads.net": "Threads",
    "l.threads.net": "Threads",
    "threads.com": "Threads",
    "l.threads.com": "Threads",
    "t.co": "X (Twitter)",  # every link posted there goes through it
    "x.com": "X (Twitter)",
    "twitter.com": "X (Twitter)",
    "mobile.twitter.com": "X (Twitter)",
    "com.twitter.android": "X (Twitter)",
    "linkedin.com": "LinkedIn",
    "lnkd.in": "LinkedIn",
    "com.linkedin.android": "LinkedIn",
    "reddit.com": "Reddit",
    "old.reddit.com": "Reddit",
    "out.reddit.com": "Reddit",
    "amp.reddit.com": "Reddit",
    "com.reddit.frontpage": "Reddit",
    "news.ycombinator.com": "Hacker News",
    "hn.algolia.com": "Hacker News",
    "hckrnews.com": "Hacker News",  # the same stories in another order
    "io.github.hidroh.materialistic": "Hacker News",  # a reader for it on Android
    "lobste.rs": "Lobsters",
    "bsky.app": "Bluesky",
    "go.bsky.app": "Bluesky",
    "mastodon.social": "Mastodon",  # the largest of thousands of servers; most send no referrer
    "mastodon.online": "Mastodon",
    "fosstodon.org": "Mastodon",
    "hachyderm.io": "Mastodon",
    "infosec.exchange": "Mastodon",
    "mstdn.social": "Mastodon",
    "tumblr.com": "Tumblr",
    "t.umblr.com": "Tumblr",
    "tiktok.com": "TikTok",
    "snapchat.com": "Snapchat",
    "vk.com": "VK",
    "m.vk.com": "VK",
    "away.vk.com": "VK",
    "ok.ru": "Odnoklassniki",
    "m.ok.ru": "Odnoklassniki",
    "weibo.com": "Weibo",
    "m.weibo.cn": "Weibo",
    "zhihu.com": "Zhihu",
    "link.zhihu.com": "Zhihu",
    "quora.com": "Quora",
    "producthunt.com": "Product Hunt",
    # Video
    "youtube.com": "YouTube",
    "m.youtube.com": "YouTube",
    "youtu.be": "YouTube",
    "vimeo.com": "Vimeo",
    "twitch.tv": "Twitch",
    # Chat
    "discord.com": "Discord",
    "discordapp.com": "Discord",
    "com.slack": "Slack",
    "t.me": "Telegram",
    "web.telegram.org": "Telegram",
    "org.telegram.messenger": "Telegram",
    "org.telegram.messenger.web": "Telegram",
    "wa.me": "WhatsApp",
    "web.whatsapp.com": "WhatsApp",
    "com.whatsapp": "WhatsApp",
    "messenger.com": "Messenger",
    "l.messenger.com": "Messenger",
    "teams.microsoft.com": "Microsoft Teams",
    "statics.teams.cdn.office.net": "Microsoft Teams",  # where its links out are opened from
    # Mail
    "mail.google.com": "Gmail",
    "com.google.android.gm": "Gmail",
    "outlook.live.com": "Outlook",
    "outlook.office.com": "Outlook",
    "outlook.office365.com": "Outlook",
    "outlook.cloud.microsoft": "Outlook",
    "mail.yahoo.com": "Yahoo Mail",
    "mail.proton.me": "Proton Mail",
    "mail.aol.com": "AOL Mail",
    "app.fastmail.com": "Fastmail",
    "mail.zoho.com": "Zoho Mail",
    "mail.qq.com": "QQ Mail",
    "e.mail.ru": "Mail.ru",
    "away.mail.ru": "Mail.ru",
    "deref-gmx.net": "GMX",  # the redirects of the two mail services
    "deref-web.de": "WEB.DE",
    # Reading and code
    "feedly.com": "Feedly",
    "inoreader.com": "Inoreader",
    "newsblur.com": "NewsBlur",
    "flipboard.com": "Flipboard",
    "medium.com": "Medium",
    "substack.com": "Substack",
    "dev.to": "DEV",
    "github.com": "GitHub",
    "gist.github.com": "GitHub",
    "gitlab.com": "GitLab",
    "stackoverflow.com": "Stack Overflow",
}

# One owner under many country domains or a host for each language, workspace or country.
WIDESPREAD: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"google\.(?:com?\.)?[a-z]{2,3}"), "Google"),
    (re.compile(r"(?:[a-z]{2}\.)?(?:search\.)?yahoo\.(?:com?\.)?[a-z]{2,3}"), "Yahoo"),
    (re.compile(r"(?:m\.)?(?:yandex|ya)\.(?:com?\.)?[a-z]{2,3}"), "Yandex"),
    (re.compile(r"(?:[a-z]{2}\.)?pinterest\.(?:com?\.)?[a-z]{2,3}"), "Pinterest"),
    (re.compile(r"[a-z-]{2,12}(?:\.m)?\.wikipedia\.org"), "Wikipedia"),
    (re.compile(r"[a-z0-9-]+\.slack\.com"), "Slack"),
)


def name_of(host: str) -> str:
    """The name people know the host's owner by; the host itself for all others."""
    name = SOURCES.get(host)
    if name is not None:
        return name
    return next((name for hosts, name in WIDESPREAD if hosts.fullmatch(host)), host)

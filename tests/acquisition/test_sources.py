"""Whose hosts and tags are, by the names people know."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.acquisition import directory, ga4, sources
from ztas_middleware.acquisition.hosts import OwnHosts, host_of
from ztas_middleware.acquisition.sources import home_of, source_of

HOSTS = {
    "google.com": "Google",
    "google.de": "Google",
    "google.co.uk": "Google",
    "google.com.br": "Google",
    "images.google.com": "Google",
    "www2.google.fr": "Google",
    "com.google.android.googlequicksearchbox": "Google",
    "google.example.org": "google.example.org",
    "notgoogle.com": "notgoogle.com",
    "news.google.com": "Google News",
    "news.google.co.in": "Google News",
    "mail.google.com": "Gmail",
    "com.google.android.gm": "Gmail",
    "gemini.google.com": "Gemini",
    "docs.google.com": "Google Docs",
    "sites.google.com": "sites.google.com",
    "search.yahoo.com": "Yahoo",
    "de.search.yahoo.com": "Yahoo",
    "mail.yahoo.com": "Yahoo Mail",
    "mail.yahoo.co.jp": "Yahoo Mail",
    "yandex.ru": "Yandex",
    "yandex.com.tr": "Yandex",
    "mail.yandex.ru": "Yandex Mail",
    "www2.bing.com": "Bing",
    "edgeservices.bing.com": "Microsoft Copilot",
    "lite.duckduckgo.com": "DuckDuckGo",
    "de.pinterest.com": "Pinterest",
    "pinterest.co.uk": "Pinterest",
    "com.pinterest": "Pinterest",
    "com.pinterest.lite": "Pinterest",
    "com.example": "com.example",
    "en.wikipedia.org": "Wikipedia",
    "de.m.wikipedia.org": "Wikipedia",
    "acme.slack.com": "Slack",
    "t.co": "X (Twitter)",
    "market.co": "market.co",
    "fox.com": "fox.com",
    "l.facebook.com": "Facebook",
    "business.facebook.com": "Facebook",
    "com.facebook.katana": "Facebook",
    "com.facebook.orca": "Messenger",
    "com.instagram.barcelona": "Threads",
    "np.reddit.com": "Reddit",
    "com.reddit.frontpage": "Reddit",
    "studio.youtube.com": "YouTube",
    "chat.openai.com": "ChatGPT",
    "tumblr.com": "Tumblr",
    "someone.tumblr.com": "someone.tumblr.com",
    "someone.substack.com": "someone.substack.com",
    "someone.medium.com": "someone.medium.com",
    "someone.github.io": "someone.github.io",
    "someone.blogspot.com": "someone.blogspot.com",
    "suche.t-online.de": "T-Online",
    "answers.yahoo.com": "Yahoo",
    "go.mail.ru": "Mail.ru",
    "play.google.com": "Google",
    "eur01.safelinks.protection.outlook.com": "Outlook",
    "translate.googleusercontent.com": "Google Translate",
    "example.org": "example.org",
}

TAGS = {
    "google": "Google",
    "Google": "Google",
    "GOOGLE": "Google",
    "google.com": "Google",
    "www.google.de": "Google",
    "https://www.google.com/": "Google",
    "google_ads": "Google",
    "google ads": "Google",
    "adwords": "Google",
    "fb": "Facebook",
    "FB": "Facebook",
    "facebook_feed_ad": "Facebook",
    "ig": "Instagram",
    "yt": "YouTube",
    "Youtube": "YouTube",
    "twitter": "X (Twitter)",
    "chatgpt.com": "ChatGPT",
    "perplexity": "Perplexity",
    "linktree": "Linktree",
    "hackernews": "Hacker News",
    "hacker-news": "Hacker News",
    "Yahoo!": "Yahoo",
    "ABACHO": "Abacho",
    "mail.google.com": "Gmail",
    "(direct)": "Direct",
    "newsletter": "newsletter",
    "Spring Mailing": "Spring Mailing",
    "Example.org": "Example.org",
    "wattpad": "wattpad",  # a kind, and no name
}


@pytest.mark.parametrize(("host", "name"), HOSTS.items(), ids=HOSTS)
def test_the_source_of_a_host(host, name):
    assert source_of(None, host) == name


@pytest.mark.parametrize(("tag", "name"), TAGS.items(), ids=TAGS)
def test_the_source_of_a_tag(tag, name):
    assert source_of(tag, "example.net") == name


def test_neither_tag_nor_host_is_direct():
    assert source_of(None, None) == "Direct"
    assert source_of("", None) == "Direct"


@given(st.text(min_size=1, max_size=40))
def test_any_text_is_a_source(text):
    assert source_of(text, None)
    assert source_of(None, text)


def test_every_word_of_the_tables_is_a_host_as_hosts_come():
    for _, word, _ in sources._words():
        host = word.removeprefix("=")
        assert re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", host)
        assert host_of(f"https://www.{host}/path", OwnHosts(())) == host


def test_every_name_has_a_host():
    assert all(words.split() for _, table, _ in sources.TABLES for words in table.values())


def test_every_host_is_somebodys_once():
    words = [(word.removeprefix("="), owner) for owner, word, _ in sources._words()]
    assert len(words) == len({word for word, _ in words})
    for host, owner in words:
        assert sources.owner_of(None, host) == owner


def test_every_name_is_its_own_source_whatever_its_case():
    for owner, _, _ in sources._words():
        for tag in (owner.name, owner.name.upper(), owner.name.lower()):
            assert source_of(tag, None) == owner.name


def test_aliases_are_folded_and_of_names_that_there_are():
    names = {owner.name for owner, _, _ in sources._words()} | {"Direct"}
    assert set(directory.ALIASES.values()) <= names
    assert all(alias == sources._folded(alias) for alias in directory.ALIASES)


def test_the_kinds_name_nobody_whom_the_directory_names():
    named = {word.removeprefix("=") for _, word, _ in sources._words()}
    listed = f"{ga4.SEARCH} {ga4.SOCIAL} {ga4.VIDEO}".split()
    assert len(listed) == len(set(listed))
    assert named.isdisjoint(listed)


@pytest.mark.parametrize("name", ["Google", "google", "Hacker News", "Tumblr", "Facebook"])
def test_a_home_counts_for_the_name(name):
    home = home_of(name)
    assert source_of(None, host_of(home, OwnHosts(()))).lower() == name.lower()


def test_who_is_not_known_has_no_home():
    assert home_of("example.org") is None
    assert home_of("wattpad") is None

"""Hosts, and whose they are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.config.domains import Domain
from ztas_middleware.reports.referrers import Referrers
from ztas_middleware.reports.sources import SOURCES, WIDESPREAD, name_of

SHOP = Referrers((Domain(host="www.shop.example"), Domain(host="blog.example", wildcard=True)))

HOSTS = {
    "https://example.org/a": "example.org",
    "https://www.example.org/": "example.org",
    "http://example.org:8080/a:b/c@d": "example.org",
    "https://EXAMPLE.org": "example.org",
    "android-app://com.slack/": "com.slack",
    "https://[ip]/a": "[ip]",
    "https://[ip]:8080/a": "[ip]",
    "https://shop.example/": None,
    "https://www.shop.example:8080/a": None,
    "https://other.shop.example/": "other.shop.example",
    "https://a.b.blog.example/": None,
    "https://www.blog.example/": None,
    "https://blog.example/": "blog.example",
    "https://notblog.example/": "notblog.example",
    "example.org/a": "example.org",
    "https://": None,
    "": None,
}


@pytest.mark.parametrize(("referrer", "host"), HOSTS.items(), ids=HOSTS)
def test_the_host_of_a_referrer(referrer, host):
    assert SHOP.host(referrer) == host


def test_no_referrer_has_no_host():
    assert SHOP.host(None) is None
    assert SHOP.source(None, None) == "Direct"


@given(st.text(max_size=40))
def test_any_text_is_a_referrer_to_us(text):
    assert SHOP.source(text, None)
    assert SHOP.source(text, "tag") == "tag"


NAMES = {
    "google.com": "Google",
    "google.de": "Google",
    "google.co.uk": "Google",
    "google.com.br": "Google",
    "google.example.org": "google.example.org",
    "notgoogle.com": "notgoogle.com",
    "news.google.com": "Google News",
    "mail.google.com": "Gmail",
    "gemini.google.com": "Gemini",
    "search.yahoo.com": "Yahoo",
    "de.search.yahoo.com": "Yahoo",
    "mail.yahoo.com": "Yahoo Mail",
    "yandex.ru": "Yandex",
    "yandex.com.tr": "Yandex",
    "de.pinterest.com": "Pinterest",
    "pinterest.co.uk": "Pinterest",
    "en.wikipedia.org": "Wikipedia",
    "de.m.wikipedia.org": "Wikipedia",
    "acme.slack.com": "Slack",
    "t.co": "X (Twitter)",
    "l.facebook.com": "Facebook",
    "chat.openai.com": "ChatGPT",
    "example.org": "example.org",
}


@pytest.mark.parametrize(("host", "name"), NAMES.items(), ids=NAMES)
def test_the_name_of_a_host(host, name):
    assert name_of(host) == name


def test_every_host_of_the_table_is_as_hosts_come():
    for host in SOURCES:
        assert Referrers(()).host(f"https://www.{host}/path") == host
        assert re.fullmatch(r"[a-z0-9.-]+", host)


def test_no_entry_of_the_table_says_what_a_pattern_says_anyway():
    for host, name in SOURCES.items():
        assert not any(hosts.fullmatch(host) and name == other for hosts, other in WIDESPREAD)

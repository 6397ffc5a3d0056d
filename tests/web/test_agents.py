"""Which assistants, crawlers and previews read the app's pages, from the request to the API."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest

FRONT_DOORS = ("wsgi", "asgi")
GPTBOT = "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; GPTBot/1.2; +https://openai.com/gptbot"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
SLACK = "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
BEARER = {"Authorization": "Bearer test"}
SITE = {"domain": "example.com", "agents": True, "exclude_paths": ["/admin/*"]}


def application(environ, start_response):
    path = environ["PATH_INFO"]
    status = "404 Not Found" if path == "/missing" else "200 OK"
    kind = "application/json" if path == "/data" else "text/html; charset=utf-8"
    start_response(status, [("Content-Type", kind)])
    return [b"<html><head></head></html>"]


@pytest.fixture
def wrapped(wrap):
    def make(**site):
        tokens = ["sha256:" + sha256(b"test").hexdigest()]
        settings = {
            "script": "/js/ztas.js",
            "api": {"path": "/api", "tokens": tokens},
            "sites": {"site_abc123": SITE | site, "other": {"domain": "other.example"}},
        }
        return wrap(settings, application)

    return make


def read(wrapped, agent, *paths, method="GET", host="example.com"):
    for path in paths:
        wrapped.app.request(
            path,
            method=method,
            headers={"User-Agent": agent, "Host": host},
            expect_errors=True,
        )


def ask(wrapped, query="", headers=BEARER, **how):
    wrapped.hits()  # whatever waits is written
    wrapped.middleware._reception._kept.reads.flush()
    return wrapped.app.get(f"/api/agents?siteId=site_abc123{query}", headers=headers, **how)


@pytest.mark.parametrize("site", [{}, {"inject": True}, {"count_pages": True}], ids=str)
def test_who_read_what(wrapped, site):
    wrapped = wrapped(**site)
    read(wrapped, GPTBOT, "/", "/a", "/a?x=1", "/k%C3%A4se")
    read(wrapped, GOOGLEBOT, "/a")
    read(wrapped, SLACK, "/")
    assert ask(wrapped).json == {
        "agents": [
            {
                "name": "GPTBot",
                "kind": "ai",
                "reads": 4,
                "pages": [
                    {"path": "/a", "reads": 2},
                    {"path": "/", "reads": 1},
                    {"path": "/käse", "reads": 1},
                ],
            },
            {
                "name": "Googlebot",
                "kind": "search",
                "reads": 1,
                "pages": [{"path": "/a", "reads": 1}],
            },
            {
                "name": "Slackbot",
                "kind": "preview",
                "reads": 1,
                "pages": [{"path": "/", "reads": 1}],
            },
        ]
    }
    assert wrapped.hits() == []


def test_what_is_no_read_of_a_page(wrapped):
    wrapped = wrapped()
    read(wrapped, GPTBOT, "/missing", "/data", "/admin/x", "/js/ztas.js")
    read(wrapped, GPTBOT, "/", method="HEAD")
    read(wrapped, GPTBOT, "/", host="other.example")
    read(wrapped, FIREFOX, "/")
    read(wrapped, "python-requests/2.32", "/")
    assert ask(wrapped).json == {"agents": []}


def test_periods_and_limits(wrapped):
    wrapped = wrapped()
    read(wrapped, GPTBOT, "/", "/a", "/a")
    read(wrapped, GOOGLEBOT, "/")
    today = datetime.now(timezone.utc).date()
    before = (today - timedelta(days=1)).isoformat()
    assert len(ask(wrapped, "&period=24h").json["agents"]) == 2
    assert len(ask(wrapped, "&period=all").json["agents"]) == 2
    assert ask(wrapped, f"&startDate={before}&endDate={before}").json == {"agents": []}
    (only,) = ask(wrapped, "&limit=1").json["agents"]
    assert (only["reads"], only["pages"]) == (3, [{"path": "/a", "reads": 2}])


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [("", {}, 401), ("&period=1d", BEARER, 400), ("&page=/", BEARER, 400)],
)
def test_who_may_ask_and_what(wrapped, query, headers, status):
    assert ask(wrapped(), query, headers, expect_errors=True).status_int == status


def test_nothing_is_counted_where_it_is_switched_off(wrapped):
    wrapped = wrapped(agents=False)
    read(wrapped, GPTBOT, "/")
    assert ask(wrapped).json == {"agents": []}
    assert wrapped.middleware._reception.pages is None

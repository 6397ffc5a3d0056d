"""Which requests of a log are page views, and what rows they become."""

from __future__ import annotations

import pytest

from ztas_middleware.imports.destination import Destination
from ztas_middleware.imports.outcomes import LeftOut, Refused, Remarks
from ztas_middleware.imports.requests import PageViews, Request
from ztas_middleware.intake.visitors import visitor_hash

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36"
)
TIME = 1_780_000_000_000


@pytest.fixture
def judge(desk):
    """Judge one request under these settings."""

    def make(settings=None, site=None, hosts=(), **fields):
        one = desk(site=site, **(settings or {}))
        destination = Destination(
            one.config, one.config.sites["a"], one.database, lambda: TIME * 1_000_000
        )
        request = Request(TIME, "203.0.113.9", "GET", "/", 200, "", CHROME)
        return PageViews(destination, hosts, Remarks()).outcome(request._replace(**fields))

    return make


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"method": "POST"}, "not GET"),
        ({"method": "HEAD"}, "not GET"),
        ({"status": 404}, "neither 2xx nor 304"),
        ({"status": 301}, "neither 2xx nor 304"),
        ({"status": 199}, "neither 2xx nor 304"),
        ({"status": 304, "target": "/app.js"}, "asset"),
        ({"headers": {"HTTP_SEC_FETCH_MODE": "cors"}}, "no navigation"),
        (
            {"headers": {"HTTP_SEC_FETCH_MODE": "navigate", "HTTP_SEC_FETCH_DEST": "iframe"}},
            "no navigation",
        ),
        ({"target": "/app.js"}, "asset"),
        ({"target": "/logo.PNG?v=2"}, "asset"),
        ({"target": "/feed.xml"}, "asset"),
        ({"target": "/a.tar.gz"}, "asset"),
        ({"content_type": "image/png"}, "asset"),
        ({"content_type": "application/json"}, "asset"),
        ({"user_agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "bot"),
        ({"user_agent": "curl/8.5.0"}, "bot"),
        ({"user_agent": "ELB-HealthChecker/2.0"}, "bot"),
        ({"user_agent": ""}, "bot"),
        ({"headers": {"HTTP_SEC_PURPOSE": "prefetch;prerender"}}, "prefetch"),
        ({"headers": {"HTTP_PURPOSE": "Prefetch"}}, "prefetch"),
    ],
    ids=str,
)
def test_requests_that_are_no_page_views(judge, fields, reason):
    assert judge(**fields) == LeftOut(reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"target": "/"},
        {"target": "/v1.2/about"},
        {"target": "/js"},
        {"target": "/page.html"},
        {"target": "/page.php?x=.css"},
        {"target": "/app.js", "content_type": "text/html; charset=utf-8"},
        {"content_type": "application/xhtml+xml"},
        {"status": 206},
        {"status": 304},
        {"headers": {"HTTP_SEC_FETCH_MODE": "navigate", "HTTP_SEC_FETCH_DEST": "document"}},
        {"user_agent": "Opera/9.80 (Windows NT 6.1) Presto/2.12.388 Version/12.18"},
        {"headers": {"HTTP_DNT": "1"}},
    ],
    ids=str,
)
def test_requests_that_are(judge, fields):
    assert judge(**fields).type == "pageview"


@pytest.mark.parametrize(
    ("settings", "site", "fields"),
    [
        ({"exclude_addresses": ["203.0.113.0/24"]}, None, {}),
        ({}, {"exclude_paths": ["/admin/*"]}, {"target": "/admin/x"}),
    ],
    ids=["address", "path"],
)
def test_what_the_config_excludes(judge, settings, site, fields):
    assert judge(settings, site, **fields) == LeftOut("excluded")


def test_opt_outs_are_honoured_where_the_config_says_so_and_the_log_shows_them(judge):
    assert judge({"honor_dnt": True}, headers={"HTTP_SEC_GPC": "1"}) == LeftOut("opt-out")


@pytest.mark.parametrize(
    ("host", "counts"),
    [
        ("example.com", True),
        ("EXAMPLE.com:8443", True),
        ("www.example.com", True),
        ("shop.example.com", False),
        ("", False),
        ("-", False),
        ("exa mple", False),
        ("[::1]:80", True),
    ],
)
def test_only_wanted_hosts_count(judge, host, counts):
    outcome = judge(hosts=("example.com", "[::1]"), host=host)
    assert (outcome == LeftOut("other host")) is not counts


@pytest.mark.parametrize(
    ("host", "counts"),
    [
        ("example.com", True),
        ("www.example.com:443", True),
        ("example.org", False),
        ("203.0.113.1", False),
        ("", True),
        ("-", True),
        ("_", True),
    ],
)
def test_without_a_wish_the_sites_own_hosts_count_and_those_that_nobody_names(judge, host, counts):
    assert (judge(host=host) == LeftOut("other host")) is not counts


def test_a_row_is_cleaned_like_a_tracked_one(judge):
    hit = judge(
        {"keep_query": ["id"]},
        target="/caf%C3%A9?id=7&mail=a@b.example&utm_source=news&utm_medium=mail&utm_campaign=x%20y",
        referrer="https://user:secret@google.com/search?q=private",
    )
    assert hit.path == "/café?id=7"
    assert hit.referrer == "https://google.com/search"
    assert (hit.utm_source, hit.utm_medium, hit.utm_campaign) == ("news", "mail", "x y")
    assert (hit.time, hit.browser, hit.os, hit.device) == (TIME, "Chrome", "Windows", "desktop")
    assert hit.session_id is None


@pytest.mark.parametrize("referrer", ["-", "", "https://www.example.com/other"])
def test_no_referrer(judge, referrer):
    assert judge(referrer=referrer).referrer is None


def test_a_visitor_is_hashed_with_the_salt_that_live_hits_of_the_day_get(desk):
    one = desk()
    destination = Destination(
        one.config, one.config.sites["a"], one.database, lambda: TIME * 1_000_000
    )
    hit = PageViews(destination, (), Remarks()).outcome(
        Request(TIME, "203.0.113.9", "GET", "/", 200, "", CHROME)
    )
    (salt,) = one.database.transact(
        lambda connection: connection.execute("select salt from salts").fetchone()
    )
    assert hit.visitor == visitor_hash(salt, "a", "203.0.113.9", CHROME)


def test_the_client_behind_a_trusted_proxy_is_the_visitor(judge):
    forwarded = {"HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    settings = {"exclude_addresses": ["198.51.100.1"]}
    assert judge(settings, address="127.0.0.1", headers=forwarded) == LeftOut("excluded")
    assert judge(settings, headers=forwarded).type == "pageview"


def test_the_country_is_believed_from_a_trusted_proxy_only(judge):
    settings = {"country_header": "CF-IPCountry"}
    headers = {"HTTP_CF_IPCOUNTRY": "DE"}
    assert judge(settings, address="127.0.0.1", headers=headers).country == "DE"
    assert judge(settings, headers=headers).country is None


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (TIME + 86_400_000, None),
        (TIME + 86_400_001, "the time lies in the future"),
        (-1, "the time lies before 1970"),
        (0, None),
    ],
)
def test_times_that_no_clock_shows_are_refused(judge, time, reason):
    outcome = judge(time=time)
    assert outcome == Refused(reason) if reason else outcome.time == time

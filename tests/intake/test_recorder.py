"""Who is counted, as what, and that nothing of it can be found again in any file."""

from __future__ import annotations

import logging
import re
import sqlite3
from contextlib import closing

import pytest

from ztas_middleware.intake import recorder as recorder_module
from ztas_middleware.store.notices import SOON, STRAY_PROXY

SITE = {"site_abc123": {"domain": "example.com"}}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def visitors(wrapped):
    return [hit["visitor"] for hit in wrapped.hits()]


def test_a_visitor_is_an_address_and_a_user_agent_on_one_site(wrap):
    wrapped = wrap({"sites": SITE | {"other": {"domain": "example.com"}}})
    wrapped.track()
    wrapped.track()
    wrapped.track(address="::ffff:203.0.113.9")
    wrapped.track(address="203.0.113.10")
    wrapped.track(user_agent=FIREFOX)
    wrapped.post({"siteId": "other", "type": "pageview"})
    same, again, mapped, *others = visitors(wrapped)
    assert same == again == mapped
    assert len({same, *others}) == 4


def test_another_day_is_another_visitor_and_session(wrap):
    wrapped = wrap()
    wrapped.track(sessionId="s")
    recorder = wrapped.middleware._reception.handlers["/api/track"]._recorder
    today = recorder._clock()
    recorder._clock = lambda: today + 86_400 * 10**9
    wrapped.track(sessionId="s")
    first, second = wrapped.hits()
    assert first["visitor"] != second["visitor"]
    assert first["session_id"] != second["session_id"]


def test_processes_on_one_database_agree_on_a_visitor(wrap):
    one, two = wrap(), wrap()
    one.track()
    two.track()
    assert len(set(visitors(one))) == 1


def test_a_proxy_speaks_for_its_clients(wrap):
    wrapped = wrap({"trusted_proxies": ["10.0.0.0/8"]})
    wrapped.track(address="203.0.113.9")
    wrapped.track(address="10.0.0.1", headers={"X-Forwarded-For": "203.0.113.9"})
    wrapped.track(address="198.51.100.1", headers={"X-Forwarded-For": "203.0.113.9"})
    direct, proxied, forged = visitors(wrapped)
    assert direct == proxied != forged


@pytest.mark.parametrize(
    ("address", "header", "zone", "country"),
    [
        ("127.0.0.1", "CH", "Europe/Berlin", "CH"),
        ("127.0.0.1", "ch", None, "CH"),
        ("127.0.0.1", "XX", "Europe/Berlin", "DE"),
        ("127.0.0.1", None, "Europe/Berlin", "DE"),
        ("127.0.0.1", None, "Mars/Olympus", None),
        ("203.0.113.9", "CH", "Europe/Berlin", "DE"),
        ("203.0.113.9", "CH", None, None),
    ],
)
def test_the_country_is_the_proxys_or_the_browsers_word(wrap, address, header, zone, country):
    wrapped = wrap({"country_header": "CF-IPCountry"})
    headers = {"CF-IPCountry": header} if header else {}
    wrapped.track(address=address, headers=headers, timeZone=zone)
    assert [hit["country"] for hit in wrapped.hits()] == [country]


def test_kept_query_parameters_stay_in_the_path(wrap):
    wrapped = wrap({"keep_query": ["id"]})
    wrapped.track(path="/p?utm_source=x&id=7&token=secret")
    assert [hit["path"] for hit in wrapped.hits()] == ["/p?id=7"]


def test_deny_wins_over_allow_and_both_over_the_tables(wrap):
    wrapped = wrap({"bots": {"allow": ["Googlebot", "curl"], "deny": ["Firefox", "curl"]}})
    wrapped.track(user_agent="Googlebot/2.1")
    wrapped.track(user_agent=FIREFOX)
    wrapped.track(user_agent="curl/8.0", origin=None)
    assert len(wrapped.hits()) == 1
    assert wrapped.drops() == {("site_abc123", "bot"): 2}


@pytest.mark.parametrize(
    ("cookies", "counts"),
    [
        ("staff=1", False),
        ("a=b; staff=", False),
        ("a=b;staff", False),
        ("sessionid=x; __Host-me=y", False),
        (" staff =1", False),
        ("Staff=1", True),
        ("staffroom=1", True),
        ("a=staff", True),
        ("a=b=staff; c", True),
        ("", True),
        (";;=;", True),
    ],
)
def test_whose_browser_has_a_cookie_is_not_counted(wrap, cookies, counts):
    wrapped = wrap({"exclude_cookies": ["staff", "__Host-me"]})
    wrapped.track(headers={"Cookie": cookies})
    assert len(wrapped.hits()) == counts
    assert wrapped.drops() == ({} if counts else {("site_abc123", "excluded"): 1})


def test_an_application_with_a_scheme_of_its_own(wrap):
    wrapped = wrap({"sites": {"site_abc123": {"domain": ["capacitor://localhost", "a.example"]}}})
    origin = "capacitor://localhost"
    answer = wrapped.track(origin=origin, referrer=f"{origin}/start")
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    wrapped.track(origin=origin, referrer="http://localhost/other")
    assert [hit["referrer"] for hit in wrapped.hits()] == [None, "http://localhost/other"]
    refused = wrapped.post({"siteId": "site_abc123", "type": "pageview"}, origin="http://localhost")
    assert refused.status_int == 403
    assert "Access-Control-Allow-Origin" not in refused.headers


def test_time_is_when_it_was_received(wrapped):
    before = recorder_module.time.time_ns() // 1_000_000
    wrapped.track(timestamp="1999-12-31T23:59:59Z")
    (hit,) = wrapped.hits()
    assert before <= hit["time"] <= recorder_module.time.time_ns() // 1_000_000


def test_a_proxy_that_nobody_trusts_is_told_once(wrap, caplog):
    wrapped = wrap()
    for peer in ("172.18.0.2", "10.0.0.7"):
        for client in ("203.0.113.1", "203.0.113.2"):
            wrapped.track(address=peer, headers={"X-Forwarded-For": client})
    (record,) = caplog.records
    assert "the line `trusted_proxies: private` in the config" in record.getMessage()
    assert not {"172.18", "203.0"} & set(re.findall(r"\d+\.\d+", caplog.text))
    (row,) = wrapped.query("select name, detail from notices")
    assert row == {"name": STRAY_PROXY, "detail": '[127.0.0.1, "::1"]'}


@pytest.mark.parametrize(
    ("settings", "address", "headers"),
    [
        pytest.param({}, "172.18.0.2", {}, id="a neighbour"),
        pytest.param({}, "203.0.113.9", {"X-Forwarded-For": "10.0.0.1"}, id="a stranger's claim"),
        pytest.param({}, "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, id="trusted"),
        pytest.param(
            {"trusted_proxies": "private"},
            "fd00::1",
            {"X-Forwarded-For": "203.0.113.9"},
            id="private",
        ),
    ],
)
def test_no_proxy_is_missed(wrap, caplog, settings, address, headers):
    wrapped = wrap(settings)
    wrapped.track(address=address, headers=headers)
    assert caplog.records == []
    assert wrapped.query("select * from notices") == []


def test_a_notice_waits_for_no_lock(wrap, caplog):
    wrapped = wrap()
    wrapped.track()
    notices = wrapped.middleware._reception._kept.notices
    with closing(sqlite3.connect(wrapped.file)) as other:
        other.execute("begin immediate")
        assert notices.put("x", "", 1) is True
        other.rollback()
    assert notices.put("x", "", 2) is False
    assert wrapped.query("select * from notices") == [], "it is tried again only later"
    assert notices.put("x", "", 1 + SOON) is False
    assert wrapped.query("select * from notices") == [{"name": "x", "time": 1 + SOON, "detail": ""}]
    notices.put("x", "", 2 + SOON)
    assert wrapped.query("select time from notices") == [{"time": 1 + SOON}], "once a day"


def test_neither_address_nor_user_agent_is_written_anywhere(wrap, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    wrapped = wrap({"rate_limit": 3})
    agent = "Mozilla/5.0 (SecretPhone 9) Firefox/1.0"
    for origin in ("https://example.com", "https://evil.example", None):
        for _ in range(3):
            wrapped.post(
                {"siteId": "site_abc123", "type": "pageview", "sessionId": "raw-session"},
                address="203.0.113.77",
                user_agent=agent,
                origin=origin,
                headers={"X-Forwarded-For": "198.51.100.88"},
            )
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert {file.name for file in files} >= {"ztas.db", "ztas.db-wal"}
    wrapped.middleware.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.is_file())
    written += caplog.text.encode()
    for secret in (b"203.0.113.77", b"198.51.100.88", b"SecretPhone", b"raw-session"):
        assert secret not in written
    assert b"site_abc123" in written

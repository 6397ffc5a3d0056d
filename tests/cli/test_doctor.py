"""`ztas doctor`: counts, hints, and the way of a request through proxies."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing

import pytest

from ztas_middleware.store.notices import PUT, STRAY_PROXY

DAY = 86_400_000


def now():
    return time.time_ns() // 1_000_000


def drop(shop, *rows):
    """Count drops of today; the site's and UTC's may differ by a day, so count both."""
    with closing(sqlite3.connect(shop.database)) as connection:
        for site_id, reason, count in rows:
            connection.execute(
                "insert into drops values (?, date('now'), ?, ?)", (site_id, reason, count)
            )
        connection.commit()


def report(shop, *arguments):
    return json.loads(shop.ok("doctor", "--json", *arguments))


def hints(shop):
    return [hint for hint in report(shop)["hints"] if not hint.startswith("blog: nothing")]


def test_what_is_stored_and_dropped(shop):
    shop.fill(
        *(shop.hit(now() - number) for number in range(6)),
        shop.hit(now(), type="event"),
        shop.hit(now() - 30 * DAY),
        shop.hit(now(), "blog"),
    )
    drop(shop, ("site_abc123", "bot", 2), ("site_abc123", "prefetch", 1))
    found = report(shop)
    site = found["sites"][0]
    assert site["id"] == "site_abc123"
    assert site["stored"] == {"pageview": 6, "event": 1}
    assert site["dropped"] == {"bot": 2, "prefetch": 1}
    assert site["lastHit"].endswith("+00:00")
    assert found["sites"][1]["stored"] == {"pageview": 1}
    assert report(shop, "--days", "60", "blog")["sites"][0]["id"] == "blog"
    assert report(shop, "--days", "60")["sites"][0]["stored"]["pageview"] == 7
    text = shop.ok("doctor", "site_abc123")
    assert "  stored              7  6 pageview, 1 event\n" in text
    assert "  bot                 2   20.0 %  crawlers and scripts, by their User-Agent\n" in text


@pytest.mark.parametrize(
    ("rows", "hint"),
    [
        ([("site_abc123", "origin", 5)], "5 hits were refused for their Origin"),
        ([("site_abc123", "rate_limit", 1)], "not in trusted_proxies"),
        ([("site_abc123", "bot", 50)], "most hits are from bots"),
        (
            [("site_abc123", "excluded", 50)],
            "exclude_paths, exclude_addresses or exclude_cookies match most hits",
        ),
        ([("site_abc123", "invalid", 5)], "5 hits could not be read"),
        ([("", "invalid", 3)], "3 hits named no site of this config"),
    ],
    ids=lambda value: value[0][1] if isinstance(value, list) else None,
)
def test_hints(shop, rows, hint):
    shop.fill(*(shop.hit(now()) for _ in range(10)))
    assert hints(shop) == []
    drop(shop, *rows)
    (found,) = hints(shop)
    assert hint in found
    assert f"Hint: {found}\n" in shop.ok("doctor")


def test_a_proxy_that_nobody_trusts(shop):
    shop.fill(shop.hit(now()))
    assert hints(shop) == []
    notice(shop, '[127.0.0.1, "::1"]')
    assert "the line `trusted_proxies: private` in the config" in "".join(hints(shop))
    notice(shop, '[127.0.0.1, "::1"]', time=now() - 40 * 86_400_000)
    assert hints(shop) == [], "long ago"
    notice(shop, "[192.0.2.1]")
    assert hints(shop) == [], "under another setting"
    shop.config.write_text("trusted_proxies: [192.0.2.1, 10.0.0.0/8]\n" + shop.config.read_text())
    notice(shop, "[192.0.2.1, 10.0.0.0/8]")
    assert "`trusted_proxies: [private, 192.0.2.1]`" in "".join(hints(shop))


def notice(shop, detail, time=None):
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        values = {"name": STRAY_PROXY, "time": time or now(), "detail": detail}
        connection.execute(PUT, values)


def test_a_site_without_hits(shop):
    shop.fill()
    assert "nothing arrived" in "".join(report(shop)["hints"])
    assert "last hit   none" in shop.ok("doctor", "blog")


def test_before_the_first_hit(shop):
    assert "not there yet; the first hit makes it" in shop.ok("doctor")
    assert not shop.database.exists()


@pytest.mark.parametrize(
    ("remote", "forwarded", "hops"),
    [
        ("203.0.113.7", "", ["203.0.113.7"]),
        ("203.0.113.7", "1.2.3.4", ["203.0.113.7"]),
        ("127.0.0.1", "", ["127.0.0.1"]),
        ("127.0.0.1", "1.2.3.4", ["127.0.0.1", "1.2.3.4"]),
        ("127.0.0.1", "9.9.9.9, 1.2.3.4", ["127.0.0.1", "1.2.3.4"]),
        ("127.0.0.1", "1.2.3.4, 10.0.0.9, 10.0.0.8",
         ["127.0.0.1", "10.0.0.8", "10.0.0.9", "1.2.3.4"]),
        ("127.0.0.1", "1.2.3.4, 10.0.0.9, 10.0.0.9",
         ["127.0.0.1", "10.0.0.9", "10.0.0.9", "1.2.3.4"]),
        ("10.0.0.1", "1.2.3.4, unknown", ["10.0.0.1"]),
        ("127.0.0.1", "1.2.3.4, , ", ["127.0.0.1", "1.2.3.4"]),
        ("::ffff:10.0.0.1", "[2001:db8::1]:443", ["10.0.0.1", "2001:db8::1"]),
        ("unix:", "1.2.3.4", ["127.0.0.1", "1.2.3.4"]),
    ],
)  # fmt: skip
def test_the_way_to_the_client(shop, remote, forwarded, hops):
    shop.config.write_text(
        'trusted_proxies: ["127.0.0.1", "10.0.0.0/8"]\n' + shop.config.read_text()
    )
    client = report(shop, "--remote-addr", remote, "--forwarded-for", forwarded)["client"]
    assert [hop["address"] for hop in client["hops"]] == hops
    assert client["address"] == hops[-1]
    text = shop.ok("doctor", "--remote-addr", remote, "--forwarded-for", forwarded)
    assert f"The client is {hops[-1]}:\n" in text


def test_the_name_of_a_zone_steers_no_terminal(shop):
    text = shop.ok("doctor", "--remote-addr", "127.0.0.1", "--forwarded-for", "fe80::1%\x1b[2J")
    assert "The client is fe80::1%[2J:\n" in text
    assert "\x1b" not in text


def test_a_proxy_that_is_not_believed_is_a_hint(shop):
    text = shop.ok("doctor", "--remote-addr", "10.0.0.1", "--forwarded-for", "1.2.3.4")
    assert "Hint: 10.0.0.1 is not in trusted_proxies" in text


def test_an_excluded_client_is_named_so(shop):
    shop.config.write_text("exclude_addresses: [1.2.3.0/24]\n" + shop.config.read_text())
    text = shop.ok("doctor", "--remote-addr", "1.2.3.4")
    assert "  1.2.3.4: the other end of the socket, not in trusted_proxies, in exclude_add" in text


def test_mistakes(shop):
    assert "there is no site" in shop.error("doctor", "nowhere")
    assert "--forwarded-for needs --remote-addr" in shop.error(
        "doctor", "--forwarded-for", "1.2.3.4", exit_code=2
    )

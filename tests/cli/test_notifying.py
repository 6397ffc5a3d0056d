"""`ztas report` and `ztas alerts`, from a database to a real mail server and a real webhook."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta, timezone

import pytest
from cheap_passwords import cheap_hash
from rows import PAGEVIEW

from tests.deliveries.conftest import *  # noqa: F403 - servers that take mails and messages
from ztas_middleware.config import load_config
from ztas_middleware.store.database import Database

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = time.time_ns() // 1_000_000
TODAY = NOW - NOW % DAY


def fill(shop, *hits):
    database = Database(load_config(shop.config).database)
    database.append(hits)
    database.close()


def views(number, at, visitor="v", **columns):
    return [
        PAGEVIEW._replace(
            time=at + n, site_id="site_abc123", visitor=f"{visitor}{n}", path=f"/{n % 3}", **columns
        )
        for n in range(number)
    ]


@pytest.fixture
def notified(shop, smtp, hook):
    """A site whose mails and messages are taken here."""
    server = smtp()
    shop.config.write_text(
        f"""\
mail: {{host: 127.0.0.1, port: {server.port}, tls: none, from: ztas@example.com}}
dashboard: {{path: /ztas/, password: "{cheap_hash("x")}"}}
sites:
  site_abc123:
    domain: example.com
    notify: {{mail: [reader@example.com], webhook: "{hook.url}"}}
    alerts: [{{visitors: "> 3x"}}, {{silence: 6h}}, {{event: paid, below: 1 a day}}]
  blog:
    domain: blog.example.com
"""
    )
    return shop


def test_a_report_goes_to_everybody_once(notified, mailbox, hook):
    fill(notified, *views(7, TODAY - 2 * DAY), *views(5, TODAY - 9 * DAY))
    said = notified.ok("report", "site_abc123")
    assert "report sent to reader@example.com" in said
    assert re.search(r"report sent to 127\.0\.0\.1:\d+$", said, re.MULTILINE)
    ((_, mail),) = mailbox.mails
    assert mail["Subject"].startswith("example.com: 7 visitors (+40 %), ")
    text = mail.get_body("plain").get_content().replace("\r", "")
    assert re.search(r"^Visitors +7  \+40 %$", text, re.MULTILINE)
    assert re.search(r"https://example\.com/ztas/site_abc123\?share=\S+$", text, re.MULTILINE)
    ((_, _, body),) = hook.seen
    assert body["text"] == body["content"]
    assert "7 (+40 %) visitors" in body["text"]
    assert notified.ok("report", "site_abc123") == ""
    assert notified.ok("report", "--all") == ""
    assert len(mailbox.mails) == 1
    assert "sent to reader" in notified.ok("report", "--all", "--again")
    assert len(mailbox.mails) == 2


def test_one_that_failed_is_one_line_and_comes_the_next_time_alone(notified, mailbox, hook):
    fill(notified, *views(1, TODAY))
    hook.answer = 500, {}
    result = notified.run("report", "site_abc123")
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert re.fullmatch(
        r"ztas: site_abc123: report for 127\.0\.0\.1:\d+: 127\.0\.0\.1 answered 500 .*", line
    )
    assert "secret" not in result.output
    hook.answer = 200, {}
    assert "reader" not in notified.ok("report", "site_abc123")
    assert (len(mailbox.mails), len(hook.seen)) == (1, 2)


def test_a_dry_run_prints_and_sends_nothing(notified, mailbox, hook):
    fill(notified, *views(3, TODAY))
    said = notified.ok("report", "site_abc123", "--period", "today", "--dry-run")
    assert said.startswith("Subject: example.com: 3 visitors")
    assert "Changed most" not in said
    assert (mailbox.mails, hook.seen) == ([], [])
    assert "sent to reader" in notified.ok("report", "site_abc123", "--period", "today")


def test_recipients_of_the_command_line_come_instead(notified, mailbox, hook):
    fill(notified, *views(1, TODAY))
    notified.ok("report", "blog", "--mail", "a@example.com", "--mail", "b@example.com")
    assert [to for to, _ in mailbox.mails] == [("a@example.com",), ("b@example.com",)]
    assert hook.seen == []


@pytest.mark.parametrize(
    ("arguments", "message", "status"),
    [
        (["report"], "name a SITE, or say --all", 2),
        (["report", "--all", "blog"], "name a SITE, or say --all", 2),
        (["report", "blog"], "blog has nobody to notify; say --mail TO", 1),
        (["report", "blogg"], 'there is no site "blogg"', 1),
        (["report", "blog", "--mail", "nobody"], "nobody is no mail address", 2),
        (["report", "blog", "--webhook", "ftp://x"], "must be a URL", 2),
    ],
)
def test_mistakes_are_one_line(notified, arguments, message, status):
    fill(notified, *views(1, TODAY))
    assert message in notified.error(*arguments, exit_code=status)


@pytest.mark.parametrize("command", [["alerts"], ["alerts", "--dry-run"], ["report", "--all"]])
def test_a_timer_may_come_before_the_first_hit(notified, mailbox, command):
    assert notified.ok(*command).endswith("ztas.db: not there yet; the first hit makes it\n")
    assert mailbox.mails == []


def test_last_week_is_monday_to_sunday(notified):
    today = datetime.fromtimestamp(NOW / 1000, timezone.utc).date()
    monday = today - timedelta(days=today.weekday() + 7)
    start = round(datetime(*monday.timetuple()[:3], tzinfo=timezone.utc).timestamp() * 1000)
    fill(notified, *views(2, start - 1_000), *views(3, start, "w"), *views(4, start + 7 * DAY, "x"))
    said = notified.ok("report", "site_abc123", "--period", "last-week", "--dry-run")
    assert f"{monday} to {monday + timedelta(days=6)}" in said
    assert said.startswith("Subject: example.com: 3 visitors")


# Alerts


def dry(shop):
    return dict(
        re.fullmatch(r"site_abc123: (.+?): (on|off), .*", line).groups()
        for line in shop.ok("alerts", "--dry-run").splitlines()
    )


def test_an_alert_is_sent_once_until_it_is_over(notified, mailbox):
    fill(notified, *views(1, NOW - 7 * HOUR))
    assert dry(notified) == {
        "visitors > 3x": "off",
        "silence 6h": "on",
        "paid below 1 a day": "on",
    }
    assert mailbox.mails == []
    notified.ok("alerts")
    assert sorted(mail["Subject"].partition(":")[2][:16] for _, mail in mailbox.mails) == [
        " 0 events paid i",
        " no hit since 20",
    ]
    assert notified.ok("alerts") == ""
    fill(notified, *views(1, NOW - HOUR, type="event", action="paid"))
    assert set(dry(notified).values()) == {"off"}
    # As an import does.
    fill(notified, *views(1, NOW - 9 * DAY))
    assert set(dry(notified).values()) == {"off"}
    assert notified.ok("alerts") == ""
    with closing(sqlite3.connect(notified.database)) as connection, connection:
        connection.execute("delete from hits where action = 'paid'")
    assert "silence 6h sent to reader@example.com" in notified.ok("alerts")
    assert len(mailbox.mails) == 4


@pytest.mark.parametrize(
    ("usual", "visitors", "state"),
    [(2, 7, "on"), (2, 6, "off"), (0, 1, "off")],
    ids=["more", "not more", "a site without a past"],
)
def test_many_visitors_are_more_than_usual_at_that_hour(notified, usual, visitors, state):
    # The running hour may have begun this very moment: only what is now is in it for sure.
    for week in range(1, 5):
        fill(notified, *views(usual, NOW - week * 7 * DAY - 1_000 * usual, f"w{week}"))
        fill(notified, *views(usual, NOW - week * 7 * DAY - HOUR, f"x{week}"))
    fill(notified, *views(visitors, NOW - 1))
    found = dry(notified)["visitors > 3x"]
    assert found == state

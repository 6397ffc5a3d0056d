"""`ztas stats`: the API's answer as it is, and as a report that a terminal can show."""

from __future__ import annotations

import json
import re
import sqlite3
import time
import unicodedata
from contextlib import closing

import pytest
from click import unstyle
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.cli import charts
from ztas_middleware.config import load_config
from ztas_middleware.middleware import ZTASMiddleware

DAYS = ["--from", "2025-10-08", "--to", "2025-10-10"]
DAY = 86_400_000
NOON = 1_760_011_200_000  # 2025-10-09T12:00Z
GOALS = """\
    goals:
      Signups: {action: signup}
    funnels:
      Checkout: [{page: /cart}, {action: signup, name: Sign up}]
"""


@pytest.fixture(name="shop")
def _shop(shop):
    shop.config.write_text(
        shop.config.read_text().replace("domain: example.com\n", f"domain: example.com\n{GOALS}")
    )
    visit = {"session_id": "s1", "visitor": "aaaaaaaa"}
    shop.fill(
        shop.hit(NOON, path="/cart", referrer="https://www.google.com/", country="DE", **visit),
        shop.hit(NOON + 1000, type="event", action="signup", category="form", value=2.5, **visit),
        shop.hit(NOON + DAY, path="/cart", visitor="bbbbbbbb"),
        shop.hit(NOON + DAY, path="/\x1b[31mred", visitor="bbbbbbbb"),
        shop.hit(NOON - 2 * DAY, path="/", visitor="cccccccc"),
    )
    return shop


def ask_api(shop, query):
    answers = []

    def start_response(status, headers):
        answers.append(status)

    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/api/stats", "QUERY_STRING": query}
    shop.config.write_text(
        shop.config.read_text().replace("example.com\n", "example.com\n    public: true\n", 1)
        + "api: {path: /api}\n"
    )
    middleware = ZTASMiddleware(None, str(shop.config))
    try:
        body = b"".join(middleware(environ, start_response))
    finally:
        middleware.close()
    assert answers == ["200 OK"]
    return body


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (DAYS, "startDate=2025-10-08&endDate=2025-10-10"),
        (["--limit", "1", *DAYS], "startDate=2025-10-08&endDate=2025-10-10&limit=1"),
    ],
    ids=["dates", "limit"],
)
def test_json_is_exactly_the_answer_of_the_api(shop, options, query):
    said = shop.ok("stats", "site_abc123", *options, "--json")
    assert said.encode() == ask_api(shop, f"siteId=site_abc123&{query}") + b"\n"
    assert json.loads(said)["summary"]["pageviews"] == 3


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "90d", "365d"])
def test_periods_end_now(shop, period):
    shop.fill(shop.hit(time.time_ns() // 1_000_000, path="/now", visitor="nnnnnnnn"))
    answer = json.loads(shop.ok("stats", "site_abc123", "--period", period, "--json"))
    assert "/now" in [page["path"] for page in answer["pages"]]
    assert len(answer["timeseries"]) == int(period.rstrip("hd"))
    assert "Page views" in shop.ok("stats", "site_abc123", "--period", period)


def test_without_a_period_it_is_a_week(shop):
    answer = json.loads(shop.ok("stats", "site_abc123", "--json"))
    assert len(answer["timeseries"]) == 7


def test_the_report_has_every_part(shop):
    text = shop.ok("stats", "site_abc123", *DAYS)
    lines = text.splitlines()
    assert lines[0] == "example.com  2025-10-08 to 2025-10-10  UTC"
    assert re.search(r"^Visitors +2 +\+100 %  from 1$", text, re.MULTILINE)
    assert re.search(r"^Page views +3 +\+200 %  from 1$", text, re.MULTILINE)
    assert re.search(r"^Page views +▁[▂-█]█  most 2$", text, re.MULTILINE)
    assert re.search(r"^/cart +2 +2 █{20}$", text, re.MULTILINE)
    assert re.search(r"^Google +1 +1 █{20}$", text, re.MULTILINE)
    assert re.search(r"^signup / form +1 +1 +2\.5 █{20}$", text, re.MULTILINE)
    assert re.search(r"^Goals +reached +rate\nSignups +1 +50\.0 % █{10}$", text, re.MULTILINE)
    assert re.search(
        r"^Funnel Checkout +sessions +rate\n/cart +2 +100\.0 % █{20}\nSign up +1 +50\.0 % █{10}$",
        text,
        re.MULTILINE,
    )
    assert max(map(len, lines)) <= 80


def test_no_escape_reaches_a_pipe_or_comes_from_a_path(shop):
    text = shop.ok("stats", "site_abc123", *DAYS)
    assert "\x1b" not in text
    assert "/?[31mred" in text


def test_a_site_without_hits(shop):
    text = shop.ok("stats", "blog")
    assert re.search(r"^Visitors +0 +=  from 0$", text, re.MULTILINE)
    assert re.search(r"^Visitors +▁{7}  most 0$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (["site_abc124"], 1, 'there is no site "site_abc124" in the config (did you mean "site_'),
        (["blog", "--from", "2025-10-08"], 2, "--to is required with --from"),
        (["blog", "--period", "7d", *DAYS], 2, "--period can't be combined with"),
        (["blog", "--from", "2025-10-08", "--to", "2025-10-07"], 2, "--to must not be before"),
        (["blog", "--from", "1960-01-01", "--to", "1960-01-02"], 2, "--from must be from 1970"),
        (["blog", "--period", "8d"], 2, "'8d' is not one of"),
        (["blog", "--limit", "0"], 2, "0 is not in the range"),
        (["blog", "--filter", "page"], 2, "--filter page: write it as KEY=VALUE"),
        (["blog", "--filter", "colour=red"], 2, "there is no filter colour; there are page, route"),
        (["blog", "--filter", "goal=x"], 2, "--filter goal: names no goal of this site: x"),
        (["blog", "--by", "colour"], 2, "--by must be one of page"),
        ([], 2, "say which SITE: site_abc123, blog"),
    ],
    ids=lambda value: None if isinstance(value, int) else str(value)[:40],
)
def test_a_mistake_is_one_clear_line(shop, arguments, exit_code, message):
    assert message in shop.error("stats", *arguments, exit_code=exit_code)


def test_before_the_first_hit(shop):
    shop.database.unlink()
    assert "not there yet" in shop.error("stats", "blog")
    assert not load_config(shop.config).database.exists()


@given(st.text(), st.integers(1, 60))
def test_a_name_fits_its_columns(text, width):
    fitted = charts.fit(text, width)
    taken = sum(
        0 if unicodedata.combining(one) else 1 + (unicodedata.east_asian_width(one) in "WF")
        for one in fitted
    )
    assert taken == width
    assert fitted.isprintable()


def test_a_long_name_is_cut_in_no_time():
    began = time.process_time()
    for text in ("/" + "p" * 2047, "/" + "\u0301" * 2047, "/" + "界" * 2047) * 100:
        charts.fit(text, 60)
    assert time.process_time() - began < 5.0


@given(st.lists(st.integers(0, 10**9), max_size=400), st.integers(1, 90))
def test_a_sparkline_fits_and_tells_something_from_nothing(numbers, width):
    line = charts.sparkline(numbers, width)
    assert len(line) <= width
    assert bool(set(line) - {"▁"}) == any(numbers)


@pytest.mark.parametrize(
    ("encoding", "marks"),
    [("utf-8", charts.BLOCKS), ("ascii", charts.ASCII), ("latin-1", charts.ASCII)],
)
def test_marks_are_what_the_terminal_has(encoding, marks):
    assert charts.marks_for(encoding) is marks
    assert unstyle("".join(marks)).encode(encoding)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.6, "1 m 0 s"), (75.2, "1 m 15 s"), (7300, "2 h 1 m")]
)
def test_durations(seconds, text):
    assert charts.duration(seconds) == text


def test_who_read_the_pages_is_shown_where_it_is_counted(shop):
    count = "insert into agent_reads values ('shop', '2025-10-09', 'GPTBot', 'ai', '/cart', 1234)"
    shop.run("rollup")
    with closing(sqlite3.connect(shop.config.with_name("ztas.db"))) as connection, connection:
        (site,) = connection.execute("select distinct site_id from hits").fetchone()
        connection.execute(count.replace("shop", site))
    assert "GPTBot" not in shop.run("stats", site, *DAYS).output
    text = shop.config.read_text()
    shop.config.write_text(text.replace("example.com\n", "example.com\n    agents: true\n", 1))
    assert re.search(
        r"Read by +reads\nGPTBot / ai +1,234", unstyle(shop.run("stats", site, *DAYS).output)
    )


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (["--filter", "page=/c*", "--filter", "country!=US"], "page=/c*&country!=US"),
        (["--compare", "none", "--interval", "month"], "compare=none&interval=month"),
        (
            ["--compare-from", "2025-10-07", "--compare-to", "2025-10-08", "--offset", "1"],
            "compareStart=2025-10-07&compareEnd=2025-10-08&offset=1",
        ),
        (["--filter", "goal=Signups"], "goal=Signups"),
    ],
    ids=["filters", "no comparison", "other days", "goal"],
)
def test_options_are_the_parameters_of_the_api(shop, options, query):
    said = shop.ok("stats", "site_abc123", *DAYS, *options, "--json")
    query = f"siteId=site_abc123&startDate=2025-10-08&endDate=2025-10-10&{query}"
    assert said.encode() == ask_api(shop, query) + b"\n"


@pytest.mark.parametrize(
    "options",
    [["--filter", "page=/cart"], ["--by", "page"], ["--journeys", "page=/cart"]],
    ids=["filter", "breakdown", "journeys"],
)
def test_what_can_not_be_told_of_pruned_days_is_said(shop, options):
    text = shop.config.read_text()
    shop.config.write_text(text.replace("example.com\n", "example.com\n    retention_days: 9\n", 1))
    said = r"Older hits were pruned: these numbers begin on 20\d\d-\d\d-\d\d\."
    assert "pruned" not in shop.ok("stats", "site_abc123", *DAYS, *options)
    shop.ok("prune")
    assert re.search(said, shop.ok("stats", "site_abc123", *DAYS, *options))
    assert "pruned" not in shop.ok("stats", "site_abc123", *DAYS)


def test_a_breakdown_is_a_table(shop):
    said = shop.ok("stats", "site_abc123", *DAYS, "--by", "page", "--by", "country")
    assert re.search(r"^page / country, 4 of 4 +views +visitors +value$", said, re.MULTILINE)
    assert re.search(r"^/cart / DE +1 +1 +0\.0 █{20}$", said, re.MULTILINE)


def test_the_change_of_a_share_is_points(shop):
    said = shop.ok("stats", "site_abc123", *DAYS)
    assert re.search(r"^Bounce rate +0\.0 % +-100\.0 pts +from 100\.0 %$", said, re.MULTILINE)


def test_what_was_not_counted_is_said(shop):
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute("insert into drops values ('site_abc123', '2025-10-09', 'bot', 12)")
    assert "Not counted   bot 12  (ztas doctor)" in shop.ok("stats", "site_abc123", *DAYS)


def test_journeys_are_two_lists(shop):
    said = shop.ok("stats", "site_abc123", *DAYS, "--journeys", "action=signup")
    assert re.search(r"^Before +sessions\n/cart +1 █{20}$", said, re.MULTILINE)
    assert re.search(r"^After +sessions\n\(exit\) +1 █{20}$", said, re.MULTILINE)


def test_the_hours_of_a_week_are_a_line_a_day(shop):
    said = shop.ok("stats", "site_abc123", *DAYS)
    assert re.search(r"^Thursday {12}▁{12}█▁{11}$", said, re.MULTILINE)

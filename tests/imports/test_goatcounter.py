"""GoatCounter's export: page views, events, and sessions that become visitors."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ztas_middleware.imports import goatcounter
from ztas_middleware.imports.instants import from_iso

HEADER = (
    *("2Path", "Title", "Event", "UserAgent", "Browser", "System", "Session", "Bot", "Referrer"),
    *("Referrer scheme", "Screen size", "Location", "FirstVisit", "Date"),
)
ROW = {
    "2Path": "/a",
    "Title": "A title",
    "Event": "false",
    "UserAgent": "",
    "Browser": "Firefox 143",
    "System": "Linux",
    "Session": "1f9a",
    "Bot": "0",
    "Referrer": "www.google.com/search",
    "Referrer scheme": "h",
    "Screen size": "1920,1080,1",
    "Location": "US-TX",
    "FirstVisit": "true",
    "Date": "2025-10-10T11:55:36Z",
}
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


@pytest.fixture
def run(desk, tmp_path):
    """Import rows that differ from `ROW` in some cells."""

    def make(*rows, header=HEADER, **settings):
        text = io.StringIO()
        writer = csv.DictWriter(text, header, extrasaction="ignore")
        writer.writeheader()
        writer.writerows([ROW | row for row in rows])
        path = tmp_path / "goatcounter.csv"
        path.write_text(text.getvalue())
        one = desk(**settings)
        return one, one.run(path)

    return make


def test_a_page_view(run):
    one, result = run({})
    (row,) = one.rows()
    assert (result.stored, result.lines) == (1, 1)
    assert len(row["visitor"]) == 8
    assert {name: row[name] for name in row if name not in ("id", "visitor")} == {
        "time": 1_760_097_336_000,
        "site_id": "a",
        "type": "pageview",
        "path": "/a",
        "referrer": "https://www.google.com/search",
        "utm_source": None,
        "utm_medium": None,
        "utm_campaign": None,
        "action": None,
        "category": None,
        "label": None,
        "value": None,
        "session_id": None,
        "time_on_page": None,
        "is_bounce": None,
        "browser": "Firefox",
        "os": "Linux",
        "device": "desktop",
        "country": "US",
        "utm_term": None,
        "utm_content": None,
        "properties": None,
        "route": None,
        "browser_version": 143,
        "language": None,
        "screen": 1920,
        "region": "US-TX",
        "city": None,
    }


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"Event": "true", "2Path": "signup"}, {"type": "event", "action": "signup", "path": "/"}),
        ({"Referrer": "Google", "Referrer scheme": "g"},
         {"utm_source": None, "referrer": "https://google.com/"}),
        ({"Referrer": "Hacker News", "Referrer scheme": "g"},
         {"utm_source": None, "referrer": "https://news.ycombinator.com/"}),
        ({"Referrer": "Telegram Messenger", "Referrer scheme": "g"},
         {"utm_source": None, "referrer": "https://t.me/"}),
        ({"Referrer": "Some Club's Links", "Referrer scheme": "g"},
         {"utm_source": None, "referrer": "goatcounter://some-club-s-links/"}),
        ({"Referrer": "org.x.reader", "Referrer scheme": "o"}, {"referrer": "android-app://org.x.reader"}),
        ({"Referrer": "about:blank", "Referrer scheme": "o"}, {"referrer": None}),
        ({"Referrer": "newsletter", "Referrer scheme": "c"},
         {"utm_source": "newsletter", "referrer": None}),
        ({"Referrer": "", "Referrer scheme": ""}, {"utm_source": None, "referrer": None}),
        ({"Referrer": "android-app://org.x", "Referrer scheme": "o"}, {"referrer": "android-app://org.x"}),
        ({"Referrer": "example.com/x"}, {"referrer": None}),
        ({"UserAgent": IPHONE}, {"browser": "Safari", "os": "iOS", "device": "mobile"}),
        ({"Browser": "Chrome Mobile 120", "System": "Android 14", "Screen size": "412,915,2.6"},
         {"browser": "Chrome Mobile", "os": "Android", "device": "mobile"}),
        ({"System": "iOS 18", "Screen size": "820,1180,2"}, {"os": "iOS", "device": "tablet"}),
        ({"System": "Chrome OS", "Screen size": ""}, {"os": "ChromeOS", "device": "desktop"}),
        ({"Browser": "", "System": ""}, {"browser": "Other", "os": "Other", "device": "Other"}),
        ({"Location": ""}, {"country": None}),
        ({"2Path": "/p?q=ada@example.com#x"}, {"path": "/p"}),
    ],
    ids=str,
)  # fmt: skip
def test_cells(run, cells, expected):
    one, _ = run(cells)
    (row,) = one.rows()
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("cells", "left_out", "refused"),
    [
        ({"Bot": "3"}, {"bot": 1}, {}),
        ({"UserAgent": "Googlebot/2.1"}, {"bot": 1}, {}),
        ({"2Path": "/admin/x"}, {"excluded": 1}, {}),
        ({"Date": "yesterday"}, {}, {"the date can't be read": 1}),
        ({"2Path": " "}, {}, {"has no path": 1}),
    ],
    ids=str,
)
def test_rows_that_do_not_come_in(run, cells, left_out, refused):
    _, result = run({}, cells, site={"exclude_paths": ["/admin/*"]})
    assert (result.stored, result.left_out, result.refused) == (1, left_out, refused)


def test_a_session_is_one_visitor_for_one_day(run):
    one, _ = run(
        {"Session": "x"},
        {"Session": "x", "2Path": "/b"},
        {"Session": "y"},
        {"Session": "x", "Date": "2025-10-11T00:00:00Z"},
    )
    first, second, third, fourth = one.column("visitor")
    assert first == second
    assert len({first, third, fourth}) == 3


@pytest.mark.parametrize("session", ["0", "", "00000000-0000-0000-0000-000000000000"])
def test_a_row_without_a_session_is_a_visitor_of_its_own(run, session):
    one, _ = run(*[{"Session": session}] * 3)
    assert len(set(one.column("visitor"))) == 3


def test_version_1_has_the_user_agent_where_2_has_the_browser(run):
    one, _ = run(
        {"Browser": IPHONE, "1Path": "/old"},
        header=(
            *("1Path", "Title", "Event", "Bot", "Session", "FirstVisit", "Referrer"),
            *("Referrer scheme", "Browser", "Screen size", "Location", "Date"),
        ),
    )
    (row,) = one.rows()
    assert (row["path"], row["browser"], row["os"], row["device"]) == (
        "/old",
        "Safari",
        "iOS",
        "mobile",
    )


@pytest.mark.parametrize("first", ["3Path", "Path", "", "time"])
def test_other_headers_are_not_goatcounters(first):
    assert goatcounter.columns_of([first, *HEADER[1:]]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-10-10T11:55:36Z", 1_760_097_336_000),
        ("2025-10-10T13:55:36.25+02:00", 1_760_097_336_250),
        ("2025-10-10 11:55:36.123456789 UTC", 1_760_097_336_123),
        ("2025-10-10 11:55:36", 1_760_097_336_000),
        ("1969-12-31T23:59:59Z", -1000),
        ("2025-02-30T00:00:00Z", None),
        ("2025-10-10", None),
        ("٢٠٢٥-10-10T11:55:36Z", None),
        ("2025-10-10T11:55:36+99:99", None),
        ("", None),
    ],
)
def test_dates(text, expected):
    assert from_iso(text) == expected


@given(st.text())
def test_any_date_is_read_or_refused(text):
    from_iso(text)
    from_iso(f"2025-10-10T11:55:36{text}")

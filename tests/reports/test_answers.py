"""Every question, answered as the contract has it: held against the independent computation."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timezone
from functools import cache

import pytest

from tests.reports.history import make_site, random_history
from tests.reports.loaded import Loaded
from ztas_middleware.filters import Filters
from ztas_middleware.reports import breakdowns, counted, remembered

UTC = timezone.utc
NOW = round(datetime(2026, 11, 7, 13, 30, 12, 345_000, tzinfo=UTC).timestamp() * 1000)
SEGMENTS = {
    "Germans": Filters.parse({"country": ["DE"], "page!": ["/about"]}),
    "Buyers": Filters.parse({"goal": ["Signups", "Thanks"]}),
}
ZONES = ("UTC", "America/New_York", "Asia/Tokyo")


@cache
def loaded(zone):
    """Hits of ten days, with every column filled now and then."""
    rng = random.Random(4)
    hits = random_history(11, 350, date(2026, 10, 29), date(2026, 11, 7), ("site_a", "site_b"))
    rows = []
    for number, hit in enumerate(hits, 1):
        row = {"id": number, **hit._asdict()}
        row["browser_version"] = rng.choice([None, 9, 120, 121])
        row["language"] = rng.choice([None, "de", "en"])
        row["screen"] = rng.choice([None, 480, 1024, 9999])
        row["region"] = rng.choice([None, "DE-BE"])
        row["city"] = rng.choice([None, "Berlin", "São Paulo"])
        row["route"] = rng.choice([None, "/docs/<page>"])
        row["utm_term"] = rng.choice([None, "shoes"])
        row["utm_content"] = rng.choice([None, "a_b%c"])
        row["properties"] = rng.choice(
            [None, None, '{"plan":"pro"}', '{"n":5,"plan":"free"}', '{"a/b":true,"n":1.5}']
        )
        if rng.random() < 0.05:
            row["visitor"] = ""
        rows.append(row)
    return Loaded(replace(make_site(zone=zone), segments=SEGMENTS), rows)


FILTERS = {
    "none": {},
    "a page": {"page": ["/cart"]},
    "either page": {"page": ["/cart", "/ä"]},
    "a star in the middle": {"page": ["/*k*t/*"]},
    "a star that is meant": {"page": ["/docs/*"]},
    "is not": {"page!": ["/cart", "/"]},
    "contains": {"page~": ["check"]},
    "contains not": {"page!~": ["check", "doc"]},
    "has none": {"country": [""]},
    "has none, or": {"country": ["", "US"]},
    "has some": {"country!": [""]},
    "is not, nothing included": {"country!": ["US"]},
    "a number": {"screen": ["1024"]},
    "a number that begins": {"browser_version": ["12*"]},
    "letter case": {"browser": ["chrome"]},
    "source": {"source": ["Google"]},
    "not this source": {"source!": ["Google", "Direct"]},
    "channel": {"channel": ["Paid Search", "Email"]},
    "referrer": {"referrer~": ["google"]},
    "no referrer": {"referrer": [""]},
    "a tag": {"utm_campaign": ["s*"]},
    "like is not used for": {"utm_content": ["a_b%*"]},
    "entry page": {"entry_page": ["/"]},
    "exit page": {"exit_page!": ["/", "/about"]},
    "action": {"action": ["signup*"]},
    "category and label": {"category": ["paid"], "label!": ["one"]},
    "property": {"prop:plan": ["pro"]},
    "property that is a number": {"prop:n": ["5"]},
    "property that is true": {"prop:a/b": ["true"]},
    "property is not": {"prop:plan!": ["pro"]},
    "no such property": {"prop:nothing": [""]},
    "goal": {"goal": ["Signups"]},
    "not this goal": {"goal!": ["Everything"]},
    "segment": {"segment": ["Germans"]},
    "segment of goals, negated": {"segment!": ["Buyers"]},
    "row and session": {"browser": ["Chrome"], "source": ["Google"], "device!": ["mobile"]},
    "language, region, city, route": {
        "language": ["de", ""],
        "region": ["DE*"],
        "city~": ["Paulo", "er"],
        "route": ["/docs/<*"],
    },
}
PERIODS = {
    "7d": {},
    "24h": {"period": ["24h"]},
    "today": {"period": ["today"]},
    "yesterday": {"period": ["yesterday"]},
    "month by weeks": {"period": ["month"], "interval": ["week"]},
    "year by months": {"period": ["year"], "interval": ["month"], "compare": ["year"]},
    "all": {"period": ["all"], "compare": ["none"], "limit": ["2"], "offset": ["1"]},
    "dates by hours": {
        "startDate": ["2026-10-31"],
        "endDate": ["2026-11-02"],
        "interval": ["hour"],
        "compareStart": ["2026-11-03"],
        "compareEnd": ["2026-11-04"],
    },
    "compared with the year before": {"compare": ["year"]},
}


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
def test_a_report_under_a_filter(filters):
    question = {
        "limit": ["1000"],
        "startDate": ["2026-10-30"],
        "endDate": ["2026-11-07"],
        **filters,
    }
    found = loaded("UTC")
    assert found.ask("stats", question, NOW) == found.expect("stats", question, NOW)


@pytest.mark.parametrize(("together", "few"), [(1, 0), (60, 0), (60, 50), (10**6, 0)])
def test_counted_some_days_after_the_other_it_is_the_same(monkeypatch, together, few):
    found = loaded("Asia/Tokyo")
    question = {"limit": ["1000"], **FILTERS["is not"], **FILTERS["not this source"]}
    by = {"by": ["page", "country"], "limit": ["1000"], **FILTERS["is not"]}
    expected = found.ask("stats", question, NOW), found.ask("breakdown", by, NOW)
    monkeypatch.setattr(counted, "TOGETHER", together)
    monkeypatch.setattr(breakdowns, "TOGETHER", together)
    monkeypatch.setattr(remembered, "TOGETHER", 2)
    monkeypatch.setattr(counted, "FEW", few)
    assert (found.ask("stats", question, NOW), found.ask("breakdown", by, NOW)) == expected
    day = {"period": ["24h"]}
    assert found.ask("stats", day, NOW) == found.expect("stats", day, NOW)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("filters", [{}, FILTERS["row and session"], FILTERS["exit page"]])
@pytest.mark.parametrize("period", PERIODS.values(), ids=PERIODS)
def test_a_report_on_a_period(zone, period, filters):
    found = loaded(zone)
    question = {**period, **filters}
    assert found.ask("stats", question, NOW) == found.expect("stats", question, NOW)


KEYS = [
    ["page"],
    ["page", "country"],
    ["day"],
    ["hour", "weekday"],
    ["source", "entry_page", "browser"],
    ["screen"],
    ["prop:plan"],
    ["channel", "action"],
]


@pytest.mark.parametrize("filters", [{}, FILTERS["is not"], FILTERS["source"]])
@pytest.mark.parametrize("by", KEYS, ids="+".join)
def test_a_breakdown(by, filters):
    found = loaded("America/New_York")
    question = {"by": by, "limit": ["1000"], "period": ["all"], **filters}
    assert found.ask("breakdown", question, NOW) == found.expect("breakdown", question, NOW)


def test_a_row_by_a_goal_or_segment_is_the_report_with_it_as_a_filter():
    found = loaded("UTC")
    for name, values in {"goal": ["Signups", "Everything"], "segment": list(SEGMENTS)}.items():
        answer = found.ask("breakdown", {"by": [name, "browser"], "limit": ["1000"]}, NOW)
        for value in values:
            rows = [row for row in answer["rows"] if row[name] == value]
            question = {"by": ["browser"], "limit": ["1000"], name: [value]}
            expected = found.expect("breakdown", question, NOW)["rows"]
            assert [{**row, name: value} for row in expected] == rows
        others = [row for row in answer["rows"] if row[name] is None]
        question = {"by": ["browser"], "limit": ["1000"]}
        names = SEGMENTS if name == "segment" else [goal.name for goal in found.site.goals]
        question[f"{name}!"] = list(names)
        expected = found.expect("breakdown", question, NOW)["rows"]
        assert [{name: None, **row} for row in expected] == others


@pytest.mark.parametrize("order", ["uniqueVisitors", "bounceRate", "value", "avgTimeOnPage"])
def test_a_breakdown_is_ordered_by_what_is_shown(order):
    found = loaded("UTC")
    question = {
        "by": ["page", "browser"],
        "metrics": [f"sessions,{order}"],
        "order": [order],
        "limit": ["7"],
        "offset": ["3"],
    }
    assert found.ask("breakdown", question, NOW) == found.expect("breakdown", question, NOW)


@pytest.mark.parametrize("filters", [{}, FILTERS["source"], {"browser": ["Chrome"]}])
@pytest.mark.parametrize("around", [{"page": ["/cart"]}, {"page": ["/*"]}, {"action": ["signup"]}])
@pytest.mark.parametrize("period", [{}, {"period": ["24h"]}], ids=["7d", "24h"])
def test_journeys(period, around, filters):
    found = loaded("Asia/Tokyo")
    question = {**period, **around, **filters}
    assert found.ask("journeys", question, NOW) == found.expect("journeys", question, NOW)

"""Every number of a report, against a second computation that shares nothing with the first."""

from __future__ import annotations

from datetime import date

import pytest

from tests.reports.conftest import World
from tests.reports.history import make_site, random_history

ZONES = [
    "UTC",
    "Europe/Berlin",  # clocks go back on 25 October 2026
    "America/New_York",  # and on 1 November
    "Asia/Kathmandu",  # +05:45
    "Australia/Lord_Howe",  # half an hour forward on 4 October
    "America/Havana",  # clocks go back from 1:00 to 0:00: a midnight comes twice
]
FIRST, LAST = date(2026, 9, 20), date(2026, 11, 20)

UNCUT = {"site", "period", "summary", "previous", "previousSoFar", "timeseries"}
UNCUT |= {"weekHours", "goals", "funnels"}

FILTERS = {
    "page": {"page": "/cart"},
    "page prefix": {"page": "/checkout/*"},
    "referrer": {"referrer": "google.de"},
    "referrer prefix": {"referrer": "google*"},
    "source": {"source": "Google"},
    "source tag": {"source": "newsletter"},
    "direct": {"source": "Direct"},
    "browser": {"browser": "Chrome"},
    "os": {"os": "i*"},
    "device": {"device": "mobile"},
    "country": {"country": "DE"},
    "any country": {"country": "*"},
    "utm_source": {"utm_source": "google"},
    "utm_medium": {"utm_medium": "email"},
    "utm_campaign": {"utm_campaign": "s*"},
    "action": {"action": "signup"},
    "action prefix": {"action": "signup*"},
    "several": {"page": "/c*", "browser": "Chrome", "country": "DE"},
    "nothing": {"page": "/no/such/page"},
    "own host": {"referrer": "shop.example"},
}


@pytest.fixture(name="filled", scope="module", params=ZONES)
def _filled(request, tmp_path_factory):
    """Six thousand hits of two sites in two months, seen from one timezone."""
    world = World(tmp_path_factory.mktemp("stats") / "ztas.db", make_site(zone=request.param))
    history = random_history(7, 6_000, FIRST, LAST, sites=("site_a", "site_b"))
    world.store(*history)
    world.at(2026, 11, 17, 16, 47, 11)
    return world


@pytest.mark.parametrize("period", ["24h", "7d", "30d", "90d"])
def test_a_named_period_says_what_the_naive_way_says(filled, period):
    filled.compare(period=period)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-10-25", "2026-10-25"),
        ("2026-11-01", "2026-11-01"),
        ("2026-10-04", "2026-10-04"),
        ("2026-10-20", "2026-11-03"),
        ("2026-01-01", "2026-09-25"),
        ("2026-11-10", "2026-12-24"),
        ("2030-01-01", "2030-01-03"),
    ],
)
def test_a_range_of_dates_says_what_the_naive_way_says(filled, first, last):
    filled.compare(startDate=first, endDate=last, limit=3)


@pytest.mark.parametrize("filters", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("filled", ["Europe/Berlin"], indirect=True)
def test_a_filtered_report_says_what_the_naive_way_says(filled, filters):
    filled.compare(period="7d", **filters)
    filled.compare(period="24h", **filters)


def test_a_year_says_what_the_naive_way_says(world):
    world.store(*random_history(8, 6_000, date(2025, 11, 25), LAST))
    world.at(2026, 11, 17, 16, 47, 11)
    world.compare(period="365d", limit=1000)


def test_what_is_remembered_of_a_finished_day_ends_when_it_changes(world):
    world.store(*random_history(9, 1_000, date(2026, 11, 1), date(2026, 11, 7)))
    world.at(2026, 11, 7, 16)
    world.compare(period="7d")
    world.compare(period="30d")
    late = next(hit for hit in random_history(10, 100, date(2026, 11, 3), date(2026, 11, 3)))
    before = world.ask(period="7d")["goals"]
    world.store(late._replace(type="event", action="signup"))
    assert world.ask(period="7d")["goals"] != before
    world.compare(period="7d")
    world.execute("delete from hits where type = 'event' and time < ?", late.time)
    world.compare(period="7d")
    world.compare(startDate="2026-11-02", endDate="2026-11-05")


def test_the_limit_cuts_every_list_and_nothing_else(filled):
    whole = filled.ask(period="30d", limit=1000)
    cut = filled.ask(period="30d", limit=1)
    for key, entries in whole.items():
        if key in UNCUT:
            assert cut[key] == entries
        else:
            assert cut[key] == entries[:1]


def test_a_site_without_hits_has_zeros(world):
    world.at(2026, 11, 7, 12)
    answer = world.ask(period="7d")
    assert answer == world.expect(period="7d")
    assert answer["summary"]["pageviews"] == 0
    assert len(answer["timeseries"]) == 7
    assert answer["pages"] == []


def test_another_site_of_the_same_database_is_not_seen(world):
    world.at(2026, 11, 7, 12)
    history = random_history(3, 500, date(2026, 11, 1), date(2026, 11, 7), sites=("site_b",))
    world.store(*history)
    assert world.ask(period="7d")["summary"]["pageviews"] == 0


@pytest.mark.parametrize(
    ("filled", "moment"),
    [
        ("Europe/Berlin", (2026, 10, 25, 0, 30)),  # 2:30, the first time
        ("Europe/Berlin", (2026, 10, 25, 1, 30)),  # 2:30, the second time
        ("Europe/Berlin", (2026, 10, 25, 22, 59, 59)),
        ("Australia/Lord_Howe", (2026, 10, 3, 15, 45)),  # 2:45, and 2:00 never was
        ("Australia/Lord_Howe", (2026, 4, 4, 15, 15)),  # 1:45, the second time
        ("Asia/Kathmandu", (2026, 10, 10, 18, 15)),  # midnight
        ("America/Havana", (2026, 11, 1, 5, 10)),  # 0:10, the second time
    ],
    indirect=["filled"],
)
def test_24_hours_across_a_clock_change(filled, moment):
    filled.at(*moment)
    filled.compare(period="24h")
    answer = filled.ask(period="24h")
    assert len({point["date"] for point in answer["timeseries"]}) == 24
    filled.compare(period="7d")

"""The last half hour."""

from __future__ import annotations

import pytest

from tests.reports.history import make_hit, make_site

MINUTE = 60_000


@pytest.fixture(name="now_of")
def _now_of(world):
    world.configure(make_site(zone="Europe/Berlin"))
    world.at(2026, 11, 7, 13, 28, 30)

    def realtime(*hits, limit=10):
        world.store(*hits)
        return world.reports.realtime("site_a", limit=limit, now=world.now).to_json()

    realtime.hit = lambda ago, *args, **columns: make_hit(
        world.now - round(ago * MINUTE), "site_a", *args, **columns
    )
    return realtime


def test_nobody_is_there(now_of):
    answer = now_of()
    assert answer["activeVisitors"] == answer["pageviewsLast5Min"] == 0
    assert answer["pages"] == answer["sources"] == answer["recent"] == []
    assert len(answer["visitorsPerMinute"]) == 30
    assert answer["visitorsPerMinute"][0] == {"minute": "13:59", "visitors": 0}
    assert answer["visitorsPerMinute"][-1] == {"minute": "14:28", "visitors": 0}


def test_any_hit_makes_an_active_visitor(now_of):
    hit = now_of.hit
    answer = now_of(
        hit(1, "heartbeat", visitor="a"),
        hit(4.99, "engagement", visitor="b"),
        hit(0, "pageview", visitor="c"),
        hit(0, "event", visitor="c"),
        hit(5.01, "pageview", visitor="d"),
        hit(-0.1, "pageview", visitor="e"),
    )
    assert (answer["activeVisitors"], answer["pageviewsLast5Min"]) == (3, 1)


def test_lists_are_of_the_last_five_minutes(now_of):
    hit = now_of.hit
    answer = now_of(
        hit(1, path="/b", referrer="https://google.de/", visitor="a"),
        hit(2, path="/a", visitor="a"),
        hit(3, path="/b", visitor="b"),
        hit(1, path="/b", visitor="b"),
        hit(6, path="/old", visitor="b"),
    )
    assert answer["pages"] == [
        {"path": "/b", "pageviews": 3, "uniqueVisitors": 2},
        {"path": "/a", "pageviews": 1, "uniqueVisitors": 1},
    ]
    assert answer["sources"] == [
        {"source": "Direct", "pageviews": 3, "uniqueVisitors": 2},
        {"source": "Google", "pageviews": 1, "uniqueVisitors": 1},
    ]


def test_minutes_count_distinct_visitors(now_of):
    hit = now_of.hit
    answer = now_of(
        hit(0.2, "heartbeat", visitor="a"),
        hit(0.4, visitor="a"),
        hit(0.6, visitor="b"),
        hit(29.4, visitor="a"),
        hit(29.6, visitor="b"),
    )
    minutes = {minute["minute"]: minute["visitors"] for minute in answer["visitorsPerMinute"]}
    assert (minutes["14:28"], minutes["14:27"], minutes["13:59"]) == (1, 1, 1)
    assert sum(minutes.values()) == 3


def test_recent_page_views_come_latest_first(now_of):
    hit = now_of.hit
    answer = now_of(hit(10, path="/a"), hit(1, path="/b"), hit(1, path="/c"), limit=2)
    assert answer["recent"] == [
        {"time": "2026-11-07T14:27:30+01:00", "path": "/c"},
        {"time": "2026-11-07T14:27:30+01:00", "path": "/b"},
    ]

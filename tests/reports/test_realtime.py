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
        return world.realtime(limit=limit)

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
    # What brought a visit holds for all of it: the first page view has no referrer.
    assert answer["sources"] == [
        {"source": "Direct", "pageviews": 4, "uniqueVisitors": 2, "sessions": 2}
    ]


def test_a_source_is_that_of_the_visit_however_long_ago_it_began(now_of):
    hit = now_of.hit
    answer = now_of(
        hit(50, referrer="https://google.de/", visitor="a"),
        hit(25, path="/b", visitor="a"),
        hit(1, path="/c", visitor="a"),
        hit(1, "event", visitor="", action="paid"),
    )
    assert answer["activeVisitors"] == 1
    assert answer["sources"] == [
        {"source": "Google", "pageviews": 1, "uniqueVisitors": 1, "sessions": 1}
    ]


def test_filters_hold_here_too(now_of, world):
    hit = now_of.hit
    now_of(hit(1, path="/a", visitor="a", country="DE"), hit(2, path="/b", visitor="b"))
    assert world.realtime(country="DE")["activeVisitors"] == 1
    assert [page["path"] for page in world.realtime(**{"country!": "DE"})["pages"]] == ["/b"]


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

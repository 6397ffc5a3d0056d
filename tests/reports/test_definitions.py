"""What the numbers mean, one sentence at a time."""

from __future__ import annotations

import pytest

from tests.reports.history import make_hit, make_site

MINUTE = 60_000
NOON = 1_762_516_800_000  # 7 November 2025, 12:00 UTC


def hit(minute, kind="pageview", path="/", visitor="anna", **columns):
    return make_hit(NOON + round(minute * MINUTE), kind=kind, path=path, visitor=visitor, **columns)


@pytest.fixture(name="summary")
def _summary(world):
    """The summary of one day with the given hits."""
    world.at(2025, 11, 7, 23)

    def summary(*hits, **filters):
        world.store(*hits)
        world.compare(startDate="2025-11-07", endDate="2025-11-07", **filters)
        return world.ask(startDate="2025-11-07", endDate="2025-11-07", **filters)["summary"]

    return summary


SUMMARIES = {
    "a page view": ([hit(0)], {"pageviews": 1, "uniqueVisitors": 1, "sessions": 1}),
    "an event makes a visitor and a session": (
        [hit(0, "event", action="play")],
        {"pageviews": 0, "uniqueVisitors": 1, "sessions": 1, "bounceRate": 0.0},
    ),
    "a heartbeat or an engagement makes neither": (
        [hit(0, "heartbeat"), hit(1, "engagement", time_on_page=9.0)],
        {"uniqueVisitors": 0, "sessions": 0, "avgTimeOnPage": 0.0, "avgSessionDuration": 0.0},
    ),
    "thirty minutes are one session": ([hit(0), hit(30)], {"sessions": 1, "bounceRate": 0.0}),
    "a millisecond more is two": (
        [hit(0), hit(30 + 1 / MINUTE)],
        {"sessions": 2, "bounceRate": 100.0, "uniqueVisitors": 1},
    ),
    "a heartbeat keeps a session going": (
        [hit(0), hit(20, "heartbeat"), hit(40)],
        {"sessions": 1, "avgSessionDuration": 2400.0},
    ),
    "a session id does so for hours": (
        [hit(0, session_id="s"), hit(180, session_id="s")],
        {"sessions": 1, "avgSessionDuration": 10_800.0},
    ),
    "a session id holds two visitors together": (
        [hit(0, session_id="s"), hit(1, visitor="ben", session_id="s")],
        {"sessions": 1, "uniqueVisitors": 2},
    ),
    "hits with and without an id are different sessions": (
        [hit(0), hit(1, session_id="s"), hit(2)],
        {"sessions": 2},
    ),
    "hits with an id do not keep one without going": (
        [hit(0), hit(20, session_id="s"), hit(40)],
        {"sessions": 3},
    ),
    "an event is no bounce": ([hit(0), hit(1, "event", action="play")], {"bounceRate": 0.0}),
    "a second page view is no bounce": ([hit(0), hit(1)], {"bounceRate": 0.0}),
    "a heartbeat is a bounce": ([hit(0), hit(1, "heartbeat")], {"bounceRate": 100.0}),
    "an engagement that says so is no bounce": (
        [hit(0), hit(1, "engagement", is_bounce=False)],
        {"bounceRate": 0.0},
    ),
    "an engagement that says nothing is a bounce": (
        [hit(0), hit(1, "engagement"), hit(2, "engagement", is_bounce=True)],
        {"bounceRate": 100.0},
    ),
    "only an engagement can say so": (
        [hit(0, is_bounce=False), hit(1, "heartbeat", is_bounce=False)],
        {"bounceRate": 100.0},
    ),
    "sessions without a page view have no part in the bounce rate": (
        [hit(0), hit(0, "event", visitor="ben", action="play")],
        {"sessions": 2, "bounceRate": 100.0},
    ),
    "the largest time on a page counts": (
        [
            hit(0, session_id="s"),
            hit(0, "engagement", session_id="s", time_on_page=10.0),
            hit(0, "engagement", session_id="s", time_on_page=30.0),
            hit(0, "engagement", session_id="s", time_on_page=20.0),
        ],
        {"avgTimeOnPage": 30.0, "avgSessionDuration": 30.0},
    ),
    "times on two pages are averaged and add up": (
        [
            hit(0),
            hit(0, "engagement", time_on_page=10.0),
            hit(0, "engagement", path="/b", time_on_page=20.0),
        ],
        {"avgTimeOnPage": 15.0, "avgSessionDuration": 30.0},
    ),
    "the clock counts where it says more": (
        [hit(0), hit(2, "engagement", time_on_page=10.0)],
        {"avgSessionDuration": 120.0},
    ),
    "a time on page from any hit counts, 0 as well": (
        [hit(0, time_on_page=0.0), hit(0, "event", path="/b", time_on_page=1.0)],
        {"avgTimeOnPage": 0.5},
    ),
    "one decimal": (
        [hit(0), hit(0, visitor="ben"), hit(0, visitor="cleo"), hit(1, visitor="cleo")],
        {"bounceRate": 66.7, "avgSessionDuration": 20.0},
    ),
    "a huge time on page is nobody's end": (
        [hit(0), hit(0, "engagement", time_on_page=8e12)],
        {"avgTimeOnPage": 8e12},
    ),
}


@pytest.mark.parametrize(("hits", "expected"), SUMMARIES.values(), ids=SUMMARIES)
def test_the_summary(summary, hits, expected):
    found = summary(*hits)
    assert {name: found[name] for name in expected} == expected


FILTERED = {
    "a session keeps its length and bounce": (
        [hit(0, path="/a"), hit(10, path="/b")],
        {"page": "/b"},
        {"pageviews": 1, "sessions": 1, "bounceRate": 0.0, "avgSessionDuration": 600.0},
    ),
    "a session counts if any hit of it is kept": (
        [hit(0, path="/a"), hit(10, "heartbeat", path="/b")],
        {"page": "/b"},
        {"pageviews": 0, "uniqueVisitors": 0, "sessions": 1, "bounceRate": 100.0},
    ),
    "a session of which nothing is kept does not": (
        [hit(0, path="/a"), hit(50, path="/b")],
        {"page": "/b"},
        {"sessions": 1},
    ),
    "times on page are those of the hits that are kept": (
        [
            hit(0),
            hit(0, "engagement", path="/a", time_on_page=10.0),
            hit(0, "engagement", path="/b", time_on_page=20.0),
        ],
        {"page": "/a"},
        {"avgTimeOnPage": 10.0, "avgSessionDuration": 30.0},
    ),
    "a missing value fits nothing": (
        [hit(0, country=None), hit(0, visitor="ben", country="DE")],
        {"country": "*"},
        {"pageviews": 1},
    ),
    "percent and underscore are nothing special": (
        [hit(0, path="/a%"), hit(0, path="/ab"), hit(0, path="/a_")],
        {"page": "/a%"},
        {"pageviews": 1},
    ),
    "an asterisk in the middle is any text": (
        [hit(0, path="/a*b"), hit(0, path="/axb"), hit(0, path="/ab"), hit(0, path="/abc")],
        {"page": "/a*b"},
        {"pageviews": 3},
    ),
    "an asterisk behind a backslash is one": (
        [hit(0, path=path) for path in ("/a*b", "/axb", "/a\\*b", "/a*bc", "/x*b*y")],
        {"page": "/a\\*b"},
        {"pageviews": 1},
    ),
    "beside one that is any text": (
        [hit(0, path=path) for path in ("/a*b", "/axb", "/a*bc", "/a*", "/a%x")],
        {"page": "/a\\**"},
        {"pageviews": 3},
    ),
    "behind a backslash that is there": (
        [hit(0, path=path) for path in ("/a\\*b", "/a*b", "/a\\xb")],
        {"page": "/a\\\\*b"},
        {"pageviews": 1},
    ),
    "a backslash elsewhere is itself": (
        [hit(0, path=path) for path in ("/a\\b", "/a\\\\b", "/ab")],
        {"page": "/a\\b"},
        {"pageviews": 1},
    ),
    "what is contained may end with it": (
        [hit(0, path=path) for path in ("/a\\b", "/a*b", "/ab")],
        {"page~": "a\\"},
        {"pageviews": 1},
    ),
    "upper and lower case differ": (
        [hit(0, path="/A"), hit(0, path="/a")],
        {"page": "/a*"},
        {"pageviews": 1},
    ),
}


@pytest.mark.parametrize(("hits", "filters", "expected"), FILTERED.values(), ids=FILTERED)
def test_a_filter(summary, hits, filters, expected):
    found = summary(*hits, **filters)
    assert {name: found[name] for name in expected} == expected


def test_nobody_outlives_the_day(world):
    world.at(2025, 11, 8, 23)
    late, early = hit(11 * 60 + 59), hit(12 * 60 + 1)
    world.store(late._replace(session_id="s"), early._replace(session_id="s"))
    summary = world.ask(startDate="2025-11-07", endDate="2025-11-08")["summary"]
    assert (summary["uniqueVisitors"], summary["sessions"], summary["bounceRate"]) == (2, 2, 100.0)


def test_the_order_is_by_time_then_by_id(world):
    world.at(2025, 11, 7, 23)
    world.store(hit(1, path="/second"), hit(0, path="/first"), hit(1, path="/third"))
    answer = world.ask(period="7d")
    assert answer["entryPages"] == [{"path": "/first", "sessions": 1}]
    assert answer["exitPages"] == [{"path": "/third", "sessions": 1}]


def test_lists_begin_with_the_largest_number_then_with_the_first_name(world):
    world.at(2025, 11, 7, 23)
    world.store(*(hit(0, path=path) for path in ("/b", "/a", "/c", "/c", "/Z")))
    paths = [entry["path"] for entry in world.ask(period="7d")["pages"]]
    assert paths == ["/c", "/Z", "/a", "/b"]


def test_sources(world):
    world.at(2025, 11, 7, 23)
    world.store(
        hit(0),
        hit(1, referrer="https://www.google.de/"),
        hit(0, visitor="ben", referrer="https://www.google.co.uk/"),
        hit(1, visitor="ben"),
        hit(2, "event", action="a", visitor="ben"),
        hit(0, visitor="cleo", referrer="https://www.google.de/search", utm_source="ads"),
        hit(0, visitor="dan", referrer="https://www.example.org:8080/a"),
        hit(0, visitor="eve", referrer="https://www.shop.example/"),
        hit(0, "event", action="a", visitor="fay"),
        hit(0, "event", action="a", visitor=""),
    )
    answer = world.ask(period="7d")
    assert [entry["source"] for entry in answer["sources"]] == [
        "Direct",
        "Google",
        "ads",
        "example.org",
    ]
    direct = {"source": "Direct", "pageviews": 3, "uniqueVisitors": 3, "sessions": 3}
    assert answer["sources"][0] == direct
    google = {"source": "Google", "pageviews": 2, "uniqueVisitors": 1, "sessions": 1}
    assert answer["sources"][1] == google
    assert {entry["referrer"] for entry in answer["referrers"]} == {
        "google.co.uk",
        "google.de",
        "example.org",
    }


def test_events_have_a_sum_and_may_have_no_name(world):
    world.at(2025, 11, 7, 23)
    world.store(
        hit(0, "event", action="buy", category="x", value=0.1),
        hit(0, "event", action="buy", category="x", value=0.2, visitor="ben"),
        hit(0, "event", action="buy", value=1.5e25),
        hit(0, "event", action="buy", value=1.5e25),
        hit(0, "event"),
    )
    largest = 3e25
    assert world.ask(period="7d")["events"] == [
        {"action": "buy", "category": None, "events": 2, "uniqueVisitors": 1, "value": largest},
        {"action": "buy", "category": "x", "events": 2, "uniqueVisitors": 2, "value": 0.3},
        {"action": None, "category": None, "events": 1, "uniqueVisitors": 1, "value": 0.0},
    ]


GOALS = {
    "an action": ({"action": "signup"}, 1),
    "a glob of actions": ({"action": "sign*"}, 2),
    "with a category": ({"action": "sign*", "category": "paid"}, 1),
    "with a label that nobody sent": ({"action": "signup", "label": "x"}, 0),
    "a page": ({"page": "/thanks/a"}, 1),
    "a glob of pages": ({"page": "/*/a"}, 2),
    "an action on a page": ({"action": "signup", "page": "/thanks/*"}, 1),
    "a page is not an event": ({"page": "/form"}, 0),
}


@pytest.mark.parametrize(("match", "conversions"), GOALS.values(), ids=GOALS)
def test_what_a_goal_matches(world, match, conversions):
    world.at(2025, 11, 7, 23)
    world.configure(make_site(goals={"Goal": match}, funnels={}))
    world.store(
        hit(0, path="/thanks/a"),
        hit(0, path="/thanks/b/a"),
        hit(0, "event", path="/thanks/b", action="signup", category="paid", value=2.0),
        hit(0, "event", path="/form", action="signed"),
        hit(0, "engagement", path="/thanks/a"),
    )
    (goal,) = world.ask(period="7d")["goals"]
    assert goal["conversions"] == conversions
    assert goal["conversionRate"] == (100.0 if conversions else 0.0)


def test_a_funnel_lets_other_hits_between_and_asks_for_the_order(world):
    world.at(2025, 11, 7, 23)
    world.configure(
        make_site(goals={}, funnels={"F": [{"page": "/a"}, {"action": "go"}, {"page": "/a"}]})
    )
    world.store(
        hit(0, path="/a"), hit(1), hit(2, "event", action="go"), hit(3), hit(4, path="/a"),
        hit(0, "event", action="go", visitor="ben"), hit(1, path="/a", visitor="ben"),
        hit(0, path="/a", visitor="cleo"), hit(40, "event", action="go", visitor="cleo"),
    )  # fmt: skip
    (funnel,) = world.ask(period="7d")["funnels"]
    assert [(step["sessions"], step["rate"]) for step in funnel["steps"]] == [
        (3, 100.0),
        (1, 33.3),
        (1, 33.3),
    ]

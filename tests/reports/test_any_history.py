"""Answers are what the hits say, whatever happens in whichever order."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reports.conftest import World
from tests.reports.history import make_hit, make_site
from ztas_middleware.filters import Filters
from ztas_middleware.store.hits import Hit

DAY = 86_400_000
START = 1_761_955_200_000  # 1 November 2025, 00:00 UTC; New York's clocks change on the 2nd
DAYS = 9

PATHS = st.sampled_from(["/", "/cart", "/checkout/a", "/é"])
HITS = st.builds(
    make_hit,
    st.integers(START, START + DAYS * DAY)
    # Written by somebody's own program. (None of 1970: there would be 20,000 days to roll up.)
    | st.sampled_from([-(2**62), -1, 32_503_679_999_999, 32_503_680_000_000, 2**62])
    # Edges of days and sessions, again and again.
    | st.builds(
        lambda day, minute, off: START + day * DAY + minute * 60_000 + off,
        st.integers(0, DAYS - 1),
        st.sampled_from([0, 300, 30, 60, 1439]),
        st.sampled_from([-1, 0, 1]),
    ),
    site_id=st.sampled_from(["site_a", "site_a", "site_b"]),
    kind=st.sampled_from(["pageview", "pageview", "event", "engagement", "heartbeat"]),
    path=PATHS,
    visitor=st.sampled_from(["anna", "ben", "cleo", ""]),
    session_id=st.sampled_from([None, None, "s", "t"]),
    referrer=st.sampled_from([None, "https://google.de/", "https://shop.example/"]),
    utm_source=st.sampled_from([None, "ads"]),
    utm_campaign=st.sampled_from([None, "summer"]),
    action=st.sampled_from([None, "signup"]),
    category=st.sampled_from([None, "paid"]),
    value=st.none() | st.integers(-1000, 1000).map(lambda cents: cents / 8),
    time_on_page=st.none() | st.integers(0, 4000).map(lambda eighths: eighths / 8),
    is_bounce=st.sampled_from([None, True, False]),
    browser=st.sampled_from(["Chrome", "Safari"]),
    country=st.sampled_from([None, "DE"]),
    screen=st.sampled_from([None, 480, 1024]),
    properties=st.sampled_from([None, '{"n":5,"plan":"pro"}', '{"plan":"a*b"}']),
)
SEGMENTS = {"Carts": Filters.parse({"page": ["/c*"], "browser!": ["Safari"]})}
SITES = [
    replace(site, segments=SEGMENTS)
    for site in (
        make_site(),
        make_site(zone="America/New_York"),
        make_site(zone="Asia/Tokyo", goals={"Cart": {"page": "/c*"}}),
        make_site(host="google.de", funnels={}),
    )
]
PERIODS = [
    {"period": "7d"},
    {"period": "24h"},
    {"period": "today"},
    {"startDate": "2025-11-01", "endDate": "2025-11-09"},
    {"startDate": "2025-11-03", "endDate": "2025-11-04", "interval": "hour"},
    {"startDate": "2025-11-01", "endDate": "2025-11-09", "interval": "week"},
]
WHOLE = PERIODS[3]
VALUES = {
    "page": ["/", "/c*", "*é", "*o*a*", ""],
    "entry_page": ["/", "/cart", ""],
    "exit_page": ["/cart", "/*"],
    "source": ["Direct", "Google", "ads"],
    "channel": ["Direct", "Organic Search", "*"],
    "referrer": ["", "google.de"],
    "utm_campaign": ["", "summer"],
    "browser": ["Chrome", "chrome"],
    "country": ["", "DE"],
    "screen": ["480", "*0*", ""],
    "action": ["signup", ""],
    "category": ["paid", ""],
    "prop:plan": ["pro", "a*b", ""],
    "prop:n": ["5", ""],
}
FILTERS = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda name: st.tuples(
            st.sampled_from(["", "!", "~", "!~"]).map(lambda operator: name + operator),
            st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2, unique=True),
        )
    )
    | st.tuples(st.sampled_from(["segment", "segment!"]), st.just(["Carts"])),
    max_size=3,
).map(dict)
KEYS = st.lists(
    st.sampled_from([*(name for name in VALUES if name != "prop:n"), "day", "hour", "weekday"]),
    min_size=1,
    max_size=3,
    unique=True,
)
QUESTIONS = st.one_of(
    st.tuples(st.just("stats"), st.fixed_dictionaries({"limit": st.sampled_from([3, 1000])})),
    st.tuples(st.just("breakdown"), st.fixed_dictionaries({"by": KEYS, "limit": st.just(5)})),
    st.tuples(st.just("journeys"), st.just({"page": "/c*"}) | st.just({"action": "*"})),
)
ACTIONS = st.one_of(
    st.tuples(st.just("store"), st.lists(HITS, min_size=1, max_size=25)),
    st.tuples(st.just("store"), st.lists(HITS, min_size=1, max_size=3)),
    st.tuples(st.just("go on"), st.integers(1, 3 * 24).map(lambda hours: hours * 3_600_000)),
    st.tuples(st.just("ask"), st.tuples(st.sampled_from(PERIODS), QUESTIONS, FILTERS)),
    st.tuples(st.just("ask"), st.tuples(st.sampled_from(PERIODS), QUESTIONS, FILTERS)),
    st.tuples(st.just("ask"), st.tuples(st.just(WHOLE), QUESTIONS, st.just({}))),
    st.tuples(st.just("file"), st.booleans()),
    st.tuples(st.just("configure"), st.sampled_from(SITES)),
    st.tuples(st.just("delete the newest"), st.integers(1, 10)),
    st.tuples(st.just("delete"), st.integers(2, 5)),
    st.tuples(st.just("move"), st.tuples(st.integers(-3 * DAY, 3 * DAY), st.integers(2, 5))),
    st.tuples(st.just("renumber"), st.integers(1, 10)),
)


NAMES = {"period", "startDate", "endDate"}


def act(world, what, how):
    if what == "store":
        world.store(*how)
    elif what == "go on":
        world.now += how
    elif what == "ask":
        period, (kind, question), filters = how
        if kind != "stats":
            period = {name: value for name, value in period.items() if name in NAMES}
        # A journey is around a page, whatever else is kept.
        taken = {"page", "action"} if kind == "journeys" else ()
        others = {name: value for name, value in filters.items() if name.rstrip("!~") not in taken}
        world.compare(kind, **period, **question, **others)
    elif what == "file":
        world.file(again=how)
    elif what == "configure":
        world.configure(how)
    else:
        world.execute(BY_HAND[what], *(how if isinstance(how, tuple) else (how,)))


BY_HAND = {
    "delete the newest": (
        "delete from hits where id in (select id from hits order by id desc limit ?)"
    ),
    "delete": "delete from hits where id % ? = 0",
    "move": (
        "update hits set time = time + ? where id % ? = 0 "
        "and time between 1700000000000 and 40000000000000"
    ),
    "renumber": "update hits set id = id + 1000 where id % 7 = ?",
}


def exported(world):
    """The hits in an export, and as they should be in it."""
    lines = b"".join(world.reports.export(world.site.id, file_format="ndjson")).splitlines()
    rows = world.query(
        f"select {', '.join(Hit._fields)} from hits where site_id = ? order by time, id",
        world.site.id,
    )
    return [json.loads(line) for line in lines], [Hit(*row)._asdict() for row in rows]


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(st.lists(ACTIONS, min_size=4, max_size=14))
def test_every_answer_is_what_the_hits_say(actions):
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "ztas.db", SITES[0])
        world.now = START + 4 * DAY
        for what, how in actions:
            act(world, what, how)
        for period in PERIODS:
            world.compare(**period)
        found, expected = exported(world)
        assert found == expected
        world.now += 10 * DAY
        world.compare(**WHOLE)

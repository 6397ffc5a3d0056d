"""Rollups and hits agree, whatever happens in whichever order."""

from __future__ import annotations

import json
import tempfile
from itertools import islice
from pathlib import Path
from unittest import mock

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reports.conftest import World
from tests.reports.history import make_hit, make_site
from ztas_middleware.store import lateness, ranges
from ztas_middleware.store.hits import Hit
from ztas_middleware.store.steps import write_in_steps

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
    visitor=st.sampled_from(["anna", "ben", "cleo"]),
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
)
SITES = [
    make_site(),
    make_site(zone="America/New_York"),
    make_site(zone="Asia/Tokyo", goals={"Cart": {"page": "/c*"}}),
    make_site(host="google.de", funnels={}),
]
PERIODS = [
    {"period": "7d"},
    {"period": "24h"},
    {"startDate": "2025-11-01", "endDate": "2025-11-09"},
    {"startDate": "2025-11-03", "endDate": "2025-11-04"},
]
ACTIONS = st.one_of(
    st.tuples(st.just("store"), st.lists(HITS, min_size=1, max_size=25)),
    st.tuples(st.just("store"), st.lists(HITS, min_size=1, max_size=3)),
    st.tuples(st.just("go on"), st.integers(1, 3 * 24).map(lambda hours: hours * 3_600_000)),
    st.tuples(st.just("ask"), st.sampled_from(PERIODS)),
    st.tuples(st.just("ask"), st.sampled_from(PERIODS)),
    st.tuples(st.just("filter"), st.sampled_from([{"page": "/c*"}, {"country": "DE"}])),
    st.tuples(st.just("roll"), st.booleans()),
    st.tuples(st.just("configure"), st.sampled_from(SITES)),
    st.tuples(st.just("look"), st.integers(1, 6) | st.none()),
    st.tuples(st.just("delete the newest"), st.integers(1, 10)),
    st.tuples(st.just("delete"), st.integers(2, 5)),
    st.tuples(st.just("move"), st.tuples(st.integers(-3 * DAY, 3 * DAY), st.integers(2, 5))),
    st.tuples(st.just("renumber"), st.integers(1, 10)),
)


def act(world, what, how):
    if what == "store":
        world.store(*how)
    elif what == "go on":
        world.now += how
    elif what == "ask":
        world.compare(**how, limit=3)
    elif what == "filter":
        world.compare(**PERIODS[2], filters=how)
    elif what == "roll":
        world.roll(again=how)
    elif what == "configure":
        world.configure(how)
    elif what == "look":
        with world.write() as connection:
            # As far as one comes who is killed after some steps.
            write_in_steps(connection, islice(lateness.advance(connection), how))
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


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
@given(st.lists(ACTIONS, min_size=4, max_size=14), st.integers(1, 30), st.integers(1, 6))
def test_every_answer_is_what_the_hits_say(actions, chunk, gap):
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(lateness, "CHUNK", chunk),
        mock.patch.object(ranges, "GAP", gap),
        mock.patch.object(lateness, "TOLERATED_LAG", chunk),
    ):
        world = World(Path(folder) / "ztas.db")
        world.now = START + 4 * DAY
        for what, how in actions:
            act(world, what, how)
        for period in PERIODS:
            world.compare(**period)
        found, expected = exported(world)
        assert found == expected
        world.compare(**PERIODS[2], filters={"page": "*"})
        world.now += 10 * DAY
        world.compare(**PERIODS[2])
        assert list(world.check()) == []

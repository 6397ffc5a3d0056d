"""What one box says of the same hits: every answer is equal, however they came into the cluster."""

from __future__ import annotations

import random
import tempfile
from dataclasses import replace
from datetime import date, datetime, timezone
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from members import Members

from tests.reports.conftest import World
from tests.reports.history import filled, make_site, random_history
from tests.reports.test_answers import FILTERS, KEYS, PERIODS, SEGMENTS
from tests.reports.test_any_history import DAY, HITS, QUESTIONS, START, WHOLE
from ztas_middleware.cluster import mirror
from ztas_middleware.config import config_from_mapping
from ztas_middleware.config.model import Config
from ztas_middleware.history.asking import History
from ztas_middleware.reports.agents import agents
from ztas_middleware.reports.drops import dropped
from ztas_middleware.reports.reader import Reports

NOW = round(datetime(2026, 11, 7, 13, 30, 12, 345_000, tzinfo=timezone.utc).timestamp() * 1000)
FIRST, LAST = date(2026, 10, 29), date(2026, 11, 7)
# Their order is that of letters, whoever joined first.
NAMES = ("web2", "web10", "Web", "\xe4pp")
MINUTE = 60_000

_databases = count(1)


class Copy(World):
    """One who reads the cluster."""

    def __init__(self, folder, site, cluster):
        folder.mkdir()
        self._cluster = cluster
        super().__init__(folder / "ztas.db", site)

    def configure(self, site):
        self.site = site
        config = Config(sites={site.id: site}, database=self.path, cluster=self._cluster)
        self.reports = Reports(config)
        self.history = History(config)


@pytest.fixture(autouse=True, scope="module")
def _always_asks():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mirror, "FRESH", 0.0)
        yield


@cache
def hits_of_members(seed):
    """Hits of two sites over ten days, by member in the order in which each of them got them.

    Visitors and sessions are on several machines, and so are many instants.
    """
    rng = random.Random(seed)
    found = {name: [] for name in NAMES}
    for hit in random_history(seed, 1700, FIRST, LAST, ("site_a", "site_a", "site_b")):
        time = hit.time - hit.time % (15 * MINUTE) if rng.random() < 0.4 else hit.time
        found[rng.choice(NAMES)].append(filled(rng, hit._replace(time=time)))
    return found


def in_order(hits):
    """Hits as one box has them: by time, then member, then id there."""
    every = [
        (hit.time, name, number, hit)
        for name, some in hits.items()
        for number, hit in enumerate(some)
    ]
    return [hit for *_, hit in sorted(every, key=lambda row: row[:3])]


def batches(rng, hits, most):
    """(member, its first id, hits): of each member in order, and of all of them in any."""
    left = {name: 0 for name in hits if hits[name]}
    while left:
        name = rng.choice(sorted(left))
        at = left[name]
        some = hits[name][at : at + rng.randint(1, most)]
        yield name, at + 1, some
        left[name] += len(some)
        if left[name] == len(hits[name]):
            del left[name]


@pytest.fixture(scope="module")
def make_cluster(clickhouse):
    made = []

    def make():
        section = clickhouse.section(database=f"same_{next(_databases)}")
        config = config_from_mapping({"sites": {"s": {"domain": "a.example"}}, "cluster": section})
        made.append(Members(config))
        return config.cluster, made[-1]

    yield make
    for members in made:
        members.client.close()


ZONES = [
    pytest.param(("America/New_York", 5), id="New York"),
    pytest.param(("UTC", 6), id="UTC", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=ZONES)
def worlds(request, make_cluster, tmp_path_factory):
    """One box, and readers of the cluster: one that asks now and then, one that comes late."""
    zone, seed = request.param
    rng = random.Random(seed)
    folder = tmp_path_factory.mktemp("same")
    site = replace(make_site(zone=zone), segments=SEGMENTS)
    hits = hits_of_members(seed)
    box = World(folder / "ztas.db", site)
    box.store(*in_order(hits))
    cluster, members = make_cluster()
    readers = [Copy(folder / name, site, cluster) for name in ("early", "late")]
    for world in (box, *readers):
        world.now = NOW
    known = set()
    for name, first_id, some in batches(rng, hits, 90):
        if name not in known:
            known.add(name)
            members.add(name)
        members.ship(name, some, first_id=first_id, times=rng.choice([1, 1, 1, 2]))
        if rng.random() < 0.3:
            period = rng.choice([{}, {"period": "24h"}, {"period": "all"}])
            readers[0].ask(**period, limit=1000)
    for name in NAMES:
        members.say(name, NOW)
    return box, readers


def answers(world, kind, question):
    """An answer, less what one box can't say."""
    found = world.ask(kind, **question)
    found.get("period", {}).pop("completeUntil", None)
    return found


WHOLE_PERIOD = {"startDate": "2026-10-29", "endDate": "2026-11-07", "limit": "1000"}
STATS = {
    **{f"filter: {name}": {**WHOLE_PERIOD, **filters} for name, filters in FILTERS.items()},
    **{f"period: {name}": period for name, period in PERIODS.items()},
}
BREAKDOWNS = [{"by": keys, "limit": "1000", "period": "all"} for keys in KEYS]
JOURNEYS = [
    {"page": "/cart", **WHOLE_PERIOD},
    {"page": "/*", "period": "24h"},
    {"action": "signup", "browser": "Chrome"},
]


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([*list(STATS)[::5], "period: 24h"], id="some"),
        pytest.param(STATS, id="all", marks=pytest.mark.slow),
    ],
)
def test_reports(worlds, names):
    box, readers = worlds
    for number, name in enumerate(names):
        expected = answers(box, "stats", STATS[name])
        # One answers, then the other: they have the same hits by now.
        assert answers(readers[number % 2], "stats", STATS[name]) == expected, name


@pytest.mark.parametrize(
    ("kind", "questions"), [("breakdown", BREAKDOWNS), ("journeys", JOURNEYS)], ids=str
)
def test_breakdowns_and_journeys(worlds, kind, questions):
    box, readers = worlds
    for question in questions:
        expected = answers(box, kind, question)
        for reader in readers[:1]:
            assert answers(reader, kind, question) == expected, question


def test_the_very_last_minutes(worlds):
    box, readers = worlds
    for now in (NOW, NOW - 20 * MINUTE, NOW - 12 * 60 * MINUTE):
        for world in (box, *readers):
            world.now = now
        for reader in readers:
            assert reader.realtime() == box.realtime()
    for world in (box, *readers):
        world.now = NOW


@pytest.mark.parametrize("file_format", ["csv", "ndjson"])
@pytest.mark.parametrize("kind", ["hits", "pageviews", "events"])
def test_exports(worlds, kind, file_format):
    box, readers = worlds
    for days in ({}, {"first": date(2026, 11, 1), "last": date(2026, 11, 2)}):
        how = {"kind": kind, "file_format": file_format, **days}
        expected = b"".join(box.reports.export("site_a", **how))
        assert kind != "hits" or days or expected.count(b"\n") > 1000
        for reader in readers:
            assert b"".join(reader.reports.export("site_a", **how)) == expected


def test_agents_and_what_was_dropped(make_cluster, tmp_path):
    cluster, members = make_cluster()
    box, reader = World(tmp_path / "ztas.db"), Copy(tmp_path / "reader", make_site(), cluster)
    box.store()
    for number, name in enumerate(NAMES, 1):
        members.add(name)
        for day in ("2026-11-01", "2026-11-02"):
            # Each says it twice: what it says last is true.
            for counted in (number, number * 2):
                members.count(name, "drops", "site_a", day, "bot", counted)
                members.count(name, "agent_reads", "site_a", day, "GPTBot", counted, "ai", "/a")
    for day in ("2026-11-01", "2026-11-02"):
        box.execute("insert into drops values ('site_a', ?, 'bot', 20)", day)
        box.execute("insert into agent_reads values ('site_a', ?, 'GPTBot', 'ai', '/a', 20)", day)
    reader.reports.renew()
    for first, last in ((FIRST, LAST), (date(2026, 11, 2), LAST)):
        for ask, how in ((agents, {"limit": 10}), (dropped, {})):
            found = ask(reader.reports.database, "site_a", first, last, **how)
            assert found == ask(box.reports.database, "site_a", first, last, **how)
            assert found


@pytest.mark.slow
def test_any_history(make_cluster):
    # Each example makes tables on four servers: to look for a smaller one takes minutes.
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=set(Phase) - {Phase.shrink, Phase.explain},
        print_blob=True,
    )
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(NAMES), st.lists(HITS, min_size=1, max_size=12), st.booleans()
            ),
            min_size=1,
            max_size=12,
        ),
        st.lists(QUESTIONS, max_size=4),
    )
    def check(shipped, questions):
        cluster, members = make_cluster()
        with tempfile.TemporaryDirectory() as where:
            folder = Path(where)
            site = replace(make_site(zone="America/New_York"), segments=SEGMENTS)
            reader = Copy(folder / "reader", site, cluster)
            box = World(folder / "ztas.db", site)
            reader.now = box.now = START + 9 * DAY
            hits = {name: [] for name in NAMES}
            for name in NAMES:
                members.add(name)
            for name, some, is_asked in shipped:
                members.ship(name, some, first_id=len(hits[name]) + 1)
                hits[name] += some
                if is_asked:
                    reader.ask(**WHOLE)
            box.store(*in_order(hits))
            for kind, question in [("stats", {}), *questions]:
                assert answers(reader, kind, {**WHOLE, **question}) == answers(
                    box, kind, {**WHOLE, **question}
                )
            found, expected = (b"".join(world.reports.export("site_a")) for world in (reader, box))
            assert found == expected

    check()

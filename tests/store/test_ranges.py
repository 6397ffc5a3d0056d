"""Ranges of ids: compact where hits come in order, and never a hit too few."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from itertools import chain, islice

import pytest

from tests.reports.conftest import World
from tests.reports.history import make_hit
from ztas_middleware.store import lateness, ranges
from ztas_middleware.store.connection import open_connection
from ztas_middleware.store.ranges import AFTER, BEFORE, GAP, QUARTER, SiteHits
from ztas_middleware.store.schema import MIGRATIONS
from ztas_middleware.store.steps import write_in_steps

START = 1_788_000_300_000 // QUARTER * QUARTER
NOW = START + 40 * 86_400_000


@pytest.fixture(name="world")
def _world(tmp_path):
    world = World(tmp_path / "ztas.db")
    world.now = NOW
    return world


def look(world):
    with world.write() as connection:
        write_in_steps(connection, lateness.advance(connection))


def ranges_of(world, site_id="site_a"):
    return world.query(
        "select quarter, first_id, last_id from hit_ranges where site_id = ?", site_id
    )


def found(world, start, end, site_id="site_a"):
    """The ids that a reader of a stretch gets, and the ranges it looks at."""
    with world.write() as connection:
        bound = SiteHits(connection, site_id).bind(start, end)
        rows = connection.execute(f"select id from {ranges.STRETCH}", bound)
        return sorted(hit for (hit,) in rows), bound["ranges"]


def test_hits_in_order_are_a_range_for_each_quarter(world):
    world.store(*(make_hit(START + number * 1000) for number in range(2_700)))
    look(world)
    quarter = START // QUARTER
    assert ranges_of(world) == [
        (quarter, 1, 900),
        (quarter + 1, 901, 1800),
        (quarter + 2, 1801, 2700),
    ]
    assert found(world, START + 1_000, START + 2 * QUARTER) == (
        list(range(2, 1801)),
        "[[1, 1800]]",
    )


def test_a_range_grows_with_what_comes(world):
    for _ in range(5):
        world.store(*[make_hit(START)] * 10, *[make_hit(START, "site_b")] * (GAP - 1))
        look(world)
    assert ranges_of(world) == [(START // QUARTER, 1, 5 * (10 + GAP - 1) - GAP + 1)]


def test_a_small_site_beside_a_big_one_has_a_range_for_each_hit(world):
    for _ in range(5):
        world.store(make_hit(START), *[make_hit(START, "site_b")] * GAP)
    look(world)
    assert [first == last for _, first, last in ranges_of(world)] == [True] * 5
    assert len(ranges_of(world, "site_b")) == 1
    assert len(found(world, START, START + 1)[0]) == 5


IMPOSSIBLE = {-(2**62): BEFORE, -1: BEFORE, 0: 0, 32_503_679_999_999: AFTER - 1, 2**62: AFTER}


@pytest.mark.parametrize("looked_at", [False, True])
def test_times_at_the_edges_of_what_is_possible_are_found(world, looked_at):
    world.store(*map(make_hit, IMPOSSIBLE))
    if looked_at:
        look(world)
        assert {quarter for quarter, _, _ in ranges_of(world)} == set(IMPOSSIBLE.values())
    for number, time in enumerate(IMPOSSIBLE, start=1):
        assert found(world, time, time + 1)[0] == [number]
    with world.write() as connection:
        hits = SiteHits(connection, "site_a")
        assert hits.quarters() == [BEFORE, 0, AFTER - 1, AFTER]
        assert (hits.first_quarter(), hits.last_quarter()) == (0, AFTER - 1)
        assert hits.last_time() == 32_503_679_999_999


def test_where_all_hits_of_a_time_were_deleted_the_next_ones_are_the_first(world):
    world.store(*(make_hit(START + number * QUARTER) for number in range(100)))
    look(world)
    world.execute("delete from hits where id < 70 or id > 90")
    with world.write() as connection:
        hits = SiteHits(connection, "site_a")
        assert hits.first_quarter() == START // QUARTER + 69
        assert hits.last_quarter() == START // QUARTER + 89
        connection.execute("delete from hits")
        assert SiteHits(connection, "site_a").first_quarter() is None


def hidden(world):
    return [difference for difference in world.check() if "in no range" in difference]


BETWEEN = {
    "all is looked at again": lateness.look_again,
    "ids are given away again": lambda connection: [
        connection.execute("delete from hits where id > 1"),
        connection.execute("insert into hits select * from other"),
    ],
    "somebody else is faster": lateness.advance,
    "it starts over and is half through": lambda connection: islice(
        lateness.look_again(connection), 5
    ),
}


@pytest.mark.parametrize("what", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("steps", range(1, 9))
def test_who_is_overtaken_hides_no_hit(world, monkeypatch, what, steps):
    monkeypatch.setattr(lateness, "CHUNK", 3)
    world.store(*(make_hit(START + number * QUARTER) for number in range(10)))
    world.execute("create table other as select * from hits")
    world.execute("update other set id = 11 - id")
    world.execute("delete from other where id = 1")
    with world.write() as slow, world.write() as fast:
        advancing = lateness.advance(slow)
        write_in_steps(slow, islice(advancing, steps))
        write_in_steps(fast, what(fast))
        write_in_steps(slow, advancing)
        assert ranges.state_of(fast).lag == 0
    assert hidden(world) == []
    for start in range(START, START + 10 * QUARTER, QUARTER):
        there = world.query("select id from hits where time / 900000 = ?", start // QUARTER)
        assert found(world, start, start + QUARTER)[0] == [hit for (hit,) in there]


def test_a_hit_with_an_old_id_is_found_by_check_and_by_rolling_up_again(world):
    world.store(*[make_hit(START)] * 10)
    world.roll()
    world.execute("delete from hits where id = 5")
    world.execute(
        """
        insert into hits (id, time, site_id, type, path, visitor, browser, os, device)
        values (5, ?, 'site_a', 'pageview', '/', 'v', 'Other', 'Other', 'desktop')
        """,
        START + QUARTER,
    )
    (difference,) = world.check()
    assert difference.startswith("site_a hits: 1, the first with id 5, lie in no range of ids")
    world.roll(again=True)
    assert world.check() == []
    world.compare(period="90d", filters={"page": "*"})


@pytest.mark.parametrize("hit", [0, -5])
def test_ids_that_are_not_positive_are_counted(world, hit):
    world.store(*[make_hit(START)] * 3)
    world.execute("update hits set id = ? where id = 2", hit)
    for _ in range(2):
        world.compare(period="90d")
        world.compare(period="90d", filters={"page": "*"})
    assert len(b"".join(world.reports.export("site_a")).splitlines()) == 4


def runs(world):
    return world.query("select site_id, day, run, stale from rollup_days order by 1, 2")


def test_pruning_the_hit_at_the_watermark_makes_nobody_start_over(world):
    world.store(*(make_hit(START + number * QUARTER) for number in range(300)))
    world.store(make_hit(START - 86_400_000, "site_b"))
    world.roll()
    before = runs(world)
    world.execute("delete from hits where site_id = 'site_b'")
    assert world.query("select watermark from rollup_state") == [(300,)]
    # Its id is given away again, which is noticed as well.
    world.store(make_hit(START + 86_400_000, path="/late"))
    world.compare(period="90d")
    after = runs(world)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_hits_that_are_deleted_or_changed_by_hand_are_noticed_in_their_days_only(world):
    world.store(*(make_hit(START + number * QUARTER) for number in range(960)))
    world.compare(period="90d")
    before = runs(world)
    world.execute("delete from hits where id = 500")
    world.execute("update hits set time = time + 86400000, path = '/moved' where id = 200")
    world.compare(period="90d")
    world.compare(period="90d", filters={"page": "/moved"})
    after = runs(world)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 3
    assert world.check() == []


def test_a_database_of_version_4_is_brought_up_to_date(world, tmp_path):
    world.store(*(make_hit(START + number * QUARTER, path=f"/{number}") for number in range(300)))
    world.compare(period="90d")
    before = runs(world)
    with closing(open_connection(str(world.path), synchronous="off").connection) as connection:
        triggers = connection.execute("select name from sqlite_schema where type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"drop trigger {name}")
        connection.execute("drop table hit_ranges")
        connection.execute("alter table rollup_state drop column changes")
        connection.execute("create index hits_by_site_and_time on hits (site_id, time)")
        for statement in chain(*MIGRATIONS[5:]):
            if added := re.match(r"alter table (\w+) add column (\w+)", statement):
                connection.execute("alter table {} drop column {}".format(*added.groups()))
            elif made := re.match(r"\s*create table (\w+)", statement):
                connection.execute(f"drop table {made[1]}")
        connection.execute("pragma user_version = 4")
    world.query("select 1")  # whoever reads brings it up to date
    names = world.query("select name from sqlite_schema order by name")
    other = World(tmp_path / "new.db")
    assert names == other.query("select name from sqlite_schema order by name")
    assert world.query("select watermark, changes from rollup_state") == [(0, 0)]
    world.compare(period="90d")
    world.compare(period="90d", filters={"page": "/1*"})
    assert runs(world) == before
    assert world.check() == []


QUESTIONS = {
    "report": lambda world: world.ask(period="7d"),
    "filtered report": lambda world: world.ask(period="7d", filters={"page": "/"}),
    "realtime": lambda world: world.reports.realtime("site_a", limit=1, now=world.now),
    "export": lambda world: list(world.reports.export("site_a")),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_whoever_asks_looks_at_the_hits_when_there_are_many_new_ones(world, monkeypatch, ask):
    monkeypatch.setattr(lateness, "TOLERATED_LAG", 10)
    world.store(*(make_hit(NOW - number) for number in range(11)))
    ask(world)
    assert world.query("select watermark from rollup_state") == [(11,)]
    assert ranges_of(world)


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_where_nobody_can_look_at_the_hits_they_are_found(world, monkeypatch, ask):
    monkeypatch.setattr(lateness, "TOLERATED_LAG", 10)
    monkeypatch.setattr("ztas_middleware.store.reading.PATIENCE", 0.02)
    world.store(*(make_hit(NOW - number * QUARTER) for number in range(50)))
    expected = ask(world)
    world.execute("update rollup_state set watermark = 0")
    world.execute("delete from hit_ranges")
    with closing(sqlite3.connect(world.path, isolation_level=None)) as holder:
        holder.execute("begin immediate")
        assert ask(world) == expected
        holder.execute("rollback")
    assert ranges_of(world) == []

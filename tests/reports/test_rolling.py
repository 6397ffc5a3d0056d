"""Rolling up: what is noticed, what is done again, and what may happen in between."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from tests.reports.history import make_hit, make_site, random_history
from ztas_middleware.reports.ledger import load_ledger
from ztas_middleware.store import reading as store_reading
from ztas_middleware.store import steps
from ztas_middleware.store.blocks import cover
from ztas_middleware.store.publication import LEASE
from ztas_middleware.store.ranges import SiteHits
from ztas_middleware.store.reading import reading

FIRST, LAST = date(2026, 10, 10), date(2026, 11, 5)
ROOT = Path(__file__).parents[2]


@pytest.fixture(name="filled")
def _filled(world):
    """Four weeks of two sites, of which nothing is rolled up yet."""
    world.store(*random_history(5, 3_000, FIRST, LAST, sites=("site_a", "site_b")))
    world.at(2026, 11, 5, 15)
    return world


def rolled(world, column="day"):
    return [value for (value,) in world.query(f"select {column} from rollup_days order by day")]


def ledger_of(world, days=30):
    with reading(world.path) as connection:
        last = date(2026, 11, 5)
        first = date.fromordinal(last.toordinal() - days)
        hits = SiteHits(connection, world.rules.site_id)
        return load_ledger(hits, world.rules, first, last, world.now)


def test_whoever_asks_rolls_up_the_days_that_are_over(filled):
    filled.ask(period="7d")
    # The seven days and the seven before, but for the running one.
    assert rolled(filled) == [
        *(f"2026-10-{day}" for day in range(23, 32)),
        *(f"2026-11-0{day}" for day in range(1, 5)),
    ]


def test_rolling_up_does_every_day_once(filled):
    assert filled.roll() == len(rolled(filled)) >= 26
    assert filled.roll() == 0


def test_progress_is_told(filled):
    told = []
    filled.roll(progress=lambda done, total: told.append((done, total)))
    assert told == [(number + 1, len(rolled(filled))) for number in range(len(told))]


def test_rolled_days_are_read_and_not_counted(filled):
    filled.roll()
    ledger = ledger_of(filled)
    assert [stretch.date for stretch in ledger.counted.values()] == ["2026-11-05"]
    assert not ledger.wants_work
    # Which the numbers show, if the hits are changed behind the rollups' back.
    filled.execute_unnoticed(
        "update hits set path = '/changed' where time < ?", filled.now - 86_400_000 * 2
    )
    assert "/changed" not in {entry["path"] for entry in filled.ask(period="30d")["pages"]}
    assert filled.check()


def test_a_quiet_day_is_rolled_up_too(world):
    world.at(2026, 11, 5, 15)
    world.store(make_hit(world.now - 8 * 86_400_000), make_hit(world.now - 3 * 86_400_000))
    world.compare(period="7d")
    assert len(rolled(world)) == 8
    assert len(rolled(world, "distinct run")) == 8


@pytest.mark.parametrize("number", [1, 50])
def test_late_hits_are_noticed(filled, number):
    filled.roll()
    filled.ask(period="30d")
    late = make_hit(filled.now - 5 * 86_400_000, path="/late", visitor="late")
    filled.store(*[late] * number)
    entry = {"path": "/late", "pageviews": number, "uniqueVisitors": 1}
    assert entry in filled.ask(period="30d", limit=100)["pages"]
    filled.compare(period="30d")
    assert not ledger_of(filled).due


def test_only_the_day_that_is_late_is_done_again(filled):
    filled.roll()
    before = dict(filled.query("select day, run from rollup_days"))
    filled.store(make_hit(filled.now - 5 * 86_400_000))
    assert filled.roll() == 1
    after = dict(filled.query("select day, run from rollup_days"))
    assert {day for day in after if after[day] != before[day]} == {"2026-10-31"}


def test_hits_of_the_running_day_make_nothing_stale(filled):
    filled.roll()
    filled.store(*[make_hit(filled.now - 1000)] * 10_000)
    filled.compare(period="7d")
    assert filled.roll() == 0
    assert filled.query("select watermark from rollup_state") == filled.query(
        "select max(id) from hits"
    )


def test_deleted_ids_that_are_given_away_again_are_noticed(filled):
    filled.roll()
    filled.compare(period="30d")
    filled.execute("delete from hits")
    filled.store(*random_history(6, 4_000, FIRST, LAST))
    filled.compare(period="30d")


def test_a_clock_that_was_set_back_is_noticed(filled):
    filled.roll()
    filled.now -= 86_400_000
    filled.store(make_hit(filled.now, path="/new"))
    filled.compare(period="7d")
    filled.compare(period="24h")


def test_hits_of_impossible_times_do_no_harm(filled):
    filled.store(make_hit(-1), make_hit(-(2**62)), make_hit(2**62), make_hit(10**16))
    impossible = "time < 0 or time > 100000000000000"
    filled.roll()
    answer = filled.ask(period="30d"), filled.ask(period="24h")
    assert filled.check() == []
    exported = b"".join(filled.reports.export("site_a", kind="pageviews"))
    assert str(2**62).encode() in exported
    filled.execute(f"delete from hits where {impossible}")
    assert (filled.expect(period="30d"), filled.expect(period="24h")) == answer


CHANGES = {
    "timezone": make_site(zone="America/New_York"),
    "domain": make_site(host="news.ycombinator.com"),
    "goals": make_site(goals={"Cart": {"page": "/cart"}}),
    "funnels": make_site(funnels={"Cart": [{"page": "/"}, {"page": "/cart"}]}),
}


@pytest.mark.parametrize("site", CHANGES.values(), ids=CHANGES)
def test_another_configuration_is_noticed(filled, site):
    filled.compare(period="30d")
    filled.configure(site)
    filled.compare(period="30d")
    assert not ledger_of(filled).wants_work
    assert filled.check() == []


def test_new_goals_leave_the_rest_alone(filled):
    filled.roll()
    before = rolled(filled, "run")
    filled.configure(CHANGES["goals"])
    assert filled.roll() == len(before)
    assert rolled(filled, "run") == before


def test_the_waste_is_cleared_away(filled):
    filled.roll()
    filled.roll(again=True)
    assert filled.query("select count(*) from rollup_runs") == [(0,)]
    for table in ("rollup_rows", "rollup_packs", "rollup_goals", "rollup_funnels"):
        waste = filled.query(
            f"""
            select count(*) from {table} where run not in (
                select run from rollup_days union all select run from rollup_blocks
            )
            """
        )
        assert waste == [(0,)]


def test_a_year_is_read_from_a_few_blocks(world):
    world.store(*random_history(4, 2_000, date(2025, 11, 1), date(2026, 11, 5)))
    world.at(2026, 11, 5, 15)
    world.compare(period="365d")
    assert world.check() == []
    ledger = ledger_of(world, days=364)
    assert len(ledger.good) == 364
    days = min(ledger.good), max(ledger.good)
    assert len(cover(ledger.runs, *days)) <= 16


def test_check_finds_what_was_changed_by_hand(filled):
    filled.roll()
    assert filled.check() == []
    filled.execute_unnoticed(
        "delete from hits where id = (select min(id) from hits where site_id = 'site_a')"
    )
    assert any("hits:" in difference for difference in filled.check())
    filled.roll(again=True)
    assert filled.check() == []
    filled.execute("update rollup_rows set number = number + 1 where dimension = 3")
    assert any(" exit /" in difference for difference in filled.check())
    filled.roll(again=True)
    filled.execute(
        "update rollup_blocks set run = (select run from rollup_blocks where level = 1) "
        "where level = 2"
    )
    assert any("page list of 4 days" in difference for difference in filled.check())


def test_a_database_that_cannot_be_written_is_answered_from_its_hits(filled, monkeypatch):
    monkeypatch.setattr(store_reading, "PATIENCE", 0.05)
    # Another program holds the write lock for as long as it likes.
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as holder:
        holder.execute("begin immediate")
        filled.compare(period="7d")
        holder.execute("rollback")
    assert rolled(filled) == []


def test_a_database_that_was_replaced_is_read_anew(filled, tmp_path):
    filled.compare(period="30d")
    for name in tmp_path.iterdir():
        name.unlink()
    filled.store(*random_history(6, 500, FIRST, LAST))
    filled.compare(period="30d")


def test_nobody_sees_half_a_rollup(filled, monkeypatch):
    # Every step of the writing is a transaction of its own, seen by all.
    monkeypatch.setattr(steps, "BUDGET", 0.0)
    monkeypatch.setattr(steps, "PAUSE", 0.001)
    expected = filled.expect(period="30d")
    done = threading.Event()

    def roll():
        try:
            filled.roll(again=True)
        finally:
            done.set()

    worker = threading.Thread(target=roll)
    worker.start()
    asked = 0
    while not done.is_set() or asked < 5:
        assert filled.ask(period="30d") == expected
        asked += 1
    worker.join()
    assert filled.check() == []


ROLL = """
import sys
from pathlib import Path
from tests.reports.conftest import World
world = World(Path(sys.argv[1]))
world.now = int(sys.argv[2])
print("ready", flush=True)
for _ in range(int(sys.argv[3])):
    world.roll(again=True)
"""


def start_rolling(world, times):
    process = subprocess.Popen(
        [sys.executable, "-c", ROLL, str(world.path), str(world.now), str(times)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests/harness'}"},
    )
    process.stdout.readline()
    return process


def test_killed_in_the_middle_it_goes_on_where_it_was(filled):
    expected = filled.expect(period="30d")
    for round_number in range(6):
        process = start_rolling(filled, 1_000)
        time.sleep(0.05 + 0.07 * round_number)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert filled.ask(period="30d") == expected
        assert filled.check() == []
    # What the dead left behind goes when their lease is over.
    filled.now += LEASE + 1
    filled.roll()
    assert filled.query("select count(*) from rollup_runs") == [(0,)]
    assert filled.query("pragma integrity_check") == [("ok",)]


def test_several_processes_roll_up_while_others_write(filled):
    processes = [start_rolling(filled, 3) for _ in range(3)]
    history = random_history(9, 600, FIRST, LAST, sites=("site_a", "site_b"))
    for begin in range(0, len(history), 20):
        filled.store(*history[begin : begin + 20])
        filled.ask(period="7d")
    for process in processes:
        process.stdout.close()
    assert [process.wait() for process in processes] == [0, 0, 0]
    filled.compare(period="30d")
    filled.roll()
    assert filled.check() == []
    filled.compare(period="90d")


def seal(world, day):
    """Seal a day and delete its hits, as pruning does."""
    sealed = world.reports.seal_day(world.site.id, day, now=world.now)
    world.execute(
        "delete from hits where site_id = ? and time >= ? and time < ? and id <= ?",
        world.site.id,
        sealed.starts,
        sealed.ends,
        sealed.through,
    )
    return sealed


def seal_until(world, last):
    for ordinal in range(date(2026, 10, 9).toordinal(), last.toordinal() + 1):
        seal(world, date.fromordinal(ordinal))


def test_a_sealed_day_keeps_every_number(filled):
    expected = filled.expect(period="30d", limit=1000)
    before = {key: filled.expect(period="7d")[key] for key in ("summary", "previous")}
    seal_until(filled, date(2026, 11, 3))
    assert filled.query("select count(*) from hits where site_id = 'site_a'")[0][0] < 300
    assert filled.ask(period="30d", limit=1000) == expected
    filled.roll(again=True)
    assert filled.ask(period="30d", limit=1000) == expected
    assert {key: filled.ask(period="7d")[key] for key in ("summary", "previous")} == before
    assert filled.check() == []


def test_nothing_rebuilds_a_sealed_day(filled):
    expected = filled.expect(startDate="2026-10-20", endDate="2026-10-25")
    seal_until(filled, date(2026, 10, 30))
    filled.store(*[make_hit(filled.now - 10 * 86_400_000, path="/too/late")] * 3)
    filled.configure(make_site(zone="UTC", host="google.de"))
    answer = filled.ask(startDate="2026-10-20", endDate="2026-10-25")
    assert answer["summary"] == expected["summary"]
    assert answer["referrers"] == expected["referrers"]


def test_a_sealed_day_has_the_goals_of_its_time(filled):
    expected = filled.expect(startDate="2026-10-20", endDate="2026-10-25")
    seal_until(filled, date(2026, 10, 30))
    funnel = [{"page": "/cart"}, {"page": "/checkout/*"}, {"action": "signup"}, {"page": "/x"}]
    goals = {"Signups": {"action": "other"}, "New": {"page": "*"}}
    filled.configure(make_site(goals=goals, funnels={"Checkout": funnel}))
    answer = filled.ask(startDate="2026-10-20", endDate="2026-10-25")
    then = {goal["name"]: goal for goal in expected["goals"]}
    assert answer["goals"][0] == then["Signups"]
    assert answer["goals"][1]["conversions"] == 0
    steps_now = [step["sessions"] for step in answer["funnels"][0]["steps"]]
    steps_then = [step["sessions"] for step in expected["funnels"][0]["steps"]]
    assert steps_now == [*steps_then, 0]


def test_a_filtered_report_says_from_when_on_it_can_answer(filled):
    seal_until(filled, date(2026, 10, 30))
    cut = filled.ask(period="30d", filters={"page": "/*"})
    assert cut["period"]["answersFrom"] == "2026-10-31"
    assert cut["previous"] is None
    whole = filled.ask(startDate="2026-11-04", endDate="2026-11-05", filters={"page": "/*"})
    assert "answersFrom" not in whole["period"]
    assert whole["previous"] is not None


def test_where_the_timezone_changed_behind_the_seal_no_hit_is_lost(filled):
    filled.execute("delete from hits where time > ?", filled.now)
    total = filled.expect(period="30d")["summary"]["pageviews"]
    seal_until(filled, date(2026, 10, 30))
    filled.configure(make_site(zone="America/New_York"))
    assert filled.ask(period="30d")["summary"]["pageviews"] == total
    filled.configure(make_site(zone="Asia/Tokyo"))
    assert filled.ask(period="30d")["summary"]["pageviews"] == total


def test_a_day_that_is_not_over_is_not_sealed(filled):
    assert filled.reports.seal_day("site_a", date(2026, 11, 5), now=filled.now) is None

"""Pruning: what is past its time goes, its totals stay, and nobody is kept waiting."""

from __future__ import annotations

import multiprocessing
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import date

import pytest
from rows import PAGEVIEW

from ztas_middleware import retention
from ztas_middleware.config import config_from_mapping
from ztas_middleware.errors import StorageError
from ztas_middleware.history.asking import History
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store import prune as module
from ztas_middleware.store import reading
from ztas_middleware.store.database import Database
from ztas_middleware.store.prune import give_back

FORK = multiprocessing.get_context("fork")
DAY = 86_400_000
NOW = 1_790_000_000_000  # 2026-09-21T13:33:20Z


def hit(age, number=0, **fields):
    values = {
        "time": NOW - age * DAY + number,
        "site_id": "a",
        "path": f"/{age}",
        "visitor": f"visitor{number % 5}",
    }
    return PAGEVIEW._replace(**(values | fields))


@pytest.fixture
def world(tmp_path):
    """A site that keeps its hits for 30 days, beside one that keeps all."""

    class World:
        path = tmp_path / "ztas.db"
        config = None

        def set_up(self, **site):
            self.config = config_from_mapping(
                {
                    "database": str(self.path),
                    "sites": {
                        "a": {"domain": "example.com", "retention_days": 30} | site,
                        "b": {"domain": "example.org"},
                    },
                }
            )
            self.site = self.config.sites["a"]
            return self

        def prune(self, now=NOW):
            due = retention.due(self.config, self.site, now)
            return retention.prune(self.config, self.site, due, now)

        def totals(self):
            """The numbers of all days, but for what is only known of sealed ones."""

            def question(asked):
                return asked.cursor.execute(
                    f"from {asked.totals} where dimension not in ('goals', 'funnels') order by all"
                ).fetchall()

            last = date(2026, 9, 21)
            return History(self.config).ask("a", None, last, now=NOW, question=question)

        def conversions(self):
            """What was sealed of goals and funnels."""

            def question(asked):
                return asked.cursor.execute(
                    f"""
                    select day, key1, key2, events, visitors, value, sessions from {asked.totals}
                    where dimension in ('goals', 'funnels') order by all
                    """
                ).fetchall()

            last = date(2026, 9, 21)
            return History(self.config).ask("a", None, last, now=NOW, question=question)

        def paths(self, site_id="a"):
            with closing(sqlite3.connect(self.path)) as connection:
                query = "select path from hits where site_id = ? order by time"
                return [path for (path,) in connection.execute(query, (site_id,))]

    world = World()
    world.database = Database(world.path)
    yield world.set_up()
    world.database.close()


def test_hits_past_their_time_go_and_others_stay(world):
    world.database.append([hit(age) for age in (29, 30, 31, 45, 60)])
    world.database.append([hit(400, site_id="b")])
    assert retention.due(world.config, world.site, NOW) == retention.Due(date(2026, 8, 22), 3)
    assert world.prune() == 3
    assert world.paths() == ["/30", "/29"]
    assert world.paths("b") == ["/400"]
    assert world.prune() == 0


def test_the_day_is_the_sites_own(world):
    world.set_up(timezone="Pacific/Auckland", retention_days=1)
    # Midnight in Auckland is noon in UTC: 13:33 is a new day there.
    start = NOW - NOW % DAY + DAY // 2 - DAY
    world.database.append(
        [hit(0, time=start - 1, path="/before"), hit(0, time=start, path="/first")]
    )
    world.prune()
    assert world.paths() == ["/first"]


def test_no_number_of_an_unfiltered_report_changes(world):
    world.set_up(
        goals={"Old": {"page": "/4*"}},
        funnels={"Way": [{"page": "/40"}, {"page": "/41"}]},
    )
    ages = [0, 1, 29, 30, 31, 32, 40, 41, 41, 60]
    world.database.append(
        [hit(age, number) for number, age in enumerate(ages)]
        + [hit(40, 9, type="event", action="x", value=1.5)]
        + [hit(40, 10, type="engagement", time_on_page=12.5, session_id="s")]
    )
    before = world.totals()
    world.prune()
    assert len(world.paths()) < 10
    assert world.totals() == before
    shutil.rmtree(world.config.history_folder)
    assert world.totals() == before
    assert [row for row in world.conversions() if row[0] == date(2026, 8, 12)] == [
        (date(2026, 8, 12), "Old", None, 1, 1, 0, None),
        (date(2026, 8, 12), "Way", "0", None, None, None, 1),
        (date(2026, 8, 12), "Way", "1", None, None, None, 0),
    ]


def test_whatever_time_and_order_hits_have(world, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 3)
    world.database.append([hit(age, number) for age in (400, 40, 3) for number in range(10)])
    world.database.append([hit(age, site_id=site_id) for age in (399, 2) for site_id in "ba"])
    world.database.append([hit(0, time=-5)])
    assert world.prune() == 22
    assert world.paths() == ["/3"] * 10 + ["/2"]


def test_a_site_that_keeps_everything_has_nothing_due(world):
    world.set_up(retention_days=None)
    assert retention.due(world.config, world.site, NOW) is None


def test_a_prune_that_was_stopped_is_finished_by_the_next(world, monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 10)
    world.database.append([hit(age, number) for age in (40, 41, 42) for number in range(100)])
    before = world.totals()
    due = retention.due(world.config, world.site, NOW)

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retention.prune(world.config, world.site, due, NOW, stop)
    assert world.prune() > 0
    assert world.paths() == []
    assert world.totals() == before


def test_what_was_deleted_is_overwritten(world):
    world.database.append([hit(40, label="a-secret-of-forty-days")])
    world.database.close()
    assert b"a-secret-of-forty-days" in world.path.read_bytes()
    world.prune()
    world.database.truncate_log()
    kept = [world.path, *world.config.history_folder.rglob("*.parquet")]
    assert len(kept) > 1
    assert not any(b"a-secret-of-forty-days" in file.read_bytes() for file in kept)


def test_the_file_gets_smaller(world):
    world.database.append([hit(40, number, label="x" * 200) for number in range(5000)])
    world.database.append([hit(1, number) for number in range(10)])
    world.database.close()
    before = world.path.stat().st_size
    world.prune()
    returned = give_back(world.path)
    world.database.append([hit(0)])
    world.database.close()
    assert returned > before / 2
    assert world.path.stat().st_size < before / 3
    assert len(world.paths()) == 11
    with closing(sqlite3.connect(world.path)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


def test_a_file_that_was_made_otherwise_keeps_its_free_pages(world):
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("pragma auto_vacuum = none")
        connection.execute("create table other (x)")
    world.database.append([hit(40, number) for number in range(1000)])
    assert world.prune() == 1000
    assert give_back(world.path) is None


def write_hits(path, until, waits):
    database = Database(path)
    while not until.is_set():
        database.append([hit(0, path="/live")])
        waits.value += 1
        time.sleep(0.001)
    database.close()


def test_hits_come_in_while_hits_go(world):
    world.database.append([hit(40, number) for number in range(30_000)])
    world.database.close()
    done, written = FORK.Event(), FORK.Value("i", 0)
    process = FORK.Process(target=write_hits, args=(world.path, done, written))
    process.start()
    while not written.value:
        time.sleep(0.001)
    assert world.prune() == 30_000
    give_back(world.path)
    during = written.value
    done.set()
    process.join()
    assert process.exitcode == 0
    assert during > 20
    assert world.paths() == ["/live"] * written.value


def test_a_database_that_cannot_be_written_is_named(world):
    world.database.append([hit(40)])
    blocker = sqlite3.connect(world.path, isolation_level=None)
    blocker.execute("begin immediate")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "PATIENCE", 0.05)
            with pytest.raises(StorageError, match="locked"):
                module.delete_between(world.path, "a", 0, NOW)
    finally:
        blocker.close()


@pytest.mark.parametrize(
    ("age", "so_far"),
    [(31, None), (32, 1)],
    ids=["hits of that day are gone", "nobody came on that day"],
)
def test_the_same_time_of_a_sealed_day_is_known_where_nobody_came(world, age, so_far):
    world.database.append([hit(age), hit(0)])
    world.prune()
    reports = Reports(world.config)
    asked = {"startDate": ["2026-08-22"], "endDate": ["2026-09-21"]}
    found = reports.stats(reports.question("a", asked, now=NOW)).to_json()
    assert found["previous"]["pageviews"] == 1
    known = found["previousSoFar"]
    assert (known and known["pageviews"]) == so_far


def test_what_needs_rows_says_from_which_day_on_there_are_any(world):
    world.database.append([hit(age, path="/") for age in (31, 3)])
    world.prune()
    reports = Reports(world.config)
    asked = {"period": ["90d"], "page": ["/"]}
    stats = reports.stats(reports.question("a", asked, now=NOW)).to_json()
    journeys = reports.journeys(reports.journeys_question("a", asked, now=NOW)).to_json()
    by_day = {"period": ["90d"], "by": ["day"]}
    rows = reports.breakdown(reports.breakdown_question("a", by_day, now=NOW)).to_json()
    assert stats["period"]["answersFrom"] == "2026-08-22"
    assert journeys == {
        "before": [{"path": "(entry)", "sessions": 1}],
        "after": [{"path": "(exit)", "sessions": 1}],
        "answersFrom": "2026-08-22",
    }
    assert rows["answersFrom"] == "2026-08-22"
    recent = {"period": ["7d"], "page": ["/"]}
    assert (
        "answersFrom"
        not in reports.journeys(reports.journeys_question("a", recent, now=NOW)).to_json()
    )

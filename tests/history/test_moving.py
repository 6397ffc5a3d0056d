"""`keep_hits_days`: days that are in the history alone are as good as all others."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.history.conftest import DAY, LAST, NOON, everything_in
from tests.reports.history import make_hit
from ztas_middleware.config.domains import Domain
from ztas_middleware.errors import StorageError
from ztas_middleware.history.enclosing import ReplacedError, disclose, enclose
from ztas_middleware.history.files import aside_of
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.backup import back_up
from ztas_middleware.store.restoring import restore


@pytest.fixture(name="world")
def _filed(filed):
    return filed


def move(world, last=date(2026, 11, 1)):
    return world.history.move(world.site.id, last, now=world.now)


def test_what_left_is_there(world):
    before = world.ask(question=everything_in)
    number = move(world)
    assert number == sum(len(ids) for day, ids in before[0].items() if day <= date(2026, 11, 1))
    assert world.query("select count(*) from hits")[0][0] == 405 - number
    assert world.ask(question=everything_in) == before
    world.configure()
    assert world.ask(question=everything_in) == before
    assert move(world) == 0
    assert world.query("select * from history_changes") == []
    assert {kind for day, kind in world.days().items() if day <= "2026-11-01"} == {"moved"}


def test_late_hits_come_in_and_follow(world):
    before = world.ask()
    move(world)
    late = NOON - 10 * DAY
    world.store(make_hit(late, path="/late"), make_hit(late, path="/later"))
    (newest,) = world.query("select max(id) from hits")[0]
    day = date(2026, 10, 28)
    expected = before | {day: sorted([*before[day], newest - 1, newest])}
    assert world.ask() == expected
    assert move(world) == 1, "the newest hit stays"
    assert world.ask() == expected
    world.configure()
    assert world.ask() == expected
    world.store(make_hit(late + DAY, path="/again"))
    expected[day + timedelta(days=1)].append(newest + 1)
    assert world.ask() == expected
    world.store(make_hit(NOON))
    assert move(world) == 2
    assert world.query("select count(*) from hits where id between ? and ?", newest - 1, newest + 1)
    assert {key: ids for key, ids in world.ask().items() if key <= LAST} == {
        key: ids for key, ids in expected.items() if key <= LAST
    }


def test_other_rules_hold_for_them_too(world):
    before = world.ask()
    move(world)
    world.configure(replace(world.site, domains=(Domain(host="blog.example.net"),)))

    def question(asked):
        return set(asked.cursor.execute(f"select source from {asked.rows}").fetchall())

    assert ("blog.example.net",) not in world.ask(question=question)
    world.configure(replace(world.site, timezone=ZoneInfo("Asia/Tokyo")))
    after = world.ask()
    assert sorted(id_ for ids in after.values() for id_ in ids) == sorted(
        id_ for ids in before.values() for id_ in ids
    )


def test_late_hits_of_another_timezone_that_are_not_filed_yet(world):
    world.ask()
    move(world)
    world.configure(replace(world.site, timezone=ZoneInfo("Asia/Tokyo")))
    for path in ("/late", "/later"):
        world.store(
            *(make_hit(NOON - 14 * DAY + hour * 3_600_000, path=path) for hour in range(24))
        )
        loose = world.ask(file=False)
    assert loose == world.ask()


def test_a_file_that_is_lost_is_said_to_be(world):
    move(world)
    kept = world.folder.with_name("kept")
    shutil.copytree(world.folder, kept)
    world.file_of("2026-10").unlink()
    for _ in range(2):
        with pytest.raises(StorageError, match=r"2026-10.parquet.*in this file alone.*not there"):
            world.ask()
        world.configure()
    with pytest.raises(StorageError, match="in this file alone"):
        world.file()
    shutil.copytree(kept, world.folder, dirs_exist_ok=True)
    world.ask()


def test_nothing_leaves_that_is_not_in_the_file(world):
    world.file()
    world.execute("drop trigger history_changed")
    for name in ("history_changed",):
        world.execute(f"create trigger {name} after update on hits when false begin select 1; end")
    world.execute("update hits set label = 'unnoticed' where id = 100")
    with pytest.raises(StorageError, match="are not those of the database"):
        move(world, date(2026, 11, 5))
    assert world.query("select count(*) from hits where id = 100") == [(1,)]


def test_a_move_that_was_stopped_goes_on(world, monkeypatch):
    before = world.ask(question=everything_in)
    monkeypatch.setattr("ztas_middleware.store.prune.CHUNK", 3)

    def stop(_):
        raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            world.history.move(world.site.id, date(2026, 11, 1), now=world.now, progress=stop)
        world.configure()
        assert world.ask(question=everything_in) == before
    move(world)
    assert world.ask(question=everything_in) == before


def test_a_backup_has_them(world, tmp_path):
    before = world.ask(question=everything_in)
    move(world)
    copy = tmp_path / "copy.db"
    back_up(world.path, copy, enclose=lambda file: enclose(file, world.folder))
    world.store(make_hit(NOON - 12 * DAY, path="/late"))
    move(world)
    shutil.rmtree(world.folder)
    restore(copy, world.path)
    assert disclose(world.path, world.folder) == 4
    world.configure()
    assert world.ask(question=everything_in) == before
    assert disclose(world.path, world.folder) == 0


def test_a_backup_knows_which_files_are_its_own(world, tmp_path):
    move(world)
    shutil.copy(world.file_of("2026-11"), world.file_of("2026-10"))
    with pytest.raises(ReplacedError):
        back_up(world.path, tmp_path / "copy.db", enclose=lambda file: enclose(file, world.folder))
    assert not list(tmp_path.glob("*copy*"))


@pytest.mark.parametrize("kind", ["hits", "pageviews", "events"])
def test_an_export_has_them_all(world, kind):
    def exported(**days):
        reports = Reports(world.config)
        return b"".join(reports.export(world.site.id, kind=kind, file_format="ndjson", **days))

    some = {"first": date(2026, 10, 25), "last": date(2026, 11, 2)}
    before = exported(), exported(**some)
    move(world)
    assert (exported(), exported(**some)) == before
    world.store(make_hit(NOON - 12 * DAY, path="/late"))
    assert exported().count(b"/late") == (kind != "events")


def test_files_that_have_not_got_their_names_yet_are_not_lost(world):
    before = world.ask()
    move(world)
    file = world.file_of("2026-10")
    file.rename(aside_of(file))
    assert world.ask() == before
    assert file.exists()

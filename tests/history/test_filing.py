"""Filing finished days, and asking about them: every hit is there, once, whatever happened."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.history.conftest import DAY, FIRST, LAST, NOON, fill, rows_in
from tests.reports.history import make_hit, random_history
from ztas_middleware.config.domains import Domain
from ztas_middleware.errors import HistoryBusyError, StorageError
from ztas_middleware.history import files
from ztas_middleware.store.hits import INSERT

COPIED = """
{} (id, time, site_id, type, path, visitor, browser, os, device)
values ({}, 1793000000000, '{}', 'pageview', '/copied', 'v', 'b', 'o', 'd')
"""


@pytest.fixture(name="world")
def _filled(world):
    return fill(world)


def test_finished_days_are_filed_when_somebody_asks(world):
    world.compare()
    assert set(world.days()) == {str(day) for day in world.expect() if day < date(2026, 11, 7)}
    assert set(world.days().values()) == {"filed"}
    assert world.file_of("2026-10").exists()
    assert world.file_of("2026-10", files.TOTALS).exists()


def test_only_the_months_that_are_asked_for(world):
    world.ask(date(2026, 10, 25), date(2026, 10, 26))
    assert {day[:7] for day in world.days()} == {"2026-10"}
    world.compare()


def test_nothing_is_filed_twice(world):
    assert world.file() == len(world.days())
    assert world.file() == 0
    world.configure()
    assert world.file() == 0
    world.compare()


def test_new_hits_of_the_running_day(world):
    world.compare()
    for number in range(4):
        world.store(make_hit(NOON + 3_600_000 + number, visitor=f"v{number}", path="/new"))
        world.compare()


def test_a_question_about_the_past_leaves_the_running_day(world, monkeypatch):
    asked = world.ask()
    assert max(world.ask(last=date(2026, 11, 4))) < date(2026, 11, 7) in asked
    monkeypatch.delattr("ztas_middleware.history.loose.gather")
    assert world.ask() == asked


def test_a_session_goes_on_in_the_running_day(world):
    world.ask()
    world.store(make_hit(NOON + 120_000, visitor="v1", kind="event", action="a"))

    def question(asked):
        return asked.cursor.execute(
            f"select session_start, session_duration from {asked.rows} where visitor = 'v1' "
            "and day = date '2026-11-07'"
        ).fetchall()

    assert world.ask(question=question) == [(NOON + 60_000, 60_000_000)] * 2


def test_late_hits(filed):
    filed.file()
    filed.store(make_hit(NOON - 5 * DAY), make_hit(NOON - 40 * DAY), make_hit(NOON))
    filed.compare()
    filed.configure()
    filed.compare()


def test_hits_of_other_sites(world):
    world.store(*(make_hit(NOON - DAY * n, "site_b") for n in range(9)))
    world.compare()


@pytest.mark.parametrize(
    "statement",
    [
        "delete from hits where id = 100",
        "delete from hits where id <= 100",
        "delete from hits where path = '/about'",
        "delete from hits",
        "delete from hits where id = (select max(id) from hits)",
        "update hits set path = '/changed' where id = 7",
        "update hits set time = time - 86400000 where id in (7, 8)",
        "update hits set site_id = 'site_b' where id < 50",
        "update hits set id = id + 100000 where id = 9",
        "update hits set id = id + 100000 where id = (select max(id) from hits)",
        COPIED.format("insert or replace into hits", 5, "site_a"),
        COPIED.format("insert or replace into hits", 405, "site_b"),
        COPIED.format("insert into hits", -5, "site_a"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False], ids=["new process", "same process"])
def test_changes_by_hand(filed, statement, is_new):
    filed.compare()
    filed.execute(statement)
    if is_new:
        filed.configure()
    filed.compare()
    filed.file()
    filed.compare()
    assert filed.query("select * from history_changes where site_id = 'site_a'") == []


def test_an_id_that_is_given_again(filed):
    filed.compare()
    (newest,) = filed.query("select max(id) from hits")[0]
    filed.execute("delete from hits where id = ?", newest)
    filed.store(make_hit(NOON - 3 * DAY, path="/again"))
    assert filed.query("select max(id) from hits")[0] == (newest,)
    filed.compare()


def test_triggers_that_a_tool_has_dropped(filed):
    filed.compare()
    for (name,) in filed.query("select name from sqlite_schema where type = 'trigger'"):
        filed.execute(f"drop trigger {name}")
    filed.execute("delete from hits where id < 50")
    filed.compare()
    filed.execute("delete from hits where id < 70")
    filed.compare()


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Pacific/Kiritimati"])
def test_another_timezone(filed, zone):
    filed.compare()
    filed.configure(replace(filed.site, timezone=ZoneInfo(zone)))
    filed.compare()
    filed.configure(replace(filed.site, timezone=ZoneInfo("UTC")))
    filed.compare()


def test_another_domain(world):
    def question(asked):
        return set(asked.cursor.execute(f"select source from {asked.rows}").fetchall())

    assert ("blog.example.net",) in world.ask(question=question)
    world.configure(replace(world.site, domains=(Domain(host="blog.example.net"),)))
    assert ("blog.example.net",) not in world.ask(question=question)
    world.compare()


@pytest.mark.parametrize("kind", files.KINDS)
@pytest.mark.parametrize("harm", ["gone", "cut", "zeros", "another"])
@pytest.mark.parametrize("is_new", [True, False], ids=["new process", "same process"])
def test_a_file_that_is_not_what_it_was(filed, kind, harm, is_new):
    filed.compare()
    file = filed.file_of("2026-10", kind)
    content = file.read_bytes()
    if harm == "gone":
        file.unlink()
    elif harm == "cut":
        file.write_bytes(content[: len(content) // 2])
    elif harm == "zeros":
        file.write_bytes(content[:40] + bytes(len(content) - 800) + content[-760:])
    else:
        shutil.copy(filed.file_of("2026-11", kind), file)
    if is_new:
        filed.configure()
    filed.compare()
    assert filed.file_of("2026-10", kind).exists()


def test_a_history_that_was_thrown_away(filed):
    filed.compare()
    shutil.rmtree(filed.folder)
    filed.compare()
    assert filed.file_of("2026-10").exists()


def test_the_history_of_another_database(world, tmp_path):
    world.compare()
    other = type(world)(tmp_path / "other.db")
    other.now = world.now
    other.store(*random_history(2, 100, FIRST, LAST))
    other.compare()
    shutil.rmtree(other.folder)
    shutil.copytree(world.folder, other.folder)
    other.compare()
    other.configure()
    other.compare()


def test_a_clock_that_jumps(world):
    world.now += 10 * DAY
    world.compare()
    world.now -= 10 * DAY
    world.compare()
    world.store(make_hit(NOON + 7_200_000, visitor="v1"))
    world.compare()
    world.now += DAY
    world.compare()
    assert world.days()["2026-11-07"] == "filed"


def test_a_folder_that_cannot_be_written(world):
    world.folder.write_text("a file is in the way")
    world.compare()
    world.store(make_hit(NOON - 5 * DAY), make_hit(NOON))
    world.compare()
    assert world.days() == {}


def test_sealed_days_without_a_folder_that_can_be_written(world):
    def question(asked):
        return sorted(asked.cursor.execute(f"from {asked.totals}").fetchall(), key=repr)

    world.history.seal(world.site.id, date(2026, 10, 28), now=world.now, conversions=lambda *_: [])
    before = world.ask(question=question)
    shutil.rmtree(world.folder)
    world.folder.write_text("a file is in the way")
    for _ in range(2):
        world.configure()
        assert world.ask(question=question) == before


def test_a_month_that_takes_longer_than_a_question_may_is_not_begun(world, monkeypatch):
    monkeypatch.setattr("ztas_middleware.history.filing.PACE", 1)
    with pytest.raises(HistoryBusyError, match="0 of 2 months are done; `ztas rollup` files all"):
        world.ask()
    assert world.days() == {}
    world.file()
    world.compare()


def test_a_month_that_is_filed_in_parts_is_in_order(world, monkeypatch):
    monkeypatch.setattr("ztas_middleware.history.gathering.BATCH", 40)
    world.compare()
    world.store(make_hit(NOON - 12 * DAY, path="/late"))
    world.compare()

    def rows(asked):
        found = f"read_parquet('{world.file_of('2026-10')}', hive_partitioning = false)"
        return asked.cursor.execute(f"select day, session, time, id from {found}").fetchall()

    found = world.ask(question=rows)
    assert len(found) > 200
    assert found == sorted(found, key=lambda row: (row[0], row[1] is None, *row[1:]))
    assert not list(world.folder.rglob(f"*{files.ASIDE}"))


@pytest.mark.parametrize("room", ["128MB", "256MB"])
def test_hits_that_have_much_to_say(world, monkeypatch, room):
    monkeypatch.setattr("ztas_middleware.history.gathering.BYTES", 30_000)
    world.configure(reports=replace(world.config.reports, memory=room))
    world.compare()


@pytest.mark.parametrize(("enough", "tries"), [(1, 1), (16, 3), (64, 4)])
def test_a_question_that_takes_too_much_memory_is_asked_in_parts(world, enough, tries):
    asked_in = []

    def question(asked):
        asked_in.append(asked.parts)
        if asked.parts < enough:
            raise duckdb.OutOfMemoryException("too much")
        return rows_in(asked)

    assert world.ask(question=question) == world.expect()
    assert len(asked_in) == tries


def test_a_question_that_takes_too_much_memory_in_any_part(world):
    def question(_):
        raise duckdb.OutOfMemoryException("too much")

    with pytest.raises(StorageError, match="too much"):
        world.ask(question=question)
    world.compare()


def test_what_a_killed_process_spilled_is_removed(world, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, mine, other = (
        tmp_path / f"ztas-{name}-ab12.duckdb"
        for name in (
            f"{platform.node()}-{gone.pid}",
            f"{platform.node()}-{os.getpid()}",
            "another.host-1",
        )
    )
    for folder in (left, mine, other):
        folder.mkdir()
    world.configure()
    world.ask()
    assert (left.exists(), mine.exists(), other.exists()) == (False, True, True)


def test_a_hit_of_1970_and_of_impossible_times(world):
    world.store(make_hit(5), make_hit(0))
    world.compare()
    before = world.expect()
    world.store(make_hit(-1), make_hit(2**62), make_hit(-(2**62)))
    assert world.ask() == before


def test_filing_again(world):
    days = world.file()
    assert world.file(again=True) == days
    world.compare()


def test_anything_in_any_order(world):
    hits = random_history(3, 300, FIRST, FIRST + timedelta(days=20))
    for start in range(0, 300, 60):
        world.store(*hits[start : start + 60])
        if start % 120:
            world.configure()
        world.compare()
        world.now += DAY


def test_a_site_id_that_is_no_file_name(world):
    site = "../a b/ü%"
    world.execute("update hits set site_id = ?", site)
    world.configure(replace(world.site, id=site))
    world.compare()
    assert [file.name for file in (world.folder / "hits").iterdir()] == [
        "site=..%2Fa%20b%2F%C3%BC%25"
    ]


def test_inserts_note_nothing(world):
    world.execute("delete from history_changes")
    world.execute(INSERT, *make_hit(NOON))
    assert world.query("select * from history_changes") == []


def test_hits_under_the_ids_of_several_that_were_deleted_at_once_are_seen(filed):
    day = 86_400_000
    start = 1_794_009_600_000  # 2026-11-07
    filed.at(2026, 11, 10, 12)
    filed.store(*(make_hit(start + day * (number // 2)) for number in range(6)))
    filed.file()
    filed.execute("delete from hits where id in (select id from hits order by id desc limit 4)")
    filed.store(*(make_hit(start + number, path="/late") for number in range(2)))
    assert filed.ask() == filed.expect()
    filed.file()
    assert filed.ask() == filed.expect()

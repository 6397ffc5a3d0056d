"""A day's secret: one for all processes, and gone when the day is."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from datetime import timezone

import pytest

from ztas_middleware.days import day_at
from ztas_middleware.store.database import Database
from ztas_middleware.store.salts import GRACE, SALT_BYTES, Salts, retire

DAY = day_at(1_700_000_000_000, timezone.utc)
NEXT = day_at(DAY.end, timezone.utc)


def files_contain(file, secret):
    return [
        path.name
        for path in file.parent.iterdir()
        if path.name.startswith(file.name) and secret in path.read_bytes()
    ]


def test_the_same_day_has_one_salt_for_everybody(database, file):
    salt = Salts(database).of("site", DAY)
    assert len(salt) == SALT_BYTES
    other_process = Database(file)
    assert Salts(other_process).of("site", DAY) == salt
    other_process.close()


def test_other_days_and_sites_have_others(database):
    salts = Salts(database)
    all_of_them = {salts.of("a", DAY), salts.of("b", DAY), salts.of("a", NEXT), salts.of("b", NEXT)}
    assert len(all_of_them) == 4


@pytest.mark.usefixtures("vigilant")
def test_a_new_file_gets_a_new_salt(database, file):
    salts = Salts(database)
    before = salts.of("site", DAY)
    file.unlink()
    database.append([])
    assert salts.of("site", DAY) != before


def test_a_salt_is_destroyed_when_its_day_is_over(database, file):
    salts = Salts(database)
    old, young = salts.of("site", DAY), salts.of("site", NEXT)
    assert files_contain(file, old)
    assert retire(database, DAY.end + GRACE - 1, patience=1)
    assert files_contain(file, old)
    assert retire(database, DAY.end + GRACE, patience=1)
    assert files_contain(file, old) == []
    assert files_contain(file, young)
    assert Salts(database).of("site", NEXT) == young


def test_a_salt_is_destroyed_even_if_a_reader_was_in_the_way(database, file):
    old = Salts(database).of("site", DAY)
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from salts").fetchone()
        assert not retire(database, DAY.end + GRACE, patience=1)
        assert files_contain(file, old)
        reader.execute("commit")
    assert retire(database, DAY.end + GRACE, patience=1)
    assert files_contain(file, old) == []
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("select count(*) from salts").fetchone() == (0,)


def test_a_crash_half_way_is_made_good_by_the_next_process(database, file):
    old = Salts(database).of("site", DAY)
    with closing(sqlite3.connect(file, isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from salts").fetchone()
        retire(database, DAY.end + GRACE, patience=1)
        reader.execute("commit")
    other_process = Database(file)
    assert retire(other_process, DAY.end + GRACE, patience=1)
    assert files_contain(file, old) == []
    other_process.close()


def test_nothing_to_do_is_done(database):
    assert retire(database, DAY.end, patience=1)


def pieces(content, length=16):
    return {content[start : start + length] for start in range(len(content) - length + 1)}


@pytest.mark.parametrize("seed", range(3))
def test_no_piece_of_a_dead_salt_is_left_anywhere(database, file, seed):
    # Ids of unlike length, in no order, each salt in a transaction of its own: pages of the table
    # are split and joined all the time.
    generator = random.Random(seed)
    sites = ["x" * generator.choice((1, 5, 20, 60, 300)) + str(number) for number in range(70)]
    dead = []
    alive = {}
    day = DAY
    for _ in range(6):
        generator.shuffle(sites)
        for site in sites[: generator.randrange(30, 70)]:
            alive[site, day.date] = (Salts(database).of(site, day), day.end + GRACE)
        # Some sites' days end earlier than others'.
        for (site, date), (salt, _) in list(alive.items()):
            if generator.random() < 0.2:
                soon = day.start + 1
                with closing(sqlite3.connect(file)) as connection:
                    connection.execute("pragma secure_delete = on")
                    connection.execute(
                        "update salts set expires = ? where site_id = ? and day = ?",
                        (soon, site, date),
                    )
                    connection.commit()
                alive[site, date] = (salt, soon)
        for now in (day.start + 1, day.end + GRACE - 1, day.end + GRACE):
            assert retire(database, now, patience=1)
            dead += [salt for salt, expires in alive.values() if expires <= now]
            alive = {key: known for key, known in alive.items() if known[1] > now}
            everything = b"".join(
                path.read_bytes() for path in file.parent.iterdir() if path.name != "ztas.db-shm"
            )
            left = pieces(everything)
            assert [salt for salt in dead if pieces(salt) & left] == []
            assert [salt for salt, _ in alive.values() if salt not in everything] == []
        day = day_at(day.end, timezone.utc)
    assert len(dead) > 200

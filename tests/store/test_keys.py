"""The key that machines share: the same salts everywhere, and no past."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest

from ztas_middleware.days import Day
from ztas_middleware.store import keys
from ztas_middleware.store.database import Database
from ztas_middleware.store.salts import Salts, retire

SEED = bytes(range(32))
JUNE = date(2026, 6, 1)
DAY = 86_400_000
NOON = 1_780_315_200_000  # of that day, UTC


def day(number):
    start = NOON - DAY // 2 + number * DAY
    return Day((JUNE + timedelta(days=number)).isoformat(), start, start + DAY)


@pytest.fixture
def machines(tmp_path):
    made = [Database(tmp_path / f"{name}.db") for name in "ab"]
    for database in made:
        database.transact(lambda connection: keys.keep_key(connection, JUNE, SEED))
    yield made
    for database in made:
        database.close()


def test_two_machines_have_the_same_salts(machines):
    of = [Salts(database).of for database in machines]
    for number in range(3):
        salts = [one("site", day(number)) for one in of]
        assert salts[0] == salts[1]
    assert len({of[0](site, day(n)) for site in ("a", "b") for n in range(3)}) == 6


def test_a_past_day_has_no_shared_salt(machines):
    of = [Salts(database).of for database in machines]
    assert of[0]("site", day(-1)) != of[1]("site", day(-1))


def test_no_piece_of_a_dead_key_is_left_anywhere(machines, tmp_path):
    database = machines[0]
    before = Salts(database).of("site", day(2))
    assert retire(database, NOON, patience=1)
    assert kept(database) == (JUNE, SEED)
    # It runs until noon of the next day somewhere on earth, and an hour.
    assert retire(database, NOON + DAY, patience=1)
    assert kept(database) == (JUNE, SEED)
    assert retire(database, NOON + DAY + 3_700_000, patience=1)
    assert kept(database) == (JUNE + timedelta(days=1), keys.later(SEED, 1))
    everything = b"".join(file.read_bytes() for file in tmp_path.glob("a.db*"))
    assert [n for n in range(17) if SEED[n : n + 16] in everything] == []
    # And the days to come have the salts that they would have had.
    assert Salts(database).of("site", day(2)) == before


def test_a_reader_in_the_way_is_waited_for(machines, tmp_path):
    database = machines[0]
    later = NOON + DAY + 3_700_000
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as reader:
        reader.execute("begin")
        reader.execute("select count(*) from cluster_keys").fetchone()
        assert not retire(database, later, patience=1)
        reader.execute("rollback")
    assert retire(database, later, patience=1)
    everything = b"".join(file.read_bytes() for file in tmp_path.glob("a.db*"))
    assert SEED[:16] not in everything


def test_a_running_worker_notices_that_the_machine_has_joined(tmp_path):
    database = Database(tmp_path / "ztas.db")
    salts = Salts(database)
    salts.look()
    alone = salts.of("site", day(0))
    other = Database(tmp_path / "ztas.db")
    other.transact(lambda connection: keys.keep_key(connection, JUNE, SEED))
    salts.look()
    together = salts.of("site", day(0))
    assert together != alone
    assert together == Salts(other).of("site", day(0))
    database.close()
    other.close()


def test_a_box_alone_has_no_table_of_keys(tmp_path):
    database = Database(tmp_path / "ztas.db")
    Salts(database).of("site", day(0))
    retire(database, NOON, patience=1)
    assert database.transact(keys.has_keys) is False
    database.close()


def kept(database):
    return database.transact(keys.kept_key)

"""A database that was saved with `sqlite3 old.db .dump`: its number is lost, and nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from rows import PAGEVIEW
from version_0_1 import old_database

from ztas_middleware.errors import StorageError
from ztas_middleware.store import schema
from ztas_middleware.store.database import Database
from ztas_middleware.store.reading import reading


def make(file, version):
    """A database as version `version` made it, dumped and read again."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as old:
        for statements in schema.MIGRATIONS[:version]:
            for statement in statements:
                old.execute(statement)
        old.execute("""
            insert into hits (time, site_id, type, path, visitor, browser, os, device)
            values (1700000000000, 'a', 'pageview', '/old', 'x', 'Chrome', 'Linux', 'desktop')
        """)
        save(old, file)


def save(old, file):
    with closing(sqlite3.connect(file)) as new:
        new.executescript("\n".join(old.iterdump()))


def paths(file):
    with reading(file) as connection:
        return [path for (path,) in connection.execute("select path from hits order by id")]


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
@pytest.mark.parametrize("first", ["a hit", "a question"])
def test_a_dump_of_any_version_is_taken_over(file, version, first):
    make(file, version)
    if first == "a question":
        assert paths(file) == ["/old"]
    with closing(Database(file)) as database:
        database.append([PAGEVIEW._replace(path="/new")])
        fresh = Database(file.with_name("fresh.db"))
        fresh.append([])
        fresh.close()
    assert paths(file) == ["/old", "/new"]
    names = "select type, name from sqlite_schema order by name"
    with (
        closing(sqlite3.connect(file)) as connection,
        closing(sqlite3.connect(file.with_name("fresh.db"))) as other,
    ):
        assert connection.execute(names).fetchall() == other.execute(names).fetchall()
        assert connection.execute("pragma user_version").fetchone() == (schema.VERSION,)


def test_a_dump_of_what_0_1_wrote_keeps_what_is_taken_over_later(file):
    written = old_database(file.with_name("old.db"))
    with closing(sqlite3.connect(written)) as old:
        save(old, file)
    assert len(paths(file)) > 100
    parts = "select name, sql from sqlite_schema"
    with closing(sqlite3.connect(file)) as taken, closing(sqlite3.connect(written)) as old:
        (had,) = old.execute("pragma user_version").fetchone()
        assert had < schema.VERSION
        assert taken.execute("pragma user_version").fetchone() == (schema.VERSION,)
        names = {name for name, _ in old.execute(parts)}
        assert names >= {"rollup_days", "rollups", "hit_ranges", "hit_deleted"}
        assert names < {name for name, _ in taken.execute(parts)}


def test_indexes_and_triggers_that_a_dump_lacks_are_made(file):
    make(file, schema.VERSION)
    parts = "select type, name from sqlite_schema where type in ('trigger', 'view')"
    with closing(sqlite3.connect(file)) as connection:
        before = connection.execute(parts).fetchall()
        assert before
        for kind, name in before:
            connection.execute(f"drop {kind} {name}")
    assert paths(file) == ["/old"]
    with closing(sqlite3.connect(file)) as connection:
        assert sorted(connection.execute(parts).fetchall()) == sorted(before)


@pytest.mark.parametrize("version", [1, schema.VERSION])
def test_half_a_database_is_told_what_it_lacks(file, version):
    make(file, version)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("drop table drops; drop table salts")
    with closing(Database(file)) as database, pytest.raises(StorageError) as failure:
        database.append([PAGEVIEW])
    assert str(failure.value).endswith("it lacks drops, salts")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("select count(*) from hits").fetchone() == (1,)


def test_another_programs_hits_are_left_alone(file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table hits (id integer primary key, score)")
    with (
        closing(Database(file)) as database,
        pytest.raises(StorageError, match=r"it lacks .*hits\.path"),
    ):
        database.append([PAGEVIEW])

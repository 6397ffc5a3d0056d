"""Migrations, beside workers of an older version that go on."""

from __future__ import annotations

import sqlite3

import pytest
from rows import PAGEVIEW
from version_0_1 import old_database

from ztas_middleware.store.hits import Hit
from ztas_middleware.store.schema import VERSION, migrate

# What 0.1 knows of the table, and how it inserts.
OLD_VERSION, OLD_COLUMNS = 5, Hit._fields[:20]
OLD_INSERT = (
    f"insert into hits ({', '.join(OLD_COLUMNS)}) values ({', '.join('?' * len(OLD_COLUMNS))})"
)


@pytest.fixture
def old(file):
    """A worker of 0.1 with its database open."""
    connection = sqlite3.connect(old_database(file), isolation_level=None)
    connection.execute("delete from hits")
    yield connection
    connection.close()


def test_a_worker_of_0_1_goes_on_beside_a_newer_one(old, file, database):
    old.execute(OLD_INSERT, PAGEVIEW[:20])
    database.append([PAGEVIEW._replace(language="de", screen=480, properties='{"a":1}')])
    old.execute(OLD_INSERT, PAGEVIEW[:20])
    rows = old.execute("select language, screen, properties, city from hits order by id").fetchall()
    assert rows == [(None,) * 4, ("de", 480, '{"a":1}', None), (None,) * 4]


def test_migrating_twice_changes_nothing(old):
    assert migrate(old) == OLD_VERSION
    assert migrate(old) == VERSION
    columns = [name for _, name, *_ in old.execute("pragma table_info(hits)")]
    assert columns == ["id", *Hit._fields]

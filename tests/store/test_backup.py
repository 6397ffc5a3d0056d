"""Backups: one moment of a live database, whole or not at all, and without secrets."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import stat
import time
from contextlib import closing
from datetime import timezone

import pytest
from rows import PAGEVIEW

from ztas_middleware.days import day_at
from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.store import copying as module
from ztas_middleware.store.backup import back_up, size_of
from ztas_middleware.store.database import Database
from ztas_middleware.store.salts import Salts

FORK = multiprocessing.get_context("fork")
NOW = 1_790_000_000_000


def hit(number=0):
    return PAGEVIEW._replace(time=NOW + number, path=f"/{number}")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "ztas.db")
    database.append([hit(number) for number in range(3000)])
    yield database
    database.close()


def rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("select * from hits order by id").fetchall()


def test_nobody_else_reads_a_copy_that_is_not_finished(database, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STEPS", 500)
    seen = set()

    def look(_):
        (copy,) = tmp_path.glob(".copy.db.*")
        seen.add(stat.S_IMODE(copy.stat().st_mode))

    before = os.umask(0)
    try:
        back_up(database.path, tmp_path / "copy.db", look)
    finally:
        os.umask(before)
    assert seen == {0o600}


def test_a_copy_has_every_row_and_is_one_file(database, tmp_path):
    target = tmp_path / "copy.db"
    size = back_up(database.path, target)
    assert rows(target) == rows(database.path)
    assert target.stat().st_size == size
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("pragma journal_mode").fetchone() == ("delete",)
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.db"]


def test_a_copy_can_be_served_from(database, tmp_path):
    target = tmp_path / "copy.db"
    back_up(database.path, target)
    restored = Database(target)
    restored.append([hit(9999)])
    restored.close()
    assert len(rows(target)) == 3001
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("pragma auto_vacuum").fetchone() == (2,)


def test_no_salt_gets_into_a_copy(database, tmp_path):
    salt = Salts(database).of("a", day_at(NOW, timezone.utc))
    assert any(salt in path.read_bytes() for path in tmp_path.iterdir())
    target = tmp_path / "copy.db"
    back_up(database.path, target)
    assert salt not in target.read_bytes()
    with closing(sqlite3.connect(target)) as connection:
        assert connection.execute("select count(*) from salts").fetchone() == (0,)


def back_up_until_told(path, target, begun):
    module.STEPS = 500

    def wait(_):
        begun.set()
        time.sleep(60)

    back_up(path, target, wait)


def test_a_backup_that_is_killed_leaves_no_salt_and_what_it_left_is_removed(database, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    salt = Salts(database).of("a", day_at(NOW, timezone.utc))
    begun = FORK.Event()
    child = FORK.Process(
        target=back_up_until_told, args=(database.path, folder / "monday.db", begun)
    )
    child.start()
    assert begun.wait(30)
    with pytest.raises(ZtasError, match="another backup is being made"):
        back_up(database.path, folder / "monday.db")
    child.kill()
    child.join(30)
    left = list(folder.iterdir())
    assert len(left) == 1
    assert salt[:16] not in left[0].read_bytes()
    # 0.1 copied pages, salts and all, and left its copy under the number of its process.
    (folder / ".tuesday.db.12345").write_bytes(salt)
    back_up(database.path, folder / "tuesday.db")
    assert [path.name for path in folder.iterdir()] == ["tuesday.db"]


def test_a_copy_has_all_that_the_database_has_but_secrets(database, tmp_path):
    Salts(database).of("a", day_at(NOW, timezone.utc))
    with closing(sqlite3.connect(database.path)) as connection:
        connection.executescript("""
            create table "own things" (a text, "b c" integer);
            create index "its index" on "own things" (a);
            create view what as select a from "own things";
            insert into "own things" values ('x', 1), (null, 2);
            insert into login_tries (time, address) values (1, 'hash');
        """)
    back_up(database.path, tmp_path / "copy.db")

    def dump(path):
        with closing(sqlite3.connect(path)) as connection:
            lines = set(connection.iterdump())
            (version,) = connection.execute("pragma user_version").fetchone()
        secrets = ('INSERT INTO "salts"', 'INSERT INTO "login_tries"')
        return version, {line for line in lines if not line.startswith(secrets)}, lines

    version, lines, _ = dump(database.path)
    assert dump(tmp_path / "copy.db") == (version, lines, lines)


def test_whoever_may_not_read_the_database_may_not_read_the_copy(database, tmp_path):
    database.path.chmod(0o640)
    target = tmp_path / "copy.db"
    back_up(database.path, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def write(path, until, first):
    database = Database(path)
    number = first
    while not until.is_set():
        database.append([hit(number), hit(number)])
        number += 1
    database.close()


def test_a_copy_is_one_moment_while_four_processes_write(database, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "STEPS", 5000)
    until = FORK.Event()
    processes = [
        FORK.Process(target=write, args=(database.path, until, 10_000 * number))
        for number in range(1, 5)
    ]
    for process in processes:
        process.start()
    while len(rows(database.path)) < 3500:
        time.sleep(0.01)
    before = len(rows(database.path))
    slowly = []

    def wait(number):
        slowly.append(number)
        time.sleep(0.002)

    back_up(database.path, tmp_path / "copy.db", wait)
    after = len(rows(database.path))
    until.set()
    for process in processes:
        process.join()
    copied = rows(tmp_path / "copy.db")
    assert before <= len(copied) < after
    assert len(slowly) > 10
    # Pairs were committed together.
    paths = [row[4] for row in copied[3000:]]
    assert paths[::2] == paths[1::2]
    assert copied == rows(database.path)[: len(copied)]


def test_a_damaged_database_leaves_no_copy_and_the_old_one_alone(database, tmp_path):
    database.close()
    target = tmp_path / "copy.db"
    back_up(database.path, target)
    before = target.read_bytes()
    content = bytearray(database.path.read_bytes())
    size = int.from_bytes(content[16:18], "big")
    for page in range(8, 20):
        content[page * size : page * size + 16] = b"\xff" * 16
    database.path.write_bytes(content)
    with pytest.raises(StorageError):
        back_up(database.path, target)
    assert target.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == ["copy.db"]


def test_too_little_room_is_said_before_anything_is_written(database, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1))
    with pytest.raises(ZtasError, match=r"the copy needs [0-9,]+ bytes, 1 are free"):
        back_up(database.path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_folder_that_cannot_be_written_is_named(database, tmp_path):
    with pytest.raises(StorageError, match="nowhere"):
        back_up(database.path, tmp_path / "nowhere" / "copy.db")


def test_progress_adds_up_to_the_size(database, tmp_path):
    copied = []
    back_up(database.path, tmp_path / "copy.db", copied.append)
    assert sum(copied) == size_of(database.path)


def test_the_size_of_what_is_no_database_is_nothing(tmp_path):
    assert size_of(tmp_path / "nowhere") == 0
    (tmp_path / "text").write_text("no database" * 100)
    assert size_of(tmp_path / "text") == 0

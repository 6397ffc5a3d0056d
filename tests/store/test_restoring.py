"""Restoring: the old or the new, never a mixture, and never under anybody's feet."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import stat
from contextlib import closing

import pytest
from rows import PAGEVIEW

from ztas_middleware.errors import StorageError, ZtasError
from ztas_middleware.store import copying
from ztas_middleware.store.backup import back_up
from ztas_middleware.store.database import Database
from ztas_middleware.store.restoring import is_in_use, look_into, restore

FORK = multiprocessing.get_context("fork")


def fill(file, name, number):
    database = Database(file)
    for start in range(0, number, 500):
        database.append(
            [PAGEVIEW._replace(path=f"/{name}/{start + index}") for index in range(500)]
        )
    return database


def names(file):
    """How many paths of each name there are, in a sound database."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        return dict(
            connection.execute("""
                select substr(path, 2, instr(substr(path, 2), '/') - 1), count(*)
                from hits group by 1
            """)
        )


@pytest.fixture
def backup(file, tmp_path):
    """A backup of 2,000 hits, of a database that has 3,000 others since."""
    fill(file, "old", 2000).close()
    back_up(file, tmp_path / "backup.db")
    fill(file, "new", 3000).close()
    return tmp_path / "backup.db"


def die_with_a_log(file):
    database = fill(file, "log", 1000)
    database.append([])
    os.kill(os.getpid(), 9)


def killed_server(file):
    child = FORK.Process(target=die_with_a_log, args=(file,))
    child.start()
    child.join(30)
    assert file.with_name("ztas.db-wal").stat().st_size > 0


def test_a_backup_is_put_back(file, backup):
    file.chmod(0o600)
    before = backup.read_bytes()
    assert look_into(file).hits == 5000
    restore(backup, file)
    assert names(file) == {"old": 2000}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert backup.read_bytes() == before
    fill(file, "later", 500).close()
    assert names(file) == {"old": 2000, "later": 500}
    assert sorted(path.name for path in file.parent.iterdir()) == ["backup.db", "ztas.db"]


def test_the_log_of_a_killed_server_is_not_replayed(file, backup):
    killed_server(file)
    restore(backup, file)
    assert names(file) == {"old": 2000}
    assert not file.with_name("ztas.db-wal").exists()


def test_a_file_that_was_moved_there_by_hand_gets_no_log_of_another(file, backup, tmp_path):
    killed_server(file)
    shutil.copy(backup, tmp_path / "again.db")
    backup.replace(file)
    restore(tmp_path / "again.db", file)
    assert names(file) == {"old": 2000}


def test_a_link_stays_one(file, backup, tmp_path):
    real = tmp_path / "data"
    real.mkdir()
    file.rename(real / "real.db")
    file.symlink_to(real / "real.db")
    restore(backup, file)
    assert file.is_symlink()
    assert names(real / "real.db") == {"old": 2000}


def test_a_damaged_database_is_replaced(file, backup):
    file.write_bytes(b"no database" * 1000)
    file.with_name("ztas.db-wal").write_bytes(b"no log")
    restore(backup, file)
    assert names(file) == {"old": 2000}


def test_there_need_be_no_database_yet(file, backup):
    file.unlink()
    restore(backup, file)
    assert names(file) == {"old": 2000}
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_damaged_backup_changes_nothing(file, backup):
    content = bytearray(backup.read_bytes())
    for page in range(8, 20):
        content[page * 1024 : page * 1024 + 16] = b"\xff" * 16
    backup.write_bytes(content)
    with pytest.raises(StorageError):
        restore(backup, file)
    assert names(file) == {"old": 2000, "new": 3000}
    assert sorted(path.name for path in file.parent.iterdir()) == ["backup.db", "ztas.db"]


@pytest.mark.parametrize("number", [0, 500], ids=["a log without hits", "a log with hits"])
def test_it_is_refused_while_a_process_has_the_database_open(file, backup, number):
    orders, answers = FORK.SimpleQueue(), FORK.SimpleQueue()

    def serve():
        database = fill(file, "open", number)
        database.append([])
        answers.put("open")
        orders.get()
        database.close()
        answers.put("closed")

    child = FORK.Process(target=serve)
    child.start()
    assert answers.get() == "open"
    assert is_in_use(file)
    with pytest.raises(ZtasError, match="has it open; stop that first"):
        restore(backup, file)
    orders.put("close")
    assert answers.get() == "closed"
    assert not is_in_use(file)
    restore(backup, file)
    assert names(file) == {"old": 2000}
    child.join(30)


def restore_slowly(backup, file, wait_at, begun):
    """Restore, and stop for good at a step of it."""
    steps = []
    copying.STEPS = 500

    def step(_):
        steps.append(1)
        if len(steps) == wait_at:
            begun.set()
            multiprocessing.Event().wait(60)

    restore(backup, file, step)
    begun.set()


@pytest.mark.parametrize("wait_at", [1, 3, 10])
def test_killed_in_the_middle_the_old_is_there(file, backup, wait_at):
    killed_server(file)
    begun = FORK.Event()
    child = FORK.Process(target=restore_slowly, args=(backup, file, wait_at, begun))
    child.start()
    assert begun.wait(30)
    child.kill()
    child.join(30)
    assert names(file) == {"old": 2000, "new": 3000, "log": 1000}
    restore(backup, file)
    assert names(file) == {"old": 2000}
    assert not list(file.parent.glob(".*"))


def test_a_backup_that_is_moved_there_by_hand_keeps_its_rows_despite_an_old_log(
    file, backup, caplog
):
    killed_server(file)
    backup.replace(file)
    fill(file, "later", 500).close()
    assert names(file) == {"old": 2000, "later": 500}
    assert "ztas.db-wal belongs to another file, and is removed" in caplog.text


def test_a_killed_servers_own_log_is_replayed(file, backup):
    killed_server(file)
    fill(file, "later", 500).close()
    assert names(file) == {"old": 2000, "new": 3000, "log": 1000, "later": 500}

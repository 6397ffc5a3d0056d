"""The serving connection: durable, shared, and never writing where nobody looks."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import stat
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
from rows import PAGEVIEW

from ztas_middleware import forking
from ztas_middleware.errors import StorageError
from ztas_middleware.store import database as database_module
from ztas_middleware.store.database import Database

FORK = multiprocessing.get_context("fork")


def hit(path="/", **fields):
    return PAGEVIEW._replace(path=path, **fields)


def paths(file):
    connection = sqlite3.connect(file)
    try:
        return [path for (path,) in connection.execute("select path from hits order by id")]
    finally:
        connection.close()


def has_rows(file):
    try:
        return file.exists() and len(paths(file)) > 0
    except sqlite3.OperationalError:
        return False  # somebody is still making it


def test_other_users_of_the_machine_can_t_read_it(database, file):
    before = os.umask(0)
    try:
        database.append([hit()])
    finally:
        os.umask(before)
    modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in file.parent.glob("ztas.db*")}
    assert modes == dict.fromkeys(("ztas.db", "ztas.db-wal", "ztas.db-shm"), 0o640)


def test_nothing_is_opened_before_the_first_write(database, file):
    assert not file.exists()
    database.append([hit()])
    assert paths(file) == ["/"]


def test_rows_are_visible_to_others_when_append_returns(database, file):
    database.append([hit("/one")])
    assert paths(file) == ["/one"]
    database.append([hit("/two"), hit("/three")])
    assert paths(file) == ["/one", "/two", "/three"]


def test_a_closed_database_opens_again(database, file):
    database.append([hit("/one")])
    database.close()
    assert not file.with_name("ztas.db-wal").exists()
    database.append([hit("/two")])
    assert paths(file) == ["/one", "/two"]


def test_threads_that_arrive_together_share_a_commit(database, file):
    database.append([hit("/first")])
    commits, standing = [], []

    class Line(deque):
        def append(self, batch):
            super().append(batch)
            standing.append(batch)

    database._waiting = Line()
    blocker = sqlite3.connect(file, isolation_level=None)
    blocker.execute("begin immediate")
    arrived = threading.Barrier(21)

    def append(number):
        arrived.wait(30)
        database.append([hit(f"/{number}")])

    with ThreadPoolExecutor(20) as pool:
        futures = [pool.submit(append, number) for number in range(20)]
        arrived.wait(30)
        while len(standing) < 20:
            assert not any(future.done() for future in futures)
            time.sleep(0.001)
        # What the pool's threads commit from here on shows in the connection's own counter.
        database._writer._vigil.opened.connection.set_trace_callback(
            lambda sql: commits.append(sql) if sql == "commit" else None
        )
        blocker.execute("commit")
        for future in futures:
            future.result()
    blocker.close()
    assert sorted(paths(file)) == sorted(["/first", *(f"/{number}" for number in range(20))])
    assert len(commits) < 5


def test_a_lock_held_too_long_refuses_everyone_and_stores_nothing(database, file, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.3)
    database.append([hit("/before")])
    blocker = sqlite3.connect(file, isolation_level=None)
    blocker.execute("begin immediate")
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(database.append, [hit("/lost"), hit("/lost")]) for _ in range(8)]
        errors = [future.exception() for future in futures]
    blocker.execute("rollback")
    blocker.close()
    assert all(isinstance(error, StorageError) for error in errors)
    assert "locked" in str(errors[0])
    database.append([hit("/after")])
    assert paths(file) == ["/before", "/after"]


def test_a_lock_held_for_a_moment_only_delays(database, file):
    database.append([hit("/before")])
    blocker = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    blocker.execute("begin immediate")
    threading.Timer(0.4, lambda: blocker.execute("commit")).start()
    database.append([hit("/after")])
    blocker.close()
    assert paths(file) == ["/before", "/after"]


@pytest.mark.usefixtures("vigilant")
def test_a_deleted_file_is_made_anew_at_once(database, file):
    database.append([hit("/old")])
    file.unlink()
    database.append([hit("/new")])
    assert paths(file) == ["/new"]


@pytest.mark.usefixtures("vigilant")
def test_a_moved_file_keeps_its_rows_and_gets_no_more(database, file, tmp_path):
    database.append([hit("/old")])
    moved = tmp_path / "moved.db"
    file.rename(moved)
    database.append([hit("/new")])
    assert paths(moved) == ["/old"]
    assert paths(file) == ["/new"]


@pytest.mark.usefixtures("vigilant")
def test_a_restored_backup_is_written_to_at_once(database, file, tmp_path):
    database.append([hit("/one")])
    database.close()
    backup = tmp_path / "backup.db"
    shutil.copy(file, backup)
    database.append([hit("/two")])
    backup.replace(file)
    database.append([hit("/three")])
    assert paths(file) == ["/one", "/three"]


@pytest.mark.usefixtures("vigilant")
def test_another_generation_is_another_file(database, file):
    database.append([hit()])
    first = database.generation
    database.append([hit()])
    assert database.generation == first
    file.unlink()
    database.append([hit()])
    assert database.generation != first


@pytest.mark.usefixtures("vigilant")
def test_a_folder_that_is_gone_refuses_and_comes_back(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    database = Database(folder / "ztas.db")
    database.append([hit("/one")])
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="No such file"):
        database.append([hit("/two")])
    (tmp_path / "elsewhere").rename(folder)
    database.append([hit("/three")])
    assert paths(folder / "ztas.db") == ["/one", "/three"]
    database.close()


def test_a_file_that_is_no_database_refuses_until_it_is_replaced(file):
    file.write_bytes(b"This is not a database, whatever its name says." * 100)
    database = Database(file)
    with pytest.raises(StorageError, match="not a database"):
        database.append([hit()])
    file.unlink()
    database.append([hit("/new")])
    assert paths(file) == ["/new"]
    database.close()


def append_in_child(database, path, outcome):
    try:
        database.append([hit(path)])
        outcome.put("stored")
    except BaseException as error:  # noqa: BLE001 - the parent looks at it
        outcome.put(repr(error))


def test_a_forked_child_opens_its_own_connection(database, file):
    database.append([hit("/parent")])
    inherited = database._writer._vigil
    outcome = FORK.Queue()
    child = FORK.Process(target=append_in_child, args=(database, "/child", outcome))
    child.start()
    assert outcome.get(timeout=10) == "stored"
    child.join(10)
    assert child.exitcode == 0
    assert database._writer._vigil is inherited
    database.append([hit("/parent again")])
    assert paths(file) == ["/parent", "/child", "/parent again"]


def test_a_fork_while_another_thread_holds_the_lock_does_not_hang(database, file, monkeypatch):
    monkeypatch.setattr(forking, "PATIENCE", 0.1)
    database.append([hit("/parent")])
    outcome = FORK.Queue()
    with database._lock:
        child = FORK.Process(target=append_in_child, args=(database, "/child", outcome))
        child.start()
        assert outcome.get(timeout=10) == "stored"
    child.join(10)
    assert paths(file) == ["/parent", "/child"]


def append_many(file, name, number):
    database = Database(file)
    for index in range(number):
        database.append([hit(f"/{name}/{index}")])
    database.close()


def test_processes_that_start_at_once_share_one_schema_and_lose_nothing(file):
    children = [
        FORK.Process(target=append_many, args=(file, name, 300)) for name in ("a", "b", "c", "d")
    ]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    stored = paths(file)
    assert len(stored) == 1200
    for name in ("a", "b", "c", "d"):
        own = [path for path in stored if path.startswith(f"/{name}/")]
        assert own == [f"/{name}/{index}" for index in range(300)]


def die_after_append(file):
    database = Database(file)
    database.append([hit("/acknowledged")])
    os.kill(os.getpid(), 9)


def test_a_process_killed_right_after_has_lost_nothing(file):
    child = FORK.Process(target=die_after_append, args=(file,))
    child.start()
    child.join(30)
    assert child.exitcode == -9
    assert paths(file) == ["/acknowledged"]


def move_under_load(file, number, barrier):
    database = Database(file)
    barrier.wait()
    for index in range(number):
        database.append([hit(f"/{os.getpid()}/{index}")])
    database.close()


def test_a_file_moved_away_under_load_loses_no_acknowledged_row(file, tmp_path):
    barrier = FORK.Barrier(4)
    children = [FORK.Process(target=move_under_load, args=(file, 2000, barrier)) for _ in range(3)]
    for child in children:
        child.start()
    barrier.wait(10)
    moved = []
    for number in range(3):
        while not has_rows(file):
            time.sleep(0.01)
        moved.append(tmp_path / f"moved{number}.db")
        file.rename(moved[-1])
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    everywhere = [path for name in (*moved, file) if name.exists() for path in paths(name)]
    assert len(set(everywhere)) == 6000


def test_checkpoints_keep_the_log_short_under_constant_load(database, file, monkeypatch):
    monkeypatch.setattr(database_module.checkpoints, "COMMITS", 100)
    monkeypatch.setattr(database_module.checkpoints, "LONG_LOG", 300)
    database.append([hit("/first")])
    stop = threading.Event()

    def load():
        while not stop.is_set():
            database.append([hit("/load")])

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    longest = 0
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        if database.checkpoint_due:
            database.checkpoint()
        longest = max(longest, file.with_name("ztas.db-wal").stat().st_size)
    stop.set()
    for thread in threads:
        thread.join()
    written = len(paths(file))
    assert written > 2000
    # Each commit writes a page or more; a log that never starts anew would hold them all.
    assert longest < written * 1024 / 2


def test_a_log_left_by_others_is_tended_to(file, monkeypatch):
    monkeypatch.setattr(database_module.checkpoints, "LARGE_LOG", 10_000)
    child = FORK.Process(target=die_after_append, args=(file,))
    child.start()
    child.join(30)
    database = Database(file)
    database.append([hit()])
    assert database.checkpoint_due
    database.checkpoint()
    assert not database.checkpoint_due
    database.close()

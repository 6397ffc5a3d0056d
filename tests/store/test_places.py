"""Files that are taken away or overwritten under writers: no row goes where nobody looks."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import sqlite3
import time
from contextlib import closing

import pytest
from rows import PAGEVIEW

from ztas_middleware.errors import StorageError
from ztas_middleware.store import database as database_module
from ztas_middleware.store import hits, vigil
from ztas_middleware.store.backup import back_up
from ztas_middleware.store.database import Database

FORK = multiprocessing.get_context("fork")


def hit(path="/", **fields):
    return PAGEVIEW._replace(path=path, **fields)


def paths(file):
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        return [path for (path,) in connection.execute("select path from hits order by id")]


def serve(file, orders, answers):
    """What a serving process does: append what it is told to, and say that it is committed."""
    database = Database(file)
    while True:
        order = orders.get()
        if order == "checkpoint":
            database.checkpoint()
            answers.put(order)
        elif order == "close":
            database.close()
            answers.put(order)
        else:
            try:
                database.append([hit(path) for path in order])
                answers.put("stored")
            except StorageError as error:
                answers.put(str(error))


class Worker:
    """A process that serves, does what it is told, and is killed in the end."""

    def __init__(self, file):
        self._orders, self._answers = FORK.SimpleQueue(), FORK.SimpleQueue()
        self.process = FORK.Process(target=serve, args=(file, self._orders, self._answers))
        self.process.start()

    def does(self, order):
        self._orders.put(order)
        return self._answers.get()

    def kill(self):
        self.process.kill()
        self.process.join(30)


@pytest.fixture
def workers(file):
    """Start workers on the database of this test."""
    made = []

    def start(number=1):
        made.extend(Worker(file) for _ in range(number))
        return made[-number:]

    yield start
    for worker in made:
        worker.kill()


def wait_for_a_look():
    """Writers look at the files so often; they may take two seconds."""
    time.sleep(1.5 * vigil.LOOK_BESIDE)


def numbered(name, number):
    return [f"/{name}/{index}" for index in range(number)]


@pytest.mark.parametrize("number", [1, 3], ids=["one process", "three processes"])
@pytest.mark.parametrize(
    "removed", [["-wal"], ["-shm"], ["-wal", "-shm"]], ids=["log", "index", "both"]
)
@pytest.mark.parametrize("is_moved", [False, True], ids=["removed", "moved away"])
def test_a_log_that_is_gone_is_made_anew_and_loses_nothing(
    workers, file, tmp_path, removed, number, is_moved
):
    started = workers(number)
    for index, worker in enumerate(started):
        assert worker.does(numbered(f"before{index}", 20)) == "stored"
    started[0].does("checkpoint")
    for index, worker in enumerate(started):
        assert worker.does(numbered(f"log{index}", 20)) == "stored"
    for suffix in removed:
        name = file.with_name(file.name + suffix)
        if is_moved:
            name.rename(tmp_path / f"away{suffix}")
        else:
            name.unlink()
    wait_for_a_look()
    for index, worker in enumerate(started):
        for path in numbered(f"after{index}", 20):
            assert worker.does([path]) == "stored"
    for worker in started:
        worker.kill()
    expected = [
        path
        for name in ("before", "log", "after")
        for index in range(number)
        for path in numbered(f"{name}{index}", 20)
    ]
    assert sorted(paths(file)) == sorted(expected)


def append_for_ever(file, name, acknowledged):
    database = Database(file)
    with acknowledged.open("w", buffering=1) as said:
        for index in range(1_000_000):
            path = f"/{name}/{index}"
            database.append([hit(path)])
            said.write(path + "\n")


def test_a_log_that_is_removed_under_load_loses_nothing(file, tmp_path):
    said = [tmp_path / f"said{number}" for number in range(3)]
    children = [
        FORK.Process(target=append_for_ever, args=(file, number, name))
        for number, name in enumerate(said)
    ]
    for child in children:
        child.start()

    def lengths():
        return [name.stat().st_size if name.exists() else 0 for name in said]

    def wait_for_all(before):
        deadline = time.monotonic() + 60
        while any(now <= then for now, then in zip(lengths(), before, strict=True)):
            assert time.monotonic() < deadline
            assert all(child.is_alive() for child in children)
            time.sleep(0.005)

    try:
        wait_for_all([0, 0, 0])
        for suffix in ("-wal", "-shm", "-wal", "-shm", "-wal"):
            file.with_name(file.name + suffix).unlink()
            # Each of them writes into new files before the next is taken away.
            database_files = file.stat().st_ino
            while file.stat().st_ino == database_files:
                time.sleep(0.005)
            wait_for_all(lengths())
    finally:
        for child in children:
            child.kill()
            child.join(30)
    there = set(paths(file))
    acknowledged = [path for name in said for path in name.read_text().split("\n")[:-1]]
    assert [path for path in acknowledged if path not in there] == []
    assert not (tmp_path / ".ztas.db.renewal").exists()


def test_who_is_kept_waiting_while_others_renew_the_file_commits_again(workers, file):
    (worker,) = workers()
    worker.does(["/one"])
    slow = Database(file)
    slow.append([hit("/two")])
    tries = []

    def insert(connection):
        tries.append(connection)
        if len(tries) == 1:  # it has looked at the files already
            file.with_name("ztas.db-wal").unlink()
            wait_for_a_look()
            worker.does(["/three"])
        hits.insert(connection, [hit("/four")])

    slow._writer.run(insert, time.monotonic() + 5)
    slow.close()
    assert len(tries) == 2
    assert paths(file) == ["/one", "/two", "/three", "/four"]


def test_who_comes_when_the_log_is_gone_waits_for_nobody_for_long(workers, file):
    idle, later = workers(2)
    assert idle.does(["/one"]) == "stored"
    idle.does("checkpoint")
    file.with_name("ztas.db-wal").unlink()
    wait_for_a_look()
    started = time.monotonic()
    # The one that has the log gets no hit, and so does not look.
    assert later.does(["/two"]) == "stored"
    assert time.monotonic() - started < 2 * database_module.PATIENCE
    assert idle.does(["/three"]) == "stored"
    later.kill()
    idle.kill()
    assert paths(file) == ["/one", "/two", "/three"]


def test_a_copy_over_a_live_file_is_gone_on_with(workers, file, tmp_path):
    one, other = workers(2)
    one.does(numbered("early", 2000))
    back_up(file, tmp_path / "backup.db")
    for index in range(40):
        other.does(numbered(f"late{index}", 20))
    one.does("checkpoint")
    one.does(["/in the log"])
    shutil.copyfile(tmp_path / "backup.db", file)
    wait_for_a_look()
    assert one.does(["/one"]) == "stored"
    assert other.does(["/other"]) == "stored"
    one.does("close")
    other.kill()
    assert paths(file) == [*numbered("early", 2000), "/one", "/other"]


def test_a_copy_over_a_live_file_is_noticed_by_who_stops(workers, file, tmp_path):
    (worker,) = workers()
    worker.does(numbered("early", 2000))
    back_up(file, tmp_path / "backup.db")
    worker.does(numbered("late", 2000))
    worker.does("checkpoint")
    worker.does(numbered("later", 500))
    shutil.copyfile(tmp_path / "backup.db", file)
    time.sleep(0.6)  # longer than what counts as writing still
    worker.does("close")
    assert paths(file) == numbered("early", 2000)


def test_a_file_is_refused_for_as_long_as_it_is_half_written(database, file, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.8)
    database.append([hit(path) for path in numbered("early", 2000)])
    back_up(file, file.with_name("backup.db"))
    content = file.with_name("backup.db").read_bytes()
    database.checkpoint()
    with file.open("r+b") as live:
        live.truncate(0)
        live.write(content[: len(content) // 2])
        live.flush()
        wait_for_a_look()
        with pytest.raises(StorageError, match="another program is writing into"):
            database.append([hit("/refused")])
        live.write(content[len(content) // 2 :])
    monkeypatch.undo()
    database.append([hit("/taken")])
    assert paths(file) == [*numbered("early", 2000), "/taken"]


def test_checkpoints_and_touches_are_nobodys_writing(workers, file):
    one, other = workers(2)
    for index in range(5):
        one.does(numbered(f"one{index}", 300))
        other.does("checkpoint")
        other.does(numbered(f"other{index}", 300))
        one.does("checkpoint")
        os.utime(file)
    before = file.stat().st_ino
    one.does(["/last"])
    other.does(["/last"])
    assert file.stat().st_ino == before
    assert len(paths(file)) == 3002


def test_a_link_leads_to_one_file_with_one_log(tmp_path):
    real = tmp_path / "data" / "real.db"
    real.parent.mkdir()
    link = tmp_path / "ztas.db"
    link.symlink_to(real)
    database = Database(link)
    database.append([hit("/one")])
    assert sorted(name.name for name in tmp_path.iterdir()) == ["data", "ztas.db"]
    assert sorted(name.name for name in real.parent.iterdir()) == [
        "real.db",
        "real.db-shm",
        "real.db-wal",
    ]
    real.with_name("real.db-wal").unlink()
    wait_for_a_look()
    database.append([hit("/two")])
    assert link.is_symlink()
    database.close()
    assert paths(real) == ["/one", "/two"]


def test_a_link_that_is_pointed_elsewhere_is_another_file(tmp_path, vigilant):
    link = tmp_path / "ztas.db"
    link.symlink_to(tmp_path / "first.db")
    database = Database(link)
    database.append([hit("/one")])
    link.unlink()
    link.symlink_to(tmp_path / "second.db")
    database.append([hit("/two")])
    database.close()
    assert paths(tmp_path / "first.db") == ["/one"]
    assert paths(tmp_path / "second.db") == ["/two"]


def test_a_folder_that_another_program_has_locked_is_waited_for_no_longer(file, monkeypatch):
    monkeypatch.setattr(database_module, "PATIENCE", 0.3)
    database = Database(file)
    folder = os.open(file.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        started = time.monotonic()
        with pytest.raises(StorageError, match="another program has locked the folder"):
            database.append([hit("/refused")])
        assert 0.3 <= time.monotonic() - started < 5
    finally:
        os.close(folder)
    database.append([hit("/taken")])
    database.close()
    assert paths(file) == ["/taken"]


def test_what_a_killed_renewal_leaves_is_removed(database, file):
    left = file.with_name(".ztas.db.renewal")
    left.write_bytes(b"the salts of a day")
    database.append([hit()])
    assert not left.exists()

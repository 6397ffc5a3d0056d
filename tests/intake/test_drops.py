"""Counts of what was dropped: cheap, late by seconds, and not lost."""

from __future__ import annotations

import multiprocessing
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing

import pytest

from ztas_middleware.intake import buffered
from ztas_middleware.intake.drops import Drops
from ztas_middleware.store.database import Database

FORK = multiprocessing.get_context("fork")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "ztas.db"


@pytest.fixture
def database(file):
    database = Database(file)
    yield database
    database.close()


def counts(file):
    if not file.exists():
        return {}
    with closing(sqlite3.connect(file)) as connection:
        if not connection.execute("pragma user_version").fetchone()[0]:
            return {}  # somebody is still making it
        rows = connection.execute("select site_id, day, reason, count from drops")
        return {tuple(row[:3]): row[3] for row in rows}


def wait_for(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_counts_are_added_up(database, file):
    drops = Drops(database)
    drops.count("a", "2026-11-24", "bot")
    drops.count("a", "2026-11-24", "bot", 5)
    drops.count("a", "2026-11-25", "bot")
    drops.count("a", "2026-11-24", "origin")
    drops.flush()
    drops.count("a", "2026-11-24", "bot")
    drops.flush()
    assert counts(file) == {
        ("a", "2026-11-24", "bot"): 7,
        ("a", "2026-11-25", "bot"): 1,
        ("a", "2026-11-24", "origin"): 1,
    }


def test_they_are_written_within_seconds_by_themselves(database, file, monkeypatch):
    monkeypatch.setattr(buffered, "DELAY", 0.05)
    drops = Drops(database)
    drops.count("a", "2026-11-24", "bot")
    wait_for(lambda: counts(file))
    drops.count("a", "2026-11-24", "bot")
    wait_for(lambda: counts(file) == {("a", "2026-11-24", "bot"): 2})


def test_a_flood_costs_no_commit_each(database):
    drops = Drops(database)
    database.append([])
    statements = []
    database._writer._vigil.opened.connection.set_trace_callback(statements.append)
    for _ in range(10_000):
        drops.count("a", "2026-11-24", "bot")
    drops.flush()
    assert 1 <= sum(statement == "commit" for statement in statements) <= 3


def test_a_locked_database_keeps_the_counts_for_later(database, file):
    drops = Drops(database)
    drops.count("a", "2026-11-24", "bot")
    database.append([])
    with closing(sqlite3.connect(file, isolation_level=None)) as blocker:
        blocker.execute("begin immediate")
        drops.flush(patience=0)
        blocker.execute("rollback")
    assert counts(file) == {}
    drops.flush()
    assert counts(file) == {("a", "2026-11-24", "bot"): 1}


def test_a_database_that_is_down_for_long_costs_bounded_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(buffered, "MOST_COUNTS", 10)
    drops = Drops(Database(tmp_path / "missing" / "ztas.db"))
    for day in range(100):
        drops.count("a", str(day), "bot")
        drops.flush(patience=0)
    assert len(drops._counts) == 10


def count_in_child(drops):
    drops.count("a", "2026-11-24", "bot")
    drops.flush()


def test_a_forked_child_writes_only_what_it_counted_itself(database, file):
    drops = Drops(database)
    drops.count("a", "2026-11-24", "bot", 100)
    child = FORK.Process(target=count_in_child, args=(drops,))
    child.start()
    child.join(10)
    assert child.exitcode == 0
    assert counts(file) == {("a", "2026-11-24", "bot"): 1}
    drops.flush()
    assert counts(file) == {("a", "2026-11-24", "bot"): 101}


def test_a_worker_of_multiprocessing_loses_nothing_when_it_leaves(database, file):
    # granian's workers are such; before Python 3.13 they run no function of `atexit`.
    drops = Drops(database)
    worker = FORK.Process(target=drops.count, args=("a", "2026-11-24", "bot", 7))
    worker.start()
    worker.join(10)
    assert worker.exitcode == 0
    assert counts(file) == {("a", "2026-11-24", "bot"): 7}


def count_from_many_threads(drops):
    start = threading.Barrier(16)
    sys.setswitchinterval(1e-6)

    def count():
        start.wait()
        drops.count("a", "2026-11-24", "bot")

    threads = [threading.Thread(target=count) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drops.flush()


def test_the_first_requests_of_a_forked_worker_may_come_together(database, file):
    drops = Drops(database)
    for number in range(1, 11):
        worker = FORK.Process(target=count_from_many_threads, args=(drops,))
        worker.start()
        worker.join(10)
        assert counts(file) == {("a", "2026-11-24", "bot"): 16 * number}


def test_an_interpreter_that_exits_in_order_loses_nothing(file, tmp_path):
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from ztas_middleware.intake.drops import Drops
        from ztas_middleware.store.database import Database
        nowhere = Path(sys.argv[1], "nowhere", "ztas.db")
        all_drops = [Drops(Database(path)) for path in (nowhere, Path(sys.argv[2]), nowhere)]
        for drops in all_drops:
            drops.count("a", "2026-11-24", "bot", 3)
        """
    )
    command = [sys.executable, "-W", "error", "-c", program, tmp_path, file]
    done = subprocess.run(command, check=True, timeout=30, capture_output=True, text=True)
    assert counts(file) == {("a", "2026-11-24", "bot"): 3}
    assert "Traceback" not in done.stderr

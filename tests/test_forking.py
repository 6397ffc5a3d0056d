"""Forking while other threads are at work: no child finds a lock that nobody will give back."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import closing

import pytest
from rows import PAGEVIEW

from ztas_middleware.forking import lock_over_fork
from ztas_middleware.intake.drops import Drops
from ztas_middleware.store.database import Database

WITHIN = 30.0


def in_child(work):
    """Fork, let the child do `work` and leave, and say whether it came to that."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


@pytest.fixture
def busy():
    """Threads that do something over and over again until the test is over."""
    stop = threading.Event()
    threads = []

    def run(work):
        while not stop.is_set():
            work()

    def start(work):
        threads.append(threading.Thread(target=run, args=(work,)))
        threads[-1].start()

    yield start
    stop.set()
    for thread in threads:
        thread.join()


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_children_of_a_process_whose_threads_write_do_not_hang(busy, tmp_path):
    with closing(Database(tmp_path / "ztas.db")) as database:
        drops = Drops(database)
        for number in range(3):
            busy(lambda path=f"/{number}": database.append([PAGEVIEW._replace(path=path)]))
        busy(lambda: drops.count("site_a", "2026-11-01", "bot"))
        busy(database.checkpoint)

        def work():
            database.append([PAGEVIEW])
            drops.count("site_a", "2026-11-01", "bot")

        assert [in_child(work) for _ in range(40)] == [True] * 40


def test_a_lock_is_free_on_both_sides_of_a_fork():
    lock = lock_over_fork()
    assert in_child(lambda: lock.acquire(timeout=0) or os._exit(1))
    assert lock.acquire(blocking=False)
    lock.release()

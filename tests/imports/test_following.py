"""Following a log: what is written comes in, through every kind of rotation."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import threading
import time

import pytest

from ztas_middleware.errors import ZtasError
from ztas_middleware.imports import following
from ztas_middleware.imports.destination import Destination
from ztas_middleware.store.hits import Hit

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"


def line(number):
    return (
        f"203.0.113.9 - - [10/Oct/2025:13:{number // 60:02}:{number % 60:02} +0000] "
        f'"GET /{number} HTTP/2.0" 200 1 "-" "{AGENT}"\n'
    )


class Follower:
    """A thread that follows a log."""

    def __init__(self, desk, path):
        self.desk = desk
        self.path = path
        self.outcomes = []
        self.problem = None
        self.stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            self.outcomes.extend(self.desk.job().follow(str(self.path), self.stop))
        except ZtasError as error:
            self.problem = error

    def write(self, *numbers, path=None, mode="a"):
        with (path or self.path).open(mode) as file:
            file.writelines(line(number) for number in numbers)

    def wait_for(self, *numbers):
        """Wait until these rows are there, and no others."""
        expected = [f"/{number}" for number in numbers]
        deadline = time.monotonic() + 20
        found = None
        while found != expected:
            assert time.monotonic() < deadline, (found, expected)
            assert self._thread.is_alive() or found is None or self.problem
            time.sleep(0.01)
            with contextlib.suppress(sqlite3.OperationalError):  # still being made
                found = self.desk.column("path")

    def end(self, *, ends_by_itself=False):
        if not ends_by_itself:
            self.stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.outcomes


@pytest.fixture
def follow(desk, tmp_path, monkeypatch):
    monkeypatch.setattr(following, "PAUSE", 0.02)
    started = []

    def make(content=""):
        path = tmp_path / "access.log"
        path.write_text(content)
        started.append(Follower(desk(), path))
        return started[-1]

    yield make
    for follower in started:
        follower.end()


def test_what_is_there_and_what_comes(follow):
    one = follow(line(1) + line(2))
    one.wait_for(1, 2)
    one.write(3)
    one.wait_for(1, 2, 3)
    one.write(4, 5)
    one.wait_for(1, 2, 3, 4, 5)
    (outcome,) = one.end()
    assert (outcome.format, outcome.result.stored) == ("combined", 5)


def test_a_file_that_is_still_empty(follow):
    one = follow()
    time.sleep(0.1)
    one.write(1)
    one.wait_for(1)


def test_half_a_line_waits_for_its_other_half(follow):
    one = follow(line(1))
    one.wait_for(1)
    whole = line(2)
    with one.path.open("a") as file:
        for piece in (whole[:30], whole[30:-1], whole[-1:] + line(3)[:40], line(3)[40:]):
            file.write(piece)
            file.flush()
            time.sleep(0.08)
    one.wait_for(1, 2, 3)
    (outcome,) = one.end()
    assert not outcome.result.refused


def test_a_log_that_is_renamed_is_read_to_its_end_and_so_is_the_next(follow, tmp_path):
    one = follow(line(1))
    one.wait_for(1)
    one.path.rename(tmp_path / "access.log.1")
    one.write(2, path=tmp_path / "access.log.1")
    time.sleep(0.1)
    one.write(3)
    one.wait_for(1, 2, 3)
    one.write(4)
    one.wait_for(1, 2, 3, 4)
    assert [outcome.result.stored for outcome in one.end()] == [2, 2]


def test_a_log_that_is_copied_and_emptied_begins_anew(follow, tmp_path):
    one = follow(line(1) + line(2))
    one.wait_for(1, 2)
    shutil.copy(one.path, tmp_path / "access.log.1")
    os.truncate(one.path, 0)
    one.write(3)
    one.wait_for(1, 2, 3)


def test_a_log_that_is_emptied_and_grown_beyond_its_size_begins_anew(follow):
    one = follow(line(1))
    one.wait_for(1)
    one.write(2, 3, 4, mode="w")
    one.wait_for(1, 2, 3, 4)


@pytest.mark.parametrize("number", [20, 200])
@pytest.mark.parametrize("is_running", [True, False], ids=["while followed", "between two runs"])
def test_a_log_that_is_cut_and_grown_again_is_told(follow, number, is_running):
    one = follow("".join(map(line, range(number))))
    one.wait_for(*range(number))
    if not is_running:
        one.end()
    with one.path.open("r+") as file:
        file.truncate(10 * len(line(0)))
        file.seek(0, os.SEEK_END)
        file.writelines(line(1000 + more) for more in range(2 * number))
    if not is_running:
        one = Follower(one.desk, one.path)
    one.end(ends_by_itself=True)
    assert "it was cut or rewritten" in str(one.problem)
    one.wait_for(*range(number))


def test_following_goes_on_where_it_was_stopped(follow, tmp_path):
    one = follow(line(1) + line(2))
    one.wait_for(1, 2)
    one.end()
    one.write(3)
    again = Follower(one.desk, one.path)
    again.wait_for(1, 2, 3)
    (outcome,) = again.end()
    assert outcome.result.stored == 1


def test_a_day_that_the_site_counted_itself_is_told_at_once(follow):
    one = follow()
    row = Hit(1_760_097_336_000, "a", "pageview", "/1", *(None,) * 11, "v", *("Other",) * 3, None)
    one.desk.database.append([row])
    one.write(2, 3)
    deadline = time.monotonic() + 20
    while not one.desk.refused:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert one.desk.refused == [
        (1, "2025-10-10 has rows of another origin, so that none of it comes in")
    ]
    one.wait_for(1)


def test_salts_are_let_go_of_while_nothing_happens(follow, monkeypatch):
    forgotten = threading.Event()
    monkeypatch.setattr(Destination, "forget", lambda _: forgotten.set())
    follow(line(1)).wait_for(1)
    assert forgotten.wait(10)


def test_a_file_that_is_not_there_is_an_error(desk, tmp_path):
    with pytest.raises(ZtasError, match="no such file"):
        list(desk().job().follow(str(tmp_path / "nowhere"), threading.Event()))

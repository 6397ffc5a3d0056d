"""What was acknowledged is there, however the server died."""

from __future__ import annotations

import random
import time

import pytest

PRELOADED = ("--preload", "--workers", "4")


def kill_in_mid_load(serve, stored, tools, tmp_path, rounds, options):
    generator = random.Random(20261124)
    acknowledged = []
    for number in range(rounds):
        server = serve(tools.gunicorn(*PRELOADED, *options))
        load = tools.Load(server, 6, f"round{number}")
        time.sleep(generator.uniform(0.2, 0.9))
        server.kill()
        load.stop()
        assert load.other_answers == []
        assert load.acknowledged
        acknowledged += load.acknowledged
        there = set(stored(tmp_path / "ztas.db"))
        assert [path for path in acknowledged if path not in there] == []


def test_a_whole_gunicorn_killed_in_mid_load_loses_nothing(serve, stored, tools, tmp_path):
    kill_in_mid_load(serve, stored, tools, tmp_path, 2, ())


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [(), ("-k", "gthread", "--threads", "8")], ids=["sync", "gthread"]
)
def test_many_rounds_of_killing_lose_nothing(serve, stored, tools, tmp_path, options):
    kill_in_mid_load(serve, stored, tools, tmp_path, 15, options)


def load_and_count(serve, stored, tools, tmp_path, threads, number, options):
    server = serve(tools.gunicorn(*options))
    load = tools.Load(server, threads, "load", number)
    load.join()
    server.stop()
    assert load.other_answers == []
    assert sorted(load.acknowledged) == sorted(stored(tmp_path / "ztas.db"))
    assert len(load.acknowledged) == threads * number


def test_every_answer_is_a_row(serve, stored, tools, tmp_path):
    options = ("--workers", "4", "-k", "gthread", "--threads", "8")
    load_and_count(serve, stored, tools, tmp_path, 16, 100, options)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ("--workers", "1", "-k", "gthread", "--threads", "8"),
        ("--workers", "4", "-k", "gthread", "--threads", "8"),
        ("--workers", "4"),
    ],
    ids=["8 threads", "4 processes of 8 threads", "4 processes"],
)
def test_tens_of_thousands_of_answers_are_as_many_rows(serve, stored, tools, tmp_path, options):
    load_and_count(serve, stored, tools, tmp_path, 16, 1500, options)


def test_workers_that_are_recycled_all_the_time_lose_nothing(serve, stored, tools, tmp_path):
    # A worker that exits closes its connection, and the last one to close takes the log away.
    options = ("--workers", "2", "-k", "gthread", "--threads", "4", "--max-requests", "40")
    server = serve(tools.gunicorn(*options))
    load = tools.Load(server, 8, "recycled", 60)
    load.join()
    server.stop()
    there = set(stored(tmp_path / "ztas.db"))
    assert [path for path in load.acknowledged if path not in there] == []
    assert set(load.other_answers) <= {"no answer"}

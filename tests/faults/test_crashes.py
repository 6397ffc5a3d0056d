"""What was acknowledged is there, however the server died."""

from __future__ import annotations

import random

import pytest
from load import Load, stored
from servers import gunicorn

THREADS = ("-k", "gthread", "--threads", "8")


def kill_in_mid_load(serve, tmp_path, rounds, options):
    generator = random.Random(20261124)
    acknowledged = []
    for number in range(rounds):
        server = serve(gunicorn("--preload", *options, workers=4))
        load = Load(server, 6, f"round{number}")
        load.wait_for(generator.randrange(1, 800))
        server.process.kill()
        load.stop()
        assert load.other_answers == []
        acknowledged += load.acknowledged
        there = set(stored(tmp_path / "ztas.db"))
        assert [path for path in acknowledged if path not in there] == []


def test_a_whole_gunicorn_killed_in_mid_load_loses_nothing(serve, tmp_path):
    kill_in_mid_load(serve, tmp_path, 2, ())


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), THREADS], ids=["sync", "gthread"])
def test_many_rounds_of_killing_lose_nothing(serve, tmp_path, options):
    kill_in_mid_load(serve, tmp_path, 15, options)


def load_and_count(serve, tmp_path, threads, number, kind):
    server = serve(kind)
    load = Load(server, threads, "load", number)
    load.join()
    server.process.stop()
    assert load.other_answers == []
    assert sorted(load.acknowledged) == sorted(stored(tmp_path / "ztas.db"))
    assert len(load.acknowledged) == threads * number


def test_every_answer_is_a_row(serve, tmp_path):
    load_and_count(serve, tmp_path, 16, 100, gunicorn(*THREADS, workers=4))


@pytest.mark.slow
@pytest.mark.parametrize(
    "kind",
    [gunicorn(*THREADS, workers=1), gunicorn(*THREADS, workers=4), gunicorn(workers=4)],
    ids=["8 threads", "4 processes of 8 threads", "4 processes"],
)
def test_tens_of_thousands_of_answers_are_as_many_rows(serve, tmp_path, kind):
    load_and_count(serve, tmp_path, 16, 1500, kind)


def test_workers_that_are_recycled_all_the_time_lose_nothing(serve, tmp_path):
    # A worker that exits closes its connection, and the last one to close takes the log away.
    server = serve(gunicorn("-k", "gthread", "--threads", "4", "--max-requests", "40"))
    load = Load(server, 8, "recycled", 40)
    load.join()
    server.process.stop()
    there = set(stored(tmp_path / "ztas.db"))
    assert [path for path in load.acknowledged if path not in there] == []
    assert set(load.other_answers) <= {"no answer"}


def test_processes_whose_first_hits_come_at_once_say_nothing(serve, tmp_path):
    server = serve(gunicorn(workers=4))
    load = Load(server, 8, "first", 4)
    load.join()
    server.process.stop()
    assert load.other_answers == []
    assert len(stored(tmp_path / "ztas.db")) == 32
    assert "salts" not in server.process.output
    assert "ztas.db" not in server.process.output

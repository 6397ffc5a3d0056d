"""Two processes that file with a reader in between, and a full disk: exact numbers throughout."""

from __future__ import annotations

import multiprocessing
import resource
import signal

import pytest

from tests.history.conftest import DAY, FIRST, LAST, NOON, World, everything_in
from tests.reports.history import make_hit, random_history
from ztas_middleware.errors import StorageError

FORK = multiprocessing.get_context("fork")
ROUNDS = 3


@pytest.fixture(name="world")
def _filled(tmp_path):
    world = World(tmp_path / "ztas.db")
    world.at(2026, 11, 7, 15)
    world.store(*random_history(1, 200, FIRST, LAST))
    return world


def file_again(world):
    for _ in range(ROUNDS):
        world.configure()
        world.file(again=True)


def test_two_that_file_and_one_that_reads(world):
    expected = world.expect()
    filers = [FORK.Process(target=file_again, args=(world,)) for _ in range(2)]
    for filer in filers:
        filer.start()
    asked = 0
    while any(filer.is_alive() for filer in filers) or not asked:
        rows, totals, counted = world.ask(question=everything_in)
        assert rows == expected
        assert totals == counted
        asked += 1
    for filer in filers:
        filer.join()
    assert [filer.exitcode for filer in filers] == [0, 0]
    world.configure()
    world.compare()


@pytest.mark.skipif(not hasattr(signal, "SIGXFSZ"), reason="no limit on the size of files")
@pytest.mark.parametrize("is_filed", [False, True], ids=["first", "late"])
def test_a_disk_that_is_full(world, is_filed):
    if is_filed:
        world.file()
        world.store(*(make_hit(NOON - 5 * DAY, path=f"/late/{n}") for n in range(20)))
    expected = world.expect()

    def file_on_a_full_disk(connection):
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
        try:
            world.file()
        except StorageError as error:
            connection.send(str(error))
        else:
            connection.send("nothing")

    ours, theirs = FORK.Pipe()
    process = FORK.Process(target=file_on_a_full_disk, args=(theirs,))
    process.start()
    theirs.close()
    assert ours.poll(60)
    assert str(world.path.parent) in ours.recv()
    process.join()
    assert process.exitcode == 0
    world.configure()
    assert world.ask() == expected
    world.compare()
    assert list(world.folder.rglob("*.new")) == []

"""Killed before or after any step that writes: no wrong number, no hit lost, waste cleared away."""

from __future__ import annotations

import multiprocessing
import os
from datetime import date

import pytest

from tests.history.conftest import World, everything_in
from tests.reports.history import make_hit, random_history
from ztas_middleware.history import files, filing, moving, publishing
from ztas_middleware.history.files import ASIDE

FORK = multiprocessing.get_context("fork")
FIRST, LAST = date(2026, 10, 23), date(2026, 11, 4)
KILLED = 77

STEPS = (
    (files, "write"),
    (files, "sync"),
    (files, "put_in_place"),
    (publishing, "_tell"),
    (filing, "settle"),
    (moving, "delete_between"),
)
"""What writes, each of which is killed before and behind."""


def killed_at(number, work):
    """What a process does that dies at its n-th step; in that process."""
    count = 0

    def counted(function):
        def step(*arguments, **options):
            nonlocal count
            for place in (0, 1):
                count += 1
                if count == number:
                    os._exit(KILLED)
                if not place:
                    result = function(*arguments, **options)
            return result

        return step

    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name)))
    work()
    os._exit(0)


def filed(world):
    world.file()


def moved(world):
    world.history.move(world.site.id, date(2026, 11, 1), now=world.now)


def late(world):
    world.store(make_hit(world.now - 14 * 86_400_000, path="/late"))
    world.file()


@pytest.mark.parametrize("work", [filed, moved, late], ids=lambda work: work.__name__)
@pytest.mark.parametrize(
    "number",
    [
        number if number in {3, 6, 10} else pytest.param(number, marks=pytest.mark.slow)
        for number in range(1, 60)
    ],
)
def test_killed_anywhere(tmp_path, work, number):
    world = World(tmp_path / "ztas.db")
    world.at(2026, 11, 7, 15)
    world.store(*random_history(1, 150, FIRST, LAST))
    if work is late:
        world.file()
    process = FORK.Process(target=killed_at, args=(number, lambda: work(world)))
    process.start()
    process.join()
    assert process.exitcode in {0, KILLED}
    world.configure()
    rows, totals, counted = world.ask(question=everything_in)
    assert totals == counted
    assert sum(map(len, rows.values())) == 150 + (work is late)
    world.configure()
    world.file()
    moved(world)
    assert world.ask(question=everything_in) == (rows, totals, counted)
    assert list(world.folder.rglob(f"*{ASIDE}")) == []

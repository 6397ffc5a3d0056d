"""Killed before or after any step that writes: no wrong number, no hit lost, waste cleared away."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from dataclasses import replace
from datetime import date

import pytest

from tests.history.conftest import World
from tests.reports.history import make_hit, make_site, random_history
from ztas_middleware import retention
from ztas_middleware.history import files, filing, moving, publishing
from ztas_middleware.history.files import ASIDE

FORK = multiprocessing.get_context("fork")
FIRST, LAST = date(2026, 10, 28), date(2026, 11, 3)
KILLED = 77
RETENTION = 8
MOST = 60
"""No work has as many steps."""

STEPS = (
    (files, "write"),
    (files, "sync"),
    (files, "put_in_place"),
    (publishing, "_tell"),
    (filing, "settle"),
    (moving, "delete_between"),
    (retention, "delete_between"),
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
    world.store(make_hit(world.now - 9 * 86_400_000, path="/late"))
    world.file()


def sealed(world):
    due = retention.due(world.config, world.site, world.now)
    retention.prune(world.config, world.site, due, world.now)


def totals_in(asked):
    """Those of the site's hits, which sealing leaves as they are."""
    return asked.cursor.execute(
        f"from {asked.totals} where dimension not in ('goals', 'funnels') order by all"
    ).fetchall()


def prepare(path, work):
    """A world in which something is about to happen, and what its totals will be."""
    path.mkdir()
    world = World(path / "ztas.db", replace(make_site(), retention_days=RETENTION))
    world.at(2026, 11, 7, 15)
    world.store(*random_history(1, 150, FIRST, LAST))
    if work is late:
        world.file()
        shutil.copytree(path, path.with_name("later"))
        after = World(path.with_name("later") / "ztas.db", world.site)
        after.now = world.now
        late(after)
        return world, after.ask(question=totals_in)
    return world, world.ask(question=totals_in, file=False)


@pytest.mark.parametrize("work", [filed, moved, late, sealed], ids=lambda work: work.__name__)
@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param((3, 6, 10), id="some"),
        pytest.param(range(1, MOST), id="all", marks=pytest.mark.slow),
    ],
)
def test_killed_anywhere(tmp_path, work, numbers):
    before, totals = prepare(tmp_path / "before", work)
    for number in numbers:
        place = tmp_path / str(number)
        shutil.copytree(before.path.parent, place)
        world = World(place / "ztas.db", before.site)
        world.now = before.now
        process = FORK.Process(target=killed_at, args=(number, lambda world=world: work(world)))
        process.start()
        process.join()
        assert process.exitcode in {0, KILLED}, number
        look_after(world, work, totals)
        if process.exitcode == 0:
            return
    assert numbers != range(1, MOST), "there are more steps"


def look_after(world, work, totals):
    """Nothing is lost or wrong, and whoever comes next finishes it and tidies up."""
    world.configure()
    assert world.ask(question=totals_in) == totals
    if work is not sealed:
        assert sum(map(len, world.ask().values())) == 150 + (work is late)
    for finish in (World.file, moved, sealed):
        world.configure()
        finish(world)
        assert world.ask(question=totals_in) == totals
    assert {day < "2026-10-30" for day, state in world.days().items() if state == "sealed"} == {
        True
    }
    assert {day < "2026-10-30" for day, state in world.days().items() if state != "sealed"} == {
        False
    }
    assert list(world.folder.rglob(f"*{ASIDE}")) == []

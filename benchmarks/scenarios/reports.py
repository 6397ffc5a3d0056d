"""What a question costs, and filing the hits that it is about."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import beside as besides
from benchmarks.made_up_history import SITE, make_history
from benchmarks.results import Headline, Section
from benchmarks.venvs import ROOT
from ztas_middleware.store.connection import open_connection

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench import Bench
    from benchmarks.beside import Beside
    from benchmarks.results import Cell

NOW = 1_795_000_000_000
"""The end of all histories: a day in November 2026."""

FEW_PATHS, MANY_PATHS = 2_000, 40_000
BUSY_DAY = 50_000
ASKED = 5
"""Times that a process asks the same."""

FILTERS = {
    "browser": "browser=Chrome",
    "page prefix": "page=/section-1/*",
    "source": "source=Google",
}
QUESTIONS = {
    "365d": "period=365d",
    "30d": "period=30d",
    **{f"30d, {name}": f"period=30d&{query}" for name, query in FILTERS.items()},
    **{f"365d, {name}": f"period=365d&{query}" for name, query in FILTERS.items()},
    "365d, country and not browser": "period=365d&country=DE&browser!=Chrome",
}
YEAR = "startDate=2025-11-19&endDate=2026-11-17"
"""The same to a server, whose clock is not `NOW`."""
KEEP_DAYS = 30
TODAY = {"24h": "period=24h", "realtime": ""}


class Asked(NamedTuple):
    """What a process found."""

    first: float
    """Milliseconds."""
    again: float
    """The median of the others."""
    megabytes: float
    """That it grew by."""


class History(NamedTuple):
    """A database that was filed, and what came of it."""

    hits: int
    paths: int
    seconds: float
    """For a million hits, by the clock."""
    cpu: float
    megabytes: float
    """That the process grew by."""
    wait: float
    """Milliseconds of the longest commit of another process meanwhile."""
    size: float
    """Bytes a hit of its folder."""
    asked: dict[str, Asked]
    beside: Beside | None
    kept: float | None
    """MB of the database and the history, with the hits of `KEEP_DAYS` days in the database."""


def measure(bench: Bench) -> Section:
    """File databases of different sizes, and ask them."""
    sizes = sorted(bench.effort.history)
    least, middle, most = sizes[0], sizes[len(sizes) // 2], sizes[-1]
    years = {
        hits: _measure(bench, hits, FEW_PATHS, 365, QUESTIONS, is_largest=hits == most)
        for hits in sizes
    }
    plain = {"365d": QUESTIONS["365d"]}
    many = _measure(bench, middle, MANY_PATHS, 365, plain)
    busy = _measure(bench, 3 * BUSY_DAY, FEW_PATHS, 3, TODAY)
    histories = [*years.values(), many, busy]
    return Section(
        "reports",
        "Questions",
        f"Made-up hits of one year, {least:,} to {most:,}, and of a busy three days; milliseconds "
        "of a question to `Reports` and its JSON with two goals and a funnel of three steps: the "
        f"first one of a process, and the median of {ASKED - 1} more, a hit having come before "
        "each; MB of 10^6 bytes that the process grew by.",
        ("hits", "paths", "question", "first", "again", "MB"),
        tuple(row for history in histories for row in _rows(history)),
        (
            *_headlines(years[least], years[most]),
            Headline(
                f"365d with {MANY_PATHS:,} paths / with {FEW_PATHS:,}",
                many.asked["365d"].again / years[middle].asked["365d"].again,
                "",
                4,
            ),
            *(
                Headline(f"{name} of a day of {BUSY_DAY:,} hits", busy.asked[name].again, "ms", 50)
                for name in TODAY
            ),
            # The few hits of the busy days say what the first statements cost, and no more.
            Headline("filing a million hits", max(one.seconds for one in years.values()), "s", 5),
            Headline("memory added by filing", max(one.megabytes for one in histories), "MB", 300),
            Headline("longest commit beside filing", max(one.wait for one in histories), "ms", 100),
            Headline("history, bytes a hit", max(one.size for one in years.values()), "bytes", 20),
        ),
        notes=tuple(
            f"{one.hits:,} hits with {one.paths:,} paths were filed in {one.seconds:.1f} s a "
            f"million, {one.cpu:.1f} of the processors, and take {one.size:.1f} bytes each; "
            "another process committed a hit every few milliseconds meanwhile."
            for one in histories
        )
        + _beside(years[most]),
    )


def _headlines(least: History, most: History) -> list[Headline]:
    year = most.asked["365d"]
    assert most.beside is not None
    assert most.kept is not None

    def slowest(history: History, period: str) -> float:
        return max(history.asked[f"{period}, {name}"].first for name in FILTERS)

    return [
        Headline(f"365d of {most.hits:,} hits, again", year.again, "ms", 100),
        Headline(f"365d of {most.hits:,} hits, the first of a process", year.first, "ms", 500),
        Headline(
            f"365d of {most.hits:,} hits / of {least.hits:,}",
            year.again / least.asked["365d"].again,
            "",
            1.5,
        ),
        Headline(f"30d of {most.hits:,} hits, one filter", slowest(most, "30d"), "ms", 350),
        Headline(f"365d of {least.hits:,} hits, one filter", slowest(least, "365d"), "ms", 400),
        Headline(f"365d of {most.hits:,} hits, one filter", slowest(most, "365d"), "ms", 3000),
        Headline(
            f"365d of {most.hits:,} hits, two filters",
            most.asked["365d, country and not browser"].first,
            "ms",
            3000,
        ),
        Headline(
            "memory added to a process that asked for a filtered year",
            max(most.asked[f"365d, {name}"].megabytes for name in FILTERS),
            "MB",
            300,
        ),
        Headline(
            "p99 of the app's own requests beside filtered years / without",
            most.beside.beside / most.beside.alone,
            "",
            3,
        ),
        Headline(
            f"database and history of {most.hits:,} hits, keep_hits_days: {KEEP_DAYS}",
            most.kept,
            "MB",
            300,
        ),
    ]


def _beside(history: History) -> tuple[str, ...]:
    if history.beside is None:
        return ()
    alone, beside, questions = history.beside
    text = (
        f"The app's own requests, one at a time in the same worker of {besides.SERVER}: p99 "
        f"{alone:.1f} ms alone, {beside:.1f} ms while {questions} filtered years of "
        f"{history.hits:,} hits were answered one after the other."
    )
    return (text,)


def _rows(history: History) -> list[tuple[Cell, ...]]:
    return [
        (f"{history.hits:,}", f"{history.paths:,}", name, one.first, one.again, one.megabytes)
        for name, one in history.asked.items()
    ]


def _measure(
    bench: Bench,
    hits: int,
    paths: int,
    days: int,
    questions: dict[str, str],
    *,
    is_largest: bool = False,
) -> History:
    folder = bench.scratch / f"{hits}-{paths}"
    folder.mkdir()
    path = folder / "hits.db"
    began = time.perf_counter()
    connection = open_connection(str(path), synchronous="off").connection
    make_history(connection, hits=hits, paths=paths, days=days, end=NOW)
    connection.close()
    print(f"    {hits:,} hits in {time.perf_counter() - began:.0f} s", flush=True)
    filed, wait = _file(bench, path)
    print(f"    filed in {filed['seconds']:.0f} s", flush=True)
    size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
    asked = {name: _ask(bench, path, name, query) for name, query in questions.items()}
    beside = kept = None
    if is_largest:
        beside = besides.measure(
            bench, path, [f"/api/stats?siteId={SITE}&{YEAR}&{query}" for query in FILTERS.values()]
        )
        _run(bench, path, "move", str(KEEP_DAYS))
        kept = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
    # Ten million hits are 2 GB.
    shutil.rmtree(folder)
    share = hits / 1_000_000
    return History(
        hits,
        paths,
        filed["seconds"] / share,
        filed["cpu"] / share,
        filed["megabytes"],
        wait,
        size / hits,
        asked,
        beside,
        kept,
    )


def _file(bench: Bench, path: Path) -> tuple[dict[str, float], float]:
    """What filing cost, and the milliseconds of the longest commit of another process meanwhile."""
    # Its hits are of the running day, and so no reason to do a day again.
    writer = subprocess.Popen(
        [str(bench.python), "-m", "benchmarks.patient_writer", str(path), str(NOW - 1)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    filed = _run(bench, path, "file")
    printed, _ = writer.communicate("")
    return filed, max(json.loads(printed))


def _ask(bench: Bench, path: Path, name: str, query: str) -> Asked:
    what = ["realtime"] if name == "realtime" else ["ask"]
    found = _run(bench, path, *what, str(ASKED), *([query] if query else []))
    first, *others = found["milliseconds"]
    return Asked(first, median(others), found["megabytes"])


def _run(bench: Bench, path: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [str(bench.python), "-m", "benchmarks.asking", str(path), str(NOW), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found

"""What a question costs, and rolling up the hits that it is about."""

from __future__ import annotations

import json
import subprocess
import time
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.made_up_history import DAY, SITE, make_history
from benchmarks.results import Headline, Section
from benchmarks.venvs import ROOT
from ztas_middleware.config import config_from_mapping
from ztas_middleware.history.asking import History
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.connection import open_connection

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench import Bench
    from benchmarks.results import Cell
    from ztas_middleware.config.model import Config

NOW = 1_795_000_000_000
"""The end of all histories: a day in November 2026."""

FEW_PATHS, MANY_PATHS = 2_000, 40_000
BUSY_DAY = 50_000
ASKED = 15
GOALS = {"Actions": {"action": "action-1"}, "Pages": {"page": "/section-1/*"}}
FUNNELS = {"Two": [{"page": "/section-*"}, {"action": "*"}]}


class _History(NamedTuple):
    """A database to ask, and how long it took to roll it up."""

    config: Config
    hits: int
    paths: int
    seconds: float
    waits: list[float]
    """Milliseconds that each of another process's commits took meanwhile."""


def measure(bench: Bench) -> Section:
    """Ask for each period, of databases of different sizes."""
    sizes = bench.effort.history
    middle = sorted(sizes)[len(sizes) // 2]
    histories, rows = [], []
    found: dict[tuple[int, int, str], float] = {}
    for hits, paths, days in (
        *((size, FEW_PATHS, 365) for size in sizes),
        (middle, MANY_PATHS, 365),
        (3 * BUSY_DAY, FEW_PATHS, 3),
    ):
        history = _make(bench, hits, paths, days)
        histories.append(history)
        for period in ("24h",) if days == 3 else ("7d", "30d", "90d", "365d"):
            first, found[hits, paths, period] = _ask(history, period)
            rows.append(_row(history, period, first, found[hits, paths, period]))
        # Ten million hits are 2 GB.
        history.config.database.unlink()

    def asked(hits: int, period: str, paths: int = FEW_PATHS) -> float:
        return found[hits, paths, period]

    return Section(
        "reports",
        "Questions",
        f"Made-up hits of one year, {sizes[0]:,} to {sizes[-1]:,}, and of a busy three days; "
        "milliseconds of a question to `Reports` and its JSON, the first one of a process and the "
        f"median of {ASKED} more, a hit having come before each. While the hits were rolled up, "
        "another process committed one every few milliseconds.",
        (
            "hits",
            "paths",
            "period",
            "first",
            "again",
            "s to roll up a million",
            "commit p99 meanwhile",
            "longest commit",
        ),
        tuple(rows),
        (
            Headline(f"365d of {middle:,} hits", asked(middle, "365d"), "ms", 60),
            Headline(f"30d of {middle:,} hits", asked(middle, "30d"), "ms", 30),
            Headline(f"24h of a day of {BUSY_DAY:,} hits", asked(3 * BUSY_DAY, "24h"), "ms", 50),
            Headline(
                f"365d of {max(sizes):,} hits / of {min(sizes):,}",
                asked(max(sizes), "365d") / asked(min(sizes), "365d"),
                "",
                1.2,
            ),
            Headline(
                f"365d with {MANY_PATHS:,} paths / with {FEW_PATHS:,}",
                asked(middle, "365d", MANY_PATHS) / asked(middle, "365d"),
                "",
                4,
            ),
            Headline(
                "rolling up a million hits",
                max(one.seconds / one.hits for one in histories if one.paths == FEW_PATHS) * 1e6,
                "s",
                15,
            ),
            Headline(
                "longest commit beside a roll-up",
                max(max(one.waits) for one in histories),
                "ms",
                200,
            ),
        ),
    )


def _row(history: _History, period: str, first: float, again: float) -> tuple[Cell, ...]:
    return (
        f"{history.hits:,}",
        f"{history.paths:,}",
        period,
        first,
        again,
        history.seconds / history.hits * 1e6,
        quantiles(history.waits, n=100)[98],
        max(history.waits),
    )


def _make(bench: Bench, hits: int, paths: int, days: int) -> _History:
    path = bench.scratch / f"history-{hits}-{paths}.db"
    began = time.perf_counter()
    connection = open_connection(str(path), synchronous="off").connection
    make_history(connection, hits=hits, paths=paths, days=days, end=NOW)
    connection.close()
    site = {"domain": "shop.example", "goals": GOALS, "funnels": FUNNELS}
    config = config_from_mapping({"database": str(path), "sites": {SITE: site}})
    print(f"    {hits:,} hits in {time.perf_counter() - began:.0f} s", flush=True)
    seconds, waits = _roll_up(bench, path, config)
    print(f"    rolled up in {seconds:.0f} s", flush=True)
    return _History(config, hits, paths, seconds, waits)


def _roll_up(bench: Bench, path: Path, config: Config) -> tuple[float, list[float]]:
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
    began = time.process_time()
    History(config).file(SITE, now=NOW)
    seconds = time.process_time() - began
    printed, _ = writer.communicate("")
    return seconds, json.loads(printed)


def _ask(history: _History, name: str) -> tuple[float, float]:
    """Milliseconds of the first answer, and of the others."""
    reports = Reports(history.config)
    connection = open_connection(str(history.config.database), synchronous="normal").connection
    times = []
    for _ in range(ASKED + 1):
        connection.execute(
            """
            insert into hits (time, site_id, type, path, visitor, browser, os, device)
            values (?, ?, 'pageview', '/section-1/article-1', 'reader', 'Other', 'Other', 'desktop')
            """,
            (NOW - DAY // 1000, SITE),
        )
        began = time.perf_counter()
        reports.stats(reports.question(SITE, {"period": [name]}, now=NOW)).to_json()
        times.append((time.perf_counter() - began) * 1000)
    connection.close()
    return times[0], median(times[1:])

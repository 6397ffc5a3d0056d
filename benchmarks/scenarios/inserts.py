"""Whether a hit costs more in a large database than in a small one."""

from __future__ import annotations

import os
import time
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING

from benchmarks import pipeline, workload
from benchmarks.results import Bar, Chart, Headline, Section
from ztas_middleware.days import Today
from ztas_middleware.intake.agents import identify
from ztas_middleware.intake.hits import Sender, make_hit
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.intake.visitors import visitor_hash
from ztas_middleware.intake.wire import parse_document, parse_event
from ztas_middleware.store.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.bench import Bench
    from benchmarks.pipeline import Pipeline

AT_ONCE = 10_000
ROUNDS = 10
START = 1_760_000_000_000
"""UTC milliseconds of the first row; they come a second apart."""


def measure(bench: Bench) -> Section:
    """Single appends to databases of different sizes, by turns."""
    model = _model(bench.scratch / "model.db")
    databases: dict[int, Pipeline] = {}
    for size in bench.effort.sizes:
        began = time.perf_counter()
        parts = databases[size] = pipeline.build(bench.scratch / f"rows-{size}.db")
        _fill(parts, model, size)
        print(f"    {size:,} rows in {time.perf_counter() - began:.0f} s", flush=True)
    os.sync()  # or the disk would still be at it while we measure
    times: dict[int, list[float]] = {size: [] for size in databases}
    for number in range(ROUNDS):
        for size, parts in databases.items():
            count = bench.effort.appended // ROUNDS
            times[size] += _append(parts, model, size + number * count, count)
    for parts in databases.values():
        parts.database.close()
    smallest, largest = min(times), max(times)
    return Section(
        "inserts",
        "Cost of a commit, by rows that are there",
        f"{bench.effort.appended:,} single appends to each database, in {ROUNDS} turns; "
        "microseconds. The mean has the checkpoints in it, which are made after an answer is out.",
        ("rows", "p50", "p99", "p99.9", "mean", "p50 to the smallest", "mean to the smallest"),
        tuple(
            (
                f"{size:,}",
                median(found),
                quantiles(found, n=100)[98],
                quantiles(found, n=1000)[998],
                fmean(found),
                median(found) / median(times[smallest]),
                fmean(found) / fmean(times[smallest]),
            )
            for size, found in times.items()
        ),
        (
            Headline(
                f"commit at {largest:,} rows / at {smallest:,}, median",
                median(times[largest]) / median(times[smallest]),
                "",
                1.2,
            ),
            Headline(
                f"commit at {largest:,} rows / at {smallest:,}, mean",
                fmean(times[largest]) / fmean(times[smallest]),
                "",
                1.2,
            ),
        ),
        (
            Chart(
                "A commit, by rows that are there",
                "us",
                tuple(Bar(f"{size:,}", "median", median(found)) for size, found in times.items()),
            ),
        ),
    )


def _model(path: Path) -> list[Hit]:
    """Hits to make millions of: everything but their time is drawn again and again."""
    parts = pipeline.build(path)
    day = Today(next(iter(parts.config.sites.values())).timezone).at(START)
    hits = []
    for sent in workload.requests(20_000, people=4000):
        document = parse_document(sent.body) or {}
        event = parse_event(document)
        assert not isinstance(event, str)
        site, agent = parts.config.sites[document["siteId"]], sent.visitor.user_agent
        salt = parts.salts.of(site.id, day)
        visitor = visitor_hash(salt, site.id, sent.visitor.address, agent)
        sender = Sender(START, visitor, identify(agent), None, salt)
        hits.append(make_hit(event, clean_path(event.path, frozenset()), site, sender))
    parts.database.close()
    return hits


def _rows(model: list[Hit], first: int, count: int) -> Iterator[Hit]:
    for number in range(first, first + count):
        _, *rest = model[number % len(model)]
        yield Hit(START + 1000 * number, *rest)


def _fill(parts: Pipeline, model: list[Hit], size: int) -> None:
    for number, first in enumerate(range(0, size, AT_ONCE)):
        parts.database.append(list(_rows(model, first, min(AT_ONCE, size - first))))
        if number % 10 == 9:
            parts.database.checkpoint()
    parts.database.truncate_log()


def _append(parts: Pipeline, model: list[Hit], first: int, count: int) -> list[float]:
    """Microseconds of each append, and of the checkpoint where one is due."""
    times = []
    clock, database = time.perf_counter_ns, parts.database
    for hit in _rows(model, first, count):
        began = clock()
        database.append([hit])
        if database.checkpoint_due:
            database.checkpoint()
        times.append((clock() - began) / 1000)
    return times

"""What it costs to read from a cluster: copying its hits once, and asking it before each answer."""

from __future__ import annotations

import json
import sys
import time
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from benchmarks.asking import settings
from benchmarks.made_up_history import SITE
from benchmarks.results import Headline, Section
from benchmarks.scenarios.reports import FILTERS
from benchmarks.scenarios.shipping import ship, shipped
from benchmarks.venvs import ROOT
from ztas_middleware.cluster.mirror import FRESH, Mirror
from ztas_middleware.config import config_from_mapping
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.database import Database
from ztas_middleware.store.hits import Hit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.bench import Bench

DAYS = 365
ROUNDS = 7
QUESTIONS = {
    "365d": "period=365d",
    **{f"365d, {name}": f"period=365d&{query}" for name, query in FILTERS.items()},
}


def measure(bench: Bench) -> Section:
    """A year of another machine's hits, read by one that has none of its own."""
    # The tests' cluster; its own folder is on the path of nobody else.
    sys.path.insert(0, str(ROOT / "tests" / "harness"))
    from clickhouse import ClickHouse  # type: ignore[import-not-found]

    hits, writer = max(bench.effort.history), bench.scratch
    with ClickHouse(bench.scratch / "clickhouse") as cluster:
        section = cluster.section(database="ztas")
        shipped(writer, section, hits, DAYS)
        config = config_from_mapping({**settings(str(writer / "reader.db")), "cluster": section})
        mirror, reports = Mirror(config), Reports(config)
        copying = _seconds(mirror.copy_all)
        filing = _seconds(lambda: reports.prepare(SITE))
        asked = {name: _asked(reports, query) for name, query in QUESTIONS.items()}
        alone = _asked(Reports(mirror.config), QUESTIONS["365d"])[1]
        nothing = median(_renewed(mirror) for _ in range(ROUNDS))
        one = median(_renewed(mirror, one_more=writer) for _ in range(ROUNDS))
    slowest = max(first for name, (first, _) in asked.items() if name != "365d")
    return Section(
        "reading",
        "Reading several machines",
        f"{hits:,} hits of a year in a ClickHouse cluster of two shards and two replicas, on the "
        "same machine, copied and filed by a machine that has none of them; then questions, with "
        "two goals and a funnel: the first of its kind, and the median of those that follow, the "
        "cluster asked before each. Milliseconds where nothing else is said.",
        ("what", "first", "again"),
        (
            ("hits copied a second", hits / copying, None),
            ("filing a million, seconds", filing / hits * 1e6, None),
            *((name, *times) for name, times in asked.items()),
            ("365d of the copy, the cluster not asked", None, alone),
            ("asking the cluster, nothing new", None, nothing),
            ("asking the cluster, and copying one hit", None, one),
        ),
        (Headline(f"365d of {hits:,} hits in a cluster, one filter", slowest, "ms", 3000),),
    )


def _asked(reports: Reports, query: str) -> tuple[float, float]:
    """Milliseconds of a question and its JSON: the first time, and the median of others."""

    def ask() -> None:
        now = time.time_ns() // 1_000_000
        reports.stats(reports.question(SITE, parse_qs(query), now=now)).to_json()

    found = []
    for _ in range(ROUNDS + 1):
        time.sleep(FRESH)  # until it asks the cluster again
        found.append(_seconds(ask) * 1000)
    return found[0], median(found[1:])


def _renewed(mirror: Mirror, *, one_more: Path | None = None) -> float:
    """Milliseconds until the copy is as new as the cluster, which has one hit more, or none."""
    if one_more is not None:
        database = Database(one_more / "web.db")
        none = dict.fromkeys(Hit._fields)
        known = {
            "time": time.time_ns() // 1_000_000,
            "site_id": SITE,
            "type": "pageview",
            "path": "/",
            "visitor": "reader",
            **dict.fromkeys(("browser", "os", "device"), "Other"),
        }
        database.append([Hit(**{**none, **known})])
        database.close()
        if json.loads(ship(one_more)[0])["shipped"] != 1:
            raise AssertionError("the hit was not shipped")
    time.sleep(FRESH)
    return _seconds(mirror.renew) * 1000


def _seconds(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began

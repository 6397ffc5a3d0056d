"""What it costs to ship hits to a cluster, on the machine that takes them."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import workload
from benchmarks.apps import plain
from benchmarks.made_up_history import SITE, make_history
from benchmarks.results import Headline, Section
from benchmarks.scenarios.in_process import calls
from benchmarks.venvs import ROOT
from ztas_middleware import ZTASMiddleware
from ztas_middleware.store import keys, membership
from ztas_middleware.store.connection import open_connection
from ztas_middleware.store.database import Database
from ztas_middleware.store.whereabouts import place_of

if TYPE_CHECKING:
    import sqlite3

    from benchmarks.bench import Bench

ROUNDS = 15
DAYS = 30


def measure(bench: Bench) -> Section:
    """Shipping a month of hits to two shards of two replicas, and a hit's price beside that."""
    # The tests' cluster; its own folder is on the path of nobody else.
    sys.path.insert(0, str(ROOT / "tests" / "harness"))
    from clickhouse import ClickHouse  # type: ignore[import-not-found]

    hits = min(bench.effort.history)
    with ClickHouse(bench.scratch / "clickhouse") as cluster:
        rate, peak = shipped(bench.scratch, cluster.section(database="ztas"), hits)
        idle = ship(bench.scratch)[1]
    ratio = _price_of_a_hit(bench.scratch, bench.effort.hits // 10)
    return Section(
        "shipping",
        "Several machines",
        f"`ztas ship` drains {hits:,} hits of {DAYS} days into a ClickHouse cluster of two shards "
        "and two replicas on the same machine, which takes most of its processors. Memory is the "
        "largest that the process had, MB of 10^6 bytes. A hit with `cluster:` and without are "
        f"timed by turns, {ROUNDS} times, and the ratio is the median of the rounds'.",
        ("what", "figure"),
        (
            ("hits shipped a second", rate),
            ("memory of the shipper, at work", peak),
            ("... with nothing to do", idle),
            ("a hit with a cluster, over one without", ratio),
        ),
        (
            Headline("hits shipped a second", rate, "", 20_000, at_least=True),
            Headline("memory of a shipper", peak, "MB", 60),
            Headline("a hit with a cluster, over one without", ratio, "", 1.05),
        ),
    )


def shipped(
    folder: Path, section: dict[str, object], hits: int, days: int = DAYS
) -> tuple[float, float]:
    """Hits a second, and the memory of the process that ships them."""
    database = folder / "web.db"
    with closing(open_connection(str(database), synchronous="normal").connection) as connection:
        now = time.time_ns() // 1_000_000
        make_history(connection, hits=hits, paths=2_000, days=days, end=now)
    settings = {
        "database": str(database),
        "sites": {SITE: {"domain": "example.com"}},
        "cluster": section,
    }
    (folder / "web.yaml").write_text(json.dumps(settings))
    subprocess.run([*ztas("cluster", "init", folder=folder)], check=True, capture_output=True)
    began = time.monotonic()
    said, peak = ship(folder)
    seconds = time.monotonic() - began
    if json.loads(said)["shipped"] != hits:
        raise AssertionError(f"{said}: not all of {hits} hits were shipped")
    return hits / seconds, peak


def ship(folder: Path) -> tuple[str, float]:
    """What `ztas ship` says, and the most memory it had, in MB."""
    command = ztas("ship", "--json", folder=folder)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    peak = 0
    while process.poll() is None:
        status = Path(f"/proc/{process.pid}/status").read_text()
        found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
        peak = max([peak, *map(int, found)])
        time.sleep(0.005)
    said, _ = process.communicate()
    return said, peak * 1024 / 1e6


def ztas(*arguments: str, folder: Path) -> list[str]:
    """The command `ztas`, with the configuration of a folder."""
    name = folder / "web.yaml"
    return [sys.executable, "-m", "ztas_middleware", *arguments, "--config", str(name)]


def _price_of_a_hit(folder: Path, number: int) -> float:
    """A hit of a machine that has joined a cluster, over one of a box alone."""
    sent = workload.requests(number)
    alone, joined = folder / "alone.db", folder / "joined.db"
    _join(joined)
    cluster = {"cluster": {"hosts": ["127.0.0.1:1"]}}
    contenders = [
        ZTASMiddleware(plain.application, workload.config(alone)),
        ZTASMiddleware(plain.application, workload.config(joined) | cluster),
    ]
    ratios = []
    for turn in range(ROUNDS + 1):
        order = contenders if turn % 2 else contenders[::-1]
        times = {id(one): median(calls(one, sent)) for one in order}
        if turn:  # the first warms up
            ratios.append(times[id(contenders[1])] / times[id(contenders[0])])
    for one in contenders:
        one.close()
    return median(ratios)


def _join(path: Path) -> None:
    running = keys.oldest_running(time.time_ns() // 1_000_000)

    def join(connection: sqlite3.Connection) -> None:
        keys.keep_key(connection, running, bytes(keys.KEY_BYTES))
        membership.join(connection, place_of(connection), membership.FIRST_ID)

    database = Database(path)
    database.transact(join)
    database.close()

"""The same page views to runlight, the one other package that takes them inside the app."""

from __future__ import annotations

import json
import os
import subprocess
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import workload
from benchmarks.load import Contender, middle, middle_cpu, ratio, take_turns, write_requests
from benchmarks.results import Bar, Chart, Section
from benchmarks.scenarios.tracked import rows_are_there
from benchmarks.servers import SYNC, Application
from benchmarks.venvs import ROOT, RUNLIGHT, make, versions

if TYPE_CHECKING:
    from benchmarks.bench import Bench
    from benchmarks.results import Cell

OURS, TWIN, NULL = "ztas-middleware", "runlight", "null app"
TABLES = {OURS: "hits", TWIN: "rl_events"}
TURNS = 3


def measure(bench: Bench) -> Section:
    """Page views in process and under gunicorn, and what bad luck is answered."""
    applications = {
        OURS: bench.application("plain_wrapped"),
        TWIN: Application("plain_runlight", make(RUNLIGHT), bench.scratch / "runlight.db"),
    }
    alone: dict[str, list[dict[str, Any]]] = {OURS: [], TWIN: []}
    for turn in range(TURNS):
        for name in (OURS, TWIN) if turn % 2 == 0 else (TWIN, OURS):
            alone[name].append(_in_process(bench, name, applications[name], turn))
    views = workload.page_views(10_000)
    contenders = [
        Contender(
            name,
            application,
            write_requests(
                bench.scratch / name,
                (workload.http_post(workload.DIALECTS[name](view)) for view in views),
            ),
            rows_are_there(application.database, TABLES[name]),
        )
        for name, application in applications.items()
    ]
    null = Contender(NULL, bench.application("plain"), contenders[0].requests)
    loads = take_turns(
        SYNC,
        [null, *contenders],
        rounds=min(3, bench.effort.rounds),
        seconds=bench.effort.seconds,
    )

    def middle_of(name: str, what: str) -> float:
        return median(run[what] for run in alone[name])

    def told(name: str, what: str) -> str:
        run = alone[name][0]
        status = run[what].split()[0]
        return f"{status}, {'stored' if run[f'{what}_stored'] else 'not stored'}"

    names = (OURS, TWIN)
    rows: list[tuple[Cell, ...]] = [
        ("in process, median, us", *(middle_of(name, "median") for name in names)),
        ("in process, mean, us", *(middle_of(name, "mean") for name in names)),
        ("in process, p99, us", *(middle_of(name, "p99") for name in names)),
        ("stored of those answered with success", *(_share(alone[name]) for name in names)),
        ("bytes a page view", *(middle_of(name, "bytes") for name in names)),
        ("gunicorn sync, page views/s", *(middle(loads[name]) for name in names)),
        ("gunicorn sync, CPU us", *(middle_cpu(loads[name]) for name in names)),
        ("gunicorn sync, of a null app", *(ratio(loads, name, NULL) for name in names)),
        ("from another site's page", *(told(name, "foreign") for name in names)),
        ("while the database is locked", *(told(name, "locked") for name in names)),
    ]
    return Section(
        "twin",
        "Beside runlight",
        f"{bench.effort.hits:,} page views of {bench.effort.hits // 10:,} visitors, each as the "
        "package's own tracker sends it, to a WSGI application that does nothing else; rate "
        "limits off, every other setting as it comes. Calls in process are timed one by one up "
        f"to the answer's close(), medians of {TURNS} processes each.",
        ("what", *names),
        tuple(rows),
        charts=(
            Chart(
                "A stored page view",
                "us",
                tuple(Bar("in process", name, middle_of(name, "median")) for name in names),
            ),
        ),
        notes=(f"runlight: {versions(applications[TWIN].python, 'runlight', 'gunicorn')}.",),
    )


def _in_process(bench: Bench, name: str, application: Application, turn: int) -> dict[str, Any]:
    database = bench.scratch / f"{name}-{turn}.db"
    done = subprocess.run(
        [
            *(str(application.python), "-m", "benchmarks.page_views"),
            f"benchmarks.apps.{application.module}",
            *(name, TABLES[name], str(bench.effort.hits)),
        ],
        cwd=ROOT,
        env={**os.environ, "ZTAS_BENCH_DATABASE": str(database)},
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _share(runs: list[dict[str, Any]]) -> str:
    stored, answered = (sum(run[what] for run in runs) for what in ("stored", "answered"))
    return f"{stored:,} of {answered:,}"

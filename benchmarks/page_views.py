"""Page views given to a wrapped application one by one, and what it does with bad luck.

    ZTAS_BENCH_DATABASE=FILE python -m benchmarks.page_views MODULE DIALECT TABLE NUMBER

A process of its own, since packages that are compared live in environments of their own. Prints
JSON: microseconds (`median`, `mean`, `p99`), `answered` with success and `stored`; what a hit from
another site's page and one that finds the database locked were answered (`foreign`, `locked`), and
how many rows each left (`foreign_stored`, `locked_stored`).
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import replace
from importlib import import_module
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Any

from benchmarks import workload

if TYPE_CHECKING:
    from collections.abc import Callable
    from wsgiref.types import WSGIApplication

FOREIGN = "https://another-site.example"


def main() -> None:
    """Measure, print."""
    module, dialect, table, number = sys.argv[1:]
    database = os.environ["ZTAS_BENCH_DATABASE"]
    call = _caller(import_module(module).application)
    convert = workload.DIALECTS[dialect]
    sent = [convert(each) for each in workload.page_views(int(number) * 5 // 4)]
    warm = len(sent) - int(number)
    for each in sent[:warm]:
        call(each)
    before = _rows(database, table)
    times, answered = [], 0
    for each in sent[warm:]:
        status, microseconds = call(each)
        answered += status.startswith("2")
        times.append(microseconds)
    result: dict[str, Any] = {
        "median": median(times),
        "mean": fmean(times),
        "p99": quantiles(times, n=100)[98],
        "answered": answered,
        "stored": _rows(database, table) - before,
    }
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        (pages,) = connection.execute("pragma page_count").fetchone()
        (size,) = connection.execute("pragma page_size").fetchone()
    result["bytes"] = pages * size / (before + result["stored"])
    before = _rows(database, table)
    result["foreign"], _ = call(replace(sent[0], origin=FOREIGN))
    result["foreign_stored"] = _rows(database, table) - before
    before = _rows(database, table)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("begin immediate")
        result["locked"], _ = call(sent[1])
        other.execute("rollback")
    result["locked_stored"] = _rows(database, table) - before
    print(json.dumps(result))
    sys.stdout.flush()
    # Threads of the packages have nothing left to say.
    os._exit(0)


def _caller(application: WSGIApplication) -> Callable[[workload.Sent], tuple[str, float]]:
    """Call the application as a server does; the status, and microseconds up to its close()."""
    statuses: list[str] = []

    def start_response(status: str, _headers: object, _error: object = None) -> Any:  # noqa: ANN401
        statuses.append(status)
        return io.BytesIO().write

    def call(sent: workload.Sent) -> tuple[str, float]:
        environ = workload.environ(sent)
        statuses.clear()
        began = time.perf_counter_ns()
        answer = application(environ, start_response)
        b"".join(answer)
        close = getattr(answer, "close", None)
        if close is not None:
            close()
        return statuses[0], (time.perf_counter_ns() - began) / 1000

    return call


def _rows(database: str, table: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (rows,) = connection.execute(f"select count(*) from {table}").fetchone()
    return int(rows)


if __name__ == "__main__":
    main()

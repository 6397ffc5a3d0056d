"""What a tracked hit costs on real servers, against an application that does nothing with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

from benchmarks import workload
from benchmarks.load import (
    CONNECTIONS,
    Contender,
    LoadError,
    middle,
    middle_cpu,
    ratio,
    take_turns,
    write_requests,
)
from benchmarks.results import Bar, Chart, Headline, Section

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.bench import Bench

NULL, TRACKED, HELLO = "null app", "tracked hit", "Flask hello"

# Of a null application's requests per second; for the others the issue names no figure.
SHARES = {"gunicorn sync": 0.75, "gunicorn gthread": 0.65}


def measure(bench: Bench) -> Section:
    """Committed hits, the same POSTs to a null application, and GETs of a bare Flask."""
    hits = write_requests(
        bench.scratch / "hits", map(workload.http_post, workload.requests(10_000))
    )
    pages = write_requests(
        bench.scratch / "pages", map(workload.http_get, workload.visitors(Random(1), 200))
    )
    tracked = bench.application("plain_wrapped")
    contenders = (
        Contender(NULL, bench.application("plain"), hits),
        Contender(TRACKED, tracked, hits, rows_are_there(tracked.database)),
        Contender(HELLO, bench.application("hello_flask"), pages),
    )
    rows, bars, headlines = [], [], []
    for server in bench.effort.servers:
        loads = take_turns(
            server, contenders, rounds=bench.effort.rounds, seconds=bench.effort.seconds
        )
        share = ratio(loads, TRACKED, NULL)
        over_hello = ratio(loads, TRACKED, HELLO)
        p99 = ratio(loads, TRACKED, NULL, "p99")
        rows += [
            (
                f"{server}: {name}",
                middle(loads[name]),
                ratio(loads, name, NULL),
                middle_cpu(loads[name]),
                *(middle(loads[name], what) / 1000 for what in ("p50", "p99", "p999")),
            )
            for name in (NULL, TRACKED, HELLO)
        ]
        if server in SHARES:
            headlines.append(
                Headline(
                    f"tracked hit / null app, {server}", share, "", SHARES[server], at_least=True
                )
            )
        headlines += [
            Headline(f"tracked hit / Flask hello, {server}", over_hello, "", 1, at_least=True),
            Headline(f"p99 of a tracked hit / null app, {server}", p99, "", 3),
        ]
        bars += [Bar(server, name, middle(loads[name])) for name in (NULL, TRACKED, HELLO)]
    return Section(
        "tracked",
        "Tracked hits",
        "POST /api/track, each answer a committed row (counted after every round), against the "
        "same POST to a null application and a GET of Flask's hello; 8 connections that are "
        "never idle, so a latency is mostly waiting in line.",
        ("server", "requests/s", "of null", "CPU us", "p50 ms", "p99 ms", "p99.9 ms"),
        tuple(rows),
        tuple(headlines),
        (Chart("Tracked hits", "requests/s", tuple(bars)),),
    )


def rows_are_there(
    database: Path, table: str = "hits", *, answers_a_row: int = 1
) -> Callable[[int], None]:
    """Whether the answers of a round are rows: else something else was measured."""
    counted = 0

    def look(answers: int) -> None:
        nonlocal counted
        with closing(sqlite3.connect(database)) as connection:
            (rows,) = connection.execute(f"select count(*) from {table}").fetchone()
        # Where requests take turns, each connection may have been cut off before its row.
        if rows - counted < answers // answers_a_row - (answers_a_row - 1) * CONNECTIONS:
            raise LoadError(f"{answers} requests were answered, {rows - counted} rows stored")
        counted = rows

    return look

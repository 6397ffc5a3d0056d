"""What a request costs without a server around it, and where a hit's time goes."""

from __future__ import annotations

import time
from contextlib import closing
from random import Random
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Any

from benchmarks import pipeline, workload
from benchmarks.apps import plain
from benchmarks.results import Bar, Chart, Headline, Section
from ztas_middleware import ZTASMiddleware
from ztas_middleware.days import Today
from ztas_middleware.intake.agents import identify
from ztas_middleware.intake.bots import BotFilter, classify
from ztas_middleware.intake.hits import Sender, make_hit
from ztas_middleware.intake.origin import Origins
from ztas_middleware.intake.paths import clean_path
from ztas_middleware.intake.ratelimit import RateLimiter
from ztas_middleware.intake.visitors import visitor_hash
from ztas_middleware.intake.wire import parse_document, parse_event
from ztas_middleware.store.connection import identity_of, open_connection
from ztas_middleware.store.hits import insert

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path
    from wsgiref.types import WSGIApplication

    from benchmarks.bench import Bench
    from benchmarks.results import Cell
    from benchmarks.workload import Sent

ROUNDS = 9
TURNS, CALLS = 101, 2000
"""Of the bare and the wrapped application: short ones, so that neighbours disturb few of them."""
BATCH = 10


def measure(bench: Bench) -> Section:
    """A pass-through request, a stored hit, a batch, and the steps of a hit."""
    number = bench.effort.hits
    bare, wrapped = _pass_through(bench.scratch / "pages.db")
    added = median(ours - theirs for ours, theirs in zip(wrapped, bare, strict=True))
    sent = workload.requests(number)
    null = calls(plain.application, sent)
    middleware = ZTASMiddleware(plain.application, workload.config(bench.scratch / "hits.db"))
    calls(middleware, sent[: number // 4])
    stored = calls(middleware, sent)
    batches = calls(middleware, workload.batches(number // BATCH, BATCH))
    middleware.close()
    steps = _steps(bench.scratch, sent[: min(number, 4000)])
    known = sum(cost for _, cost in steps)
    rows: list[tuple[Cell, ...]] = [
        ("a request that is not ours: null app", *_spread(bare)),
        ("... wrapped", *_spread(wrapped)),
        ("a hit: null app", *_spread(null)),
        ("... stored", *_spread(stored)),
        (f"a batch of {BATCH}, stored", *_spread(batches)),
        *((f"step: {name}", cost, *[None] * 4) for name, cost in steps),
        ("step: all else", max(0.0, median(stored) - known), *[None] * 4),
        ("bots.look of a User-Agent not seen before", *_new_agents()),
    ]
    return Section(
        "in-process",
        "In process",
        f"One thread calls the application {number:,} times with what a server hands over, until "
        "the answer's close(), so that checkpoints are in it; microseconds. Steps are medians "
        f"of {ROUNDS} rounds, with the caches as warm as a thousand visitors leave them.",
        ("what", "p50", "p99", "p99.9", "max", "mean"),
        tuple(rows),
        (
            Headline("a request that is not ours, added", added, "us", 0.3),
            Headline("a stored hit, median", median(stored), "us", 45),
            Headline("a stored hit, mean", fmean(stored), "us", 45),
        ),
        (
            Chart(
                "Where a stored hit's time goes",
                "us",
                (
                    *(Bar(name, "step", cost) for name, cost in steps),
                    Bar("all else", "step", max(0.0, median(stored) - known)),
                ),
            ),
        ),
    )


def _start_response(status: str, _headers: list[tuple[str, str]]) -> None:
    if not status.startswith("200"):
        raise AssertionError(f"{status}: something else was measured")


def _pass_through(database: Path) -> tuple[list[float], list[float]]:
    """Microseconds a request, of the bare and the wrapped application, by turns."""
    environ = workload.page_environ()
    middleware = ZTASMiddleware(plain.application, workload.config(database))
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for application, times in zip((plain.application, middleware), found, strict=True):
            began = time.perf_counter_ns()
            for _ in range(CALLS):
                application(environ, _start_response)
            times.append((time.perf_counter_ns() - began) / CALLS / 1000)
    middleware.close()
    return found


def calls(application: WSGIApplication, sent: Iterable[Sent]) -> list[float]:
    """Microseconds of each call, from the environ to the answer's `close()`."""
    times = []
    clock = time.perf_counter_ns
    for one in sent:
        environ = workload.environ(one)
        began = clock()
        body = application(environ, _start_response)
        for _ in body:
            pass
        close = getattr(body, "close", None)
        if close is not None:
            close()
        times.append((clock() - began) / 1000)
    return times


def _spread(times: Sequence[float]) -> tuple[float | None, ...]:
    if len(times) < 1000:  # rounds, of which each is a mean already
        return (median(times), *[None] * 3, fmean(times))
    cuts = quantiles(times, n=1000)
    return median(times), cuts[989], cuts[998], max(times), fmean(times)


def _new_agents() -> tuple[float | None, ...]:
    """Microseconds that the first hit of a User-Agent spends on judging and naming it."""
    crowd = workload.visitors(Random(4), 1000, own_agents=True)
    times = []
    for visitor in crowd:
        began = time.perf_counter_ns()
        classify(visitor.user_agent)
        identify(visitor.user_agent)
        times.append((time.perf_counter_ns() - began) / 1000)
    return _spread(times)


def _steps(scratch: Path, sent: Sequence[Sent]) -> list[tuple[str, float]]:
    """Microseconds of each step of the hot path, for one hit."""
    parts = pipeline.build(scratch / "steps.db")
    config, recorder, database = parts.config, parts.recorder, parts.database
    origins, bots, limiter = Origins(config.sites), BotFilter(), RateLimiter(1_000_000)
    documents = [parse_document(one.body) or {} for one in sent]
    events = [event for event in map(parse_event, documents) if not isinstance(event, str)]
    environs = [workload.environ(one) for one in sent]
    addresses = [one.visitor.address for one in sent]
    agents = [one.visitor.user_agent for one in sent]
    sites = [config.sites[document["siteId"]] for document in documents]
    today = Today(sites[0].timezone)
    now = time.time_ns() // 1_000_000
    salt = parts.salts.of(sites[0].id, today.at(now))
    senders = [
        Sender(now, visitor_hash(salt, site.id, address, agent), identify(agent), None, salt)
        for site, address, agent in zip(sites, addresses, agents, strict=True)
    ]
    paths = [clean_path(event.path, frozenset()) for event in events]
    hits = [make_hit(*each) for each in zip(events, paths, sites, senders, strict=True)]
    with closing(open_connection(str(scratch / "bare.db"), synchronous="normal").connection) as raw:
        work: dict[str, Callable[[], Any]] = {
            "JSON": lambda: [parse_document(one.body) for one in sent],
            "parse_event": lambda: [parse_event(document) for document in documents],
            "origin": lambda: [origins.sites_of(one.origin) for one in sent],
            "client": lambda: [recorder.receive(environ) for environ in environs],
            "rate limit": lambda: [limiter.wait(address) for address in addresses],
            "bots.look": lambda: [bots.look(agent) for agent in agents],
            "day and salt": lambda: [parts.salts.of(site.id, today.at(now)) for site in sites],
            "visitor hash": lambda: [
                visitor_hash(salt, site.id, address, agent)
                for site, address, agent in zip(sites, addresses, agents, strict=True)
            ],
            "clean_path": lambda: [clean_path(event.path, frozenset()) for event in events],
            "make_hit": lambda: [
                make_hit(*each) for each in zip(events, paths, sites, senders, strict=True)
            ],
            "stat": lambda: [identity_of(database._filename) for _ in sent],  # noqa: SLF001 - what is timed
            "SQLite's insert and commit": lambda: [insert(raw, [hit]) for hit in hits],
            _APPEND: lambda: [database.append([hit]) for hit in hits],
        }
        times = _interleaved(work, len(sent), lambda: _tidy(raw, database.checkpoint))
    database.close()
    # What the store adds to SQLite and the look at the file.
    times[_APPEND] -= times["stat"] + times["SQLite's insert and commit"]
    return [(name, max(0.0, cost)) for name, cost in times.items()]


_APPEND = "rest of append: lock, batch"


def _interleaved(
    work: dict[str, Callable[[], Any]], number: int, between: Callable[[], None]
) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in work}
    for index in range(ROUNDS + 1):
        for name, step in work.items():
            began = time.perf_counter_ns()
            step()
            if index:  # the first round only warms up
                times[name].append((time.perf_counter_ns() - began) / number / 1000)
        between()
    return {name: median(found) for name, found in times.items()}


def _tidy(raw: sqlite3.Connection, checkpoint: Callable[[], None]) -> None:
    raw.execute("pragma wal_checkpoint(truncate)")
    checkpoint()

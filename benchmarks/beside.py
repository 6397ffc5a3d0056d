"""The app's own requests in a worker that answers a filtered year meanwhile."""

from __future__ import annotations

import http.client
import time
from contextlib import closing
from statistics import quantiles
from threading import Event, Thread
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.servers import Application, Served, serve

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.bench import Bench

SERVER = "gunicorn gthread"
SECONDS = 10
"""Of looking, without and beside questions each."""
PAUSE = 0.002
"""Seconds between two requests: it is latency that is looked at, not load."""


class Beside(NamedTuple):
    """What became of the app's own requests, and of the questions."""

    alone: float
    """Milliseconds, the 99th percentile."""
    beside: float
    questions: int
    """That were answered meanwhile."""


def measure(bench: Bench, database: Path, questions: list[str]) -> Beside:
    """The 99th percentile of `GET /`, without and beside questions of the API.

    Args:
        bench: the circumstances.
        database: a made-up history that was filed.
        questions: paths, asked by turns, one at a time.

    Raises:
        AssertionError: a question was answered with something else than 200.
    """
    application = Application("plain_reports", bench.python, database)
    with serve(SERVER, application) as served:
        alone = _latencies(served, SECONDS)
        answered: list[int] = []
        is_over = Event()
        reader = Thread(target=_ask, args=(served, questions, answered, is_over))
        reader.start()
        try:
            beside = _latencies(served, SECONDS)
        finally:
            is_over.set()
            reader.join()
    assert answered, "no question was answered"
    assert set(answered) == {200}, f"answers: {set(answered)}"
    return Beside(_p99(alone), _p99(beside), len(answered))


def _latencies(served: Served, seconds: float) -> list[float]:
    found: list[float] = []
    end = time.monotonic() + seconds
    with closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)) as connection:
        while time.monotonic() < end:
            began = time.perf_counter()
            connection.request("GET", "/")
            connection.getresponse().read()
            found.append((time.perf_counter() - began) * 1000)
            time.sleep(PAUSE)
    return found


def _ask(served: Served, questions: list[str], answered: list[int], is_over: Event) -> None:
    while not is_over.is_set():
        for question in questions:
            with closing(
                http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
            ) as connection:
                connection.request("GET", question)
                answer = connection.getresponse()
                answer.read()
                answered.append(answer.status)
            if is_over.is_set():
                return


def _p99(milliseconds: list[float]) -> float:
    return quantiles(milliseconds, n=100)[98]

"""What the ASGI door costs an event loop: a request, a hit, and how long the loop is away."""

from __future__ import annotations

import asyncio
import time
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks import workload
from benchmarks.apps import plain
from benchmarks.made_up_history import SITE, make_history
from benchmarks.results import Headline, Section
from ztas_middleware import ZTASMiddleware
from ztas_middleware.asgi import ZTASMiddleware as AsgiMiddleware
from ztas_middleware.store.connection import open_connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Sequence
    from pathlib import Path

    from benchmarks.bench import Bench
    from benchmarks.results import Cell

TURNS, CALLS = 101, 2000
AT_ONCE = (1, 8, 64)
"""Requests that are under way together."""
HISTORY, PATHS = 300_000, 2_000
LOCKED = 2.0
"""Seconds that another program has the database."""

Scope = dict[str, Any]


def measure(bench: Bench) -> Section:
    """A pass-through request, hits as many come together, and the loop's longest pauses."""
    added = asyncio.run(_pass_through(bench.scratch / "pages.db"))
    sent = workload.requests(bench.effort.hits)
    through_wsgi = _through_wsgi(bench.scratch / "wsgi.db", sent)
    hits = {
        number: asyncio.run(_hits(bench.scratch / f"asgi-{number}.db", sent, number))
        for number in AT_ONCE
    }
    pauses = asyncio.run(_pauses(bench.scratch / "history.db"))
    rows: list[tuple[Cell, ...]] = [
        ("a request that is not ours, added", added, None),
        ("a hit through WSGI", through_wsgi, 1.0),
        *(
            (f"a hit through ASGI, {number} at once", cost, cost / through_wsgi)
            for number, cost in hits.items()
        ),
        *((f"longest pause: {name}", pause * 1e6, None) for name, pause in pauses.items()),
    ]
    return Section(
        "event-loop",
        "Event loop",
        "In process, without a server: ASGI messages to the middleware; microseconds of processor "
        "time, all threads, but for pauses, which are what a task that sleeps for a millisecond "
        f"sleeps longer. The year has {HISTORY:,} hits.",
        ("what", "us", "of WSGI"),
        tuple(rows),
        (
            Headline("ASGI: a request that is not ours, added", added, "us", 3),
            Headline("ASGI: a hit, to one through WSGI", hits[8] / through_wsgi, "", 1.5),
            *(
                Headline(f"the event loop's longest pause, {name}", pause * 1e3, "ms", 10)
                for name, pause in pauses.items()
            ),
        ),
    )


async def _bare(_scope: Scope, _receive: object, _send: object) -> None:
    """Answer nobody: nobody asks."""


async def _pass_through(database: Path) -> float:
    """Microseconds that the middleware adds to a request."""
    middleware = AsgiMiddleware(_bare, workload.config(database))
    scope = _scope(workload.page_environ())
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(TURNS):
        for application, times in zip((_bare, middleware), found, strict=True):
            began = time.perf_counter_ns()
            for _ in range(CALLS):
                await application(scope, None, None)
            times.append((time.perf_counter_ns() - began) / CALLS / 1000)
    middleware.close()
    return median(ours - theirs for theirs, ours in zip(*found, strict=True))


def _through_wsgi(database: Path, sent: Sequence[workload.Sent]) -> float:
    """Microseconds of processor time a hit, through the other door."""
    middleware = ZTASMiddleware(plain.application, workload.config(database))

    def post(requests: Sequence[workload.Sent]) -> None:
        for one in requests:
            body = middleware(workload.environ(one), lambda _status, _headers: print)
            close = getattr(body, "close", None)
            if close is not None:
                close()

    post(sent[: len(sent) // 4])
    began = time.process_time()
    post(sent)
    spent = time.process_time() - began
    middleware.close()
    return spent / len(sent) * 1e6


async def _hits(database: Path, sent: Sequence[workload.Sent], at_once: int) -> float:
    """Microseconds of processor time a hit, while so many wait together."""
    middleware = AsgiMiddleware(_bare, workload.config(database))
    requests = [(_scope(environ), environ["wsgi.input"].read()) for environ in _environs(sent)]

    async def post(left: Iterator[tuple[Scope, bytes]]) -> None:
        for scope, body in left:
            if await _ask(middleware, scope, body) != 200:
                raise AssertionError("something else was measured")

    async def post_all(chosen: Sequence[tuple[Scope, bytes]]) -> None:
        left = iter(chosen)
        await asyncio.gather(*[post(left) for _ in range(at_once)])

    await post_all(requests[: len(requests) // 4])
    began = time.process_time()
    await post_all(requests)
    spent = time.process_time() - began
    middleware.close()
    return spent / len(requests) * 1e6


async def _pauses(database: Path) -> dict[str, float]:
    """Seconds that the loop is away at most, by what happens meanwhile."""
    connection = open_connection(str(database), synchronous="off").connection
    now = time.time_ns() // 1_000_000
    make_history(connection, hits=HISTORY, paths=PATHS, days=365, end=now)
    connection.close()
    site = {"domain": "example.com", "public": True}
    settings = {"database": str(database), "sites": {SITE: site}, "api": {"path": "/api"}}
    middleware = AsgiMiddleware(_bare, settings)
    question = _scope(workload.page_environ()) | {
        "path": "/api/stats",
        "query_string": f"siteId={SITE}&period=365d&browser=Chrome".encode(),
    }

    async def locked() -> None:
        other = open_connection(str(database), synchronous="off").connection
        other.execute("begin immediate")
        (one,) = workload.requests(1)
        scope = _scope(workload.environ(one))
        body = b'{"siteId": "%s", "type": "pageview"}' % SITE.encode()
        scope["headers"] = [(b"origin", b"https://example.com")]
        hits = [asyncio.create_task(_ask(middleware, scope, body)) for _ in range(10)]
        await asyncio.sleep(LOCKED)
        other.execute("rollback")
        other.close()
        await asyncio.gather(*hits)

    pauses = {
        "nothing": await _longest_pause(asyncio.sleep(LOCKED)),
        "the database locked": await _longest_pause(locked()),
        "a filtered year, first time": await _longest_pause(_ask(middleware, question, b"")),
        "a filtered year": await _longest_pause(_ask(middleware, question, b"")),
    }
    middleware.close()
    return pauses


async def _longest_pause(work: Awaitable[object]) -> float:
    task, longest = asyncio.ensure_future(work), 0.0
    while not task.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - began - 0.001)
    await task
    return longest


async def _ask(middleware: AsgiMiddleware, scope: Scope, body: bytes) -> int:
    """The status of the answer to a request."""
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - a message of ASGI
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await middleware(scope, receive, send)
    return statuses[0]


def _environs(sent: Sequence[workload.Sent]) -> Iterator[dict[str, Any]]:
    return (workload.environ(one) for one in sent)


def _scope(environ: dict[str, Any]) -> Scope:
    headers = [
        (key.removeprefix("HTTP_").replace("_", "-").lower().encode(), value.encode("latin-1"))
        for key, value in environ.items()
        if key.startswith("HTTP_") or key in ("CONTENT_LENGTH", "CONTENT_TYPE")
    ]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": "http",
        "path": environ["PATH_INFO"],
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": (environ["REMOTE_ADDR"], 50_000),
        "server": (environ["SERVER_NAME"], 8000),
    }

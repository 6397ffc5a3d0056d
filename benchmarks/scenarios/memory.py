"""What the middleware adds to the memory of a worker."""

from __future__ import annotations

import http.client
from statistics import median
from typing import TYPE_CHECKING

from benchmarks import workload
from benchmarks.results import Headline, Section
from benchmarks.servers import SYNC, serve, worker_of

if TYPE_CHECKING:
    from benchmarks.bench import Bench
    from benchmarks.servers import Application, Served

HITS = 1000
PAIRS = (
    ("WSGI app", "plain", "plain_wrapped"),
    ("Flask hello", "hello_flask", "hello_flask_wrapped"),
)


def measure(bench: Bench) -> Section:
    """Resident and proportional memory of a gunicorn worker that took varied hits."""
    sent = workload.requests(HITS, people=HITS, own_agents=True)
    rounds = min(3, bench.effort.rounds)
    rows, headlines = [], []
    for name, *modules in PAIRS:
        found: dict[str, list[tuple[float, float]]] = {module: [] for module in modules}
        for _ in range(rounds):
            for module in modules:
                found[module].append(_memory(bench.application(module), sent))
        (bare_rss, bare_pss), (rss, pss) = (
            tuple(median(figures) for figures in zip(*found[module], strict=True))
            for module in modules
        )
        rows += [
            (f"{name}, bare", bare_rss, bare_pss),
            (f"{name}, wrapped", rss, pss),
            (f"{name}, added", rss - bare_rss, pss - bare_pss),
        ]
        headlines.append(Headline(f"memory added to a worker, {name}", rss - bare_rss, "MB", 12))
    return Section(
        "memory",
        "Memory",
        f"A worker of gunicorn (sync, no preload) after {HITS:,} POSTs with as many different "
        "User-Agents and addresses; MB of 10^6 bytes.",
        ("worker", "RSS", "PSS"),
        tuple(rows),
        tuple(headlines),
        notes=("The bare Flask answers those POSTs with 404 or 405, the bare WSGI app with 200.",),
    )


def _memory(application: Application, sent: list[workload.Sent]) -> tuple[float, float]:
    """RSS and PSS in MB."""
    with serve(SYNC, application) as served:
        for one in sent:
            _post(served, one)
        # From the kernel, so that pages shared with gunicorn's master are told apart.
        with open(f"/proc/{worker_of(served)}/smaps_rollup") as rollup:  # noqa: PTH123 - a name
            lines = [line.split() for line in rollup]
    sizes = {words[0]: int(words[1]) * 1024 / 1e6 for words in lines if words[-1] == "kB"}
    return sizes["Rss:"], sizes["Pss:"]


def _post(served: Served, sent: workload.Sent) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    headers = {
        "Content-Type": "text/plain;charset=UTF-8",
        "Origin": sent.origin,
        "User-Agent": sent.visitor.user_agent,
        "X-Forwarded-For": sent.visitor.address,
    }
    connection.request("POST", workload.ENDPOINT, sent.body, headers)
    connection.getresponse().read()
    connection.close()

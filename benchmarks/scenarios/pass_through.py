"""What wrapping costs the requests that are not ours, on real servers."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from benchmarks import workload
from benchmarks.load import Contender, middle, ratio, take_turns, write_requests
from benchmarks.results import Bar, Chart, Headline, Section

if TYPE_CHECKING:
    from benchmarks.bench import Bench


def measure(bench: Bench) -> Section:
    """Bare application against the same one, wrapped."""
    pages = write_requests(
        bench.scratch / "pages", map(workload.http_get, workload.visitors(Random(1), 200))
    )
    bare = Contender("bare", bench.application("plain"), pages)
    wrapped = Contender("wrapped", bench.application("plain_wrapped"), pages)
    rows, bars, ratios = [], [], {}
    for server in bench.effort.servers:
        loads = take_turns(
            server, (bare, wrapped), rounds=bench.effort.rounds, seconds=bench.effort.seconds
        )
        ratios[server] = ratio(loads, "wrapped", "bare")
        each = [
            ours.per_second / theirs.per_second
            for ours, theirs in zip(loads["wrapped"], loads["bare"], strict=True)
        ]
        rows.append(
            (
                server,
                middle(loads["bare"]),
                middle(loads["wrapped"]),
                ratios[server],
                f"{min(each):.2f} to {max(each):.2f}",
            )
        )
        bars += [Bar(server, name, middle(loads[name])) for name in ("bare", "wrapped")]
    return Section(
        "pass-through",
        "Requests that are not ours",
        "GET / of the smallest WSGI application there is, bare and wrapped; requests per second.",
        ("server", "bare", "wrapped", "ratio", "ratio of the rounds"),
        tuple(rows),
        tuple(
            Headline(f"wrapped / bare app, {server}", value, "", 0.98, at_least=True)
            for server, value in ratios.items()
        ),
        (Chart("Requests that are not ours", "requests/s", tuple(bars)),),
    )

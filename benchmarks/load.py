"""Load from wrk, and contenders who take turns under it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.servers import cpu_seconds, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchmarks.servers import Application, Served

CONNECTIONS = 8
WARM_UP = 1
"""Seconds."""

_SCRIPT = Path(__file__).with_name("requests.lua")


class LoadError(Exception):
    """What was measured is not what was meant: errors, or hits that were not stored."""


@dataclass(frozen=True, slots=True)
class Load:
    """What came of some seconds of load; times in microseconds."""

    requests: int
    per_second: float
    p50: float
    p99: float
    p999: float
    cpu: float | None
    """Processor time of the server for a request; None where it can't be told."""


@dataclass(frozen=True, slots=True)
class Contender:
    """An application and the requests it is given."""

    name: str
    application: Application
    requests: Path
    after: Callable[[int], None] | None = None
    """Is told how many requests were answered in a round, and may object (`LoadError`)."""


def install() -> str | None:
    """Find wrk, or install it where that is possible; returns what is in the way, if anything."""
    if shutil.which("wrk"):
        return None
    if shutil.which("apt-get") and os.geteuid() == 0:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "wrk"]
        subprocess.run(install, check=False, **quiet)
        if shutil.which("wrk"):
            return None
    return "wrk, the load generator, is not here: install it (Debian: `apt-get install wrk`)"


def write_requests(path: Path, requests: Iterable[bytes]) -> Path:
    """Write the file that requests.lua reads."""
    path.write_bytes(b"".join(b"%d\n%b" % (len(request), request) for request in requests))
    return path


def take_turns(
    server: str, contenders: Sequence[Contender], *, rounds: int, seconds: int
) -> dict[str, list[Load]]:
    """Load each contender `rounds` times, A B B A ...; each time in a process of its own.

    So what the machine does meanwhile, and where a process happens to lie in memory, hits all
    of them alike. The lists are in the order of the rounds: their n-th entries belong together.
    """
    loads: dict[str, list[Load]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders if number % 2 == 0 else reversed(contenders):
            with serve(server, contender.application) as served:
                warm_up = _load(served, contender.requests, WARM_UP)
                load = _load(served, contender.requests, seconds)
            if contender.after is not None:
                contender.after(warm_up.requests + load.requests)
            loads[contender.name].append(load)
    return loads


def ratio(loads: dict[str, list[Load]], of: str, to: str, what: str = "per_second") -> float:
    """The median over the rounds of one contender's figure divided by the other's."""
    return median(
        getattr(ours, what) / getattr(theirs, what)
        for ours, theirs in zip(loads[of], loads[to], strict=True)
    )


def middle(loads: list[Load], what: str = "per_second") -> float:
    """The median of a figure over the rounds."""
    return median(getattr(load, what) for load in loads)


def middle_cpu(loads: list[Load]) -> float | None:
    """The median of the processor time of a request, in microseconds."""
    known = [load.cpu for load in loads if load.cpu is not None]
    return median(known) if known else None


def _load(served: Served, requests: Path, seconds: int) -> Load:
    before = cpu_seconds(served)
    done = subprocess.run(
        [
            *("wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s"),
            *(f"--script={_SCRIPT}", f"http://127.0.0.1:{served.port}", "--", str(requests)),
        ],
        text=True,
        capture_output=True,
        check=False,
    )
    answer = done.stdout.rpartition("\nRESULT ")[2]
    if done.returncode or not answer:
        raise LoadError(done.stderr or done.stdout)
    found = json.loads(answer)
    if found["refused"] or found["broken"] or not found["requests"]:
        raise LoadError(f"answers that are no success, or none: {answer.strip()}")
    after = cpu_seconds(served)
    is_known = before is not None and after is not None
    return Load(
        found["requests"],
        found["requests"] * 1e6 / found["microseconds"],
        found["p50"],
        found["p99"],
        found["p999"],
        (after - before) * 1e6 / found["requests"] if is_known else None,
    )

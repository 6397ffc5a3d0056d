"""A run: the scenarios one after the other, and what becomes of their results."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import load, machine, readme, tables
from benchmarks.bench import Bench, Effort
from benchmarks.picture import draw
from benchmarks.results import Run, Section
from benchmarks.scenarios import (
    disk,
    event_loop,
    in_process,
    inserts,
    memory,
    pass_through,
    peers,
    reading,
    reports,
    shipping,
    tracked,
    twin,
)
from benchmarks.servers import COMMANDS
from benchmarks.venvs import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCENARIOS: dict[str, Callable[[Bench], Section]] = {
    "pass-through": pass_through.measure,
    "tracked": tracked.measure,
    "in-process": in_process.measure,
    "event-loop": event_loop.measure,
    "peers": peers.measure,
    "twin": twin.measure,
    "disk": disk.measure,
    "memory": memory.measure,
    "inserts": inserts.measure,
    "reports": reports.measure,
    "shipping": shipping.measure,
    "reading": reading.measure,
}
NEED_WRK = frozenset({"pass-through", "tracked", "peers", "twin"})
NEED_OTHERS = frozenset({"peers", "twin", "shipping", "reading"})
"""Programs of others: not in a quick run."""

FULL = Effort(
    rounds=3,
    seconds=3,
    servers=tuple(COMMANDS),
    hits=20_000,
    stored=100_000,
    sizes=(10_000, 1_000_000, 10_000_000),
    appended=20_000,
    history=(1_000_000, 5_000_000, 10_000_000),
)
QUICK = Effort(
    rounds=2,
    seconds=1,
    servers=tuple(COMMANDS)[:2],
    hits=5_000,
    stored=20_000,
    sizes=(10_000, 200_000),
    appended=4_000,
    history=(20_000, 200_000),
)

COMMITTED = ROOT / "benchmarks"
PARTIAL = COMMITTED / ".partial"
SCRATCH = COMMITTED / ".scratch"


def run(*, only: Sequence[str], quick: bool) -> int:
    """Measure, print and write; returns the exit status, 1 where a scenario broke.

    Raises:
        SystemExit: the load generator is needed and not there, or `only` names no scenario.
    """
    if unknown := set(only) - set(SCENARIOS):
        sys.exit(f"No such scenario: {', '.join(unknown)}. There are: {', '.join(SCENARIOS)}.")
    chosen = [name for name in SCENARIOS if name in only] if only else list(SCENARIOS)
    if quick and not only:
        chosen = [name for name in chosen if name not in NEED_OTHERS]
    if NEED_WRK & set(chosen) and (obstacle := load.install()):
        without = " ".join(f"--only {name}" for name in SCENARIOS if name not in NEED_WRK)
        sys.exit(f"{obstacle}, or leave out what needs it: python3 -m benchmarks {without}")
    began, date = time.monotonic(), datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    circumstances = machine.describe()
    sections = [_measure(name, QUICK if quick else FULL) for name in chosen]
    done = [section for section in sections if section is not None]
    result = Run(date, circumstances, tuple(done), round(time.monotonic() - began))
    print("\n" + tables.terminal(result))
    if quick or only or len(done) < len(chosen):
        _write(result, PARTIAL)
    else:
        _write(result, COMMITTED)
        readme.write()
    return int(len(done) < len(chosen))


def _measure(name: str, effort: Effort) -> Section | None:
    SCRATCH.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=SCRATCH))
    began = time.monotonic()
    print(f"{name} ...", flush=True)
    try:
        section = SCENARIOS[name](Bench(effort, folder, Path(sys.executable)))
    except Exception:  # noqa: BLE001 - a broken scenario must not take the others' results along
        traceback.print_exc()
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(tables.section_as_text(section))
    print(f"{name}: {time.monotonic() - began:.0f} s\n", flush=True)
    return section


def _write(result: Run, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "results.md").write_text(tables.markdown(result))
    (folder / "results.svg").write_text(draw(result))
    (folder / "results.json").write_text(json.dumps(asdict(result), indent=1) + "\n")
    print(f"\nWritten to {folder.relative_to(ROOT)}/results.md, .svg and .json")

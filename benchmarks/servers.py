"""Real servers, one process each, started for a measurement and stopped after it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.venvs import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SYNC = "gunicorn sync"

COMMANDS: dict[str, tuple[str, ...]] = {
    SYNC: ("gunicorn", "--bind=127.0.0.1:{port}", "{app}"),
    "gunicorn gthread": ("gunicorn", "--bind=127.0.0.1:{port}", "--threads=8", "{app}"),
    "waitress": ("waitress", "--listen=127.0.0.1:{port}", "--threads=8", "{app}"),
    "granian": (
        *("granian", "--interface=wsgi", "--port={port}", "--blocking-threads=8"),
        *("--no-ws", "{app}"),
    ),
}
"""One worker process each; those with threads have eight."""

STARTUP = 20.0
"""Seconds a server may take until it answers."""


@dataclass(frozen=True, slots=True)
class Application:
    """A module of `benchmarks.apps` with an `application`, and what it needs to be served."""

    module: str
    python: Path
    database: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    port: int
    pid: int
    """The process that was started; servers with workers have those below it."""


class StartupError(Exception):
    """A server did not come up; the message is the end of its log."""


@contextmanager
def serve(server: str, application: Application) -> Iterator[Served]:
    """Run `application` under a server of `COMMANDS` for as long as the context lasts.

    Raises:
        StartupError: it stopped, or does not answer 200.
    """
    port = _free_port()
    app = f"benchmarks.apps.{application.module}:application"
    command = [part.format(port=port, app=app) for part in COMMANDS[server]]
    log = application.database.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(application.python), "-m", *command],
            cwd=ROOT,
            env={
                **os.environ,
                **application.environment,
                "ZTAS_BENCH_DATABASE": str(application.database),
            },
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_for(process, port, log)
        yield Served(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            # The session is our own: the server and its workers, nobody else.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def cpu_seconds(served: Served) -> float | None:
    """Processor time that a server and its workers have had so far; None but on Linux.

    Told in hundredths of a second. Of all that is measured under load, it is what the other
    programs on the machine disturb least.
    """
    try:
        pids = [served.pid, *_children(served.pid)]
        # Behind the name, which is in parentheses and may hold anything: proc(5).
        fields = [_read(f"/proc/{pid}/stat").rpartition(")")[2].split() for pid in pids]
    except OSError:
        return None
    return sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")


def worker_of(served: Served) -> int:
    """The process id of gunicorn's one worker (Linux only)."""
    (worker,) = _children(served.pid)
    return worker


def _children(pid: int) -> list[int]:
    return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _read(path: str) -> str:
    return Path(path).read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTUP
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
            break
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise StartupError("\n".join(log.read_text(errors="replace").splitlines()[-5:]))

"""Programs started for a test: on a free port, awaited, and gone afterwards whatever happens."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Below what Linux gives out by itself (32,768 and up), so that nobody's outgoing connection can
# sit on a port between our look at it and the server's.
PORTS = range(20_000, 32_000)

READY_WITHIN = 20.0
STOPPED_WITHIN = 10.0


# Root without its capabilities: permissions bind it as they bind everybody.
UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
"""What a command begins with that must not get past permissions; setpriv is Linux's own."""


class Process:
    """A running program in a process group of its own, its output in a file.

    It imports the package from the source tree, unless `env` has another PYTHONPATH.
    """

    def __init__(self, command, *, folder, env=None, cwd=None):
        self.command = [os.fspath(part) for part in command]
        self._output = Path(folder, "output.txt")
        with self._output.open("ab") as output:
            self._popen = subprocess.Popen(
                self.command,
                cwd=cwd or folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.pid = self._popen.pid

    @property
    def output(self):
        return self._output.read_text("utf-8", "replace")

    @property
    def is_running(self):
        return self._popen.poll() is None

    def wait_for(self, condition, within=READY_WITHIN):
        """Wait until `condition()` is true; the output tells why it never was."""
        deadline = time.monotonic() + within
        while not condition():
            if not self.is_running or time.monotonic() > deadline:
                state = "still running" if self.is_running else f"exit {self._popen.returncode}"
                raise RuntimeError(f"{self.command} is not there ({state}):\n{self.output}")
            time.sleep(0.02)

    def stop(self, with_signal=signal.SIGTERM):
        """Ask the program to stop, as a service manager would; return its exit status."""
        if self.is_running:
            self._popen.send_signal(with_signal)
        return self._popen.wait(STOPPED_WITHIN)

    def kill(self):
        """End the program and every process it started, at once."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait(STOPPED_WITHIN)


def start_on_free_port(command, *, folder, env=None, cwd=None):
    """Start `command(port)` and wait until it takes connections; return the process and its port.

    Another program may take the port in between: then the next one is tried.
    """
    for last_try in (False, False, True):
        port = free_port()
        process = Process(
            command(port), folder=folder, env={"PORT": str(port), **(env or {})}, cwd=cwd
        )
        try:
            process.wait_for(lambda: takes_connections(port))  # noqa: B023 - called right here
        except BaseException as error:
            process.kill()
            if last_try or "ddress already in use" not in str(error):
                raise
        else:
            return process, port
    raise AssertionError


def free_port():
    while True:
        port = random.choice(PORTS)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            return port


def takes_connections(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition, within=20.0):
    """Wait for what comes to be true by itself."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)

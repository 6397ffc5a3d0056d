"""Real servers, started to be broken, and a client that remembers what was acknowledged."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing

import pytest

APPLICATION = """
import os
from ztas_middleware import ZTASMiddleware

def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]

application = ZTASMiddleware(hello, os.environ["ZTAS_CONFIG"])
"""

CONFIG = "sites:\n  a: {domain: example.com}\n"


def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One server process group around the app above."""

    def __init__(self, folder, command, config=CONFIG, preexec=None):
        self.folder = folder
        self.port = free_port()
        self.log = folder / "server.log"
        (folder / "app.py").write_text(APPLICATION)
        (folder / "ztas.yaml").write_text(config)
        root = os.fspath(pytest.ZTAS_ROOT)
        environment = os.environ | {
            "ZTAS_CONFIG": str(folder / "ztas.yaml"),
            "PYTHONPATH": root,
            "PYTHONUNBUFFERED": "1",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [part.format(port=self.port) for part in command],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=preexec,  # noqa: PLW1509 - a limit for the child, nothing that locks
            )
        self.wait()

    def wait(self):
        deadline = time.monotonic() + 20
        while True:
            try:
                assert self.get() == 200
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)
            else:
                return

    def request(self, method, path, body=None, timeout=20):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with closing(connection):
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def get(self):
        """The host app's own page."""
        return self.request("GET", "/")[0]

    def track(self, path="/"):
        hit = {"siteId": "a", "type": "pageview", "path": path}
        status, headers, body = self.request("POST", "/api/track", json.dumps(hit))
        return status, headers, json.loads(body)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def gunicorn(*options):
    return [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:{port}", *options, "app:application"]


@pytest.fixture
def serve(tmp_path):
    """Start `Server`s, each in a folder of its own unless one is given, and end them all."""
    servers = []

    def start(command, folder=tmp_path, **keywords):
        servers.append(Server(folder, command, **keywords))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


class Load:
    """Threads that post hits with paths of their own, until told to stop or refused."""

    def __init__(self, server, threads, prefix, number=None):
        self.acknowledged = []
        self.other_answers = []
        self._server = server
        self._prefix = prefix
        self._number = number
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number,)) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def _run(self, thread):
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=30)
        count = 0
        while not self._stop.is_set() and (self._number is None or count < self._number):
            path = f"/{self._prefix}/{thread}/{count}"
            count += 1
            body = json.dumps({"siteId": "a", "type": "pageview", "path": path})
            try:
                connection.request("POST", "/api/track", body)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                if self._number is not None:
                    self.other_answers.append("no answer")
                continue
            if answer.status == 200:
                self.acknowledged.append(path)
            else:
                self.other_answers.append(answer.status)
        connection.close()

    def join(self):
        for thread in self._threads:
            thread.join()

    def stop(self):
        self._stop.set()
        self.join()


@pytest.fixture
def stored():
    """The paths in a database, whose integrity is checked first."""

    def read(file):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
            return [path for (path,) in connection.execute("select path from hits")]

    return read


@pytest.fixture
def tools():
    """What tests of this folder build with."""

    class Tools:
        Load = Load
        gunicorn = staticmethod(gunicorn)

    return Tools


def pytest_configure(config):
    pytest.ZTAS_ROOT = config.rootpath

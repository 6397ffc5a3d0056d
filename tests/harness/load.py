"""Clients that remember what was acknowledged, to be compared with what a database has."""

from __future__ import annotations

import http.client
import json
import sqlite3
import threading
import time
from contextlib import closing

from servers import hit


class Load:
    """Threads that post hits with paths of their own: so many each, or until told to stop."""

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
            try:
                connection.request("POST", "/api/track", json.dumps(hit(path)))
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

    def wait_for(self, number):
        """Wait until so many hits were acknowledged."""
        deadline = time.monotonic() + 60
        while len(self.acknowledged) < number:
            assert time.monotonic() < deadline, self.other_answers
            time.sleep(0.001)

    def join(self):
        for thread in self._threads:
            thread.join()

    def stop(self):
        self._stop.set()
        self.join()


def stored(file):
    """The paths in a database, whose integrity is checked first."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
        return [path for (path,) in connection.execute("select path from hits")]

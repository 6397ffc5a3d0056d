"""The servers of the matrix: how each is started, where they differ, and how they are asked."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import rawhttp
from processes import READY_WITHIN, ROOT, start_on_free_port

HERE = Path(__file__).parent
APP = "echo_site:application"
ASGI_APP = "echo_site_asgi:application"
PYTHON = (sys.executable, "-W", "error")
# Two of the servers leave sockets open when they stop.
PYTHON_LESS_STRICT = (*PYTHON, "-W", "ignore::ResourceWarning")
SCRIPTS = Path(sys.executable).parent

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0"
PAGE = {"Origin": "https://example.com", "User-Agent": FIREFOX}

CONFIG = """
sites:
  site_abc123: {domain: example.com}
  shop: {domain: shop.example, server_side: false}
"""


@dataclass(frozen=True)
class Kind:
    """A server of the matrix, and where servers differ on purpose."""

    command: tuple = field(repr=False)
    """`{port}` and `{unix}` are filled in."""
    decodes_chunks: bool = True
    """Else the app is handed the raw stream, and a body of unknown length is answered with 411."""
    keeps_connections: bool = True
    calls_with_cut_bodies: bool = True
    """Else a client that leaves in the middle of its body never gets as far as the app."""
    processes: int = 1
    heeds_sigterm: bool = True
    """Else the app's module has to see to it, or the server dies of it on the spot."""
    is_asgi: bool = False
    exit_status: int = 0
    """Of an orderly stop."""


def gunicorn(*options, workers=2, **traits):
    bind = ("--bind", "127.0.0.1:{port}", "--bind", "unix:{unix}", "--workers", str(workers))
    return Kind((*PYTHON, "-m", "gunicorn", *bind, *options, APP), processes=workers, **traits)


def uwsgi(*options):
    sockets = ("--http-socket", "127.0.0.1:{port}", "--http-socket", "{unix}")
    stop = ("--hook-master-start", "unix_signal:15 gracefully_kill_them_all")
    options = ("--master", "--processes", "2", *stop, "--need-app", *options)
    return Kind(
        (SCRIPTS / "uwsgi", *sockets, *options, "--module", APP),
        decodes_chunks=False,
        keeps_connections=False,
        processes=2,
    )


def asgi(server, *options, **traits):
    traits = {"calls_with_cut_bodies": False, "is_asgi": True} | traits
    return Kind((*PYTHON_LESS_STRICT, "-m", server, *options, ASGI_APP), **traits)


KINDS = {
    "gunicorn-sync": gunicorn(keeps_connections=False),
    "gunicorn-gthread": gunicorn("--worker-class", "gthread", "--threads", "4"),
    "gunicorn-gevent": gunicorn("--worker-class", "gevent"),
    "gunicorn-preload": gunicorn("--preload", keeps_connections=False),
    # Preloads unless told otherwise.
    "uwsgi": uwsgi(),
    "uwsgi-threads": uwsgi("--enable-threads", "--threads", "2"),
    "uwsgi-lazy": uwsgi("--lazy-apps"),
    "waitress": Kind(
        (
            *(*PYTHON_LESS_STRICT, "-m", "waitress", "--listen=127.0.0.1:{port}"),
            # Else it takes X-Forwarded-For away from the app.
            *("--no-clear-untrusted-proxy-headers", APP),
        ),
        calls_with_cut_bodies=False,
        heeds_sigterm=False,
    ),
    "cheroot": Kind(
        (*PYTHON, "-m", "cheroot", "--bind", "127.0.0.1:{port}", APP),
        heeds_sigterm=False,
    ),
    "granian": Kind(
        (*PYTHON, "-m", "granian", "--interface=wsgi", "--workers=2", "--port={port}", APP),
        processes=2,
    ),
    "wsgiref": Kind(
        (*PYTHON, HERE / "echo_site.py", "{port}"),
        decodes_chunks=False,
        keeps_connections=False,
    ),
    "uvicorn": asgi(
        *("uvicorn", "--host=127.0.0.1", "--port={port}"),
        exit_status=-signal.SIGTERM,  # it stops in order, and then as the signal would have it
    ),
    "hypercorn": asgi("hypercorn", "--bind=127.0.0.1:{port}", "--bind=unix:{unix}"),
    "granian-asgi": asgi(
        *("granian", "--interface=asgi", "--workers=2", "--port={port}"),
        calls_with_cut_bodies=True,
        processes=2,
    ),
    "daphne": asgi("daphne", "--bind=127.0.0.1", "--port={port}"),
}

UNIX = [name for name, kind in KINDS.items() if "{unix}" in " ".join(map(str, kind.command))]
"""Those that listen on a Unix socket, too."""


class Server:
    """A running server with an app of this folder, and its database."""

    def __init__(self, kind, folder, app="echo_site", config=CONFIG):
        self.kind = kind
        self.unix = folder / "http.sock"
        self._database = folder / "ztas.db"
        file = folder / "ztas.yaml"
        file.write_text(config)

        def command(port):
            parts = [str(part).format(port=port, unix=self.unix) for part in kind.command]
            return [part.replace("echo_site", app) for part in parts]

        environment = {"ZTAS_CONFIG": str(file), "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}
        if not kind.heeds_sigterm:
            environment["HEED_SIGTERM"] = "1"
        self.process, self.port = start_on_free_port(command, folder=folder, env=environment)

    def connect(self, source="127.0.0.1"):
        return rawhttp.Connection(self.port, source)

    def request(self, method, path, headers=(), body=b"", **how):
        return rawhttp.request(how.pop("to", self.port), method, path, headers, body, **how)

    def post(self, body, headers=PAGE, path="/api/track", **how):
        """Post `body`, as JSON unless it is bytes, as a page of the site would."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, headers, body, **how)

    def get(self):
        """The status of the wrapped app's own page."""
        return self.request("GET", "/").status

    def pids(self):
        """Ask until as many processes as there should be have answered, and return their ids.

        A server takes connections as soon as one of its processes is there, or none yet.
        """
        pids = set()
        deadline = time.monotonic() + READY_WITHIN
        with ThreadPoolExecutor(8) as pool:
            # Whoever is not busy takes the next connection.
            while len(pids) < self.kind.processes and time.monotonic() < deadline:
                answers = list(pool.map(lambda _: self.request("GET", "/"), range(16)))
                pids |= {answer.json["pid"] for answer in answers}
        assert len(pids) == self.kind.processes, self.process.output
        return pids

    def query(self, sql, *parameters):
        """What another process finds in the database now."""
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]

    def hits(self, path):
        return self.query("select * from hits where path = ? order by id", path)

    def drops(self, reason):
        (row,) = self.query("select sum(count) n from drops where reason = ?", reason)
        return row["n"] or 0

    def still_answers(self):
        """Whether the next request is served as if nothing had happened."""
        return self.post(hit("/still-answers")).status == 200


def hit(path, **fields):
    """A page view as a tracking script sends it."""
    return {"siteId": "site_abc123", "type": "pageview", "path": path, **fields}

"""The servers of the matrix: how each is started, where they differ, and how they are asked."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import sysconfig
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import rawhttp
from missing import missing
from processes import READY_WITHIN, ROOT, start_on_free_port

HERE = Path(__file__).parent
APP = "echo_site:application"
ASGI_APP = "echo_site_asgi:application"
PYTHON = (sys.executable, "-W", "error")
# Two of the servers leave sockets open when they stop.
PYTHON_LESS_STRICT = (*PYTHON, "-W", "ignore::ResourceWarning")
SCRIPTS = Path(sys.executable).parent
MOD_WSGI = Path("/usr/lib/apache2/modules/mod_wsgi.so")

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
    keeps_refused: bool = True
    """Else a connection is closed after a 400."""
    calls_with_cut_bodies: bool = True
    """Else a client that leaves in the middle of its body never gets as far as the app."""
    says_411: bool = True
    """Where it does not decode chunks; else the server has said it before."""
    needs_open_folder: bool = False
    """As root: its workers are another user's."""
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


def apache():
    """mod_wsgi in daemon mode, all of its configuration on the command line."""
    modules = MOD_WSGI.parent
    site_packages = sysconfig.get_path("purelib")
    before = (
        "ServerRoot {folder}",
        "PidFile {folder}/apache.pid",
        *(
            f"LoadModule {name}_module {modules}/mod_{name}.so"
            for name in ("mpm_event", "authz_core", "wsgi")
        ),
    )
    after = (
        "ServerName localhost",
        "ErrorLog /dev/stderr",
        "LogLevel error",
        "Listen 127.0.0.1:{port}",
        *(("User www-data", "Group www-data") if os.geteuid() == 0 else ()),
        "WSGISocketPrefix {folder}/wsgi",
        f"WSGIDaemonProcess site processes=2 threads=4 python-path={ROOT}:{HERE}:{site_packages}",
        "WSGIProcessGroup site",
        "WSGIApplicationGroup %{{GLOBAL}}",
        "WSGIPassAuthorization On",
        f"WSGIScriptAlias / {HERE}/echo_site.py",
        f"<Directory {HERE}>",
        "Require all granted",
        "</Directory>",
    )
    options = [("-C", line) for line in before] + [("-c", line) for line in after]
    return Kind(
        ("/usr/sbin/apache2", "-DFOREGROUND", "-f", "/dev/null", *chain(*options)),
        decodes_chunks=False,
        says_411=False,
        keeps_refused=False,
        calls_with_cut_bodies=False,
        processes=2,
        needs_open_folder=True,
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
    "apache": apache(),
    "uvicorn": asgi(
        *("uvicorn", "--host=127.0.0.1", "--port={port}"),
        exit_status=-signal.SIGTERM,  # it stops in order, and then as the signal would have it
    ),
    "hypercorn": asgi("hypercorn", "--bind=127.0.0.1:{port}", "--bind=unix:{unix}"),
    "hypercorn-trio": asgi("hypercorn", "--worker-class=trio", "--bind=127.0.0.1:{port}"),
    "granian-asgi": asgi(
        *("granian", "--interface=asgi", "--workers=2", "--port={port}"),
        calls_with_cut_bodies=True,
        processes=2,
    ),
    "daphne": asgi("daphne", "--bind=127.0.0.1", "--port={port}"),
}

UNIX = [name for name, kind in KINDS.items() if "{unix}" in " ".join(map(str, kind.command))]
"""Those that listen on a Unix socket, too."""


def _has_mod_wsgi():
    library = f"libpython{sys.version_info.major}.{sys.version_info.minor}.so".encode()
    return MOD_WSGI.exists() and library in MOD_WSGI.read_bytes()


@contextlib.contextmanager
def folder_for(name, tmp_path_factory):
    """Where a server has its files, and may write."""
    kind = KINDS[name]
    if kind.needs_open_folder and not _has_mod_wsgi():
        missing("Apache with a mod_wsgi for this Python")
    if not kind.needs_open_folder or os.geteuid() != 0:
        yield tmp_path_factory.mktemp(name)
        return
    folder = Path(tempfile.mkdtemp(prefix="ztas-", dir="/tmp"))
    shutil.chown(folder, "www-data", "www-data")
    yield folder
    shutil.rmtree(folder)


class Server:
    """A running server with an app of this folder, and its database."""

    def __init__(self, kind, folder, app="echo_site", config=CONFIG):
        self.kind = kind
        self.unix = folder / "http.sock"
        self._database = folder / "ztas.db"
        file = folder / "ztas.yaml"
        file.write_text(config)

        def command(port):
            names = {"port": port, "unix": self.unix, "folder": folder}
            parts = [str(part).format(**names) for part in kind.command]
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

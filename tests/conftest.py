"""What most tests start from: an app, wrapped, with a database of its own."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
import webtest
from doors import DOORS, settle
from hypothesis import settings

from ztas_middleware.store import vigil

# A shell's background jobs ignore Ctrl-C, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Each of the hundreds of programs that tests start would compile the package anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

ROOT = Path(__file__).parents[1]

# A busy machine is no reason to fail; and CI tries the same examples every time, so that what
# it says is about the change. Locally every run tries new ones, and half as many.
settings.register_profile("local", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36"
)
ORIGIN = "https://example.com"
VISITOR = "203.0.113.9"


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


class Wrapped:
    """A wrapped app, the way a browser on a site's page and an operator with SQLite see it."""

    def __init__(self, file, settings, application=hello, door="wsgi", **options):
        self.file = file
        settings = {"sites": {"site_abc123": {"domain": "example.com"}}} | settings
        config = {"database": str(file)} | settings
        self.middleware = DOORS[door](application, config, **options)
        self.app = webtest.TestApp(self.middleware, lint=True)

    def post(self, body, *, origin=ORIGIN, user_agent=CHROME, address=VISITOR, headers=()):
        """Post `body` (JSON, or bytes as they are) like a page's script would."""
        sent = {"Origin": origin, "User-Agent": user_agent, **dict(headers)}
        sent = {name: value for name, value in sent.items() if value is not None}
        environ = {"REMOTE_ADDR": address} if address is not None else {}
        arguments = {"headers": sent, "extra_environ": environ, "expect_errors": True}
        if isinstance(body, bytes):
            return self.app.post("/api/track", body, content_type="text/plain", **arguments)
        return self.app.post_json("/api/track", body, **arguments)

    def track(self, type="pageview", **fields):  # noqa: A002 - the wire's own name
        """Post one event of the usual site, which must be accepted."""
        keywords = {
            name: fields.pop(name)
            for name in ("origin", "user_agent", "address", "headers")
            if name in fields
        }
        answer = self.post({"siteId": "site_abc123", "type": type, **fields}, **keywords)
        assert (answer.status_int, answer.body) == (200, b'{"success": true}')
        return answer

    def query(self, sql, *parameters):
        settle(self.middleware)
        if not self.file.exists():
            return []
        with closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]

    def hits(self):
        return self.query("select * from hits order by id")

    def drops(self):
        """(site, reason) -> count, over all days."""
        rows = self.query("select site_id, reason, sum(count) n from drops group by 1, 2")
        return {(row["site_id"], row["reason"]): row["n"] for row in rows}


def pytest_generate_tests(metafunc):
    """Send requests through each door that the module, or the class, names in `FRONT_DOORS`."""
    if "door" in metafunc.fixturenames:
        of_module = getattr(metafunc.module, "FRONT_DOORS", ("wsgi",))
        metafunc.parametrize("door", getattr(metafunc.cls, "FRONT_DOORS", of_module))


@pytest.fixture
def wrap(tmp_path, door):
    """Make a `Wrapped` with these settings; any number of times on one database."""
    made = []

    def make(settings=None, application=hello, file=tmp_path / "ztas.db", **options):
        made.append(Wrapped(file, settings or {}, application, door, **options))
        return made[-1]

    yield make
    for wrapped in made:
        wrapped.middleware.close()


@pytest.fixture
def wrapped(wrap):
    return wrap()


class Distribution(NamedTuple):
    """What is published, built from the source tree."""

    sdist: Path
    wheel: Path
    installed: Path
    """A folder that holds what installing the wheel puts beside other packages."""


def copy_sources(source):
    """What a fresh checkout has, where building may leave its traces."""
    litter = (".*", "__pycache__", "*.db*", "*.egg-info", "build", "dist", "node_modules")
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*litter))


def build(source, folder, *options):
    """Build into `folder`, as of a moment that `make wheel` takes from the commit."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, *options]
    environ = os.environ | {"SOURCE_DATE_EPOCH": "1795900000"}
    done = subprocess.run(
        command, cwd=source, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def distribution(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distribution")
    copy_sources(folder / "source")
    build(folder / "source", folder / "dist")
    (sdist,) = folder.glob("dist/*.tar.gz")
    (wheel,) = folder.glob("dist/*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "installed")
    return Distribution(sdist, wheel, folder / "installed")


@pytest.fixture
def vigilant(monkeypatch):
    """Whoever writes looks at the files before each commit, and not only a few times a second."""
    monkeypatch.setattr(vigil, "LOOK", 0.0)

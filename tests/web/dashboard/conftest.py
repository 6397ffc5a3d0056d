"""A dashboard over a small, known history, as a reader's browser sees it."""

from __future__ import annotations

import shutil

import pytest
import webob
import webtest
from cheap_passwords import cheap_hash
from small_history import NOW, small_history

from ztas_middleware.config import coerce
from ztas_middleware.history.asking import History
from ztas_middleware.reports.reader import Reports
from ztas_middleware.store.connection import open_connection
from ztas_middleware.store.database import Database
from ztas_middleware.store.hits import INSERT
from ztas_middleware.web.dashboard.app import Dashboard
from ztas_middleware.web.dashboard.gate import Gate

PASSWORD = "correct horse"
HASH = cheap_hash(PASSWORD)

SITES = {
    "shop": {
        "domain": "shop.example",
        "goals": {"Orders": {"action": "order"}, "Guides": {"page": "/guides/*"}},
        "funnels": {"Checkout": [{"page": "/cart"}, {"action": "order", "name": "Paid"}]},
        "segments": {"Germans": {"country": "DE"}},
        "annotations": [{"date": "2026-11-05", "text": "New design"}],
    },
    "open": {"domain": "open.example", "public": True},
    "münchen/ä": {"domain": "münchen.de"},
}


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now * 1_000_000


class Browser(webtest.TestApp):
    """A browser at the dashboard; `clock.now` is UTC milliseconds."""

    def __init__(self, handler, clock, settings):
        def application(environ, start_response):
            environ = {**environ, **self.mounted_at(environ)}
            answer = handler(environ)
            start_response(answer.status, answer.headers)
            return answer.body

        self.mount = ""
        self.clock = clock
        self.settings = settings
        super().__init__(application, lint=True)

    def mounted_at(self, environ):
        path = environ["PATH_INFO"]
        if not self.mount:
            return {}
        assert path.startswith(self.mount)
        return {"SCRIPT_NAME": self.mount, "PATH_INFO": path[len(self.mount) :]}

    def raw(self, path, accept_encoding="identity"):
        """An answer as it is on the wire: webtest unpacks what is compressed."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Accept-Encoding": accept_encoding, "Cookie": cookies}
        return webob.Request.blank(path, headers=headers).get_response(self.app)

    def log_in(self, password=PASSWORD, **arguments):
        return self.post("/ztas/-/login", {"password": password}, **arguments)


@pytest.fixture
def settings(tmp_path):
    return {
        "database": str(tmp_path / "ztas.db"),
        "script": "/js/ztas.js",
        "dashboard": {"path": "/ztas/", "password": HASH},
        "sites": SITES,
    }


@pytest.fixture
def store(tmp_path):
    """Stores hits."""

    def insert(hits):
        connection = open_connection(str(tmp_path / "ztas.db"), synchronous="off").connection
        connection.executemany(INSERT, hits)
        connection.close()

    return insert


@pytest.fixture
def open_browser(settings):
    """Makes browsers, each with a process of its own at the other end."""
    databases = []

    def make(**changes):
        config = coerce({**settings, **changes})
        database = Database(config.database, "commit")
        databases.append(database)
        clock = Clock()
        base = config.dashboard.path
        gate = Gate(config, base, database)
        return Browser(Dashboard(config, base, Reports(config), gate, clock), clock, settings)

    yield make
    for database in databases:
        database.close()


@pytest.fixture
def stranger(open_browser):
    """A browser that is not logged in, and nothing has been stored yet."""
    return open_browser()


@pytest.fixture(scope="session")
def filed(tmp_path_factory):
    """A folder with the small history, whose finished days are filed: to be copied."""
    folder = tmp_path_factory.mktemp("small-history")
    connection = open_connection(str(folder / "ztas.db"), synchronous="off").connection
    connection.executemany(INSERT, small_history())
    connection.close()
    history = History(coerce({"database": str(folder / "ztas.db"), "sites": SITES}))
    for site_id in SITES:
        history.file(site_id, now=NOW)
    return folder


@pytest.fixture
def browser(filed, tmp_path, stranger):
    """A browser that is logged in, over the small history."""
    shutil.copytree(filed, tmp_path, dirs_exist_ok=True)
    stranger.log_in()
    return stranger

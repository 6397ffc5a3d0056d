"""A real browser, a real server, and a small site whose rows are what is asserted.

The servers are started once, and a browser for each file; each test has its own context, database
and site id, so that a hit of a page that is long gone is a 404 and not another test's row.
"""

from __future__ import annotations

import io
import itertools
import json
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
from contextlib import closing, contextmanager

import pytest
from missing import missing
from playwright.sync_api import sync_playwright
from waitress.server import create_server

from ztas_middleware import ZTASMiddleware

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The browser's own words have "Headless" in them, and that is a bot. To be said to the browser,
# not to its pages: what is sent when a page is left goes out after it.
USER_AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36"
)
ARGUMENTS = [
    f"--user-agent={USER_AGENT}",
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Otherwise the browser says that it is automated, and the script would leave it alone.
UNNOTICED = "--disable-blink-features=AutomationControlled"
PATIENCE = 15.0
"""Seconds until a row that should be there is missed."""

# How many timers the script has set; the app of these tests sets none.
COUNT_TIMERS = """{
  const native = setTimeout;
  let timers = 0;
  setTimeout = (...given) => { timers++; return native(...given) };
  Object.defineProperty(window, "timersSet", { get: () => timers });
}"""
TIMERS = "timersSet"

site_ids = (f"site_{number}" for number in itertools.count(1))


class Server:
    """A waitress that stays, in front of an application that changes."""

    def __init__(self):
        self.application = None
        server = create_server(
            self._serve,
            host="127.0.0.1",
            port=0,
            threads=8,
            clear_untrusted_proxy_headers=False,  # the middleware is what believes in them
        )
        self.port = server.effective_port
        threading.Thread(target=server.run, daemon=True).start()

    def _serve(self, environ, start_response):
        return self.application(environ, start_response)


class Site:
    """A small site of several pages, wrapped, as its author and its operator know it."""

    def __init__(self, folder, server, other, settings):
        self.id = next(site_ids)
        self.attributes = f'data-site="{self.id}"'
        self.script = "/js/ztas.js"
        self.head = ""
        self.body = ""
        self.requests = []
        self.answers = 0
        self.troubles = 0
        self.origin = f"http://127.0.0.1:{server.port}"
        self.other_origin = f"http://127.0.0.1:{other.port}"
        self.foreign_origin = f"http://localhost:{other.port}"
        site = {"domain": "127.0.0.1", **settings.pop("site", {})}
        self._file = folder / "ztas.db"
        self.middleware = ZTASMiddleware(
            self._page,
            {
                "database": str(self._file),
                "script": "/js/ztas.js",
                "sites": {self.id: site},
                **settings,
            },
        )
        self.mount = ""
        server.application = self._mounted
        other.application = self._page_elsewhere

    @property
    def tag(self):
        return f'<script defer src="{self.script}" {self.attributes}></script>'

    def _mounted(self, environ, start_response):
        path = environ["PATH_INFO"]
        self.requests.append((environ["REQUEST_METHOD"], path, environ))
        if environ["REQUEST_METHOD"] == "POST":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
            environ["test.hit"] = {"siteId": ""} if path == "/beacon" else json.loads(body)
        if self.mount and path.startswith(self.mount + "/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = self.mount, path[len(self.mount) :]

        def start(status, *more):
            self.troubles += status[:3] in ("429", "503")
            self.answers += environ.get("test.hit", {}).get("siteId") == self.id
            return start_response(status, *more)

        return self.middleware(environ, start)

    def _page_elsewhere(self, environ, start_response):
        self.script = f"{self.origin}/js/ztas.js"
        return self._page(environ, start_response)

    def _page(self, environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/favicon.ico":
            start_response("404 Not Found", [])
            return []
        if path.lower().endswith(".pdf"):
            headers = [("Content-Disposition", "attachment"), ("Content-Type", "application/pdf")]
            start_response("200 OK", headers)
            return [b"%PDF-1.4"]
        html = (
            f"<!doctype html><html><head><title>{path}</title>{self.head}{self.tag}</head>"
            f'<body><h1>{path}</h1><a id="next" href="{self.mount}/next">next</a>{self.body}'
            "</body></html>"
        )
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [html.encode()]

    def rows(self, sql="select * from hits order by id"):
        if not self._file.exists():
            return []
        with closing(sqlite3.connect(self._file)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute(sql)]
            except sqlite3.OperationalError:
                return []  # the tables are being made, or a test has moved them

    def expect(self, *expected, fields=("type", "path"), kind=None):
        """Wait for exactly these rows (of one type), in any order; return them in this order."""
        deadline = time.monotonic() + PATIENCE
        wanted = [row if isinstance(row, tuple) else (row,) for row in expected]
        while True:
            rows = [row for row in self.rows() if kind in (None, row["type"])]
            found = [tuple(row[field] for field in fields) for row in rows]
            if sorted(found, key=repr) == sorted(wanted, key=repr):
                order = {id(row): wanted.index(key) for row, key in zip(rows, found, strict=True)}
                return sorted(rows, key=lambda row: order[id(row)])
            if time.monotonic() > deadline or len(found) > len(wanted):
                assert sorted(found, key=repr) == sorted(wanted, key=repr)
            time.sleep(0.02)

    def wait_for_rows(self, kind, number):
        """Wait for this many rows of a type or more; there are too many to look at each."""
        sql = f"select count(*) as number from hits where type = '{kind}'"
        deadline = time.monotonic() + 4 * PATIENCE
        while (found := sum(row["number"] for row in self.rows(sql))) < number:
            assert time.monotonic() < deadline, f"{found} of {number}"
            time.sleep(0.05)
        return found

    def posts(self, site_id=None):
        """The hits that reached the server, stored or not, as what came with them."""
        # Not those of a page of an earlier test, which says goodbye when it is long over.
        return [
            environ
            for method, _, environ in self.requests
            if method == "POST" and environ["test.hit"]["siteId"] == (site_id or self.id)
        ]

    def wait_for_posts(self, number, site_id=None):
        deadline = time.monotonic() + PATIENCE
        while len(self.posts(site_id)) < number and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.posts(site_id)) == number

    def turn_the_clock(self, page, **settings):
        """Let the test turn the page's clock, and see which timers are set."""
        page.clock.install(**settings)
        # After the clock's own, so that it is the clock's timers that are counted.
        page.add_init_script(COUNT_TIMERS)
        page.heard = 0

        def hear(request):
            page.heard += request.method == "POST"

        page.on("requestfinished", hear)
        page.on("requestfailed", hear)

    def wait_for_answers(self, number, page, *, given_up=0):
        """Wait until so many hits were answered, and the page has heard it.

        Each hit that the server could not take makes the script set a timer, but for those that
        are `given_up` by now; a test turns the clock only then.
        """
        self.wait_for_posts(number)
        deadline = time.monotonic() + PATIENCE
        while not (
            self.answers >= number
            and page.heard >= number
            and page.evaluate(TIMERS) >= self.troubles - given_up
        ):
            assert time.monotonic() < deadline, "no answer, or no timer for another try"
            page.wait_for_timeout(20)  # in which events of the page come in

    @contextmanager
    def out_of_order(self):
        """While this lasts, the database cannot take a hit, and the answer is 503."""
        self._execute("alter table hits rename to elsewhere")
        yield
        self._execute("alter table elsewhere rename to hits")

    def _execute(self, sql):
        with closing(sqlite3.connect(self._file)) as connection, connection:
            connection.execute(sql)


@pytest.fixture(scope="session")
def server():
    return Server()


@pytest.fixture(scope="session")
def other_server():
    return Server()


@pytest.fixture
def settings():
    """Of the middleware; a test that wants others overrides this."""
    return {}


@pytest.fixture
def site(tmp_path, server, other_server, settings):
    site = Site(tmp_path, server, other_server, dict(settings))
    yield site
    site.middleware.close()


@pytest.fixture(scope="session")
def chromium():
    """The path of a browser."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing("no Chromium is installed")
    return found


# A file's, not the session's: while it is there its event loop runs, and no test can run another.
@pytest.fixture(scope="module")
def playwright():
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture
def automated(playwright, chromium):
    """A page of a browser that says that it is automated."""
    browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
    yield browser.new_page()
    browser.close()


@pytest.fixture(scope="module")
def browser(playwright, chromium):
    browser = playwright.chromium.launch(
        executable_path=chromium,
        args=[*ARGUMENTS, UNNOTICED],
        # Pages must be able to come back from the back/forward cache.
        ignore_default_args=["--disable-back-forward-cache"],
    )
    yield browser
    browser.close()


@pytest.fixture
def context(browser):
    with browser.new_context(timezone_id="Europe/Berlin") as context:
        yield context


@pytest.fixture
def page(context):
    """A page in which nothing may go wrong; `page.problems` are the errors that reach it."""
    page = context.new_page()
    page.problems = []
    page.warnings = []
    # Playwright keeps a mark on each handler, which a method of a list has no room for.
    page.on("pageerror", lambda problem: page.problems.append(problem))  # noqa: PLW0108
    page.on("console", lambda said: said.type == "warning" and page.warnings.append(said.text))
    yield page
    assert page.problems == []


@pytest.fixture
def unattended(chromium):
    """Opens a page that does by itself what it does, in a browser that nothing controls.

    DevTools, and all that drives a browser through them, keeps pages visible and forbids
    prerendering.
    """
    running = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:

        def visit(url):
            command = [chromium, *ARGUMENTS, "--disable-popup-blocking"]
            command += [f"--user-data-dir={profile}", url]
            running.append(
                subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            )

        yield visit
        for process in running:
            process.terminate()
            process.wait(timeout=10)

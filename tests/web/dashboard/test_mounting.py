"""Where the dashboard is: behind the middleware, by itself, and not before it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest
import webtest
from cheap_passwords import cheap_hash
from small_history import small_history

from ztas_middleware import ConfigError, ZTASMiddleware
from ztas_middleware.web.dashboard import dashboard_app
from ztas_middleware.web.dashboard.paths import Place, places


def hello(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@pytest.fixture
def wrapped(settings):
    middleware = ZTASMiddleware(hello, settings)
    yield webtest.TestApp(middleware, lint=True)
    middleware.close()


def test_the_middleware_serves_it(wrapped, store):
    answer = wrapped.post("/ztas/-/login", {"password": "correct horse", "next": "/shop"})
    page = answer.follow()
    assert page.html.h1.text == "shop.example"
    stylesheet = page.html.select_one('link[rel="stylesheet"]')["href"]
    assert wrapped.get(stylesheet).content_type == "text/css"


@pytest.mark.parametrize(
    "path", ["/", "/ztas/nowhere", "/ztas/shop/", "/ztas/-/", "/ztasx", "/ztas/-/login/"]
)
def test_every_other_path_is_the_app_s(wrapped, path):
    assert wrapped.get(path).body == b"hello"


@pytest.mark.parametrize(
    "path",
    [
        "/-/../app.py",
        "/-/%2e%2e/app.py",
        "/-/..%2fapp.py",
        "/-//etc/passwd",
        "/-/icon.svg%00",
        "/-/",
    ],
)
def test_no_path_leads_to_another_file(settings, path):
    app = webtest.TestApp(dashboard_app(settings))
    assert app.get("/-/icon.svg").content_type == "image/svg+xml"
    assert app.get(path, status=404).html.h1.text == "Not Found"


def test_it_can_be_at_the_root(settings):
    settings["dashboard"]["path"] = "/"
    middleware = ZTASMiddleware(hello, settings)
    app = webtest.TestApp(middleware)
    assert app.get("/open").html.h1.text == "open.example"
    assert app.get("/ztas/").body == b"hello"
    middleware.close()


def test_by_itself_it_asks_nobody_for_a_password(settings, store):
    store(small_history())
    app = webtest.TestApp(dashboard_app(settings), lint=True)
    overview = app.get("/")
    assert len(overview.html.select(".site-card")) == 3
    assert (
        app.get("/shop?startDate=2026-11-01&endDate=2026-11-07").html.select_one(".big").text == "4"
    )
    assert "Log" not in overview.html.header.text
    assert app.get("/-/login", status=404).status_int == 404
    assert app.get("/ztas/", status=404).html.h1.text == "Not Found"


def test_by_itself_it_can_be_mounted(settings, store):
    app = webtest.TestApp(dashboard_app(settings), extra_environ={"SCRIPT_NAME": "/stats"})
    hrefs = [a["href"] for a in app.get("/").html.select(".site-card a")]
    assert hrefs == ["/stats/shop", "/stats/open", "/stats/m%C3%BCnchen%2F%C3%A4"]


@pytest.mark.parametrize(
    ("key", "package", "extra"),
    [
        ("dashboard", "jinja2", "dashboard"),
        ("dashboard", "duckdb", "dashboard"),
        ("api", "duckdb", "reports"),
    ],
)
def test_without_what_it_needs_it_is_refused_at_once(settings, monkeypatch, key, package, extra):
    real = sys.modules["importlib.util"].find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name == package else real(name)
    )
    settings = {**settings, "api": {"path": "/api"}}
    if key == "api":
        del settings["dashboard"]
    name = {"jinja2": "Jinja2", "duckdb": "DuckDB"}[package]
    problem = rf"{key}: needs {name}: pip install 'ztas-middleware\[{extra}\]'"
    with pytest.raises(ConfigError, match=problem):
        ZTASMiddleware(hello, settings)


WATCH = """
import sys
from ztas_middleware import ZTASMiddleware
settings = {settings!r}
middleware = ZTASMiddleware(lambda environ, start_response: [], settings)
def loaded():
    ours = ("ztas_middleware.web.dashboard.app", "ztas_middleware.reports.reader")
    names = ("jinja2", "webob", "duckdb", *ours)
    return [name for name in names if name in sys.modules]
def ask(path):
    environ = {{"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "x",
               "SERVER_PORT": "80", "wsgi.url_scheme": "http"}}
    return b"".join(middleware(environ, lambda status, headers: None))
ask("/elsewhere")
print(loaded())
assert ask("/ztas/open")
print(len(loaded()))
middleware.close()
"""


def test_nothing_of_it_is_imported_before_it_is_asked_for(settings):
    code = WATCH.format(settings=settings)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["[]", "5"]


MISTAKES = {
    "private sites without a password": (
        {"dashboard": {"path": "/ztas"}},
        'dashboard: needs `password` (`ztas password` prints one), since "shop" is not `public`',
    ),
    "a password as it is": (
        {"dashboard": {"path": "/ztas", "password": "secret"}},
        "dashboard.password: must be a hash (scrypt:...) as `ztas password` prints it",
    ),
    "the endpoint's path": (
        {"dashboard": {"path": "/", "password": cheap_hash("x")}, "endpoint": "/shop"},
        'dashboard.path: "/shop" is the path of `endpoint`',
    ),
}


@pytest.mark.parametrize(("changes", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_config_that_cannot_work_is_refused(settings, changes, message):
    with pytest.raises(ConfigError) as caught:
        ZTASMiddleware(hello, settings | changes)
    assert str(caught.value) == message


def test_a_password_is_only_needed_where_something_is_private(settings):
    sites = {"open": {"domain": "open.example", "public": True}}
    ZTASMiddleware(hello, settings | {"sites": sites, "dashboard": {"path": "/ztas"}}).close()


def test_a_dashboard_that_is_not_served_needs_nothing(settings):
    ZTASMiddleware(hello, settings | {"dashboard": {}}).close()


def test_a_site_s_own_page_wins_over_another_s_pages_and_ours_over_all():
    found = places(["a", "a/drops", "-/login"], "/x")
    assert found["/x/a/drops"] == Place("site", "a/drops")
    assert found["/x/a/csv"] == Place("csv", "a")
    assert found["/x/-/login"] == Place("login")

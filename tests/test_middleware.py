"""The wrap: what is ours, what is not and stays untouched, and how a wrap begins and ends."""

from __future__ import annotations

import functools
import io
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.handlers.asgi import ASGIHandler
from flask import Flask

from ztas_middleware import Config, ConfigError, ZTASMiddleware, load_config, only_ours

SITES = {"site_abc123": {"domain": "example.com"}}
PREFLIGHT = {"HTTP_ORIGIN": "https://example.com", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
HIT = {"siteId": "site_abc123", "type": "pageview", "path": "/"}


class Answer(list):
    """An iterable that nobody may take apart, replace or close but the server."""

    closed = False

    def close(self):
        self.closed = True


class Tripwire:
    """An app that remembers the very objects it was called with."""

    def __init__(self):
        self.calls = []
        self.answer = Answer([b"the app's"])

    def __call__(self, environ, start_response):
        self.calls.append((environ, start_response, dict(environ)))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self.answer


def make_environ(method="GET", path="/", body=b"", **more):
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        **more,
    }
    setup_testing_defaults(environ)
    return environ


def call(application, environ):
    """Call as a server does; return the status, the headers and the answer as it is."""
    started = []

    def start_response(status, headers, exc_info=None):
        started.append((status, headers))

    answer = application(environ, start_response)
    ((status, headers),) = started
    return status, dict(headers), answer


def track(application, **fields):
    body = json.dumps(HIT | fields).encode()
    status, _, answer = call(application, make_environ("POST", "/api/track", body))
    return status, b"".join(answer)


def assert_untouched(application, tripwire, environ):
    """Assert that a request reaches the app as if nothing were wrapped around it."""
    before = dict(environ)
    position = environ["wsgi.input"].tell()

    def start_response(status, headers, exc_info=None):
        pass

    answer = application(environ, start_response)
    got_environ, got_start_response, content = tripwire.calls[-1]
    assert got_environ is environ
    assert got_start_response is start_response
    assert content == before == dict(environ)
    assert environ["wsgi.input"].tell() == position
    assert answer is tripwire.answer
    assert not answer.closed


@pytest.fixture
def tripwire():
    return Tripwire()


@pytest.fixture
def make(tmp_path, tripwire):
    """Wrap the tripwire; the database is in a folder of its own."""
    made = []
    (tmp_path / "data").mkdir()

    def make(config=None, **settings):
        if config is None:
            config = {"database": tmp_path / "data" / "ztas.db", "sites": SITES, **settings}
            config["database"] = str(config["database"])
        made.append(ZTASMiddleware(tripwire, config))
        return made[-1]

    yield make
    for application in made:
        application.close()


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post"]
OTHER_PATHS = ["", "/", "/page", "/api", "/api/", "/api/track/", "/api/tracks", "/API/TRACK"]
OTHER_PATHS += ["//api/track", "/api/track\0", "/caf\xc3\xa9", "/shop/api/track", "*"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", OTHER_PATHS, ids=ascii)
def test_every_other_path_is_the_apps(make, tripwire, method, path):
    environ = make_environ(method, path, json.dumps(HIT).encode(), **PREFLIGHT)
    assert_untouched(make(), tripwire, environ)


@pytest.mark.parametrize("method", [method for method in METHODS if method != "POST"])
def test_every_other_method_on_the_endpoint_is_the_apps(make, tripwire, method):
    assert_untouched(make(), tripwire, make_environ(method, "/api/track", b"{}"))


@pytest.mark.parametrize("missing", PREFLIGHT)
def test_an_options_request_that_is_no_preflight_is_the_apps(make, tripwire, missing):
    headers = {name: value for name, value in PREFLIGHT.items() if name != missing}
    assert_untouched(make(), tripwire, make_environ("OPTIONS", "/api/track", **headers))


@pytest.mark.parametrize("path", [{}, {"PATH_INFO": ""}], ids=["left out", "empty"])
def test_an_empty_path_is_the_apps(make, tripwire, path):
    environ = make_environ(SCRIPT_NAME="/shop")
    del environ["PATH_INFO"]
    assert_untouched(make(), tripwire, environ | path)


def test_the_endpoint_is_ours(make, tripwire):
    application = make()
    assert track(application) == ("200 OK", b'{"success": true}')
    status, _, answer = call(application, make_environ("OPTIONS", "/api/track", **PREFLIGHT))
    assert (status, b"".join(answer)) == ("204 No Content", b"")
    assert tripwire.calls == []


def test_the_endpoint_is_ours_below_every_mount(make, tripwire):
    application = make()
    environ = make_environ("POST", "/api/track", json.dumps(HIT).encode(), SCRIPT_NAME="/shop")
    assert call(application, environ)[0] == "200 OK"
    assert tripwire.calls == []


def test_another_endpoint_leaves_the_usual_one_to_the_app(make, tripwire):
    application = make(endpoint="/collect")
    assert_untouched(application, tripwire, make_environ("POST", "/api/track", b"{}"))
    status, _, _ = call(application, make_environ("POST", "/collect", json.dumps(HIT).encode()))
    assert status == "200 OK"


def test_an_error_of_the_app_is_the_servers_to_handle(tmp_path):
    class AppError(Exception):
        pass

    def application(environ, start_response):
        raise AppError

    wrapped = ZTASMiddleware(application, {"database": str(tmp_path / "ztas.db"), "sites": SITES})
    with pytest.raises(AppError):
        wrapped(make_environ(), lambda *_: None)
    wrapped.close()


def no_folder(file):
    shutil.rmtree(file.parent)


def a_file_for_a_folder(file):
    shutil.rmtree(file.parent)
    file.parent.write_text("no folder")


def a_folder_for_a_file(file):
    file.unlink(missing_ok=True)
    file.mkdir()


def no_database(file):
    file.unlink(missing_ok=True)
    file.write_bytes(b"no database, and longer than a header of one hundred bytes" * 100)


def another_programs_database(file):
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table hits (score integer)")
        connection.commit()


@pytest.mark.parametrize(
    "spoil",
    [no_folder, a_file_for_a_folder, a_folder_for_a_file, no_database, another_programs_database],
)
@pytest.mark.usefixtures("vigilant")
@pytest.mark.parametrize("when", ["before the first request", "between two requests"])
def test_a_failing_database_fails_no_request_of_the_app(make, tripwire, tmp_path, spoil, when):
    application = make()
    if when == "between two requests":
        assert track(application)[0] == "200 OK"
    spoil(tmp_path / "data" / "ztas.db")
    for _ in range(2):
        assert_untouched(application, tripwire, make_environ("POST", "/form", b"question=tea"))
        assert track(application) == (
            "503 Service Unavailable",
            b'{"error": "Storage unavailable"}',
        )
        # What is dropped is counted, and written down when a request passes by.
        assert track(application, type="nonsense")[0] == "400 Bad Request"
        application._reception.next_tick = 0
    assert_untouched(application, tripwire, make_environ("GET", "/api/track"))


def test_a_locked_database_keeps_no_request_of_the_app_waiting(make, tripwire, tmp_path):
    application = make()
    assert track(application)[0] == "200 OK"
    assert track(application, type="nonsense")[0] == "400 Bad Request"
    with closing(sqlite3.connect(tmp_path / "data" / "ztas.db")) as other:
        other.execute("begin exclusive")
        application._reception.next_tick = 0
        # Were it to wait for the lock, it would wait for this very test.
        assert_untouched(application, tripwire, make_environ())


class TestWrapping:
    YAML = "database: data/hits.db\nsites:\n  site_abc123:\n    domain: example.com\n"

    @pytest.fixture
    def file(self, tmp_path):
        (tmp_path / "ztas.yaml").write_text(self.YAML)
        return tmp_path / "ztas.yaml"

    @pytest.mark.parametrize("how", [str, Path, load_config], ids=["text", "Path", "Config"])
    def test_with_a_file_its_folder_is_where_relative_paths_start(self, make, file, how):
        application = make(how(file))
        assert isinstance(application.config, Config)
        assert track(application)[0] == "200 OK"
        assert file.with_name("data").joinpath("hits.db").exists()

    def test_with_a_mapping_it_is_the_working_directory(self, make, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path / "data")
        application = make({"sites": SITES})
        monkeypatch.chdir(tmp_path)
        assert track(application)[0] == "200 OK"
        assert (tmp_path / "data" / "ztas.db").exists()

    def test_opens_nothing(self, make, tmp_path):
        make()
        assert list((tmp_path / "data").iterdir()) == []

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ({}, "sites: is missing"),
            (
                {"sites": {"a": {"domian": "a.b"}}},
                'sites.a.domian: unknown key (did you mean "domain"?)',
            ),
            (None, "the configuration must be a path, a mapping or a Config, not NoneType"),
            (["sites"], "the configuration must be a path, a mapping or a Config, not list"),
        ],
        ids=["nothing in it", "a misspelt key", "none at all", "a list"],
    )
    def test_with_a_bad_config_fails_at_once(self, tripwire, config, message):
        with pytest.raises(ConfigError) as caught:
            ZTASMiddleware(tripwire, config)
        assert str(caught.value) == message

    def test_with_a_bad_file_says_where(self, tripwire, file):
        file.write_text(self.YAML.replace("domain:", "domian:"))
        with pytest.raises(ConfigError) as caught:
            ZTASMiddleware(tripwire, file)
        place = f"{file}:4:5: sites.site_abc123.domian"
        assert str(caught.value) == f'{place}: unknown key (did you mean "domain"?)'

    def test_with_no_file_says_so(self, tripwire, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigError) as caught:
            ZTASMiddleware(tripwire, "conf/ztas.yaml")
        looked = tmp_path / "conf" / "ztas.yaml"
        assert str(caught.value) == f"conf/ztas.yaml: no such file ({looked})"


class TestClosing:
    def test_leaves_one_complete_file(self, make, tmp_path):
        application = make()
        track(application)
        application.close()
        assert [file.name for file in (tmp_path / "data").iterdir()] == ["ztas.db"]
        with closing(sqlite3.connect(tmp_path / "data" / "ztas.db")) as connection:
            assert connection.execute("select count(*) from hits").fetchone() == (1,)

    def test_writes_the_counts_of_what_was_dropped(self, make, tmp_path):
        application = make()
        track(application, type="nonsense")
        application.close()
        with closing(sqlite3.connect(tmp_path / "data" / "ztas.db")) as connection:
            found = connection.execute("select reason, count from drops").fetchall()
        assert found == [("invalid", 1)]

    def test_a_closed_middleware_opens_again_for_the_next_request(self, make, tripwire, tmp_path):
        application = make()
        for _ in range(3):
            assert track(application)[0] == "200 OK"
            assert_untouched(application, tripwire, make_environ())
            application.close()
            application.close()
        with closing(sqlite3.connect(tmp_path / "data" / "ztas.db")) as connection:
            assert connection.execute("select count(*) from hits").fetchone() == (3,)

    def test_an_unused_middleware_closes_without_a_trace(self, make, tmp_path):
        make().close()
        assert list((tmp_path / "data").iterdir()) == []


def test_two_wraps_share_one_database(make, tmp_path):
    first, second = make(), make(sites={"other": {"domain": "example.org"}})
    assert track(first)[0] == "200 OK"
    assert track(second, siteId="other")[0] == "200 OK"
    with closing(sqlite3.connect(tmp_path / "data" / "ztas.db")) as connection:
        sites = connection.execute("select site_id from hits order by id").fetchall()
    assert sites == [("site_abc123",), ("other",)]


def kind_of(application):
    return getattr(application, "__name__", type(application).__name__)


async def asgi_function(scope, receive, send):
    pass


class AsgiObject:
    async def __call__(self, scope, receive, send):
        pass

    async def method(self, scope, receive, send):
        pass


class AsgiThatIsNoCoroutine:
    def __call__(self, scope, receive, send):
        return asgi_function(scope, receive, send)


@functools.wraps(asgi_function)
def decorated(*arguments):
    return asgi_function(*arguments)


@pytest.mark.parametrize(
    "application",
    [
        asgi_function,
        AsgiObject(),
        AsgiObject().method,
        AsgiThatIsNoCoroutine(),
        functools.partial(asgi_function),
        decorated,
        # Made without Django's settings; it is not called.
        ASGIHandler.__new__(ASGIHandler),
    ],
    ids=kind_of,
)
def test_an_asgi_application_is_no_wsgi_application(application):
    with pytest.raises(TypeError, match=r"ASGI application: from ztas_middleware\.asgi import"):
        ZTASMiddleware(application, {"sites": {"a": {"domain": "example.com"}}})


class WsgiObject:
    def __call__(self, environ, start_response):
        return []


@pytest.mark.parametrize(
    "application",
    [WsgiObject(), WsgiObject().__call__, functools.partial(only_ours), print, Flask("site")],
    ids=kind_of,
)
def test_a_wsgi_application_of_any_kind_is_taken(application, tmp_path):
    settings = {"database": str(tmp_path / "ztas.db"), "sites": {"a": {"domain": "example.com"}}}
    ZTASMiddleware(application, settings).close()


@pytest.mark.parametrize("arguments", [({},), ({}, print, print)], ids=["ASGI 2", "ASGI 3"])
def test_called_as_asgi_it_names_the_other_door(make, arguments):
    with pytest.raises(TypeError, match=r"called as ASGI.*ztas_middleware\.asgi"):
        make()(*arguments)
